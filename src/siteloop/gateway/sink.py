"""The sink: blocks become rows. Rows, ledger, quarantine, latest values and the stream position commit together.

A crash anywhere loses nothing (the stream still holds the block) and doubles nothing (the position says it was done).
Rows newer than anything stored of their device go by plain COPY; re-sent and late ones take the slow way row by row.
"""

import asyncio
import contextlib
import datetime as dt
import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import psycopg
from nats.errors import Error as NatsError
from numpy.typing import NDArray
from psycopg import sql

from siteloop.gateway import copying
from siteloop.gateway.bus import Bus, Reader
from siteloop.gateway.raw_archive import Chunk, RawArchive
from siteloop.gateway.settings import GatewaySettings
from siteloop.kernel import block as blocks
from siteloop.kernel.block import Block, Columns, Kind
from siteloop.kernel.profiles import PROFILES, Profile
from siteloop.kernel.reasons import Reason
from siteloop.kernel.times import MINUTE, OFFSET, from_us

log = logging.getLogger("siteloop.sink")
EPOCH_DATE = dt.date(1970, 1, 1)


@dataclass
class Tally:
    """What one transaction adds to the ledger, by (day, listener, device)."""

    received: Counter[tuple[int, str, int]] = field(default_factory=Counter)
    stored: Counter[tuple[int, str, int]] = field(default_factory=Counter)
    control: Counter[tuple[int, str, int]] = field(default_factory=Counter)
    flagged: Counter[tuple[int, str, int]] = field(default_factory=Counter)
    rejected: Counter[tuple[int, str, int, str]] = field(default_factory=Counter)

    def rows(self, listener: str, columns: Columns) -> None:
        """Received rows of a block; they count as stored until the slow path finds a duplicate."""
        days = (columns.received_at + OFFSET) // 86_400_000_000
        keys, counts = np.unique(
            np.stack([days, columns.device.astype(np.int64)]), axis=1, return_counts=True
        )
        for (day, device), n in zip(keys.T.tolist(), counts.tolist(), strict=True):
            self.received[day, listener, device] += n
            self.stored[day, listener, device] += n

    def reject(self, day: int, listener: str, device: int, reason: str) -> None:
        """One refused message."""
        self.received[day, listener, device] += 1
        self.rejected[day, listener, device, reason] += 1

    def duplicate(self, day: int, listener: str, device: int) -> None:
        """A row turned out to be there already."""
        self.stored[day, listener, device] -= 1
        self.rejected[day, listener, device, Reason.DUPLICATE.value] += 1


@dataclass
class Batch:
    """Blocks that go into one transaction."""

    seq: int = 0
    parts: dict[str, list[tuple[str, Columns]]] = field(
        default_factory=dict
    )  # profile -> (listener, columns)
    tally: Tally = field(default_factory=Tally)
    quarantine: list[tuple[Any, ...]] = field(default_factory=list)
    chunks: list[tuple[str, str, int, int, Chunk]] = field(default_factory=list)
    latest: list[tuple[Profile, Columns]] = field(default_factory=list)
    partitions: set[tuple[str, dt.date]] = field(default_factory=set)  # made in this transaction


def day_of(us: int) -> int:
    """Local day as a number since 1970."""
    return (us + OFFSET) // 86_400_000_000


class Sink:
    """One sink of one stream."""

    def __init__(self, settings: GatewaySettings, bus: Bus, archive: RawArchive) -> None:
        self.settings, self.bus, self.archive = settings, bus, archive
        self._last = np.zeros(1024, np.int64)  # device -> newest `at` stored, µs
        self._partitions: set[tuple[str, dt.date]] = set()
        self.stream = ""
        self.position = 0
        self.committed_rows = 0
        self.on_commit: list[Any] = []

    async def start(self, connection: psycopg.AsyncConnection[tuple[Any, ...]]) -> Reader:
        """Load the position and the newest times; a reader from the next block."""
        self.stream = await self.bus.identity()
        cursor = await connection.execute(
            "SELECT seq FROM fast.position WHERE stream = %s AND consumer = 'sink'", [self.stream]
        )
        row = await cursor.fetchone()
        self.position = row[0] if row else 0
        self._last[:] = 0
        cursor = await connection.execute(
            "SELECT device, (extract(epoch FROM at) * 1000000)::bigint FROM telemetry.latest"
        )
        for device, at in await cursor.fetchall():
            self._grow(device)
            self._last[device] = at
        return await self.bus.reader(self.position)

    def _grow(self, device: int) -> None:
        if device >= len(self._last):
            self._last = np.concatenate([self._last, np.zeros(device + 1024 - len(self._last), np.int64)])

    async def run(self) -> None:
        """Store for ever; through every loss of database or bus."""
        wait = 0.2
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    self.settings.dsn, autocommit=True
                ) as connection:
                    await connection.execute("SET synchronous_commit = on")
                    reader = await self.start(connection)
                    wait = 0.2
                    while True:
                        found = await reader.fetch(64, 0.25)
                        if found:
                            await self.store(connection, found)
            except (psycopg.OperationalError, psycopg.InterfaceError, NatsError, OSError) as lost:
                log.warning("sink waits %.1f s: %s", wait, lost)
                await asyncio.sleep(wait)
                wait = min(wait * 2, 5.0)

    async def store(
        self, connection: psycopg.AsyncConnection[tuple[Any, ...]], found: Iterable[tuple[int, bytes]]
    ) -> None:
        """One transaction for several blocks. A surprise in the fast path (rows already there) is redone the slow way."""
        decoded = [(seq, blocks.decode(data)) for seq, data in found if seq > self.position]
        if not decoded:
            return
        try:
            batch = await self._transact(connection, decoded, careful=False)
        except psycopg.errors.UniqueViolation:
            batch = await self._transact(connection, decoded, careful=True)
        self.position = batch.seq
        self._partitions |= batch.partitions
        for _, columns in batch.latest:
            self._grow(int(columns.device.max()))
            np.maximum.at(self._last, columns.device, columns.at)
        self.committed_rows += sum(len(c.device) for _, parts in batch.parts.items() for _, c in parts)
        for heard in self.on_commit:
            await heard(batch)

    async def _transact(
        self,
        connection: psycopg.AsyncConnection[tuple[Any, ...]],
        decoded: list[tuple[int, Block]],
        careful: bool,
    ) -> Batch:
        batch = self._gather(decoded)
        async with connection.transaction():
            for code, parts in batch.parts.items():
                await self._rows(connection, PROFILES[code], parts, batch, careful)
            await self._latest(connection, batch)
            await self._ledger(connection, batch)
            await self._position(connection, batch)
        return batch

    def _gather(self, decoded: list[tuple[int, Block]]) -> Batch:
        batch = Batch()
        for seq, block in decoded:
            batch.seq = seq
            received = 0
            if block.rows:
                columns = blocks.columns(block)
                received = int(columns.received_at[-1])
                batch.parts.setdefault(block.profile, []).append((block.listener, columns))
                batch.tally.rows(block.listener, columns)
                chunk = self.archive.append(block, received)
                if chunk is not None:
                    batch.chunks.append(
                        (block.profile, block.listener, int(columns.received_at[0]), received, chunk)
                    )
            for r in block.rejects:
                batch.tally.reject(day_of(r.received_at), block.listener, r.device, r.reason)
                batch.quarantine.append(
                    (
                        from_us(r.received_at),
                        block.listener,
                        r.device,
                        r.device_code,
                        r.peer,
                        r.reason,
                        r.detail,
                        r.raw,
                    )
                )
                received = received or r.received_at
            if block.control:
                key = (day_of(received or _now_us()), block.listener, 0)
                batch.tally.received[key] += block.control
                batch.tally.control[key] += block.control
            if block.flagged:
                batch.tally.flagged[day_of(received), block.listener, 0] += block.flagged
        if batch.chunks:
            self.archive.sync()
        return batch

    # ---- rows

    async def _rows(
        self,
        connection: psycopg.AsyncConnection[tuple[Any, ...]],
        profile: Profile,
        parts: list[tuple[str, Columns]],
        batch: Batch,
        careful: bool,
    ) -> None:
        columns = copying.join([c for _, c in parts])
        listeners = [name for name, c in parts for _ in range(len(c.device))]
        self._grow(int(columns.device.max()))
        realtime = columns.kind == Kind.REALTIME
        batch.partitions |= await self._partitions_for(connection, profile.code, columns.at[realtime])
        fast = np.zeros(len(columns.device), bool) if careful else realtime & self._is_new(columns, realtime)
        if fast.any():
            await self._copy(connection, profile, copying.take(columns, np.flatnonzero(fast)))
        for is_reported in (False, True):
            rows = np.flatnonzero(~fast & (realtime != is_reported))
            if not len(rows):
                continue
            stored = await self._slow(connection, profile, copying.take(columns, rows), is_reported)
            for i in rows[~stored]:
                batch.tally.duplicate(
                    day_of(int(columns.received_at[i])), listeners[i], int(columns.device[i])
                )
        await self._dirty(connection, profile, columns, realtime)
        if realtime.any():
            batch.latest.append((profile, copying.take(columns, np.flatnonzero(realtime))))

    def _is_new(self, columns: Columns, realtime: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Rows newer than anything stored of their device, and single in this batch."""
        order = np.lexsort((columns.at, columns.device))
        same = np.zeros(len(order), bool)
        same[1:] = (columns.device[order][1:] == columns.device[order][:-1]) & (
            columns.at[order][1:] == columns.at[order][:-1]
        )
        single = np.ones(len(order), bool)
        single[order[same]] = False
        newer: NDArray[np.bool_] = columns.at > self._last[columns.device]
        return newer & single & realtime

    async def _partitions_for(
        self, connection: psycopg.AsyncConnection[tuple[Any, ...]], profile: str, at: NDArray[np.int64]
    ) -> set[tuple[str, dt.date]]:
        days = {EPOCH_DATE + dt.timedelta(days=int(d)) for d in np.unique(at // 86_400_000_000)}
        missing = {d for d in days if (profile, d) not in self._partitions}
        if not missing:
            return set()
        await connection.execute("SELECT pg_advisory_xact_lock(5720212)")
        for day in sorted(missing):
            start = dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)
            await connection.execute(
                sql.SQL("CREATE TABLE IF NOT EXISTS {} PARTITION OF {} FOR VALUES FROM ({}) TO ({})").format(
                    sql.Identifier("telemetry", f"{profile}_{day:%Y%m%d}"),
                    sql.Identifier("telemetry", profile),
                    sql.Literal(start),
                    sql.Literal(start + dt.timedelta(days=1)),
                )
            )
        return {(profile, day) for day in missing}

    @staticmethod
    def _names(profile: Profile, with_kind: bool) -> list[str]:
        return [
            "device",
            *(["kind"] if with_kind else []),
            "at",
            "received_at",
            "quality",
            *(f.name for f in profile.fields),
        ]

    async def _copy(
        self, connection: psycopg.AsyncConnection[tuple[Any, ...]], profile: Profile, columns: Columns
    ) -> None:
        statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
            sql.Identifier("telemetry", profile.code),
            sql.SQL(", ").join(map(sql.Identifier, self._names(profile, False))),
        )
        async with connection.cursor() as cursor, cursor.copy(statement) as copy:
            await copy.write(copying.encode(columns))

    async def _slow(
        self,
        connection: psycopg.AsyncConnection[tuple[Any, ...]],
        profile: Profile,
        columns: Columns,
        is_reported: bool,
    ) -> NDArray[np.bool_]:
        """Insert rows one by one in one round trip, or fill what their stored twins lack; which of them stored anything."""
        packed = copying.pack_quality(columns.quality)
        rows = []
        for i in range(len(columns.device)):
            key = [int(columns.device[i]), *([int(columns.kind[i])] if is_reported else [])]
            values = [None if np.isnan(v) else float(v) for v in columns.values[:, i]]
            times = [from_us(int(columns.at[i])), from_us(int(columns.received_at[i]))]
            rows.append([*key, *times, int(packed[i]), *values])
        stored = np.zeros(len(rows), bool)
        async with connection.cursor() as cursor:
            await cursor.executemany(self._slow_statement(profile, is_reported), rows, returning=True)
            for i in range(len(rows)):
                stored[i] = await cursor.fetchone() is not None
                cursor.nextset()
        return stored

    def _slow_statement(self, profile: Profile, is_reported: bool) -> sql.Composed:
        """A stored value is replaced only where it was missing, or was not normal and the new one is: evidence stays."""
        names = self._names(profile, is_reported)
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
                sql.SQL(
                    "((CASE WHEN {gain} THEN excluded.quality ELSE t.quality END) & {mask}::bigint)"
                ).format(gain=gain, mask=sql.Literal(0xF << (4 * i)))
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

    async def _dirty(
        self,
        connection: psycopg.AsyncConnection[tuple[Any, ...]],
        profile: Profile,
        columns: Columns,
        realtime: NDArray[np.bool_],
    ) -> None:
        """Mark buckets that were rolled up already. The shared lock keeps the roller from passing these rows meanwhile."""
        cursor = await connection.execute(
            "SELECT (extract(epoch FROM until) * 1000000)::bigint FROM telemetry.rolled WHERE profile = %s AND step = 60"
            " FOR SHARE",
            [profile.code],
        )
        row = await cursor.fetchone()
        late = realtime & (columns.at < (row[0] if row else 0))
        if not late.any():
            return
        buckets = np.unique(
            np.stack([columns.device[late].astype(np.int64), columns.at[late] // (15 * MINUTE)]), axis=1
        )
        await connection.execute(
            "INSERT INTO telemetry.dirty (profile, device, at) SELECT %s, d, to_timestamp(b) FROM unnest(%s::int[], %s::float8[]) AS t (d, b)"
            " ON CONFLICT (profile, device, at) DO UPDATE SET at = excluded.at",
            [profile.code, buckets[0].tolist(), (buckets[1] * 900).tolist()],
        )

    # ---- the rest of the transaction

    async def _latest(self, connection: psycopg.AsyncConnection[tuple[Any, ...]], batch: Batch) -> None:
        for profile, columns in batch.latest:
            order = np.lexsort((columns.at, columns.device))
            device = columns.device[order]
            newest = order[np.append(device[1:] != device[:-1], True)]
            packed = copying.pack_quality(columns.quality[:, newest])
            await connection.cursor().executemany(
                'INSERT INTO telemetry.latest AS l (device, profile, at, received_at, quality, "values")'
                " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (device) DO UPDATE SET profile = excluded.profile,"
                ' at = excluded.at, received_at = excluded.received_at, quality = excluded.quality, "values" = excluded."values"'
                " WHERE excluded.at >= l.at",
                [
                    (
                        int(columns.device[i]),
                        profile.code,
                        from_us(int(columns.at[i])),
                        from_us(int(columns.received_at[i])),
                        int(packed[k]),
                        [None if np.isnan(v) else float(v) for v in columns.values[:, i]],
                    )
                    for k, i in enumerate(newest)
                ],
            )

    async def _ledger(self, connection: psycopg.AsyncConnection[tuple[Any, ...]], batch: Batch) -> None:
        tally = batch.tally
        keys = sorted(set(tally.received) | set(tally.flagged))
        if keys:
            await connection.execute(
                "INSERT INTO fast.ledger AS l (day, listener, device, received, stored, control, flagged)"
                " SELECT date '1970-01-01' + d, n, v, r, s, c, f FROM unnest(%s::int[], %s::text[], %s::int[], %s::bigint[],"
                " %s::bigint[], %s::bigint[], %s::bigint[]) AS t (d, n, v, r, s, c, f) ON CONFLICT (day, listener, device)"
                " DO UPDATE SET received = l.received + excluded.received, stored = l.stored + excluded.stored,"
                " control = l.control + excluded.control, flagged = l.flagged + excluded.flagged",
                [
                    [k[0] for k in keys],
                    [k[1] for k in keys],
                    [k[2] for k in keys],
                    [tally.received[k] for k in keys],
                    [tally.stored[k] for k in keys],
                    [tally.control[k] for k in keys],
                    [tally.flagged[k] for k in keys],
                ],
            )
        rejected = sorted(tally.rejected.items())
        if rejected:
            await connection.execute(
                "INSERT INTO fast.ledger_rejected AS l (day, listener, device, reason, n)"
                " SELECT date '1970-01-01' + d, n, v, r, c FROM unnest(%s::int[], %s::text[], %s::int[], %s::text[], %s::bigint[])"
                " AS t (d, n, v, r, c) ON CONFLICT (day, listener, device, reason) DO UPDATE SET n = l.n + excluded.n",
                [[k[i] for k, _ in rejected] for i in range(4)] + [[n for _, n in rejected]],
            )
        if batch.quarantine:
            await connection.cursor().executemany(
                "INSERT INTO fast.quarantine (received_at, listener, device, device_code, peer, reason, detail, raw)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
                batch.quarantine,
            )
        if batch.chunks:
            await connection.cursor().executemany(
                "INSERT INTO telemetry.raw_chunk (profile, listener, received_from, received_to, file, position, size, frames)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
                [
                    (profile, listener, from_us(a), from_us(b), c.file, c.position, c.size, c.frames)
                    for profile, listener, a, b, c in batch.chunks
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
        """Drop blocks that sink and judge have both written their positions for, for ever."""
        while True:
            await asyncio.sleep(2)
            with contextlib.suppress(psycopg.OperationalError):
                async with await psycopg.AsyncConnection.connect(
                    self.settings.dsn, autocommit=True
                ) as connection:
                    cursor = await connection.execute(
                        "SELECT min(seq), count(*) FROM fast.position WHERE stream = %s AND consumer IN ('sink', 'judge')",
                        [self.stream],
                    )
                    row = await cursor.fetchone()
                if row is not None and row[1] == 2 and row[0]:
                    await self.bus.purge_before(int(row[0]) + 1)


def _now_us() -> int:
    return int(dt.datetime.now(dt.UTC).timestamp() * 1e6)
