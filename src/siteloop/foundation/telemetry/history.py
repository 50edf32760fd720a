"""Stored rows for the desk, wherever they lie: the sample tables, and the days that have left them (see docs/howto/history.md).

The table is asked first and the past afterwards, so that a day which leaves in between is seen twice and never missed; of one
(device, at) the row of the table counts before the archived one, of archived ones that of the later part.
"""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from django.conf import settings
from django.db import ProgrammingError, connection, transaction

from siteloop.framework.action import Refused
from siteloop.kernel.profiles import PROFILES
from siteloop.kernel.quality import Quality
from siteloop.kernel.times import from_us, to_us

if TYPE_CHECKING:
    from siteloop.kernel.block import Columns

TRIES = 5


class Stored(NamedTuple):
    """One row: `quality` packs four bits a field (kernel.quality), `values` in the order of the profile."""

    device: int
    at: dt.datetime
    received_at: dt.datetime
    quality: int
    values: tuple[float | None, ...]


def rows(
    profile: str, devices: Sequence[int], start: dt.datetime, end: dt.datetime, most: int | None = None
) -> list[Stored]:
    """Real-time rows of [start, end) by device and time, at most `most` of them. Raises Refused 503 for a file that is gone."""
    if not devices:
        return []
    here = _table(profile, profile, devices, start, end, most)
    gone: dict[tuple[int, dt.datetime], Stored] = {}
    for part in _past(profile, devices, start, end, most):
        gone |= {(r.device, r.at): r for r in part}
    if not gone:
        return here
    known = gone | {(r.device, r.at): r for r in here}
    return sorted(known.values(), key=lambda r: (r.device, r.at))[:most]


def _table(
    profile: str, table: str, devices: Sequence[int], start: dt.datetime, end: dt.datetime, most: int | None
) -> list[Stored]:
    names = ", ".join(f'"{f.name}"' for f in PROFILES[profile].fields)  # names of our own tables, never input
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT device, at, received_at, quality, {names} FROM telemetry."{table}"'  # noqa: S608
            " WHERE device = ANY(%s) AND at >= %s AND at < %s ORDER BY device, at LIMIT %s",
            [list(devices), start, end, most],
        )
        return [Stored(d, at, received, q, tuple(v)) for d, at, received, q, *v in cursor.fetchall()]


def _past(
    profile: str, devices: Sequence[int], start: dt.datetime, end: dt.datetime, most: int | None = None
) -> list[list[Stored]]:
    """Rows of the days that left or are leaving, part by part; none after the part in which there were `most`."""
    for left in reversed(range(TRIES)):
        found: list[list[Stored]] = []
        try:
            for day, state, path in _parts(profile, start, end):
                if state == "leaving":
                    with transaction.atomic():
                        table = f"{profile}_{day:%Y%m%d}_leaving"
                        found.append(_table(profile, table, devices, start, end, most))
                else:
                    found.append(_stored(_file(profile, day, path, devices, start, end)))
                if most is not None and sum(map(len, found)) >= most:
                    break
            return found
        except ProgrammingError:  # a table that was leaving is a file by now
            if not left:
                raise
    raise AssertionError("the last try returns or raises")


def _parts(profile: str, start: dt.datetime, end: dt.datetime) -> list[tuple[dt.date, str, str]]:
    last = (end - dt.timedelta(microseconds=1)).astimezone(dt.UTC).date()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT day, state, path FROM telemetry.archived_day WHERE profile = %s AND day BETWEEN %s AND %s ORDER BY day, part",
            [profile, start.astimezone(dt.UTC).date(), last],
        )
        return list(cursor.fetchall())


def _file(
    profile: str, day: dt.date, path: str, devices: Sequence[int], start: dt.datetime, end: dt.datetime
) -> "Columns":
    from siteloop.kernel import archived  # takes a moment, and most days are in the table

    try:
        with folder().joinpath(path).open("rb") as file:
            return archived.read(file, PROFILES[profile], to_us(start), to_us(end), devices)
    except (OSError, ValueError) as wrong:  # ValueError: a damaged file
        raise Refused(f"{day} 的归档文件无法读取，请联系平台运维", status=503) from wrong


def _stored(found: "Columns") -> list[Stored]:
    from siteloop.kernel import archived

    columns = (found.device, found.at, found.received_at, archived.packed(found.quality), found.values.T)
    return [
        Stored(d, from_us(at), from_us(received), q, tuple(None if v != v else v for v in values))
        for d, at, received, q, values in zip(*(c.tolist() for c in columns), strict=True)
    ]


def folder() -> Path:
    """Where archived days lie."""
    return Path(settings.ENV.data) / "archive"


def normal(profile: str, row: Stored, index: int) -> float | None:
    """A field's value where it counts (flag N), otherwise None."""
    return row.values[index] if (row.quality >> (4 * index)) & 15 == Quality.NORMAL else None


def flags(
    profile: str, devices: Sequence[int], start: dt.datetime, end: dt.datetime
) -> dict[int, dict[int, int]]:
    """Device -> flag of the first field -> how many archived rows carry it."""
    found: dict[int, dict[int, int]] = {}
    for part in _past(profile, devices, start, end):
        for row in part:
            mine = found.setdefault(row.device, {})
            mine[row.quality & 15] = mine.get(row.quality & 15, 0) + 1
    return found
