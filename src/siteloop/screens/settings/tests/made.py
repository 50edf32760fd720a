"""What the pages of a rule show, made for tests: a finding, the kept result of a back-test."""

import datetime as dt
from typing import Any

from django.utils import timezone

from siteloop.foundation.cases.models import Finding
from siteloop.foundation.registry.models import Device
from siteloop.kernel.times import to_us

HOUR = dt.timedelta(hours=1)


def finding(
    rule: str, device: Device, since: dt.datetime, until: dt.datetime | None, shadow: bool
) -> Finding:
    """One episode of a rule on a device."""
    row = Finding(
        key=f"{rule}|device:{device.pk}|{to_us(since)}",
        rule=rule,
        subject=f"device:{device.pk}",
        site=device.site,
        project=device.site.project,
        device=device,
        region_code=device.region_code,
        severity="yellow",
        since=since,
        last_at=until or since,
        cleared_at=until,
        message=f"{rule} {device.code}",
        shadow=shadow,
    )
    row.save()
    return row


def result(device: Device) -> dict[str, Any]:
    """One more day and three findings in the place of one."""
    since = to_us(timezone.now() - 5 * HOUR)
    hit = {
        "subject": f"device:{device.pk}", "site": device.site_id, "region": device.region_code,
        "device": device.pk, "since": since, "until": since + 3_600_000_000, "value": 133.0,
        "limit": 120.0, "unit": "µg/m³", "message": "PM10 超过 120", "count": 12,
    }  # fmt: skip
    place = {
        "site": device.site_id, "region": device.region_code, "device": device.pk,
        "code": device.code, "title": "", "today": 1, "candidate": 3,
    }  # fmt: skip
    return {
        "devices": 1, "rows": 300, "readings": 12_700, "seconds": 1.5, "readings_per_second": 8467,
        "today": 1, "candidate": 3, "both": 1, "only_today": 0, "only_candidate": 2,
        "commands_today": 0, "commands_candidate": 0, "recorded": 1,
        "days": [["2026-11-19", 1, 1], ["2026-11-20", 0, 2]],
        "places": [place], "new": [hit], "gone": [],
    }  # fmt: skip
