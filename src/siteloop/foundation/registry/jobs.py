"""Timed work of the register: contracts that end are told of every morning."""

from django.utils import timezone
from procrastinate.contrib.django import app

from siteloop.foundation.registry import ending


@app.periodic(cron="35 * * * *")
@app.task(queue="default", queueing_lock="registry.contracts", name="registry.contracts")
def tell_contracts(timestamp: int) -> None:
    """After seven o'clock local time; asked every hour, because the scheduler's clock may run in UTC."""
    if timezone.localtime().hour == 7:
        ending.tell()
