"""Timed work of credit."""

import datetime as dt

from django.utils import timezone
from procrastinate.contrib.django import app

from siteloop.systems.credit import collecting, engine, shown

HOURLY = dt.timedelta(days=3)


@app.periodic(cron="17 * * * *")
@app.task(queue="default", queueing_lock="credit.collect", name="credit.collect")
def collect(timestamp: int) -> None:
    """What no event told of, an overdue dispatch, becomes a record within the hour; a repeated fact does nothing."""
    collecting.collect(timezone.now() - HOURLY)


@app.periodic(cron="5 16 * * *")
@app.task(queue="default", queueing_lock="credit.new_day", name="credit.new_day")
def new_day(timestamp: int) -> None:
    """Just after midnight in Shanghai: what could not be recorded is tried again; what ended leaves lists and files."""
    collecting.collect(timezone.now() - collecting.YEAR)
    engine.expire()
    engine.refresh(shown.all_subjects())
