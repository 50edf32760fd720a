"""Timed work of the acceptance of business."""

from procrastinate.contrib.django import app

from siteloop.systems.acceptance import commitments


@app.periodic(cron="12 * * * *")
@app.task(queue="default", queueing_lock="acceptance.remind", name="acceptance.remind")
def remind(timestamp: int) -> None:
    """Promises that end soon are told within the hour, once for each of the pack's days."""
    commitments.remind()
