"""Timed work of evaluation."""

import datetime as dt

from django.utils import timezone
from procrastinate.contrib.django import app

from siteloop.foundation.cases.facts import Period
from siteloop.systems.evaluation import engine


@app.periodic(cron="40 17 * * *")
@app.task(queue="default", queueing_lock="evaluation.count", name="evaluation.count")
def count(timestamp: int) -> None:
    """Every night this month and the one before, whose last cases are still settled meanwhile."""
    today = timezone.localdate()
    engine.count_month(Period.month(today).start - dt.timedelta(days=1))
    engine.count_month(today)
