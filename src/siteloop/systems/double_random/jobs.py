"""Timed work of double random."""

from procrastinate.contrib.django import app

from siteloop.systems.double_random import publishing


@app.periodic(cron="7 * * * *")
@app.task(queue="default", queueing_lock="double_random.publications", name="double_random.publications")
def watch_publications(timestamp: int) -> None:
    """A publication that is late is told within the hour."""
    publishing.tell_late()
