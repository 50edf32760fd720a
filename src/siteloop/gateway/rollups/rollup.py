"""Roll-ups that rows in order do not make by themselves: late data, and hours and days from quarter hours.

Rows in order are summed up by the sink as they pass (`rolling`). It marks what it cannot know: `telemetry.dirty` names quarter
hours whose rows are to be read again, `telemetry.unsummed` hours and days whose quarter hours changed.
"""

import asyncio
import datetime as dt
import logging
import time
from typing import Any

import numpy as np
import psycopg
from psycopg import sql

from siteloop.gateway.binary import copying
from siteloop.gateway.history import past, slow_path, thawing
from siteloop.gateway.history.archive_store import NO_STORE, ArchiveStore
from siteloop.gateway.registry_source import RegistrySource
from siteloop.gateway.rollups import rolling, rollup_sql
from siteloop.kernel.profiles import PROFILES, Profile
from siteloop.kernel.times import to_us

log = logging.getLogger("siteloop.rollup")
GATHERED = "rolled_again"  # temporary table of one computation
STEPS = (60, 900)  # from rows
UPPER_STEPS = rolling.UPPER_STEPS  # from quarter hours
GRACE_S = 5
SETTLED_S = 30  # the sink has written by then what it summed up
AT_ONCE = 2000
BUSY_S = 5.0  # of one round and profile
LOCK = 5_720_232  # one roller at a time
#: what schema.py writes before anything was rolled up
NEVER = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
LOCAL_S = 8 * 3600  # days begin at Shanghai's midnight
Connection = psycopg.AsyncConnection[tuple[Any, ...]]


def floor(moment: dt.datetime, step: int) -> dt.datetime:
    """Start of the bucket a moment lies in."""
    shift = LOCAL_S if step == 86_400 else 0
    seconds = int(moment.timestamp()) + shift
    return dt.datetime.fromtimestamp(seconds - seconds % step - shift, dt.UTC)


class Roller:
    """Rolls up what has closed, and again what late data touched."""

    def __init__(self, dsn: str, registry: RegistrySource, store: ArchiveStore = NO_STORE) -> None:
        self.dsn, self.registry, self.store = dsn, registry, store
        self._minute = NEVER

    async def run(self) -> None:
        """Every ten seconds, for ever."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self.dsn) as connection:
                    await self.roll(connection, dt.datetime.now(dt.UTC))
            except psycopg.OperationalError as lost:
                log.warning("roll-up waits: %s", lost)
            await asyncio.sleep(10)

    async def roll(self, connection: Connection, now: dt.datetime) -> None:
        """Roll up what late data touched, then the hours and days that are over."""
        minute = floor(now - dt.timedelta(seconds=GRACE_S), 60)
        for profile in PROFILES.values():
            await self._begin(connection, profile, now)
            end = time.monotonic() + BUSY_S
            is_due = minute != self._minute
            while await self._repair(connection, profile, now):
                is_due = True
                if time.monotonic() > end:
                    break
            await self._open(connection, profile, now)
            # else once a minute, or hours of the past that fill up row by row would be summed up again and again
            while is_due and await self._upper(connection, profile, now) and time.monotonic() < end:
                pass
            await self._say(connection, profile, now)
        self._minute = minute

    async def _is_ours(self, connection: Connection) -> bool:
        """Whether no other roller is at work; until the end of the transaction."""
        cursor = await connection.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return await cursor.fetchone() == (True,)

    async def _begin(self, connection: Connection, profile: Profile, now: dt.datetime) -> None:
        """Rows that were here before anything was rolled up are all to be read."""
        async with connection.transaction():
            cursor = await connection.execute(
                "SELECT 1 FROM telemetry.rolled WHERE profile = %s AND step = 60 AND until <= %s FOR UPDATE",
                [profile.code, NEVER],
            )
            if await cursor.fetchone() is None:
                return
            await connection.execute(
                sql.SQL(
                    "INSERT INTO telemetry.dirty (profile, device, at)"
                    " SELECT DISTINCT %(profile)s, device, date_bin('15 minutes', at, %(never)s) FROM {}"
                    " WHERE at < %(now)s ON CONFLICT DO NOTHING"
                ).format(sql.Identifier("telemetry", profile.code)),
                {"profile": profile.code, "never": NEVER, "now": now},
            )
            await self._told(connection, profile, now)

    async def _say(self, connection: Connection, profile: Profile, now: dt.datetime) -> None:
        """How far everything is rolled up, apart from what is marked."""
        async with connection.transaction():
            await self._told(connection, profile, now)

    async def _told(self, connection: Connection, profile: Profile, now: dt.datetime) -> None:
        for step in (*STEPS, *UPPER_STEPS):
            await connection.execute(
                "UPDATE telemetry.rolled SET until = %s WHERE profile = %s AND step = %s AND until < %s",
                [until := floor(now - dt.timedelta(seconds=GRACE_S), step), profile.code, step, until],
            )

    async def _repair(self, connection: Connection, profile: Profile, now: dt.datetime) -> bool:
        """Read the rows of the oldest marked quarter hour that is over; False when there is none.

        A mark that was set anew meanwhile stays. Nobody waits for a lock of ours: marks are removed last.
        """
        async with connection.transaction():
            if not await self._is_ours(connection):
                return False
            cursor = await connection.execute(
                "SELECT device, at, marked FROM telemetry.dirty WHERE profile = %(profile)s AND at ="
                " (SELECT min(at) FROM telemetry.dirty WHERE profile = %(profile)s AND at < %(before)s) LIMIT %(most)s",
                {
                    "profile": profile.code,
                    "before": floor(now - dt.timedelta(seconds=SETTLED_S), 900),
                    "most": AT_ONCE,
                },
            )
            marks = await cursor.fetchall()
            if not marks:
                return False
            devices, start = [m[0] for m in marks], marks[0][1]
            await self._quarter(connection, profile, start, start + dt.timedelta(seconds=900), set(devices))
            await connection.execute(
                "DELETE FROM telemetry.dirty t USING unnest(%s::int[], %s::int[]) AS m (device, marked)"
                " WHERE t.profile = %s AND t.at = %s AND t.device = m.device AND t.marked = m.marked",
                [devices, [m[2] for m in marks], profile.code, start],
            )
        return True

    async def _quarter(
        self,
        connection: Connection,
        profile: Profile,
        start: dt.datetime,
        end: dt.datetime,
        devices: set[int],
    ) -> None:
        for step in STEPS:
            await self._compute(connection, profile, step, start, end, devices)
        numbers = np.array(sorted(devices), np.int32)
        found = rolling.upper_buckets(numbers, np.full(len(numbers), to_us(start)))
        await rolling.mark_upper(connection, profile, *found)

    async def _open(self, connection: Connection, profile: Profile, now: dt.datetime) -> None:
        """The minutes of marked quarter hours that are not over yet, once a minute: charts do not wait for their end."""
        end = floor(now - dt.timedelta(seconds=GRACE_S), 60)
        if end == self._minute:
            return
        async with connection.transaction():
            if not await self._is_ours(connection):
                return
            cursor = await connection.execute(
                "SELECT at, array_agg(device) FROM telemetry.dirty WHERE profile = %s AND at >= %s AND at < %s GROUP BY at",
                [profile.code, floor(now - dt.timedelta(seconds=SETTLED_S), 900), end],
            )
            for start, devices in await cursor.fetchall():
                over = min(end, start + dt.timedelta(seconds=900))
                await self._compute(connection, profile, 60, start, over, set(devices))

    async def _upper(self, connection: Connection, profile: Profile, now: dt.datetime) -> bool:
        """Hours and days whose quarter hours changed and that are over; whether there may be more."""
        async with connection.transaction():
            if not await self._is_ours(connection):
                return False
            cursor = await connection.execute(
                "SELECT device, step, at, marked FROM telemetry.unsummed WHERE profile = %s"
                " AND at + make_interval(secs => step) <= %s ORDER BY at LIMIT %s",
                [profile.code, now - dt.timedelta(seconds=SETTLED_S), AT_ONCE],
            )
            marks = await cursor.fetchall()
            if not marks:
                return False
            interval = {d.number: d.interval_s for d in self.registry.current.devices}
            known = [m for m in marks if m[0] in interval]
            columns = [[m[i] for m in known] for i in range(3)]
            expected = [max(1, m[1] // interval[m[0]]) for m in known]
            await connection.execute(rollup_sql.from_quarters(profile), [*columns, expected])
            await connection.execute(
                "DELETE FROM telemetry.unsummed t"
                " USING unnest(%s::int[], %s::int[], %s::timestamptz[], %s::int[]) AS m (device, step, at, marked)"
                " WHERE t.profile = %s AND t.device = m.device AND t.step = m.step AND t.at = m.at AND t.marked = m.marked",
                [*([m[i] for m in marks] for i in range(4)), profile.code],
            )
        return len(marks) == AT_ONCE

    async def _compute(
        self,
        connection: Connection,
        profile: Profile,
        step: int,
        start: dt.datetime,
        end: dt.datetime,
        only: set[int],
    ) -> None:
        devices = [d for d in self.registry.current.devices if d.profile == profile.code and d.number in only]
        if not devices:
            return
        numbers = [d.number for d in devices]
        source = sql.Identifier("telemetry", profile.code)
        if start.timestamp() * 1e6 < thawing.left_before(to_us(dt.datetime.now(dt.UTC))):
            try:
                gathered = await self._gathered(connection, profile, start, end, numbers)
            except (OSError, ValueError) as wrong:
                log.error("roll-ups of %s from %s stay as they are: %s", profile.code, start, wrong)
                return
            source = sql.Identifier("pg_temp", GATHERED) if gathered else source
        await connection.execute(
            rollup_sql.from_rows(profile, step, source),
            {
                "step": step,
                "start": start,
                "end": end,
                "devices": numbers,
                "expected": [max(1, step // d.interval_s) for d in devices],
            },
        )

    async def _gathered(
        self,
        connection: Connection,
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
