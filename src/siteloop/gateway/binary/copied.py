"""Rows out of PostgreSQL by binary COPY, as columns."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql

from siteloop.gateway.binary.copying import EPOCH_2000, HEADER, TRAILER
from siteloop.kernel.block import Columns, Kind
from siteloop.kernel.profiles import Profile
from siteloop.kernel.times import from_us

PIECE = 8_000_000  # bytes of COPY handed on at once by `pieces`


def query(
    profile: Profile, table: str, start: int, end: int, devices: Sequence[int] | None = None
) -> sql.Composed:
    """SELECT of the columns that `columns` understands, from a table of the schema telemetry; µs, [start, end)."""
    return sql.SQL(
        "SELECT device, at, received_at, quality, {fields} FROM {table} WHERE at >= {start} AND at < {end}{whose}"
    ).format(
        fields=sql.SQL(", ").join(
            sql.SQL("coalesce({}, 'NaN'::real)").format(sql.Identifier(f.name)) for f in profile.fields
        ),
        table=sql.Identifier("telemetry", table),
        start=sql.Literal(from_us(start)),
        end=sql.Literal(from_us(end)),
        whose=sql.SQL("")
        if devices is None
        else sql.SQL(" AND device = ANY({})").format(sql.Literal(list(devices))),
    )


def read(connection: psycopg.Connection[Any], profile: Profile, select: sql.Composed) -> Columns:
    """All rows of a query."""
    statement = sql.SQL("COPY ({}) TO STDOUT (FORMAT BINARY)").format(select)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        data = b"".join(bytes(part) for part in copy)
    return _columns(memoryview(data)[len(HEADER) : len(data) - len(TRAILER)], profile)


def pieces(connection: psycopg.Connection[Any], profile: Profile, select: sql.Composed) -> Iterator[Columns]:
    """The same, a few megabytes at a time: a day's rows need not fit into memory."""
    statement = sql.SQL("COPY ({}) TO STDOUT (FORMAT BINARY)").format(select)
    size = _layout(profile).itemsize
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        waiting = bytearray()
        is_first = True
        for part in copy:
            waiting += part
            if is_first and len(waiting) >= len(HEADER):
                del waiting[: len(HEADER)]
                is_first = False
            if len(waiting) >= PIECE:
                whole = len(waiting) // size * size
                yield _columns(memoryview(bytes(waiting[:whole])), profile)
                del waiting[:whole]
        rows = (len(waiting) - len(TRAILER)) // size
        if rows:
            yield _columns(memoryview(bytes(waiting[: rows * size])), profile)


def _layout(profile: Profile) -> np.dtype[Any]:
    """One row of binary COPY; every field is there because absent values come as NaN."""
    names = [("device", ">i4"), ("at", ">i8"), ("received_at", ">i8"), ("quality", ">i8")]
    names += [(f"v{i}", ">f4") for i in range(len(profile.fields))]
    layout: list[tuple[str, str]] = [("count", ">i2")]
    for name, kind in names:
        layout += [(f"l_{name}", ">i4"), (name, kind)]
    return np.dtype(layout)


def _columns(body: memoryview, profile: Profile) -> Columns:
    rows: NDArray[Any] = np.frombuffer(body, _layout(profile))
    quality = rows["quality"].astype(np.int64)
    return Columns(
        device=rows["device"].astype(np.int32),
        at=rows["at"].astype(np.int64) + EPOCH_2000,
        received_at=rows["received_at"].astype(np.int64) + EPOCH_2000,
        values=np.array([rows[f"v{i}"] for i in range(len(profile.fields))], np.float32),
        quality=np.array([(quality >> (4 * i)) & 15 for i in range(len(profile.fields))], np.uint8),
        kind=np.full(len(rows), Kind.REALTIME, np.uint8),
    )
