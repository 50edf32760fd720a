"""Day partitions (UTC days) of the sample tables: made ahead on a timer, so that no row ever waits for a table lock.

Rows only come and never change, so the database need not go through a day again and again while it grows: that is switched off, and a
day that is over is vacuumed and frozen once.
"""

import asyncio
import datetime as dt
import logging
from typing import Any

import psycopg
from psycopg import sql

from siteloop.kernel.profiles import PROFILES

log = logging.getLogger("siteloop.sink")
AHEAD_DAYS = 3
EVERY_S = 3600
AGAIN_S = 30
LATE = dt.timedelta(hours=6)  # after midnight a day's last rows are still handed in
LOCK = 5_720_212  # one maker at a time


def statement(profile: str, day: dt.date) -> sql.Composed:
    """CREATE TABLE of one day of a profile."""
    start = dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)
    text = (
        "CREATE TABLE IF NOT EXISTS {} PARTITION OF {} FOR VALUES FROM ({}) TO ({})"
        " WITH (autovacuum_vacuum_insert_threshold = -1)"
    )
    return sql.SQL(text).format(
        sql.Identifier("telemetry", f"{profile}_{day:%Y%m%d}"),
        sql.Identifier("telemetry", profile),
        sql.Literal(start),
        sql.Literal(start + dt.timedelta(days=1)),
    )


async def make(
    connection: psycopg.AsyncConnection[tuple[Any, ...]], profile: str, days: set[dt.date]
) -> None:
    """Make the partitions of some days inside the caller's transaction; those that exist cost nothing."""
    names = {f"{profile}_{day:%Y%m%d}": day for day in days}
    cursor = await connection.execute(
        "SELECT n FROM unnest(%s::text[]) AS n WHERE to_regclass('telemetry.' || n) IS NULL", [list(names)]
    )
    missing = sorted(names[n] for (n,) in await cursor.fetchall())
    if not missing:
        return
    await connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    for day in missing:
        await connection.execute(statement(profile, day))


async def make_ahead(
    connection: psycopg.AsyncConnection[tuple[Any, ...]], now: dt.datetime, ahead: int = AHEAD_DAYS
) -> None:
    """Partitions of every profile from today until `ahead` days from now."""
    days = {now.astimezone(dt.UTC).date() + dt.timedelta(days=n) for n in range(ahead + 1)}
    for profile in PROFILES:
        async with connection.transaction():
            # a reader that holds the table for long must not make the sink's own rows queue behind us
            await connection.execute("SET LOCAL lock_timeout = '2s'")
            await make(connection, profile, days)


_OVER = """
    SELECT relname FROM pg_stat_all_tables
    WHERE schemaname = 'telemetry' AND last_vacuum IS NULL AND relname ~ '_[0-9]{8}$' AND right(relname, 8) < %s
    ORDER BY right(relname, 8), relname
"""


async def settle(connection: psycopg.AsyncConnection[tuple[Any, ...]], now: dt.datetime) -> list[str]:
    """Vacuum and freeze the days that are over (late rows have some hours), each once; returns their tables.

    The connection is in autocommit mode. A table that somebody holds is left for the next time.
    """
    last = (now.astimezone(dt.UTC) - LATE).date()
    names = [name for (name,) in await (await connection.execute(_OVER, [f"{last:%Y%m%d}"])).fetchall()]
    for name in names:
        table = sql.Identifier("telemetry", name)
        await connection.execute(sql.SQL("VACUUM (FREEZE, ANALYZE, SKIP_LOCKED) {}").format(table))
    return names


async def run(dsn: str) -> None:
    """Make partitions ahead and settle the days that are over every hour, for ever; soon again when the database or a lock was not to be had."""
    while True:
        pause = EVERY_S
        try:
            async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
                now = dt.datetime.now(dt.UTC)
                await make_ahead(connection, now)
                await settle(connection, now)
        except psycopg.OperationalError as wrong:  # LockNotAvailable is one
            log.warning("partitions ahead wait: %s", wrong)
            pause = AGAIN_S
        await asyncio.sleep(pause)
