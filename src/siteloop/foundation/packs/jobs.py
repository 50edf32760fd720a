"""Timed work of the rule library: a new day may bring new editions of rules into force."""

from django.db import transaction
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from siteloop.foundation.packs import back_tests, publishing, trials


@app.periodic(cron="0 * * * *")
@app.task(queue="default", queueing_lock="packs.new_day", name="packs.new_day")
def new_day(timestamp: int) -> None:
    """Publish the rules once a local day. Asked every hour: the scheduler's clock may run in UTC, the worker may have been away at midnight."""
    today = timezone.localdate()
    trials.end_due(today)
    if publishing.published_on() != today:
        publishing.changed()


@app.task(queue="default", queueing_lock="packs.back_tests", name="packs.back_tests")
def run_back_tests() -> None:
    """As soon as somebody asked."""
    back_tests.work_off()


@app.periodic(cron="* * * * *")
@app.task(queue="default", queueing_lock="packs.back_tests_left", name="packs.back_tests_left")
def back_tests_left(timestamp: int) -> None:
    """What a worker that was stopped left waiting."""
    back_tests.work_off()


def wake() -> None:
    """Ask for the work; when it is asked for already, that run will take the new ones too."""
    try:
        with transaction.atomic():
            run_back_tests.defer()
    except AlreadyEnqueued:
        return
