"""Timed work of the joint acceptance."""

from procrastinate.contrib.django import app

from siteloop.systems.joint_acceptance import overdue


@app.periodic(cron="*/1 * * * *")
@app.task(queue="default", queueing_lock="joint_acceptance.watch", name="joint_acceptance.watch")
def watch(timestamp: int) -> None:
    """A department whose time has run out gets its case within the minute."""
    overdue.watch()
