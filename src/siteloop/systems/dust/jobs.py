"""Timed work of the dust system."""

from procrastinate.contrib.django import app

from siteloop.systems.dust import scan


@app.periodic(cron="*/5 * * * *")
@app.task(queue="default", queueing_lock="dust.scan", name="dust.scan")
def scan_equipment(timestamp: int) -> None:
    """Find missing monitors and expired inspections; a change in the register shows within five minutes."""
    scan.scan()
