"""The devices as a fleet: who is there, who sends valid data, whose papers run out. A fixed number of queries."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Max, Q
from django.utils import timezone

from siteloop.foundation.registry.models import AnnualInspection, Calibration, Device
from siteloop.foundation.telemetry.rates import Measure, measures, period
from siteloop.framework.viewer import Viewer

ONLINE_INTERVALS = 3  # a device is online while its last row is younger than three of its intervals
SOON = dt.timedelta(days=30)  # a paper that runs out within this is due


@dataclass(frozen=True)
class Member:
    """One device of the fleet. `state` is online, offline or never (nothing received so far)."""

    device: Device
    state: str
    connected: bool
    last_at: dt.datetime | None
    age: dt.timedelta | None
    measure: Measure
    quarantined: int
    calibration_until: dt.date | None
    inspection_until: dt.date | None

    @property
    def site_name(self) -> str:
        """Where it stands."""
        return str(self.device.site.name)

    @property
    def supplier_name(self) -> str:
        """Who looks after it, "" for nobody."""
        return str(self.device.supplier.name) if self.device.supplier else ""


def due(until: dt.date | None, today: dt.date) -> str:
    """missing, overdue, soon or valid."""
    if until is None:
        return "missing"
    return "overdue" if until < today else "soon" if until <= today + SOON else "valid"


def fleet(viewer: Viewer, days: int, **only: Any) -> list[Member]:
    """Devices in the viewer's scope that are not retired, by code; rates and quarantine of the last `days` days."""
    now = timezone.now()
    devices = list(
        Device.objects.visible_to(viewer)
        .filter(**only)
        .exclude(state="retired")
        .select_related("site", "supplier")
        .order_by("code")
    )
    numbers = [d.number for d in devices]
    start, end = period(now, days)
    known = measures(devices, start, end)
    last, connected, quarantined = _latest(numbers), _connected(numbers), _quarantined(numbers, start)
    calibrated = _until(Calibration.objects.visible_to(viewer), numbers)
    inspected = _until(AnnualInspection.objects.visible_to(viewer).filter(result="passed"), numbers)
    found = []
    for d in devices:
        at = last.get(d.number)
        age = now - at if at is not None else None
        limit = dt.timedelta(seconds=d.interval_s * ONLINE_INTERVALS)
        found.append(
            Member(
                d,
                "never" if age is None else "online" if age <= limit else "offline",
                d.number in connected,
                at,
                age,
                known[d.number],
                quarantined.get(d.number, 0),
                calibrated.get(d.number),
                inspected.get(d.number),
            )
        )
    return found


def _latest(numbers: list[int]) -> dict[int, dt.datetime]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT device, received_at FROM telemetry.latest WHERE device = ANY(%s)", [numbers])
        return dict(cursor.fetchall())


def _connected(numbers: list[int]) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT device FROM fast.status WHERE connected AND device = ANY(%s)", [numbers])
        return {row[0] for row in cursor.fetchall()}


def _quarantined(numbers: list[int], since: dt.datetime) -> dict[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT device, count(*) FROM fast.quarantine WHERE device = ANY(%s) AND received_at >= %s GROUP BY device",
            [numbers, since],
        )
        return dict(cursor.fetchall())


def _until(papers: Any, numbers: list[int]) -> dict[int, dt.date]:
    """Device -> how far its newest paper reaches."""
    found = papers.filter(Q(device__in=numbers), valid_until__isnull=False)
    return dict(found.values_list("device_id").annotate(Max("valid_until")).order_by())
