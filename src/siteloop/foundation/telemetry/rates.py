"""Online rate, valid-data rate and fault rate per device, site and supplier. Suppliers are listed by name, none is promoted (SEC-11).

All three count the first quantity of the device's profile (PM2.5 of a dust monitor):
online rate = hours with at least one valid value ÷ hours of the period, from the hourly roll-ups;
valid-data rate = valid values ÷ values to be expected at the registered interval, from the hourly roll-ups;
fault rate = values flagged faulty by the device (D, T, B) or by us (out of physics, no value, suspect) ÷ values received.
The period begins with the platform's first reading of the profile where that is later: nobody can be on line before; without a whole hour
since then there is no rate. A valid value carries the flag N (HJ 212-2017 6.6.3). No national clause fixes these rates; they are the platform's own terms.
"""

import datetime as dt
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from django.db import connection

from siteloop.foundation.registry.models import Device
from siteloop.foundation.telemetry import history
from siteloop.framework.viewer import Viewer
from siteloop.kernel.quality import Quality

FAULTY = (
    Quality.FAULT,
    Quality.OVER_RANGE,
    Quality.COMMUNICATION,
    Quality.OUT_OF_PHYSICS,
    Quality.NO_VALUE,
    Quality.SUSPECT,
)


HOUR = dt.timedelta(hours=1)
#: seconds for which figures of the same whole hours are not counted again
KEPT_S = 300.0


class Counted(Protocol):
    """What must be known of a device to count its shares."""

    @property
    def number(self) -> int: ...
    @property
    def profile(self) -> str: ...
    @property
    def interval_s(self) -> int: ...


class Unit(NamedTuple):
    """A device as the rates see it, with the group it is counted in."""

    number: int
    profile: str
    interval_s: int
    key: str
    title: str


@dataclass(frozen=True)
class Measure:
    """Shares of one device, 0..1; None where there is nothing to divide by: no whole hour, or nothing received."""

    online_rate: float | None
    valid_rate: float | None
    fault_rate: float | None
    received: int = 0


@dataclass(frozen=True)
class Rate:
    """Figures of one device, site or supplier: means over its devices."""

    key: str
    title: str
    devices: int
    online_rate: float | None
    valid_rate: float | None
    fault_rate: float | None


def period(now: dt.datetime, days: int) -> tuple[dt.datetime, dt.datetime]:
    """The last `days` whole days up to the last full hour, which is how far the hourly roll-ups reach."""
    end = now.replace(minute=0, second=0, microsecond=0)
    return end - dt.timedelta(days=days), end


_kept: dict[tuple[str, dt.datetime, dt.datetime], tuple[float, dict[int, Measure]]] = {}


def shares(devices: Sequence[Counted], start: dt.datetime, end: dt.datetime) -> dict[int, Measure]:
    """As `measures`, but counted at most once in `KEPT_S` for each device: a whole fleet reads every row of the period."""
    found: dict[int, Measure] = {}
    now = time.monotonic()
    for key in [key for key, (since, _) in list(_kept.items()) if since + KEPT_S < now]:
        _kept.pop(key, None)
    for profile in sorted({d.profile for d in devices}):
        mine = [d for d in devices if d.profile == profile]
        known = _kept.setdefault((profile, start, end), (now, {}))[1]
        known.update(measures([d for d in mine if d.number not in known], start, end))
        found |= {d.number: known[d.number] for d in mine}
    return found


def measures(devices: Sequence[Counted], start: dt.datetime, end: dt.datetime) -> dict[int, Measure]:
    """Device number -> its shares over [start, end). Three queries a profile, four in its first days."""
    found: dict[int, Measure] = {}
    for profile in sorted({d.profile for d in devices}):
        mine = [d for d in devices if d.profile == profile]
        numbers = [d.number for d in mine]
        rolled = _rolled(profile, numbers, start, end)
        hours = int((end - begun(profile, start, end)) / HOUR)
        flagged = _flagged(profile, numbers, start, end)
        for d in mine:
            online, valid, expected = rolled.get(d.number, (0, 0, 3600 // d.interval_s or 1))
            received, faulty = flagged.get(d.number, (0, 0))
            found[d.number] = Measure(
                min(1.0, online / hours) if hours else None,
                min(1.0, valid / max(1, expected * hours)) if hours else None,
                faulty / received if received else None,
                received,
            )
    return found


def begun(profile: str, start: dt.datetime, end: dt.datetime) -> dt.datetime:
    """The start, or where nothing came before it the hour of the platform's first reading of the profile; the end when there is none."""
    table = f'telemetry."{profile}_rollup"'
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM {table} WHERE step = 3600 AND at < %s LIMIT 1", [start])  # noqa: S608 - a profile's own name
        if cursor.fetchone() is not None:
            return start
        cursor.execute(f"SELECT min(at) FROM {table} WHERE step = 3600 AND at < %s", [end])  # noqa: S608 - a profile's own name
        (first,) = cursor.fetchone()
    return max(start, first) if first is not None else end


def _rolled(
    profile: str, numbers: list[int], start: dt.datetime, end: dt.datetime
) -> dict[int, tuple[int, int, int]]:
    """Device -> (hours with a valid value, valid values, values expected an hour)."""
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT device, count(*) FILTER (WHERE n[1] > 0), sum(least(n[1], expected)), max(expected) FROM telemetry."{profile}_rollup"'  # noqa: S608 - a profile's own name
            " WHERE step = 3600 AND at >= %s AND at < %s AND device = ANY(%s) GROUP BY device",
            [start, end, numbers],
        )
        return {
            device: (online, int(valid or 0), expected)
            for device, online, valid, expected in cursor.fetchall()
        }


def _flagged(
    profile: str, numbers: list[int], start: dt.datetime, end: dt.datetime
) -> dict[int, tuple[int, int]]:
    """Device -> (values received, faulty ones among them); the first field's flag lies in the lowest four bits."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT device, count(*) FILTER (WHERE quality & 15 <> %s), count(*) FILTER (WHERE quality & 15 = ANY(%s))"  # noqa: S608 - a profile's own name
            f' FROM telemetry."{profile}" WHERE at >= %s AND at < %s AND device = ANY(%s) GROUP BY device',
            [int(Quality.ABSENT), [int(q) for q in FAULTY], start, end, numbers],
        )
        found = {device: (received, faulty) for device, received, faulty in cursor.fetchall()}
    for device, archived in history.flags(profile, numbers, start, end).items():
        received, faulty = found.get(device, (0, 0))
        received += sum(n for flag, n in archived.items() if flag != Quality.ABSENT)
        found[device] = received, faulty + sum(n for flag, n in archived.items() if flag in FAULTY)
    return found


def rates(viewer: Viewer, by: str, start: dt.datetime, end: dt.datetime, profile: str = "dust") -> list[Rate]:
    """`by` is device, site or supplier; ordered by title. Three queries."""
    units = _units(viewer, by, profile)
    known = shares(units, start, end)
    groups: dict[tuple[str, str], list[Measure]] = defaultdict(list)
    for unit in units:
        groups[unit.key, unit.title].append(known[unit.number])
    return [_mean(key, title, many) for (key, title), many in sorted(groups.items(), key=lambda g: g[0][1])]


def _units(viewer: Viewer, by: str, profile: str) -> list[Unit]:
    """Devices in scope as plain values: a city has thousands."""
    group = {
        "site": ("site_id", "site__name"),
        "supplier": ("supplier_id", "supplier__name"),
        "device": ("number", "title", "code"),
    }[by]
    rows = (
        Device.objects.visible_to(viewer)
        .filter(profile=profile)
        .exclude(state="retired")
        .values_list("number", "profile", "interval_s", *group)
    )
    return [Unit(number, kind, every, *_group(by, names)) for number, kind, every, *names in rows]


def _group(by: str, names: Sequence[Any]) -> tuple[str, str]:
    key, *titles = names
    if by == "supplier" and key is None:
        return "0", "未登记"
    return str(key), next(filter(None, titles), "")


def _mean(key: str, title: str, many: list[Measure]) -> Rate:
    received = sum(m.received for m in many)
    faulty = sum((m.fault_rate or 0) * m.received for m in many)
    return Rate(
        key,
        title,
        len(many),
        _average([m.online_rate for m in many]),
        _average([m.valid_rate for m in many]),
        faulty / received if received else None,
    )


def _average(many: Sequence[float | None]) -> float | None:
    known = [share for share in many if share is not None]
    return sum(known) / len(known) if known else None
