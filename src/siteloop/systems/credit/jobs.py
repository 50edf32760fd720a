"""Timed work of credit."""

import datetime as dt

from django.utils import timezone
from procrastinate.contrib.django import app

from siteloop.systems.credit import collecting, engine, shown

NIGHT = dt.timedelta(days=3)


@app.periodic(cron="17 * * * *")
@app.task(queue="default", queueing_lock="credit.collect", name="credit.collect")
def collect(timestamp: int) -> None:
    """What no event told of, an overdue dispatch, becomes a record within the hour; a repeated fact does nothing."""
    collecting.collect(timezone.now() - NIGHT)


@app.periodic(cron="5 16 * * *")
@app.task(queue="default", queueing_lock="credit.new_day", name="credit.new_day")
def new_day(timestamp: int) -> None:
    """Just after midnight in Shanghai: terms that ended leave the list and the files."""
    engine.expire()
    engine.refresh(shown.all_subjects())
