"""Reading telemetry for screens and the API: newest row, stored rows, minutes, longer steps, raw frames. Parametrised SQL, no ORM."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from siteloop.foundation.registry.models import Device
from siteloop.foundation.telemetry import history
from siteloop.foundation.telemetry.archive import Kept, frames_of
from siteloop.framework.action import Refused
from siteloop.kernel.profiles import PROFILES
from siteloop.kernel.quality import Quality, unpack
from siteloop.kernel.times import SHANGHAI, to_us

STEPS = {"raw": 0, "60": 60, "900": 900, "3600": 3600, "86400": 86_400}
MOST_POINTS = 20_000
MINUTE_S = 60


@dataclass(frozen=True)
class Row:
    """One row: values by field, flags by field (names of Quality in lower case)."""

    at: dt.datetime
    received_at: dt.datetime | None
    values: dict[str, float | None]
    quality: dict[str, str]
    replayed: bool = False  # put right later from its raw frame, see telemetry.replayed_row


def _row(
    profile: str, at: dt.datetime, received_at: dt.datetime, packed: int, values: Any, replayed: bool = False
) -> Row:
    names = [f.name for f in PROFILES[profile].fields]
    flags = unpack(packed, len(names))
    shown = {n: q.name.lower() for n, q in zip(names, flags, strict=True) if q is not Quality.ABSENT}
    kept = {n: v for n, v in zip(names, values, strict=True) if n in shown}
    return Row(at, received_at, kept, shown, replayed)


def latest(device: Device) -> Row | None:
    """The newest row, None before the first."""
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT at, received_at, quality, "values" FROM telemetry.latest WHERE device = %s AND profile = %s',
            [device.number, device.profile],  # before its first row of a new profile there is none
        )
        found = cursor.fetchone()
    return _row(device.profile, *found) if found else None


def step_of(start: dt.datetime, end: dt.datetime, asked: str = "") -> str:
    """The step asked for, else what fits [start, end): raw up to six hours, then quarter hours, hours, days.

    Raises Refused 422 for an unknown step or a turned-round range.
    """
    if start >= end:
        raise Refused("起止时间有误", status=422, errors={"to": ["须晚于 from"]})
    step = asked or _fitting(end - start)
    if step not in STEPS:
        raise Refused("步长有误", status=422, errors={"step": ["可选 raw、60、900、3600、86400"]})
    return step


def _fitting(span: dt.timedelta) -> str:
    hours = span.total_seconds() / 3600
    return "raw" if hours <= 6 else "900" if hours <= 24 * 14 else "3600" if hours <= 24 * 120 else "86400"


def stored(device: Device, start: dt.datetime, end: dt.datetime) -> list[Row]:
    """The rows of [start, end) as they were stored. Raises Refused 422 for more than 20,000."""
    rows = history.rows(device.profile, [device.number], start, end, MOST_POINTS + 1)
    if len(rows) > MOST_POINTS:
        raise Refused("数据点过多，请缩短时间或加大步长", status=422, errors={"step": ["数据点超过 20000"]})
    marked = _replayed(device, start, end)
    return [_row(device.profile, r.at, r.received_at, r.quality, r.values, r.at in marked) for r in rows]


def _replayed(device: Device, start: dt.datetime, end: dt.datetime) -> set[dt.datetime]:
    """Times of the rows that a replay changed or added."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT at FROM telemetry.replayed_row WHERE profile = %s AND device = %s AND at >= %s AND at < %s AND kind = 0",
            [device.profile, device.number, start, end],
        )
        return {at for (at,) in cursor.fetchall()}


def minutes(device: Device, start: dt.datetime, end: dt.datetime) -> list[Row]:
    """Means of the minutes of [start, end), the first 20,000; a minute of one row without a roll-up is that row."""
    profile = PROFILES[device.profile]
    names = [f.name for f in profile.fields]
    whole = dict.fromkeys(names, "normal")  # most buckets: one for all of them
    single = _single_minutes(device, start, end)
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT at, mean FROM telemetry."{profile.code}_rollup"'  # noqa: S608
            " WHERE device = %s AND step = %s AND at >= %s AND at < %s ORDER BY at LIMIT %s",
            [device.number, MINUTE_S, start, end, MOST_POINTS],
        )
        rows = cursor.fetchall()
    if single:
        rows = sorted({**single, **dict(rows)}.items())[:MOST_POINTS]
    return [
        Row(at, None, dict(zip(names, mean, strict=True)), _means(names, mean) if None in mean else whole)
        for at, mean in rows
    ]


def _single_minutes(
    device: Device, start: dt.datetime, end: dt.datetime
) -> dict[dt.datetime, list[float | None]]:
    """Minute -> NORMAL values, of minutes that have no roll-up because it would only repeat their row.

    Only a device that reports once a minute or less often has such minutes; one with two values of a field has its roll-up.
    """
    if MINUTE_S // max(1, device.interval_s) > 1:
        return {}
    found: dict[dt.datetime, list[float | None]] = {}
    doubled = set()
    width = len(PROFILES[device.profile].fields)
    for row in history.rows(device.profile, [device.number], start, end, MOST_POINTS):
        minute = row.at.replace(second=0, microsecond=0)
        kept = found.setdefault(minute, [None] * width)
        flags = unpack(row.quality, width)
        for i, value in enumerate(row.values):
            if value is not None and flags[i] is Quality.NORMAL:
                if kept[i] is not None:
                    doubled.add(minute)
                kept[i] = value
    return {minute: values for minute, values in found.items() if minute >= start and minute not in doubled}


def _means(names: list[str], mean: list[float | None]) -> dict[str, str]:
    return {n: "normal" if m is not None else "no_value" for n, m in zip(names, mean, strict=True)}


def raw_frame(device: Device, at: dt.datetime) -> dict[str, Any] | None:
    """The frame a stored row came from, found by its time of receipt in the archive; None when it is not kept."""
    found = history.rows(device.profile, [device.number], at, at + dt.timedelta(microseconds=1), 1)
    if not found:
        return None
    received_at = found[0].received_at
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT listener, file, position, size FROM telemetry.raw_chunk WHERE profile = %s AND received_from <= %s AND received_to >= %s",
            [device.profile, received_at, received_at],
        )
        chunks = cursor.fetchall()
    for listener, file, position, size in chunks:
        for kept in frames_of(Path(settings.ENV.data) / "raw", file, position, size):
            if _is_of(kept, device, at):
                text = kept.frame.decode("utf-8", "replace")
                return {
                    "received_at": received_at,
                    "listener": listener,
                    "frame": text,
                    "hex": kept.frame.hex(),
                }
    return None


def _is_of(kept: Kept, device: Device, at: dt.datetime) -> bool:
    """Whether a frame is the device's at that time; chunks of before the index are known by what they say."""
    if kept.device is not None:
        return kept.device == device.number and kept.at_us == to_us(at)
    told = at.astimezone(SHANGHAI).strftime("%Y%m%d%H%M%S").encode()
    return device.code.encode() in kept.frame and (told in kept.frame or kept.frame.lstrip().startswith(b"{"))
