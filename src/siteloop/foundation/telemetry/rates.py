"""Online rate and valid-data rate per device, site and supplier, counted from the hourly roll-ups.

online rate = hours with at least one valid value ÷ hours of the period;
valid-data rate = valid PM2.5 values ÷ expected values. Suppliers are listed by name, none is promoted (SEC-11).
"""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

from django.db import connection

from siteloop.foundation.registry.models import Device
from siteloop.framework.viewer import Viewer


@dataclass(frozen=True)
class Rate:
    """Figures of one device, site or supplier. `valid_rate` may be None before the first hour was rolled up."""

    key: str
    title: str
    devices: int
    online_rate: float
    valid_rate: float


def rates(viewer: Viewer, by: str, start: dt.datetime, end: dt.datetime, profile: str = "dust") -> list[Rate]:
    """`by` is device, site or supplier; ordered by title. Two queries."""
    devices = list(
        Device.objects.visible_to(viewer)
        .filter(profile=profile)
        .exclude(state="retired")
        .select_related("site", "supplier")
    )
    hours = max(1, int((end - start).total_seconds() // 3600))
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT device, count(*) FILTER (WHERE n[1] > 0), sum(least(n[1], expected)), max(expected) FROM telemetry."{profile}_rollup"'  # noqa: S608 - a profile's own name
            " WHERE step = 3600 AND at >= %s AND at < %s AND device = ANY(%s) GROUP BY device",
            [start, end, [d.number for d in devices]],
        )
        counted = {
            device: (online, int(valid or 0), expected)
            for device, online, valid, expected in cursor.fetchall()
        }
    groups: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    for d in devices:
        online, valid, expected = counted.get(d.number, (0, 0, 3600 // d.interval_s or 1))
        share = (min(1.0, online / hours), min(1.0, valid / max(1, expected * hours)))
        groups[_group(d, by)].append(share)
    return [
        Rate(key, title, len(rows), sum(o for o, _ in rows) / len(rows), sum(v for _, v in rows) / len(rows))
        for (key, title), rows in sorted(groups.items(), key=lambda g: g[0][1])
    ]


def _group(device: Device, by: str) -> tuple[str, str]:
    if by == "site":
        return str(device.site_id), device.site.name
    if by == "supplier":
        return str(device.supplier_id or 0), device.supplier.name if device.supplier else "未登记"
    return str(device.number), device.title or device.code
