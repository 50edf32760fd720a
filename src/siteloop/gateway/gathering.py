"""Gathering: readings of many connections become blocks; answers go out only after the block is on disk.

Blocks are published one after the other, so that a re-sent frame can never be answered before the frame it repeats.
Memory is bounded: above `HIGH` waiting messages the listeners stop reading from their sockets, below `LOW` they go on.
"""

import asyncio
import time
from array import array
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from siteloop.gateway import figures
from siteloop.gateway.latency import METER
from siteloop.kernel.block import Block, Columns, Reject, pack
from siteloop.kernel.latency import Stage
from siteloop.kernel.occurrence import Occurrence
from siteloop.kernel.placement import Placement
from siteloop.kernel.profiles import PROFILES

HIGH = 60_000
LOW = 20_000
PAUSE = 0.02  # seconds between flushes: latency against block size
MOST = 8_000  # messages that make a flush start at once
#: limits of one block, far below the bus's largest message
BLOCK_ROWS = 2_000
BLOCK_RAW = 700_000
BLOCK_EVENTS = 200
KEPT_RAW = 4_096  # bytes of a refused message that quarantine keeps
WORTH_A_THREAD = 200  # messages a flush from which packing leaves the loop's thread
_UNPRINTABLE = {i: "\ufffd" for i in (*range(32), 127)}


class Publisher(Protocol):
    """What the gathering needs of the bus."""

    async def publish_block(self, block: Block, partition: int = 0) -> int:
        """Returns when the block is on disk."""
        ...


class Answerable(Protocol):
    """A connection that wants its answers."""

    def answer(self, data: list[bytes]) -> None:
        """Write the answers in one go; a closed connection ignores them."""
        ...


class ManyRows(Protocol):
    """Many rows of one profile at once; values and quality row by row: [n, f]. `raw` holds the frames one after the other."""

    device: NDArray[np.int32]
    at: NDArray[np.int64]
    values: NDArray[np.float32]
    quality: NDArray[np.uint8]
    kind: NDArray[np.uint8]
    raw: bytes
    lengths: NDArray[np.int32]
    flagged: int


@dataclass
class _Rows:
    """Waiting rows of one profile."""

    width: int
    device: "array[int]" = field(default_factory=lambda: array("i"))
    at: "array[int]" = field(default_factory=lambda: array("q"))
    received: "array[int]" = field(default_factory=lambda: array("q"))
    values: "array[float]" = field(default_factory=lambda: array("f"))
    quality: bytearray = field(default_factory=bytearray)
    kind: bytearray = field(default_factory=bytearray)
    raw: bytearray = field(default_factory=bytearray)
    raw_lengths: "array[int]" = field(default_factory=lambda: array("i"))
    flagged: int = 0

    def columns(self) -> Columns:
        """As kernel columns: [f, n] from the row-wise arrays."""
        n = len(self.device)
        return Columns(
            np.frombuffer(self.device, np.int32),
            np.frombuffer(self.at, np.int64),
            np.frombuffer(self.received, np.int64),
            np.frombuffer(self.values, np.float32).reshape(n, self.width).T,
            np.frombuffer(self.quality, np.uint8).reshape(n, self.width).T,
            np.frombuffer(self.kind, np.uint8),
        )

    def taken(self, index: NDArray[np.int64], flagged: int) -> "_Rows":
        """Some of the rows, in their order."""
        columns, part = self.columns(), _Rows(self.width)
        part.device.frombytes(columns.device[index].tobytes())
        part.at.frombytes(columns.at[index].tobytes())
        part.received.frombytes(columns.received_at[index].tobytes())
        part.values.frombytes(columns.values.T[index].tobytes())
        part.quality += columns.quality.T[index].tobytes()
        part.kind += columns.kind[index].tobytes()
        part.flagged = flagged
        if self.raw_lengths:
            ends, lengths = self.ends(), np.frombuffer(self.raw_lengths, np.int32)
            raw = memoryview(self.raw)
            pairs = zip((ends - lengths)[index].tolist(), ends[index].tolist(), strict=True)
            part.raw += b"".join([raw[start:end] for start, end in pairs])
            part.raw_lengths.frombytes(lengths[index].tobytes())
        return part

    def ends(self) -> NDArray[np.int64]:
        """Where each row's frame ends in `raw`; zeros when frames are not kept."""
        if not self.raw_lengths:
            return np.zeros(len(self.device), np.int64)
        return np.cumsum(np.frombuffer(self.raw_lengths, np.int32), dtype=np.int64)


NOTHING = Columns(
    np.empty(0, np.int32),
    np.empty(0, np.int64),
    np.empty(0, np.int64),
    np.empty((0, 0), np.float32),
    np.empty((0, 0), np.uint8),
    np.empty(0, np.uint8),
)


@dataclass
class _Flush:
    """What is published together, and who waits for it."""

    rows: dict[str, _Rows]
    rejects: list[Reject]
    control: int
    answers: "list[tuple[Answerable, bytes]]"
    confirmed: "list[asyncio.Future[None]]"
    events: list[Occurrence]
    begun: float = field(default_factory=time.monotonic)

    @property
    def messages(self) -> int:
        """How many it stands for."""
        rows = sum(len(r.device) for r in self.rows.values())
        return rows + len(self.rejects) + self.control + len(self.events)

    def received(self) -> NDArray[np.int64]:
        """When its readings and events were received, µs."""
        events = np.array([event.received_at for event in self.events], np.int64)
        return np.concatenate([*(np.frombuffer(r.received, np.int64) for r in self.rows.values()), events])


class Gathering:
    """Collects the messages of one listener."""

    def __init__(self, listener: str, bus: Publisher, keep_raw: bool = True) -> None:
        self.listener, self.bus, self.keep_raw = listener, bus, keep_raw
        self._rows: dict[str, _Rows] = {}
        self._rejects: list[Reject] = []
        self._control = 0
        self._events: list[Occurrence] = []
        self._answers: list[tuple[Answerable, bytes]] = []
        self._waiting = 0  # messages not yet on disk
        self._fresh = asyncio.Event()
        self._throttled: Callable[[bool], None] = lambda stop: None
        self._is_throttled = False
        self.published = 0
        self._confirmed: list[asyncio.Future[None]] = []
        self.placement = Placement()

    def on_throttle(self, throttle: Callable[[bool], None]) -> None:
        """`throttle(True)` asks the listener to stop reading, `throttle(False)` to go on."""
        self._throttled = throttle

    @property
    def waiting(self) -> int:
        """Messages taken in and not yet durable."""
        return self._waiting

    @property
    def is_throttled(self) -> bool:
        """Whether listeners should not read from their sockets now."""
        return self._is_throttled

    def row(
        self,
        profile: str,
        device: int,
        at: int,
        received: int,
        values: list[float],
        quality: bytes,
        kind: int,
        raw: bytes,
        flagged: int,
    ) -> None:
        """One reading."""
        rows = self._of(profile)
        rows.device.append(device)
        rows.at.append(at)
        rows.received.append(received)
        rows.values.extend(values)
        rows.quality += quality
        rows.kind.append(kind)
        rows.flagged += flagged
        if self.keep_raw:
            rows.raw += raw
            rows.raw_lengths.append(len(raw))
        self._took()

    def many(self, profile: str, received: int, found: ManyRows) -> None:
        """Many readings, received in one wake-up."""
        rows, n = self._of(profile), len(found.device)
        rows.device.frombytes(found.device.tobytes())
        rows.at.frombytes(found.at.tobytes())
        rows.received.frombytes(np.full(n, received, np.int64).tobytes())
        rows.values.frombytes(found.values.tobytes())
        rows.quality += found.quality.tobytes()
        rows.kind += found.kind.tobytes()
        rows.flagged += found.flagged
        if self.keep_raw:
            rows.raw += found.raw
            rows.raw_lengths.frombytes(found.lengths.tobytes())
        self._took(n)

    def _of(self, profile: str) -> _Rows:
        rows = self._rows.get(profile)
        if rows is None:
            rows = self._rows[profile] = _Rows(len(PROFILES[profile].fields))
        return rows

    def reject(self, reject: Reject) -> None:
        """One refused message. Its texts come from outside: what no text column can hold is replaced."""
        self._rejects.append(
            msgspec.structs.replace(
                reject,
                raw=reject.raw[:KEPT_RAW],
                detail=reject.detail[:200].translate(_UNPRINTABLE),
                device_code=reject.device_code[:60].translate(_UNPRINTABLE),
            )
        )
        self._took()

    def occurred(self, event: Occurrence) -> None:
        """One event of a camera or a gate."""
        self._events.append(event)
        self._took()

    def control(self) -> None:
        """One message that carries no reading."""
        self._control += 1
        self._took()

    def answer(self, to: Answerable, data: bytes) -> None:
        """Send `data` when everything taken in so far is on disk."""
        self._answers.append((to, data))

    async def durable(self) -> None:
        """Wait until everything taken in so far is on disk."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._confirmed.append(future)
        self._fresh.set()
        await future

    def _took(self, n: int = 1) -> None:
        self._waiting += n
        if not self._fresh.is_set():
            self._fresh.set()
        if self._waiting > HIGH and not self._is_throttled:
            self._is_throttled = True
            self._throttled(True)

    async def run(self) -> None:
        """Publish what comes in, for ever: the next blocks are packed while the last are on their way to the disk."""
        async with asyncio.TaskGroup() as group:
            before: asyncio.Task[None] | None = None
            while True:
                await self._fresh.wait()
                if self._waiting < MOST:
                    await asyncio.sleep(PAUSE)
                self._fresh.clear()
                flush = self._take()
                made = await self._packed(flush)
                if before is not None:
                    await before
                before = group.create_task(self._finish(flush, made))

    async def flush(self) -> None:
        """Publish everything that waits, then give the answers."""
        flush = self._take()
        await self._finish(flush, await self._packed(flush))

    def _take(self) -> "_Flush":
        flush = _Flush(self._rows, self._rejects, self._control, self._answers, self._confirmed, self._events)
        self._rows, self._rejects, self._control, self._answers, self._confirmed = {}, [], 0, [], []
        self._events = []
        return flush

    async def _packed(self, flush: "_Flush") -> list[tuple[int, Block]]:
        if flush.messages > WORTH_A_THREAD:
            made = await asyncio.to_thread(self._blocks, flush.rows, flush.rejects, flush.control)
        else:
            made = self._blocks(flush.rows, flush.rejects, flush.control)
        for at in range(0, len(flush.events), BLOCK_EVENTS):
            part = tuple(flush.events[at : at + BLOCK_EVENTS])
            made.append((0, pack(listener=self.listener, profile="", columns=NOTHING, events=part)))
        return made

    async def _finish(self, flush: "_Flush", made: list[tuple[int, Block]]) -> None:
        await self._publish(made)
        self._waiting -= flush.messages
        self.published += flush.messages
        self._reply(flush.answers)
        METER.note(Stage.DURABLE, flush.received())
        figures.WAITING_S.labels(self.listener).set(time.monotonic() - flush.begun)
        self._count(flush.messages - len(flush.rejects) - flush.control, flush.rejects, flush.control)
        for future in flush.confirmed:
            if not future.done():
                future.set_result(None)
        if self._is_throttled and self._waiting < LOW:
            self._is_throttled = False
            self._throttled(False)

    async def _publish(self, made: list[tuple[int, Block]]) -> None:
        """Each partition's blocks in order, one after the other; the partitions side by side."""
        by_partition: dict[int, list[Block]] = {}
        for partition, block in made:
            by_partition.setdefault(partition, []).append(block)
        if len(by_partition) > 1:
            await asyncio.gather(*(self._in_order(p, many) for p, many in by_partition.items()))
            return
        for partition, many in by_partition.items():
            await self._in_order(partition, many)

    async def _in_order(self, partition: int, many: list[Block]) -> None:
        for block in many:
            await self.bus.publish_block(block, partition)

    def _count(self, rows: int, rejects: list[Reject], control: int) -> None:
        figures.TAKEN.labels(self.listener).inc(rows)
        figures.CONTROL.labels(self.listener).inc(control)
        for reason, n in Counter(r.reason for r in rejects).items():
            figures.REFUSED.labels(self.listener, reason).inc(n)

    def _blocks(self, rows: dict[str, _Rows], rejects: list[Reject], control: int) -> list[tuple[int, Block]]:
        """(partition, block); what belongs to no device goes through the first partition."""
        made = [
            (partition, block)
            for profile, found in rows.items()
            for partition, part in self._parts(found)
            for block in self._row_blocks(profile, part)
        ]
        most = max(1, BLOCK_RAW // KEPT_RAW)
        for at in range(0, len(rejects), most):
            part = tuple(rejects[at : at + most])
            refused = pack(listener=self.listener, profile="", columns=NOTHING, rejects=part, control=control)
            made.append((0, refused))
            control = 0
        if control:
            made.append((0, pack(listener=self.listener, profile="", columns=NOTHING, control=control)))
        return made

    def _parts(self, rows: _Rows) -> list[tuple[int, _Rows]]:
        """The rows of each partition, in order of arrival."""
        placement = self.placement
        if placement.partitions == 1:
            return [(0, rows)]
        places = placement.of(np.frombuffer(rows.device, np.int32))
        found = np.unique(places).tolist()
        if len(found) == 1:
            return [(found[0], rows)]
        # counts of flagged values are kept for all rows together: the first part carries them
        return [
            (place, rows.taken(np.flatnonzero(places == place), rows.flagged if i == 0 else 0))
            for i, place in enumerate(found)
        ]

    def _row_blocks(self, profile: str, rows: _Rows) -> list[Block]:
        """Blocks within the limits, in order of arrival."""
        columns, ends, made = rows.columns(), rows.ends(), []
        start, flagged, n = 0, rows.flagged, len(rows.device)
        while start < n:
            before = int(ends[start - 1]) if start else 0
            stop = int(np.searchsorted(ends, before + BLOCK_RAW, side="right")) if self.keep_raw else n
            stop = min(max(stop, start + 1), start + BLOCK_ROWS, n)
            joined = None
            if self.keep_raw:
                offsets = np.concatenate(([0], ends[start:stop] - before)).astype(np.int32)
                joined = bytes(memoryview(rows.raw)[before : int(ends[stop - 1])]), offsets
            cut = slice(start, stop)
            part = Columns(
                columns.device[cut],
                columns.at[cut],
                columns.received_at[cut],
                columns.values[:, cut],
                columns.quality[:, cut],
                columns.kind[cut],
            )
            made.append(
                pack(listener=self.listener, profile=profile, columns=part, joined=joined, flagged=flagged)
            )
            start, flagged = stop, 0
        return made

    @staticmethod
    def _reply(answers: list[tuple[Answerable, bytes]]) -> None:
        """One write a connection."""
        by_connection: dict[int, tuple[Answerable, list[bytes]]] = {}
        for to, data in answers:
            by_connection.setdefault(id(to), (to, []))[1].append(data)
        for to, parts in by_connection.values():
            to.answer(parts)
