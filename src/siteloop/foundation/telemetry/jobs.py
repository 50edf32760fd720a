"""Timed work of the telemetry: at night, days past their term go to the archive and raw frames past theirs are removed."""

import logging

from django.utils import timezone
from procrastinate.contrib.django import app

from siteloop.foundation.telemetry import retention

log = logging.getLogger("siteloop.archive")


@app.periodic(cron="10 * * * *")
@app.task(queue="default", queueing_lock="telemetry.archive", name="telemetry.archive")
def archive(timestamp: int) -> None:
    """After two o'clock local time; asked every hour, because the scheduler's clock may run in UTC."""
    if timezone.localtime().hour != 2:
        return
    done = retention.leave()
    for waiting in done.get("waiting", ()):
        log.warning("stays for now: %s", waiting)
