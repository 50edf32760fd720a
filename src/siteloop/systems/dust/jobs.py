"""Timed work of the dust system."""

from django.utils import timezone
from procrastinate.contrib.django import app

from siteloop.foundation.registry.models import MaintenanceReview
from siteloop.framework.perform import perform
from siteloop.framework.viewer import system_viewer
from siteloop.systems.dust import actions, scan
from siteloop.systems.dust.upkeep import Month


@app.periodic(cron="*/5 * * * *")
@app.task(queue="default", queueing_lock="dust.scan", name="dust.scan")
def scan_equipment(timestamp: int) -> None:
    """Find missing monitors and expired inspections; a change in the register shows within five minutes."""
    scan.scan()


@app.periodic(cron="20 * * * *")
@app.task(queue="default", queueing_lock="dust.count_months", name="dust.count_months")
def count_months(timestamp: int) -> None:
    """After two o'clock local time: last month, and every month still waiting for its review.

    Late readings and records entered afterwards come in until the leader has reviewed; asked every hour, because the
    scheduler's clock may run in UTC.
    """
    if timezone.localtime().hour == 2:
        count_open_months()


def count_open_months() -> None:
    """Safe to repeat: a month is written once a project, and counted anew until it is reviewed."""
    waiting = MaintenanceReview.objects.unscoped("months that wait are counted anew").filter(state="waiting")
    months = {Month.before(timezone.localdate()).first, *waiting.values_list("month", flat=True)}
    for first in sorted(months):
        perform(actions.count_month, system_viewer("运维统计"), None, {"month": first})
