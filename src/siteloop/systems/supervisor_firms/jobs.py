"""Timed work: reports owed, reminded and found late; months of duty; the weekly check of every firm."""

import datetime as dt

from django.utils import timezone
from procrastinate.contrib.django import app

from siteloop.framework.perform import perform
from siteloop.framework.viewer import system_viewer
from siteloop.systems.supervisor_firms import actions, engine
from siteloop.systems.supervisor_firms.models import FirmFile

WHY = "every firm is checked by the program"


@app.periodic(cron="*/1 * * * *")
@app.task(queue="default", queueing_lock="supervisor_firms.find_late", name="supervisor_firms.find_late")
def find_late(timestamp: int) -> None:
    """A report that is late is a case within the minute."""
    engine.find_late()


@app.periodic(cron="25 * * * *")
@app.task(queue="default", queueing_lock="supervisor_firms.owe", name="supervisor_firms.owe")
def owe(timestamp: int) -> None:
    """Last month's reports are owed from the first hour of a month on; firms are reminded before the end."""
    engine.open_monthly()
    engine.remind()


@app.periodic(cron="40 * * * *")
@app.task(queue="default", queueing_lock="supervisor_firms.count", name="supervisor_firms.count")
def count_duty(timestamp: int) -> None:
    """This month's days so far, at two o'clock local time; on the first three days last month is closed too."""
    if timezone.localtime().hour == 2:
        count_months(timezone.localdate())


def count_months(today: dt.date) -> None:
    """Safe to repeat: a closed month stays."""
    viewer = system_viewer("监理履职统计")
    perform(actions.duty.count, viewer, None, {"month": today})
    if today.day <= 3:
        perform(actions.duty.count, viewer, None, {"month": engine.month_before(today)})


@app.periodic(cron="10 18 * * 0")
@app.task(queue="default", queueing_lock="supervisor_firms.check", name="supervisor_firms.check")
def check_firms(timestamp: int) -> None:
    """Every firm, once a week (Monday 02:10 in Shanghai)."""
    check_all()


def check_all() -> int:
    """Returns how many firms were checked."""
    viewer = system_viewer("资质动态核查")
    files = list(FirmFile.objects.unscoped(WHY).order_by("pk"))
    for file in files:
        perform(actions.firms.check, viewer, file)
    return len(files)
