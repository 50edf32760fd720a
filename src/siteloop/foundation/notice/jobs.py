"""Timed work of the notices: letters for the channels outside."""

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from siteloop.foundation.notice import sending


@app.periodic(cron="* * * * *")
@app.task(
    queue="default", queueing_lock="notice.every_minute", lock="notice.send", name="notice.every_minute"
)
def every_minute(timestamp: int) -> None:
    """What waits for its time: held, faulted and held-back letters."""
    sending.send_due()


@app.task(queue="default", queueing_lock="notice.at_once", lock="notice.send", name="notice.at_once")
def at_once() -> None:
    """New letters, within a second of the commit that wrote them."""
    sending.send_due()


def wake() -> None:
    """Ask for `at_once`; when it is asked already, that run will take these letters too."""
    try:
        with transaction.atomic():
            at_once.defer()
    except AlreadyEnqueued:
        return
