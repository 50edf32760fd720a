"""A device's own minute, hour and day data next to what we make of its real-time rows, with the difference.

The device's aggregates are 2051, 2061 and 2031 of HJ 212-2017; a row holds for the period that begins at its time. Ours is the
mean of the NORMAL real-time values of the same period: noise by energy, wind direction as vectors.
"""

import datetime as dt
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from siteloop.foundation.registry.models import Device
from siteloop.foundation.telemetry import history
from siteloop.foundation.telemetry.readings import MOST_POINTS
from siteloop.framework.action import Refused
from siteloop.kernel.block import Kind
from siteloop.kernel.profiles import PROFILES, Averaging, Field
from siteloop.kernel.quality import Quality, unpack

KINDS = {"minute": Kind.MINUTE, "hour": Kind.HOUR, "day": Kind.DAY}
SPANS = {"minute": dt.timedelta(days=1), "hour": dt.timedelta(days=7), "day": dt.timedelta(days=31)}
TEN_MINUTES = dt.timedelta(minutes=10)  # the period of minute data until the device's own can be told
NOTABLE = 0.10  # a difference beyond this share of ours is marked


@dataclass(frozen=True)
class Cell:
    """One quantity of one period: what the device reported with its flag, our mean of `n` valid values, the difference."""

    field: Field
    theirs: float | None
    flag: Quality
    ours: float | None
    n: int

    @property
    def difference(self) -> float | None:
        """theirs - ours; directions the short way round."""
        if self.theirs is None or self.ours is None:
            return None
        plain = self.theirs - self.ours
        return (plain + 180) % 360 - 180 if self.field.averaging is Averaging.VECTOR else plain

    @property
    def is_notable(self) -> bool:
        """Whether the two are further apart than `NOTABLE`."""
        if self.difference is None or self.ours is None:
            return False
        scale = 360.0 if self.field.averaging is Averaging.VECTOR else abs(self.ours)
        return abs(self.difference) > NOTABLE * scale and abs(self.difference) >= 10**-self.field.decimals


@dataclass(frozen=True)
class Period:
    """One reported period."""

    at: dt.datetime
    until: dt.datetime
    received_at: dt.datetime
    cells: tuple[Cell, ...]


def compare(device: Device, kind: str, start: dt.datetime, end: dt.datetime) -> list[Period]:
    """Reported periods that begin in [start, end), newest first. Raises Refused 422 for an unknown kind or too long a time."""
    if kind not in KINDS:
        raise Refused("数据类别有误", status=422, errors={"kind": list(KINDS)})
    if not dt.timedelta() < end - start <= SPANS[kind]:
        raise Refused(f"一次最多查看 {SPANS[kind].days} 天", status=422, errors={"to": ["时段过长"]})
    told = _reported(device, KINDS[kind], start, end)
    if not told:
        return []
    length = _length(kind, [row[0] for row in told])
    rows = _realtime(device, told[0][0], told[-1][0] + length)
    return [_period(device, one, length, rows) for one in reversed(told)]


def _length(kind: str, starts: Sequence[dt.datetime]) -> dt.timedelta:
    """Hours and days are fixed; minute data come at the device's own setting, which the closest two rows tell."""
    if kind != "minute":
        return dt.timedelta(hours=1) if kind == "hour" else dt.timedelta(days=1)
    gaps = [b - a for a, b in itertools.pairwise(starts)]
    return min([*gaps, TEN_MINUTES])


def _reported(device: Device, kind: Kind, start: dt.datetime, end: dt.datetime) -> list[Any]:
    names = ", ".join(
        f'"{f.name}"' for f in PROFILES[device.profile].fields
    )  # names of our own tables, never input
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT at, received_at, quality, {names} FROM telemetry."{device.profile}_reported"'  # noqa: S608
            " WHERE device = %s AND kind = %s AND at >= %s AND at < %s ORDER BY at",
            [device.number, int(kind), start, end],
        )
        return list(cursor.fetchall())


def _realtime(device: Device, start: dt.datetime, end: dt.datetime) -> list[Any]:
    found = history.rows(device.profile, [device.number], start, end, MOST_POINTS * 3)
    return [(r.at, r.quality, *r.values) for r in found]


def _period(device: Device, told: Any, length: dt.timedelta, rows: list[Any]) -> Period:
    at, received_at, packed, *values = told
    fields = PROFILES[device.profile].fields
    inside = [row for row in rows if at <= row[0] < at + length]
    cells = []
    for i, (field, value, flag) in enumerate(zip(fields, values, unpack(packed, len(fields)), strict=True)):
        good = [row[2 + i] for row in inside if (row[1] >> (4 * i)) & 0xF == 0 and row[2 + i] is not None]
        if flag is not Quality.ABSENT:
            cells.append(Cell(field, value, flag, mean(field, good), len(good)))
    return Period(at, at + length, received_at, tuple(cells))


def mean(field: Field, values: Sequence[float]) -> float | None:
    """The field's own mean; None of nothing."""
    if not values:
        return None
    if field.averaging is Averaging.LAST:
        return values[-1]
    if field.averaging is Averaging.ENERGY:
        return 10 * math.log10(sum(10 ** (v / 10) for v in values) / len(values))
    if field.averaging is Averaging.VECTOR:
        east = sum(math.sin(math.radians(v)) for v in values)
        north = sum(math.cos(math.radians(v)) for v in values)
        return math.degrees(math.atan2(east, north)) % 360
    return sum(values) / len(values)
