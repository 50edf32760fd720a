"""Operation and upkeep of the monitors, month by month (DUST-16): what can be counted from readings and records.

online rate = hours with at least one valid PM2.5 value ÷ hours the monitor had to serve;
valid-data rate = valid PM2.5 values ÷ values that were due (3600 s ÷ reporting interval, every hour).
A monitor has to serve from the start of the month, its installation or the platform's first reading, whichever is latest.
A fault is a finding of no data, frozen data or late data that began in the month. Both rates are defined as in
`foundation.telemetry.rates`.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypedDict

from django.db import connection
from django.db.models import Max, Q

from siteloop.foundation.cases.models import Finding
from siteloop.foundation.registry.models import AnnualInspection, Calibration, Device, Maintenance
from siteloop.foundation.telemetry import rates
from siteloop.kernel.times import SHANGHAI

WHY = "the month's statistics count every monitor"
FAULTS = ("dust.silent", "dust.flat_pm25", "dust.refresh_slow")
HOUR = dt.timedelta(hours=1)


@dataclass(frozen=True)
class Served:
    """One monitor's month."""

    device: Device
    hours: int
    online_hours: int
    expected: int
    valid: int
    faults: int
    maintenance_count: int
    maintenance_minutes: int
    calibrations: int
    calibrated_until: dt.date | None
    inspected_until: dt.date | None

    @property
    def online_rate(self) -> float | None:
        """0..1."""
        return self.online_hours / self.hours if self.hours else None

    @property
    def valid_rate(self) -> float | None:
        """0..1."""
        return min(1.0, self.valid / self.expected) if self.expected else None


@dataclass(frozen=True)
class Month:
    """A calendar month in Shanghai: first day and the two moments that bound it."""

    first: dt.date

    @classmethod
    def before(cls, day: dt.date) -> "Month":
        """The month before the one a day lies in."""
        return cls((day.replace(day=1) - dt.timedelta(days=1)).replace(day=1))

    @property
    def start(self) -> dt.datetime:
        """Its first moment."""
        return dt.datetime.combine(self.first, dt.time(), SHANGHAI)

    @property
    def end(self) -> dt.datetime:
        """The first moment after it."""
        after = (self.first + dt.timedelta(days=32)).replace(day=1)
        return dt.datetime.combine(after, dt.time(), SHANGHAI)

    @property
    def last(self) -> dt.date:
        """Its last day."""
        return self.end.date() - dt.timedelta(days=1)


def count(month: Month) -> dict[int, list[Served]]:
    """Project -> its monitors' month, in order of their code. Eight queries, however many monitors there are.

    A monitor that was taken down counts for a month only when it still reported in it.
    """
    began = rates.begun("dust", month.start, month.end)
    if began >= month.end:
        return {}
    devices = [
        d
        for d in Device.objects.unscoped(WHY).filter(profile="dust").select_related("site").order_by("code")
        if d.installed_on is None or d.installed_on <= month.last
    ]
    since = {d.number: _serves_from(d, began) for d in devices}
    heard = _heard(since, month.end)
    records = _Records(month, since.keys())
    found: dict[int, list[Served]] = defaultdict(list)
    for device in devices:
        rows, online, valid, expected = heard.get(device.number, (0, 0, 0, 0))
        if device.state == "retired" and not rows:
            continue
        hours = max(0, int((month.end - since[device.number]) / HOUR))
        if not hours:
            continue
        found[device.site.project_id].append(
            Served(
                device,
                hours,
                min(hours, online),
                # hours without a row had values due as well
                expected + max(0, hours - rows) * (3600 // device.interval_s),
                valid,
                **records.of(device.number),
            )
        )
    return dict(found)


def _serves_from(device: Device, began: dt.datetime) -> dt.datetime:
    if device.installed_on is None:
        return began
    return max(began, dt.datetime.combine(device.installed_on, dt.time(), SHANGHAI))


def _heard(since: dict[int, dt.datetime], end: dt.datetime) -> dict[int, tuple[int, int, int, int]]:
    """Monitor -> (hours rolled up, hours with a valid value, valid values, values due in those hours)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.device, count(*), count(*) FILTER (WHERE n[1] > 0), sum(least(n[1], expected)), sum(expected)"
            " FROM telemetry.dust_rollup r JOIN unnest(%s::int[], %s::timestamptz[]) AS s (device, since)"
            " ON s.device = r.device WHERE r.step = 3600 AND r.at >= s.since AND r.at < %s GROUP BY r.device",
            [list(since), list(since.values()), end],
        )
        return {d: (rows, online, int(valid), int(due)) for d, rows, online, valid, due in cursor.fetchall()}


class _Records:
    """Findings and records of the month, by monitor."""

    def __init__(self, month: Month, devices: Iterable[int]) -> None:
        keys = list(devices)
        inside = Q(device__in=keys)
        found = Finding.objects.unscoped(WHY).filter(
            inside, rule__in=FAULTS, shadow=False, since__gte=month.start, since__lt=month.end
        )
        self.faults = Counter(found.values_list("device_id", flat=True))
        done = Maintenance.objects.unscoped(WHY).filter(inside, at__gte=month.start, at__lt=month.end)
        self.counts: Counter[int] = Counter()
        self.minutes: Counter[int] = Counter()
        for device, minutes in done.values_list("device_id", "minutes"):
            self.counts[device] += 1
            self.minutes[device] += minutes
        made = Calibration.objects.unscoped(WHY).filter(inside, done_on__lte=month.last)
        self.calibrations = Counter(made.filter(done_on__gte=month.first).values_list("device_id", flat=True))
        self.calibrated = dict(
            made.values("device_id").annotate(until=Max("valid_until")).values_list("device_id", "until")
        )
        passed = AnnualInspection.objects.unscoped(WHY).filter(inside, done_on__lte=month.last)
        self.inspected = dict(
            passed.exclude(result="failed")
            .values("device_id")
            .annotate(until=Max("valid_until"))
            .values_list("device_id", "until")
        )

    def of(self, device: int) -> "_Record":
        """As `Served` takes it."""
        return {
            "faults": self.faults[device],
            "maintenance_count": self.counts[device],
            "maintenance_minutes": self.minutes[device],
            "calibrations": self.calibrations[device],
            "calibrated_until": self.calibrated.get(device),
            "inspected_until": self.inspected.get(device),
        }


class _Record(TypedDict):
    faults: int
    maintenance_count: int
    maintenance_minutes: int
    calibrations: int
    calibrated_until: dt.date | None
    inspected_until: dt.date | None


def share(parts: Iterable[int], wholes: Iterable[int]) -> float | None:
    """Sum ÷ sum, at most 1; None when nothing was due."""
    whole = sum(wholes)
    return min(1.0, sum(parts) / whole) if whole else None
