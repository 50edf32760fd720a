"""The sink: blocks become rows. Rows, ledger, quarantine, latest values and the stream position commit together.

A crash anywhere loses nothing (the stream still holds the block) and doubles nothing (the position says it was done).
Rows newer than anything stored of their device go by plain COPY; re-sent and late ones take the slow way row by row.
A block that cannot be read or stored is put aside whole, with its reason, and the stream goes on.
"""

import asyncio
import contextlib
import datetime as dt
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import psycopg
from nats.errors import Error as NatsError
from numpy.typing import NDArray
from psycopg import sql

from siteloop.gateway import figures, lease, opening
from siteloop.gateway.binary import copying
from siteloop.gateway.binary.arrays import Float4s, Int4s, Int8s
from siteloop.gateway.bus import Bus, Reader
from siteloop.gateway.history import partitions, slow_path, thawing
from siteloop.gateway.history.archive_store import ArchiveStore, FolderStore
from siteloop.gateway.latency import METER
from siteloop.gateway.opening import Opened, open_block
from siteloop.gateway.raw.archive import Chunk, RawArchive
from siteloop.gateway.registry_source import EMPTY
from siteloop.gateway.rollups.rolling import Plan, Rolling
from siteloop.gateway.settings import GatewaySettings
from siteloop.gateway.storing import occurrences
from siteloop.gateway.storing.tally import Tally, day_of
from siteloop.kernel.block import Block, Columns, Kind
from siteloop.kernel.latency import Stage
from siteloop.kernel.occurrence import Occurrence
from siteloop.kernel.profiles import PROFILES, RECORDS, Profile
from siteloop.kernel.reasons import Reason
from siteloop.kernel.registry import Registry
from siteloop.kernel.times import from_us

log = logging.getLogger("siteloop.sink")
EPOCH_DATE = dt.date(1970, 1, 1)
MOST_BLOCKS = 64  # of one transaction
PACE_S = 0.1  # between transactions
LOOK_S = 5.0  # between looks for buckets that the clock closes
#: a device that was not heard for so long before the last one left no open bucket behind
LEFT_OPEN = "2 hours"
#: the database will not have these values, now or ever; anything else wrong with it is waited for
UNSTORABLE = (psycopg.DataError, psycopg.IntegrityError)


@dataclass
class Batch:
    """Blocks that go into one transaction."""

    seq: int = 0
    rows: int = 0
    parts: dict[str, list[tuple[str, Columns]]] = field(
        default_factory=dict
    )  # profile -> (listener, columns)
    tally: Tally = field(default_factory=Tally)
    quarantine: list[tuple[Any, ...]] = field(default_factory=list)
    chunks: list[tuple[str, str, int, int, Chunk]] = field(default_factory=list)
    latest: list[tuple[Profile, Columns]] = field(
        default_factory=list
    )  # the newest real-time row of each device
    partitions: set[tuple[str, dt.date]] = field(default_factory=set)  # made in this transaction
    events: list[tuple[str, Occurrence]] = field(default_factory=list)  # (listener, event)
    rolled: list[tuple[Rolling, Plan]] = field(default_factory=list)
    put_aside: int = 0

    def received(self) -> NDArray[np.int64]:
        """When its readings and events were received, µs."""
        rows = [columns.received_at for parts in self.parts.values() for _, columns in parts]
        return np.concatenate([*rows, np.array([event.received_at for _, event in self.events], np.int64)])


class Sink:
    """The sink of one partition's stream. Several share the partitions by lease."""

    def __init__(self, settings: GatewaySettings, bus: Bus, archive: RawArchive, partition: int = 0) -> None:
        self.settings, self.bus, self.archive, self.partition = settings, bus, archive, partition
        self.past: ArchiveStore = FolderStore(settings.data / "archive")
        self._last = np.zeros(1024, np.int64)  # device -> newest `at` stored, µs
        self._partitions: set[tuple[str, dt.date]] = set()
        self.rolling = {code: Rolling(PROFILES[code]) for code in PROFILES if code not in RECORDS}
        self._registry = EMPTY
        self._looked = 0.0  # for buckets that the clock closes
        self.stream = ""
        self.position = 0
        self.worked_at = time.time()  # when the newest block that is done was written to the bus
        self.committed_rows = 0
        self.on_commit: list[Any] = []

    async def start(self, connection: psycopg.AsyncConnection[tuple[Any, ...]]) -> Reader:
        """Load the position and the newest times; a reader from the next block."""
        self.stream = await self.bus.identity(self.partition)
        cursor = await connection.execute(
            "SELECT seq FROM fast.position WHERE stream = %s AND consumer = 'sink'", [self.stream]
        )
        row = await cursor.fetchone()
        self.position = row[0] if row else 0
        self._last[:] = 0
        self._partitions.clear()
        cursor = await connection.execute(
            "SELECT device, (extract(epoch FROM at) * 1000000)::bigint FROM telemetry.latest"
        )
        for device, at in await cursor.fetchall():
            self._grow(device)
            self._last[device] = at
        await self._begin_rolling(connection)
        return await self.bus.reader(self.position, self.partition)

    def use(self, registry: Registry) -> None:
        """The registered devices: how often each reports."""
        self._registry = registry
        for rolling in self.rolling.values():
            rolling.use(registry.devices)

    async def _begin_rolling(self, connection: psycopg.AsyncConnection[tuple[Any, ...]]) -> None:
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

    async def write_ripe(self, connection: psycopg.AsyncConnection[tuple[Any, ...]], now: int) -> None:
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

    async def run(self) -> None:
        """Store for ever; through every loss of database or bus."""
        wait = 0.2
        while True:
            try:
                async with await lease.connect(self.settings.dsn) as connection:
                    await lease.hold(connection, "sink", self.partition, lease.PATIENCE_S)
                    await connection.execute("SET synchronous_commit = on")
                    reader = await self.start(connection)
                    wait = 0.2
                    while True:
                        found = await reader.fetch(MOST_BLOCKS, 0.25)
                        if found:
                            await self.store(connection, found)
                            # what every transaction costs is paid less often; devices got their answers long before
                            await asyncio.sleep(PACE_S if len(found) < MOST_BLOCKS else 0)
                            self.worked_at = reader.written_at
                        if time.monotonic() - self._looked > LOOK_S:
                            await self.write_ripe(connection, _now_us())
                            self._looked = time.monotonic()
            except (psycopg.OperationalError, psycopg.InterfaceError, NatsError, OSError) as lost:
                log.warning("sink waits %.1f s: %s", wait, lost)
                await asyncio.sleep(wait)
                wait = min(wait * 2, 5.0)

    async def store(
        self, connection: psycopg.AsyncConnection[tuple[Any, ...]], found: Iterable[tuple[int, bytes]]
    ) -> None:
        """Store several blocks in one transaction; when one of them cannot be stored, each in its own, and that one aside."""
        opened = [open_block(seq, data) for seq, data in found if seq > self.position]
        if not opened:
            return
        begun = time.monotonic()
        try:
            await self._committed(await self._carefully(connection, opened))
        except UNSTORABLE as wrong:
            log.warning("a block of %d cannot be stored: %s", len(opened), wrong)
            await self._each(connection, opened)
        figures.COMMIT_S.set(time.monotonic() - begun)

    async def _each(self, connection: psycopg.AsyncConnection[tuple[Any, ...]], opened: list[Opened]) -> None:
        for one in opened:
            try:
                batch = await self._carefully(connection, [one])
            except UNSTORABLE as wrong:
                one.wrong = f"{type(wrong).__name__}: {wrong}"[:300]
                batch = await self._carefully(connection, [one])
            await self._committed(batch)

    async def _carefully(
        self, connection: psycopg.AsyncConnection[tuple[Any, ...]], opened: list[Opened]
    ) -> Batch:
        """A surprise in the fast path (rows already there) is redone the slow way."""
        try:
            return await self._transact(connection, opened, careful=False)
        except psycopg.errors.UniqueViolation:
            return await self._transact(connection, opened, careful=True)

    async def _committed(self, batch: Batch) -> None:
        self.position = batch.seq
        self._partitions |= batch.partitions
        for rolling, plan in batch.rolled:
            rolling.remember(plan)
        for _, columns in batch.latest:
            self._grow(int(columns.device.max()))
            np.maximum.at(self._last, columns.device, columns.at)
        self.committed_rows += batch.rows
        METER.note(Stage.STORED, batch.received())
        figures.ROWS.inc(batch.rows)
        if batch.put_aside:
            figures.PUT_ASIDE.labels("sink").inc(batch.put_aside)
        for heard in self.on_commit:
            await heard(batch)

    async def _transact(
        self,
        connection: psycopg.AsyncConnection[tuple[Any, ...]],
        opened: list[Opened],
        careful: bool,
    ) -> Batch:
        batch = self._gather(opened)
        async with connection.transaction():
            for code, parts in batch.parts.items():
                await self._rows(connection, PROFILES[code], parts, batch, careful)
            await self._latest(connection, batch)
            await self._events(connection, batch)
            await self._ledger(connection, batch)
            await self._position(connection, batch)
        return batch

    def _gather(self, opened: list[Opened]) -> Batch:
        batch = Batch()
        for one in opened:
            batch.seq = one.seq
            if one.block is None or one.wrong:
                self._put_aside(batch, one)
            else:
                self._take(batch, one.block, one.columns)
        if batch.chunks:
            self.archive.sync()
        return batch

    def _put_aside(self, batch: Batch, one: Opened) -> None:
        """Keep the block as a file, say so in the quarantine, count its messages as rejected."""
        now = _now_us()
        folder = self.settings.data / "put_aside"
        name = opening.keep_aside(folder / str(self.partition) if self.partition else folder, one)
        reason = Reason.DAMAGED_BLOCK.value
        log.error("block %d is put aside as %s: %s", one.seq, name, one.wrong)
        batch.tally.reject(day_of(now), "bus", 0, reason, one.messages)
        detail = f"{one.wrong} (put_aside/{name}, {len(one.data)} bytes)".replace("\0", "�")
        batch.quarantine.append((from_us(now), "bus", 0, "", "", reason, detail, one.data[:4096]))
        batch.put_aside += 1

    def _take(self, batch: Batch, block: Block, columns: Columns | None) -> None:
        received = 0
        if columns is not None:
            received = int(columns.received_at[-1])
            batch.rows += block.rows
            batch.parts.setdefault(block.profile, []).append((block.listener, columns))
            chunk = self.archive.append(block, received)
            if chunk is not None:
                first = int(columns.received_at[0])
                batch.chunks.append((block.profile, block.listener, first, received, chunk))
        for event in block.events:
            key = (day_of(event.received_at), block.listener, event.device)
            batch.tally.received[key] += 1
            batch.tally.stored[key] += 1
            batch.events.append((block.listener, event))
            received = received or event.received_at
        for r in block.rejects:
            batch.tally.reject(day_of(r.received_at), block.listener, r.device, r.reason)
            who = (block.listener, r.device, r.device_code, r.peer)
            batch.quarantine.append((from_us(r.received_at), *who, r.reason, r.detail, r.raw))
            received = received or r.received_at
        if block.control:
            key = (day_of(received or _now_us()), block.listener, 0)
            batch.tally.received[key] += block.control
            batch.tally.control[key] += block.control
        if block.flagged:
            batch.tally.flagged[day_of(received), block.listener, 0] += block.flagged

    # ---- rows

    async def _rows(
        self,
        connection: psycopg.AsyncConnection[tuple[Any, ...]],
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
        connection: psycopg.AsyncConnection[tuple[Any, ...]],
        profile: Profile,
        rows: Columns,
        is_reported: bool,
    ) -> thawing.Thawed:
        """Archived twins of late rows; there are none where no row is old enough."""
        if is_reported:
            return thawing.Thawed()
        old = np.flatnonzero(rows.at < thawing.left_before(_now_us()))
        if not len(old):
            return thawing.Thawed()
        return await thawing.thaw(connection, self.settings.dsn, self.past, profile, copying.take(rows, old))

    def _is_new(self, columns: Columns) -> NDArray[np.bool_]:
        """Sorted rows that are newer than anything stored of their device, and single in this batch."""
        fresh: NDArray[np.bool_] = columns.at > self._last[columns.device]
        twin = (columns.device[1:] == columns.device[:-1]) & (columns.at[1:] == columns.at[:-1])
        fresh[1:] &= ~twin
        fresh[:-1] &= ~twin
        return fresh

    async def _partitions_for(
        self, connection: psycopg.AsyncConnection[tuple[Any, ...]], profile: str, at: NDArray[np.int64]
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
            if min(missing) < from_us(thawing.left_before(_now_us())).date():
                await connection.execute(
                    sql.SQL("LOCK TABLE {} IN ROW EXCLUSIVE MODE").format(
                        sql.Identifier("telemetry", profile)
                    )
                )
            await partitions.make(connection, profile, missing)
        return {(profile, day) for day in missing if day >= from_us(thawing.left_before(_now_us())).date()}

    async def _copy(
        self, connection: psycopg.AsyncConnection[tuple[Any, ...]], profile: Profile, columns: Columns
    ) -> None:
        statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
            sql.Identifier("telemetry", profile.code),
            sql.SQL(", ").join(map(sql.Identifier, slow_path.column_names(profile, False))),
        )
        async with connection.cursor() as cursor, cursor.copy(statement) as copy:
            await copy.write(copying.encode(columns))

    async def _roll(
        self,
        connection: psycopg.AsyncConnection[tuple[Any, ...]],
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

    # ---- the rest of the transaction

    async def _events(self, connection: psycopg.AsyncConnection[tuple[Any, ...]], batch: Batch) -> None:
        """Events of cameras and gates; one that is there already counts as a duplicate."""
        if not batch.events:
            return
        new = await occurrences.insert(connection, [event for _, event in batch.events])
        for (listener, event), is_new in zip(batch.events, new, strict=True):
            if not is_new:
                batch.tally.duplicate(day_of(event.received_at), listener, event.device)

    async def _latest(self, connection: psycopg.AsyncConnection[tuple[Any, ...]], batch: Batch) -> None:
        """The newest values of each device, all in one statement."""
        for profile, columns in batch.latest:
            width = len(profile.fields)
            marks = ", ".join(["%s::real[]"] * width)
            names = ", ".join(f"v{i}" for i in range(width))
            values = ", ".join(f"nullif(v{i}, 'NaN')" for i in range(width))
            await connection.execute(
                'INSERT INTO telemetry.latest AS l (device, profile, at, received_at, quality, "values")'  # noqa: S608 - numbered names
                " SELECT d, %s, 'epoch'::timestamptz + a * interval '1 microsecond',"
                f" 'epoch'::timestamptz + r * interval '1 microsecond', q, ARRAY[{values}]::real[]"
                f" FROM unnest(%s::int[], %s::bigint[], %s::bigint[], %s::bigint[], {marks}) AS t (d, a, r, q, {names})"
                " ON CONFLICT (device) DO UPDATE SET profile = excluded.profile, at = excluded.at,"
                ' received_at = excluded.received_at, quality = excluded.quality, "values" = excluded."values"'
                " WHERE excluded.at >= l.at",
                [
                    profile.code,
                    Int4s(columns.device),
                    Int8s(columns.at),
                    Int8s(columns.received_at),
                    Int8s(copying.pack_quality(columns.quality)),
                    *map(Float4s, columns.values),
                ],
            )

    async def _ledger(self, connection: psycopg.AsyncConnection[tuple[Any, ...]], batch: Batch) -> None:
        await batch.tally.write(connection)
        if batch.quarantine:
            await connection.cursor().executemany(
                "INSERT INTO fast.quarantine (received_at, listener, device, device_code, peer, reason, detail, raw)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
                batch.quarantine,
            )
        if batch.chunks:
            await connection.execute(
                "INSERT INTO telemetry.raw_chunk (profile, listener, received_from, received_to, file, position, size, frames)"
                " SELECT * FROM unnest(%s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::text[], %s::bigint[],"
                " %s::int[], %s::int[])",
                [
                    list(column)
                    for column in zip(
                        *(
                            (code, name, from_us(a), from_us(b), k.file, k.position, k.size, k.frames)
                            for code, name, a, b, k in batch.chunks
                        ),
                        strict=True,
                    )
                ],
            )

    async def _position(self, connection: psycopg.AsyncConnection[tuple[Any, ...]], batch: Batch) -> None:
        """Move the position, unless somebody else moved it: then this transaction must not happen."""
        cursor = await connection.execute(
            "INSERT INTO fast.position AS p (stream, consumer, seq) VALUES (%(s)s, 'sink', %(new)s)"
            " ON CONFLICT (stream, consumer) DO UPDATE SET seq = excluded.seq WHERE p.seq = %(old)s RETURNING seq",
            {"s": self.stream, "new": batch.seq, "old": self.position},
        )
        if await cursor.fetchone() is None:
            raise psycopg.OperationalError("another sink moved the position; starting over from it")

    async def purge(self) -> None:
        """Drop blocks that sink and judges have all written their positions for, for ever."""
        consumers = ["sink", "judge"] if self.settings.partitions == 1 else ["sink", "judge", "whole"]
        while True:
            await asyncio.sleep(2)
            with contextlib.suppress(psycopg.OperationalError):
                async with await psycopg.AsyncConnection.connect(
                    self.settings.dsn, autocommit=True
                ) as connection:
                    cursor = await connection.execute(
                        "SELECT min(seq), count(*) FROM fast.position WHERE stream = %s AND consumer = ANY(%s)",
                        [self.stream, consumers],
                    )
                    row = await cursor.fetchone()
                if row is not None and row[1] == len(consumers) and row[0]:
                    await self.bus.purge_before(int(row[0]) + 1, self.partition)


def _now_us() -> int:
    return int(dt.datetime.now(dt.UTC).timestamp() * 1e6)
