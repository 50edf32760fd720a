"""The sink: blocks become rows. Rows, ledger, quarantine, latest values and the stream position commit together.

A crash anywhere loses nothing (the stream still holds the block) and doubles nothing (the position says it was done).
Rows newer than anything stored of their device go by plain COPY; re-sent and late ones take the slow way row by row.
A block that cannot be read or stored is put aside whole, with its reason, and the stream goes on.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Iterable
from typing import Any

import psycopg
from nats.errors import Error as NatsError

from siteloop.gateway import figures, lease
from siteloop.gateway.bus import Bus, Reader
from siteloop.gateway.history.archive_store import FolderStore
from siteloop.gateway.latency import METER
from siteloop.gateway.lease import Connection
from siteloop.gateway.opening import Opened, open_block
from siteloop.gateway.raw.archive import RawArchive
from siteloop.gateway.settings import GatewaySettings
from siteloop.gateway.storing import alongside
from siteloop.gateway.storing.batch import Batch, gathered
from siteloop.gateway.storing.rows import Rows
from siteloop.kernel.latency import Stage
from siteloop.kernel.profiles import PROFILES
from siteloop.kernel.registry import Registry

log = logging.getLogger("siteloop.sink")
MOST_BLOCKS = 64  # of one transaction
PACE_S = 0.1  # between transactions
LOOK_S = 5.0  # between looks for buckets that the clock closes
#: the database will not have these values, now or ever; anything else wrong with it is waited for
UNSTORABLE = (psycopg.DataError, psycopg.IntegrityError)


class Sink:
    """The sink of one partition's stream. Several share the partitions by lease."""

    def __init__(self, settings: GatewaySettings, bus: Bus, archive: RawArchive, partition: int = 0) -> None:
        self.settings, self.bus, self.archive, self.partition = settings, bus, archive, partition
        self.rows = Rows(settings.dsn, FolderStore(settings.data / "archive"))
        aside = settings.data / "put_aside"
        self._aside = aside / str(partition) if partition else aside
        self._looked = 0.0  # for buckets that the clock closes
        self.stream = ""
        self.position = 0
        self.worked_at = time.time()  # when the newest block that is done was written to the bus
        self.committed_rows = 0
        self.on_commit: list[Any] = []

    async def start(self, connection: Connection) -> Reader:
        """Load the position and the newest times; a reader from the next block."""
        self.stream = await self.bus.identity(self.partition)
        cursor = await connection.execute(
            "SELECT seq FROM fast.position WHERE stream = %s AND consumer = 'sink'", [self.stream]
        )
        row = await cursor.fetchone()
        self.position = row[0] if row else 0
        await self.rows.start(connection)
        return await self.bus.reader(self.position, self.partition)

    def use(self, registry: Registry) -> None:
        """The registered devices: how often each reports."""
        self.rows.use(registry)

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
                            await self.rows.write_ripe(connection, time.time_ns() // 1000)
                            self._looked = time.monotonic()
            except (psycopg.OperationalError, psycopg.InterfaceError, NatsError, OSError) as lost:
                log.warning("sink waits %.1f s: %s", wait, lost)
                await asyncio.sleep(wait)
                wait = min(wait * 2, 5.0)

    async def store(self, connection: Connection, found: Iterable[tuple[int, bytes]]) -> None:
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

    async def _each(self, connection: Connection, opened: list[Opened]) -> None:
        for one in opened:
            try:
                batch = await self._carefully(connection, [one])
            except UNSTORABLE as wrong:
                one.wrong = f"{type(wrong).__name__}: {wrong}"[:300]
                batch = await self._carefully(connection, [one])
            await self._committed(batch)

    async def _carefully(self, connection: Connection, opened: list[Opened]) -> Batch:
        """A surprise in the fast path (rows already there) is redone the slow way."""
        try:
            return await self._transact(connection, opened, careful=False)
        except psycopg.errors.UniqueViolation:
            return await self._transact(connection, opened, careful=True)

    async def _committed(self, batch: Batch) -> None:
        self.position = batch.seq
        self.rows.committed(batch)
        self.committed_rows += batch.rows
        METER.note(Stage.STORED, batch.received())
        figures.ROWS.inc(batch.rows)
        if batch.put_aside:
            figures.PUT_ASIDE.labels("sink").inc(batch.put_aside)
        for heard in self.on_commit:
            await heard(batch)

    async def _transact(
        self,
        connection: Connection,
        opened: list[Opened],
        careful: bool,
    ) -> Batch:
        batch = gathered(opened, self.archive, self._aside)
        async with connection.transaction():
            for code, parts in batch.parts.items():
                await self.rows.write(connection, PROFILES[code], parts, batch, careful)
            await alongside.write_latest(connection, batch)
            await alongside.write_events(connection, batch)
            await alongside.write_ledger(connection, batch)
            await self._position(connection, batch)
        return batch

    async def _position(self, connection: Connection, batch: Batch) -> None:
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
