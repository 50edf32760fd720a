"""The slow path of the sink: rows that may be there already are inserted one by one, or fill what their stored twins lack."""

from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql

from siteloop.gateway.binary import copying
from siteloop.kernel.block import Columns
from siteloop.kernel.profiles import Profile
from siteloop.kernel.times import from_us


def column_names(profile: Profile, with_kind: bool) -> list[str]:
    """Columns of a sample table in the order of COPY."""
    kind = ["kind"] if with_kind else []
    return ["device", *kind, "at", "received_at", "quality", *(f.name for f in profile.fields)]


async def insert(
    connection: psycopg.AsyncConnection[tuple[Any, ...]],
    profile: Profile,
    columns: Columns,
    is_reported: bool,
) -> NDArray[np.bool_]:
    """Insert rows in one round trip; which of them stored anything."""
    return await _each(connection, columns, is_reported, _statement(profile, is_reported))


async def insert_new(
    connection: psycopg.AsyncConnection[tuple[Any, ...]], profile: Profile, columns: Columns
) -> NDArray[np.bool_]:
    """Insert real-time rows whose key is not there, leave the others alone; which of them were stored."""
    names = column_names(profile, False)
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({}) ON CONFLICT DO NOTHING RETURNING 1").format(
        sql.Identifier("telemetry", profile.code),
        sql.SQL(", ").join(map(sql.Identifier, names)),
        sql.SQL(", ").join([sql.Placeholder()] * len(names)),
    )
    return await _each(connection, columns, False, statement)


async def _each(
    connection: psycopg.AsyncConnection[tuple[Any, ...]],
    columns: Columns,
    is_reported: bool,
    statement: sql.Composed,
) -> NDArray[np.bool_]:
    """Run a statement for every row; which of them it answered."""
    packed = copying.pack_quality(columns.quality)
    rows = []
    for i in range(len(columns.device)):
        key = [int(columns.device[i]), *([int(columns.kind[i])] if is_reported else [])]
        values = [None if np.isnan(v) else float(v) for v in columns.values[:, i]]
        times = [from_us(int(columns.at[i])), from_us(int(columns.received_at[i]))]
        rows.append([*key, *times, int(packed[i]), *values])
    stored = np.zeros(len(rows), bool)
    async with connection.cursor() as cursor:
        await cursor.executemany(statement, rows, returning=True)
        for i in range(len(rows)):
            stored[i] = await cursor.fetchone() is not None
            cursor.nextset()
    return stored


def _statement(profile: Profile, is_reported: bool) -> sql.Composed:
    """A stored value is replaced only where it was missing, or was not normal and the new one is: evidence stays."""
    names = column_names(profile, is_reported)
    gains, fills, qualities = [], [], []
    for i, one in enumerate(profile.fields):
        f, shift = sql.Identifier(one.name), sql.Literal(4 * i)
        gain = sql.SQL(
            "(excluded.{f} IS NOT NULL AND (t.{f} IS NULL OR"
            " ((t.quality >> {shift}) & 15 <> 0 AND (excluded.quality >> {shift}) & 15 = 0)))"
        ).format(f=f, shift=shift)
        gains.append(gain)
        fills.append(
            sql.SQL("{f} = CASE WHEN {gain} THEN excluded.{f} ELSE t.{f} END").format(f=f, gain=gain)
        )
        qualities.append(
            sql.SQL("((CASE WHEN {gain} THEN excluded.quality ELSE t.quality END) & {mask}::bigint)").format(
                gain=gain, mask=sql.Literal(_signed(0xF << (4 * i)))
            )
        )
    return sql.SQL(
        "INSERT INTO {table} AS t ({names}) VALUES ({marks}) ON CONFLICT ({key}) DO UPDATE SET {fill},"
        " quality = {quality} WHERE {gain} RETURNING 1"
    ).format(
        table=sql.Identifier("telemetry", profile.code + ("_reported" if is_reported else "")),
        names=sql.SQL(", ").join(map(sql.Identifier, names)),
        marks=sql.SQL(", ").join([sql.Placeholder()] * len(names)),
        key=sql.SQL(", ").join(
            map(sql.Identifier, ["device", "kind", "at"] if is_reported else ["device", "at"])
        ),
        fill=sql.SQL(", ").join(fills),
        quality=sql.SQL(" | ").join(qualities),
        gain=sql.SQL(" OR ").join(gains),
    )


def _signed(mask: int) -> int:
    """As PostgreSQL's bigint: the sixteenth field's mask has the sign bit."""
    return mask - 2**64 if mask >= 2**63 else mask
