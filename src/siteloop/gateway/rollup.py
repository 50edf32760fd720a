"""Roll-ups: closed minutes, quarter hours, hours and days, computed in SQL written from the profile.

Only NORMAL values count. A mean is given when at least 75 % of the expected values are valid (the rule of HJ 212-2017 for
gas, standards.md §10); noise is averaged by energy, wind direction as vectors. Late data mark their bucket dirty and it is
computed again.
"""

import asyncio
import datetime as dt
import logging
from typing import Any

import psycopg
from psycopg import sql

from siteloop.gateway import copying, past, slow_path, thawing
from siteloop.gateway.archive_store import NO_STORE, ArchiveStore
from siteloop.gateway.registry_source import RegistrySource
from siteloop.kernel.profiles import PROFILES, Averaging, Field, Profile
from siteloop.kernel.times import to_us

log = logging.getLogger("siteloop.rollup")
GATHERED = "rolled_again"  # temporary table of one computation
STEPS = (60, 900, 3600, 86_400)
VALID_SHARE = 0.75
GRACE_S = 5
#: what schema.py writes before anything was rolled up
NEVER = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
LOCAL_S = 8 * 3600  # days begin at Shanghai's midnight


def _mean(field: Field, index: int) -> sql.Composable:
    name = sql.Identifier(field.name)
    good = sql.SQL("(quality >> {shift}) & 15 = 0 AND {name} IS NOT NULL").format(
        shift=sql.Literal(4 * index), name=name
    )
    value = sql.SQL("{name} ").format(name=name)
    if field.averaging is Averaging.ENERGY:
        body = sql.SQL("10 * log(avg(power(10, {v}::float8 / 10)) FILTER (WHERE {good}))").format(
            v=value, good=good
        )
    elif field.averaging is Averaging.VECTOR:
        body = sql.SQL(
            "mod((degrees(atan2(avg(sin(radians({v}))) FILTER (WHERE {good}), avg(cos(radians({v}))) FILTER (WHERE {good})))"
            " + 360)::numeric, 360)::float8"
        ).format(v=value, good=good)
    elif field.averaging is Averaging.LAST:
        body = sql.SQL("(array_agg({v} ORDER BY at DESC) FILTER (WHERE {good}))[1]").format(
            v=value, good=good
        )
    else:
        body = sql.SQL("avg({v}::float8) FILTER (WHERE {good})").format(v=value, good=good)
    return sql.SQL(
        "CASE WHEN count(*) FILTER (WHERE {good}) >= ceil({share} * e.expected) THEN ({body})::real END"
    ).format(good=good, share=sql.Literal(VALID_SHARE), body=body)


def _each(profile: Profile, template: str) -> sql.Composable:
    parts = []
    for index, field in enumerate(profile.fields):
        name = sql.Identifier(field.name)
        good = sql.SQL("(quality >> {shift}) & 15 = 0 AND {name} IS NOT NULL").format(
            shift=sql.Literal(4 * index), name=name
        )
        parts.append(sql.SQL(template).format(name=name, good=good))
    return sql.SQL(", ").join(parts)


def statement(profile: Profile, source: sql.Identifier) -> sql.Composed:
    """INSERT … SELECT of one step over [from, to) for some devices; parameters step, from, to, devices, expected."""
    return sql.SQL(
        "INSERT INTO {target} (device, step, at, expected, n, mean, low, high)"
        " SELECT t.device, %(step)s, to_timestamp(floor((extract(epoch FROM at) + %(shift)s) / %(step)s) * %(step)s - %(shift)s) AS bucket,"
        " e.expected, ARRAY[{n}]::int[], ARRAY[{mean}]::real[], ARRAY[{low}]::real[], ARRAY[{high}]::real[]"
        " FROM {source} t JOIN unnest(%(devices)s::int[], %(expected)s::int[]) AS e (device, expected) ON e.device = t.device"
        " WHERE at >= %(start)s AND at < %(end)s GROUP BY t.device, bucket, e.expected"
        " ON CONFLICT (device, step, at) DO UPDATE SET expected = excluded.expected, n = excluded.n, mean = excluded.mean,"
        " low = excluded.low, high = excluded.high"
    ).format(
        target=sql.Identifier("telemetry", f"{profile.code}_rollup"),
        source=source,
        n=_each(profile, "count(*) FILTER (WHERE {good})"),
        mean=sql.SQL(", ").join(_mean(f, i) for i, f in enumerate(profile.fields)),
        low=_each(profile, "min({name}) FILTER (WHERE {good})"),
        high=_each(profile, "max({name}) FILTER (WHERE {good})"),
    )


def floor(moment: dt.datetime, step: int) -> dt.datetime:
    """Start of the bucket a moment lies in."""
    shift = LOCAL_S if step == 86_400 else 0
    seconds = int(moment.timestamp()) + shift
    return dt.datetime.fromtimestamp(seconds - seconds % step - shift, dt.UTC)


class Roller:
    """Rolls up what has closed, and again what late data touched."""

    def __init__(self, dsn: str, registry: RegistrySource, store: ArchiveStore = NO_STORE) -> None:
        self.dsn, self.registry, self.store = dsn, registry, store

    async def run(self) -> None:
        """Every ten seconds, for ever."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self.dsn) as connection:
                    await self.roll(connection, dt.datetime.now(dt.UTC))
            except psycopg.OperationalError as lost:
                log.warning("roll-up waits: %s", lost)
            await asyncio.sleep(10)

    async def roll(self, connection: psycopg.AsyncConnection[tuple[Any, ...]], now: dt.datetime) -> None:
        """Roll up every bucket that has closed since the last time, and the dirty ones."""
        for profile in PROFILES.values():
            for step in STEPS:
                await self._step(connection, profile, step, now)
            await self._dirty(connection, profile, now)

    async def _step(
        self,
        connection: psycopg.AsyncConnection[tuple[Any, ...]],
        profile: Profile,
        step: int,
        now: dt.datetime,
    ) -> None:
        end = floor(now - dt.timedelta(seconds=GRACE_S), step)
        async with connection.transaction():
            cursor = await connection.execute(
                "SELECT until FROM telemetry.rolled WHERE profile = %s AND step = %s FOR UPDATE",
                [profile.code, step],
            )
            row = await cursor.fetchone()
            start = row[0] if row and row[0] > NEVER else await self._first(connection, profile, step, end)
            if start >= end:
                return
            await self._compute(connection, profile, step, start, end, None)
            await connection.execute(
                "INSERT INTO telemetry.rolled (profile, step, until) VALUES (%s, %s, %s)"
                " ON CONFLICT (profile, step) DO UPDATE SET until = excluded.until",
                [profile.code, step, end],
            )

    async def _first(
        self,
        connection: psycopg.AsyncConnection[tuple[Any, ...]],
        profile: Profile,
        step: int,
        end: dt.datetime,
    ) -> dt.datetime:
        """Where the first roll-up begins: the oldest row."""
        cursor = await connection.execute(
            sql.SQL("SELECT min(at) FROM {}").format(sql.Identifier("telemetry", profile.code))
        )
        row = await cursor.fetchone()
        return floor(row[0], step) if row and row[0] else end - dt.timedelta(seconds=step)

    async def _dirty(
        self, connection: psycopg.AsyncConnection[tuple[Any, ...]], profile: Profile, now: dt.datetime
    ) -> None:
        async with connection.transaction():
            cursor = await connection.execute(
                "DELETE FROM telemetry.dirty WHERE ctid IN (SELECT ctid FROM telemetry.dirty WHERE profile = %s AND at < %s"
                " ORDER BY at LIMIT 2000 FOR UPDATE SKIP LOCKED) RETURNING device, at",
                [profile.code, floor(now - dt.timedelta(seconds=GRACE_S), 900)],
            )
            touched: dict[tuple[int, dt.datetime, dt.datetime], set[int]] = {}
            for device, at in await cursor.fetchall():
                for step in STEPS:
                    start = floor(at, step)
                    end = min(start + dt.timedelta(seconds=max(step, 900)), floor(now, step))
                    if start < end:
                        touched.setdefault((step, start, end), set()).add(device)
            for (step, start, end), devices in touched.items():
                await self._compute(connection, profile, step, start, end, devices)

    async def _compute(
        self,
        connection: psycopg.AsyncConnection[tuple[Any, ...]],
        profile: Profile,
        step: int,
        start: dt.datetime,
        end: dt.datetime,
        only: set[int] | None,
    ) -> None:
        devices = [
            d
            for d in self.registry.current.devices
            if d.profile == profile.code and (only is None or d.number in only)
        ]
        if not devices:
            return
        numbers = [d.number for d in devices]
        source = sql.Identifier("telemetry", profile.code)
        if start.timestamp() * 1e6 < thawing.left_before(to_us(dt.datetime.now(dt.UTC))):
            gathered = await self._gathered(connection, profile, start, end, numbers)
            source = sql.Identifier("pg_temp", GATHERED) if gathered else source
        await connection.execute(
            statement(profile, source),
            {
                "step": step,
                "shift": LOCAL_S if step == 86_400 else 0,
                "start": start,
                "end": end,
                "devices": numbers,
                "expected": [max(1, step // d.interval_s) for d in devices],
            },
        )

    async def _gathered(
        self,
        connection: psycopg.AsyncConnection[tuple[Any, ...]],
        profile: Profile,
        start: dt.datetime,
        end: dt.datetime,
        devices: list[int],
    ) -> bool:
        """Put archived rows and those of the table together into a temporary table; False when no day of them left."""
        low, high = to_us(start), to_us(end)
        cursor = await connection.execute(
            sql.SQL("SELECT EXISTS ({})").format(sql.SQL(past.ASK)), past.asked(profile.code, low, high)
        )
        if await cursor.fetchone() != (True,):
            return False
        rows = await asyncio.to_thread(
            past.look, self.dsn, self.store, profile.code, low, high, devices, with_present=True
        )
        assert rows is not None, "a day that left is never taken back"
        name = sql.Identifier("pg_temp", GATHERED)
        await connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(name))
        await connection.execute(
            sql.SQL("CREATE TEMPORARY TABLE {} (LIKE {}) ON COMMIT DROP").format(
                sql.Identifier(GATHERED), sql.Identifier("telemetry", profile.code)
            )
        )
        names = slow_path.column_names(profile, False)
        into = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
            name, sql.SQL(", ").join(map(sql.Identifier, names))
        )
        async with connection.cursor() as target, target.copy(into) as copy:
            await copy.write(copying.encode(rows))
        return True
