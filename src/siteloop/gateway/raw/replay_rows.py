"""Rows a replay compares with and writes: found in the tables or the archive, written whole, with what stood there before."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

import msgspec
import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql

from siteloop.gateway.history import partitions, past, slow_path
from siteloop.gateway.history.archive_store import ArchiveStore
from siteloop.kernel import archived
from siteloop.kernel.block import Kind
from siteloop.kernel.profiles import PROFILES, Profile
from siteloop.kernel.quality import Quality
from siteloop.kernel.times import DAY, MINUTE, SHANGHAI, from_us, to_us


class Key(msgspec.Struct, frozen=True):
    """One row; `at` in µs."""

    profile: str
    device: int
    kind: int
    at: int


class Row(msgspec.Struct):
    """Its content; values float32[f] (NaN where absent), quality uint8[f]."""

    kind: int
    at: int
    received_at: dt.datetime
    values: NDArray[np.float32]
    quality: NDArray[np.uint8]


class Change(msgspec.Struct, frozen=True):
    """`after` is None for a row whose frame says another time today."""

    key: Key
    act: str  # changed, added, moved
    listener: str
    before: Row | None
    after: Row | None


def stored(connection: psycopg.Connection[Any], store: ArchiveStore, keys: Iterable[Key]) -> dict[Key, Row]:
    """What stands under these keys, wherever it lies."""
    groups: dict[tuple[str, bool], list[Key]] = defaultdict(list)
    for key in keys:
        groups[key.profile, key.kind == Kind.REALTIME].append(key)
    found: dict[Key, Row] = {}
    for (code, is_realtime), mine in groups.items():
        profile = PROFILES[code]
        here = _in_table(connection, profile, mine, is_realtime)
        if is_realtime:
            found |= _in_archive(connection, store, profile, set(mine))
        found |= here
    return found


def _in_table(
    connection: psycopg.Connection[Any], profile: Profile, keys: list[Key], is_realtime: bool
) -> dict[Key, Row]:
    statement = sql.SQL(
        "SELECT t.device, {kind}, t.at, t.received_at, t.quality, {fields} FROM {table} t"
        " JOIN unnest(%s::int[], %s::timestamptz[], %s::int[]) AS k (device, at, kind)"
        " ON t.device = k.device AND t.at = k.at{same}"
    ).format(
        kind=sql.SQL("0" if is_realtime else "t.kind"),
        fields=sql.SQL(", ").join(sql.SQL("t.{}").format(sql.Identifier(f.name)) for f in profile.fields),
        table=sql.Identifier("telemetry", profile.code + ("" if is_realtime else "_reported")),
        same=sql.SQL("" if is_realtime else " AND t.kind = k.kind"),
    )
    rows = connection.execute(
        statement, [[k.device for k in keys], [from_us(k.at) for k in keys], [k.kind for k in keys]]
    )
    return {
        Key(profile.code, device, kind, to_us(at)): Row(
            kind, to_us(at), received_at, _floats(values), _flags(packed, len(profile.fields))
        )
        for device, kind, at, received_at, packed, *values in rows
    }


def _in_archive(
    connection: psycopg.Connection[Any], store: ArchiveStore, profile: Profile, keys: set[Key]
) -> dict[Key, Row]:
    """Day by day: frames that came together need not speak of one day."""
    found: dict[Key, Row] = {}
    days: dict[int, list[Key]] = defaultdict(list)
    for key in keys:
        days[key.at // DAY].append(key)
    for mine in days.values():
        first, last = min(k.at for k in mine), max(k.at for k in mine)
        rows = past.rows(connection, store, profile, first, last + 1, sorted({k.device for k in mine}))
        if rows is None:
            continue
        for i, (device, at) in enumerate(zip(rows.device.tolist(), rows.at.tolist(), strict=True)):
            key = Key(profile.code, device, int(Kind.REALTIME), at)
            if key in keys:
                received = from_us(int(rows.received_at[i]))
                found[key] = Row(key.kind, at, received, rows.values[:, i].copy(), rows.quality[:, i].copy())
    return found


def write(connection: psycopg.Connection[Any], replay: int, changes: list[Change]) -> None:
    """Inside the caller's transaction: rows, marks, roll-ups to make again, newest values, the ledger."""
    groups: dict[tuple[str, bool], list[Change]] = defaultdict(list)
    for change in changes:
        groups[change.key.profile, change.key.kind == Kind.REALTIME].append(change)
    for (code, is_realtime), mine in groups.items():
        profile = PROFILES[code]
        if is_realtime:
            _partitions(connection, code, {from_us(c.key.at).date() for c in mine})
        _rows(connection, profile, mine, is_realtime)
        if is_realtime:
            _dirty(connection, code, mine)
            _latest(connection, profile, mine)
    _marks(connection, replay, changes)
    _ledger(connection, changes)


def _partitions(connection: psycopg.Connection[Any], profile: str, days: set[dt.date]) -> None:
    """A day that left has none; nor may one leave between this look and our rows."""
    connection.execute(
        sql.SQL("LOCK TABLE {} IN ROW EXCLUSIVE MODE").format(sql.Identifier("telemetry", profile))
    )
    for day in sorted(days):
        name = f"telemetry.{profile}_{day:%Y%m%d}"
        if connection.execute("SELECT to_regclass(%s)", [name]).fetchone() == (None,):
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [partitions.LOCK])
            connection.execute(partitions.statement(profile, day))


def _rows(
    connection: psycopg.Connection[Any], profile: Profile, changes: list[Change], is_realtime: bool
) -> None:
    """Whole rows over what stands there. A row that moved leaves one without values: an archived one cannot be taken away."""
    names = slow_path.column_names(profile, not is_realtime)
    key = ["device", "at"] if is_realtime else ["device", "kind", "at"]
    statement = sql.SQL(
        "INSERT INTO {table} ({names}) VALUES ({marks}) ON CONFLICT ({key}) DO UPDATE SET {fill}"
    ).format(
        table=sql.Identifier("telemetry", profile.code + ("" if is_realtime else "_reported")),
        names=sql.SQL(", ").join(map(sql.Identifier, names)),
        marks=sql.SQL(", ").join([sql.Placeholder()] * len(names)),
        key=sql.SQL(", ").join(map(sql.Identifier, key)),
        fill=sql.SQL(", ").join(
            sql.SQL("{n} = excluded.{n}").format(n=sql.Identifier(n)) for n in names if n not in key
        ),
    )
    rows = []
    for change in changes:
        row = change.after or _nothing(profile, change)
        who = [change.key.device, *([] if is_realtime else [change.key.kind])]
        rows.append(
            [*who, from_us(change.key.at), row.received_at, _packed(row.quality), *_nullable(row.values)]
        )
    with connection.cursor() as cursor:
        cursor.executemany(statement, rows)


def _nothing(profile: Profile, change: Change) -> Row:
    assert change.before is not None, "only a row that stood there can move"
    f = len(profile.fields)
    return Row(
        change.key.kind,
        change.key.at,
        change.before.received_at,
        np.full(f, np.nan, np.float32),
        np.full(f, Quality.ABSENT, np.uint8),
    )


def _dirty(connection: psycopg.Connection[Any], profile: str, changes: list[Change]) -> None:
    quarters = sorted({(c.key.device, c.key.at // (15 * MINUTE) * 15 * MINUTE) for c in changes})
    connection.execute(
        "INSERT INTO telemetry.dirty AS t (profile, device, at) SELECT %s, d, b FROM unnest(%s::int[], %s::timestamptz[]) AS u (d, b)"
        " ON CONFLICT (profile, device, at) DO UPDATE SET marked = t.marked + 1",
        [profile, [d for d, _ in quarters], [from_us(b) for _, b in quarters]],
    )


def _latest(connection: psycopg.Connection[Any], profile: Profile, changes: list[Change]) -> None:
    """Where the newest row of a device changed, its copy changes with it."""
    with connection.cursor() as cursor:
        cursor.executemany(
            'UPDATE telemetry.latest SET quality = %s, "values" = %s WHERE device = %s AND profile = %s AND at = %s',
            [
                [
                    _packed(c.after.quality),
                    _nullable(c.after.values),
                    c.key.device,
                    profile.code,
                    from_us(c.key.at),
                ]
                for c in changes
                if c.after is not None
            ],
        )


def _marks(connection: psycopg.Connection[Any], replay: int, changes: list[Change]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO telemetry.replayed_row (replay, profile, device, kind, at, act, before_quality, before_values,"
            " after_quality, after_values) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
            " ON CONFLICT (replay, profile, device, kind, at) DO UPDATE SET act = excluded.act,"
            " after_quality = excluded.after_quality, after_values = excluded.after_values",
            [
                [
                    replay,
                    c.key.profile,
                    c.key.device,
                    c.key.kind,
                    from_us(c.key.at),
                    c.act,
                    *_kept(c.before),
                    *_kept(c.after),
                ]
                for c in changes
            ],
        )


def _ledger(connection: psycopg.Connection[Any], changes: list[Change]) -> None:
    """On the line of the day, listener and device the frame was counted on when it came."""
    lines: Counter[tuple[dt.date, str, int]] = Counter()
    for change in changes:
        row = change.after or change.before
        if row is not None and change.act != "moved":  # its other half is counted where it went
            day = row.received_at.astimezone(SHANGHAI).date()
            lines[day, change.listener, change.key.device] += 1
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO fast.ledger AS l (day, listener, device, replayed) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (day, listener, device) DO UPDATE SET replayed = l.replayed + excluded.replayed",
            [[*line, n] for line, n in sorted(lines.items())],
        )


def _kept(row: Row | None) -> list[Any]:
    return [None, None] if row is None else [_packed(row.quality), _nullable(row.values)]


def _packed(quality: NDArray[np.uint8]) -> int:
    return int(archived.packed(quality[:, None])[0])


def _nullable(values: NDArray[np.float32]) -> list[float | None]:
    return [None if np.isnan(v) else float(v) for v in values]


def _floats(values: Iterable[float | None]) -> NDArray[np.float32]:
    return np.array([np.nan if v is None else v for v in values], np.float32)


def _flags(packed: int, fields: int) -> NDArray[np.uint8]:
    return np.array([(packed >> (4 * i)) & 15 for i in range(fields)], np.uint8)
