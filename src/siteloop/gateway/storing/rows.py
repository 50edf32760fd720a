"""Rows of a partition: newer ones by COPY, re-sent and late ones one by one, all of them summed up.

What was stored last of each device is remembered; whoever writes a batch tells when it is committed.
"""

import datetime as dt
import time

import numpy as np
from numpy.typing import NDArray
from psycopg import sql

from siteloop.gateway.binary import copying
from siteloop.gateway.history import partitions, slow_path, thawing
from siteloop.gateway.history.archive_store import ArchiveStore
from siteloop.gateway.lease import Connection
from siteloop.gateway.registry_source import EMPTY
from siteloop.gateway.rollups.rolling import Rolling
from siteloop.gateway.storing.batch import Batch
from siteloop.gateway.storing.tally import day_of
from siteloop.kernel.block import Columns, Kind
from siteloop.kernel.profiles import PROFILES, RECORDS, Profile
from siteloop.kernel.registry import Registry
from siteloop.kernel.times import from_us

EPOCH_DATE = dt.date(1970, 1, 1)
#: a device that was not heard for so long before the last one left no open bucket behind
LEFT_OPEN = "2 hours"


class Rows:
    """Writes rows and their roll-ups inside the caller's transaction."""

    def __init__(self, dsn: str, past: ArchiveStore) -> None:
        self.dsn, self.past = dsn, past
        self._last = np.zeros(1024, np.int64)  # device -> newest `at` stored, µs
        self._partitions: set[tuple[str, dt.date]] = set()
        self.rolling = {code: Rolling(PROFILES[code]) for code in PROFILES if code not in RECORDS}
        self._registry = EMPTY

    async def start(self, connection: Connection) -> None:
        """Load the newest times; forget what a lost transaction may have left in memory."""
        self._last[:] = 0
        self._partitions.clear()
        cursor = await connection.execute(
            "SELECT device, (extract(epoch FROM at) * 1000000)::bigint FROM telemetry.latest"
        )
        for device, at in await cursor.fetchall():
            self._grow(device)
            self._last[device] = at
        await self._begin_rolling(connection)

    def use(self, registry: Registry) -> None:
        """The registered devices: how often each reports."""
        self._registry = registry
        for rolling in self.rolling.values():
            rolling.use(registry.devices)

    async def _begin_rolling(self, connection: Connection) -> None:
        """What was summed up in memory is gone: the quarter hours that were open are left to the roller."""
        self.rolling = {code: Rolling(PROFILES[code]) for code in self.rolling}
        self.use(self._registry)
        cursor = await connection.execute(
            "INSERT INTO telemetry.dirty AS t (profile, device, at)"
            " SELECT profile, device, date_bin('15 minutes', at, '2000-01-01T00:00:00Z') FROM telemetry.latest"
            " WHERE received_at > (SELECT max(received_at) FROM telemetry.latest) - %s::interval"
            " ON CONFLICT (profile, device, at) DO UPDATE SET marked = t.marked + 1"
            " RETURNING profile, device, (extract(epoch FROM at) * 1000000)::bigint",
            [LEFT_OPEN],
        )
        for code, device, at in await cursor.fetchall():
            if code in self.rolling:
                self.rolling[code].doubt(np.array([device], np.int32), np.array([at]))

    async def write_ripe(self, connection: Connection, now: int) -> None:
        """Write the buckets that the clock closes at `now` (µs), in a transaction of their own."""
        found = [(rolling, rolling.ripe(now)) for rolling in self.rolling.values()]
        found = [(rolling, plan) for rolling, plan in found if plan.closed]
        if not found:
            return
        async with connection.transaction():
            for rolling, plan in found:
                await rolling.write(connection, plan)
        for rolling, plan in found:
            rolling.wrote(plan)

    def _grow(self, device: int) -> None:
        if device >= len(self._last):
            self._last = np.concatenate([self._last, np.zeros(device + 1024 - len(self._last), np.int64)])

    def committed(self, batch: Batch) -> None:
        """What the batch wrote is there."""
        self._partitions |= batch.partitions
        for rolling, plan in batch.rolled:
            rolling.remember(plan)
        for _, columns in batch.latest:
            self._grow(int(columns.device.max()))
            np.maximum.at(self._last, columns.device, columns.at)

    async def write(
        self,
        connection: Connection,
        profile: Profile,
        parts: list[tuple[str, Columns]],
        batch: Batch,
        careful: bool,
    ) -> None:
        """Rows of one profile. Sorted by device and time once: COPY, duplicates and newest values all need that order."""
        joined = copying.join([c for _, c in parts])
        order = copying.order(joined)
        columns = copying.take(joined, order)
        names = sorted({name for name, _ in parts})
        listener = np.repeat([names.index(name) for name, _ in parts], [len(c.device) for _, c in parts])[
            order
        ]
        batch.tally.rows(names, listener, columns)
        self._grow(int(columns.device[-1]))
        realtime = columns.kind == Kind.REALTIME
        batch.partitions |= await self._partitions_for(connection, profile.code, columns.at[realtime])
        # what was stored last is known of a device's own rows, not of the records it sends beside them
        is_record = profile.code in RECORDS
        fast = (
            np.zeros(len(columns.device), bool) if careful or is_record else realtime & self._is_new(columns)
        )
        if fast.any():
            rows = columns if fast.all() else copying.take(columns, np.flatnonzero(fast))
            await self._copy(connection, profile, rows)
        filled = np.zeros(len(columns.device), bool)  # stored on the slow path
        for is_reported in (False, True):
            slow = np.flatnonzero(~fast & (realtime != is_reported))
            if not len(slow):
                continue
            late = copying.take(columns, slow)
            thawed = await self._thawed(connection, profile, late, is_reported)
            stored = await slow_path.insert(connection, profile, late, is_reported)
            await thawed.drop_unchanged(connection, profile, late, stored)
            filled[slow[stored]] = True
            for i in slow[~stored]:
                day = day_of(int(columns.received_at[i]))
                batch.tally.duplicate(day, names[listener[i]], int(columns.device[i]))
        await self._roll(connection, profile, columns, (fast, realtime & filled), batch)
        if realtime.any() and not is_record:
            rows = columns if realtime.all() else copying.take(columns, np.flatnonzero(realtime))
            newest = np.flatnonzero(np.append(rows.device[1:] != rows.device[:-1], True))
            batch.latest.append((profile, copying.take(rows, newest)))

    async def _thawed(
        self,
        connection: Connection,
        profile: Profile,
        rows: Columns,
        is_reported: bool,
    ) -> thawing.Thawed:
        """Archived twins of late rows; there are none where no row is old enough."""
        if is_reported:
            return thawing.Thawed()
        old = np.flatnonzero(rows.at < thawing.left_before(time.time_ns() // 1000))
        if not len(old):
            return thawing.Thawed()
        return await thawing.thaw(connection, self.dsn, self.past, profile, copying.take(rows, old))

    def _is_new(self, columns: Columns) -> NDArray[np.bool_]:
        """Sorted rows that are newer than anything stored of their device, and single in this batch."""
        fresh: NDArray[np.bool_] = columns.at > self._last[columns.device]
        twin = (columns.device[1:] == columns.device[:-1]) & (columns.at[1:] == columns.at[:-1])
        fresh[1:] &= ~twin
        fresh[:-1] &= ~twin
        return fresh

    async def _partitions_for(
        self, connection: Connection, profile: str, at: NDArray[np.int64]
    ) -> set[tuple[str, dt.date]]:
        """Partitions that nobody made ahead: of late rows, and of today when the program stood still for days.

        An old day may have left since we last saw it, and must not leave between our look and our rows.
        """
        if not len(at):
            return set()
        first, last = int(at.min() // 86_400_000_000), int(at.max() // 86_400_000_000)
        numbers = {first, last} if last - first < 2 else set((at // 86_400_000_000).tolist())
        days = {EPOCH_DATE + dt.timedelta(days=d) for d in numbers}
        missing = {d for d in days if (profile, d) not in self._partitions}
        if missing:
            if min(missing) < from_us(thawing.left_before(time.time_ns() // 1000)).date():
                await connection.execute(
                    sql.SQL("LOCK TABLE {} IN ROW EXCLUSIVE MODE").format(
                        sql.Identifier("telemetry", profile)
                    )
                )
            await partitions.make(connection, profile, missing)
        return {
            (profile, day)
            for day in missing
            if day >= from_us(thawing.left_before(time.time_ns() // 1000)).date()
        }

    async def _copy(self, connection: Connection, profile: Profile, columns: Columns) -> None:
        statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
            sql.Identifier("telemetry", profile.code),
            sql.SQL(", ").join(map(sql.Identifier, slow_path.column_names(profile, False))),
        )
        async with connection.cursor() as cursor, cursor.copy(statement) as copy:
            await copy.write(copying.encode(columns))

    async def _roll(
        self,
        connection: Connection,
        profile: Profile,
        columns: Columns,
        stored: tuple[NDArray[np.bool_], NDArray[np.bool_]],
        batch: Batch,
    ) -> None:
        """Sum up the rows that were stored: those in order, and the late ones, which the roller reads again."""
        rolling = self.rolling.get(profile.code)
        if rolling is None:
            return  # records: nothing to sum up
        in_order, late = (copying.take(columns, np.flatnonzero(which)) for which in stored)
        plan = rolling.plan(in_order, late)
        await rolling.write(connection, plan)
        batch.rolled.append((rolling, plan))
