"""Timed work of the office."""

from procrastinate.contrib.django import app

from siteloop.systems.office import overdue


@app.periodic(cron="24 * * * *")
@app.task(queue="default", queueing_lock="office.overdue", name="office.overdue")
def tell_overdue(timestamp: int) -> None:
    """What fell due yesterday is told in the first hour of the day, once."""
    overdue.tell()
