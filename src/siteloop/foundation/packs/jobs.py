"""Timed work of the rule library: a new day may bring new editions of rules into force."""

from django.utils import timezone
from procrastinate.contrib.django import app

from siteloop.foundation.packs import publishing


@app.periodic(cron="0 * * * *")
@app.task(queue="default", queueing_lock="packs.new_day", name="packs.new_day")
def new_day(timestamp: int) -> None:
    """Publish the rules after local midnight; asked every hour, because the scheduler's clock may run in UTC."""
    if timezone.localtime().hour == 0:
        publishing.changed()
