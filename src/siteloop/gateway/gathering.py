"""Gathering: readings of many connections become blocks; answers go out only after the block is on disk.

One flusher publishes one block after the other, so that a re-sent frame can never be answered before the frame it repeats.
Memory is bounded: above `HIGH` waiting messages the listeners stop reading from their sockets, below `LOW` they go on.
"""

import asyncio
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from siteloop.kernel.block import Block, Columns, Reject, pack
from siteloop.kernel.profiles import PROFILES

HIGH = 60_000
LOW = 20_000
PAUSE = 0.02  # seconds between flushes: latency against block size
MOST = 8_000  # messages a block


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


@dataclass
class _Rows:
    """Waiting rows of one profile."""

    width: int
    device: array[int] = field(default_factory=lambda: array("i"))
    at: array[int] = field(default_factory=lambda: array("q"))
    received: array[int] = field(default_factory=lambda: array("q"))
    values: array[float] = field(default_factory=lambda: array("f"))
    quality: bytearray = field(default_factory=bytearray)
    kind: bytearray = field(default_factory=bytearray)
    raw: list[bytes] = field(default_factory=list)
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


NOTHING = Columns(
    np.empty(0, np.int32),
    np.empty(0, np.int64),
    np.empty(0, np.int64),
    np.empty((0, 0), np.float32),
    np.empty((0, 0), np.uint8),
    np.empty(0, np.uint8),
)


class Gathering:
    """Collects the messages of one listener."""

    def __init__(self, listener: str, bus: Publisher, keep_raw: bool = True) -> None:
        self.listener, self.bus, self.keep_raw = listener, bus, keep_raw
        self._rows: dict[str, _Rows] = {}
        self._rejects: list[Reject] = []
        self._control = 0
        self._answers: list[tuple[Answerable, bytes]] = []
        self._waiting = 0  # messages not yet on disk
        self._fresh = asyncio.Event()
        self._throttled: Callable[[bool], None] = lambda stop: None
        self._is_throttled = False
        self.published = 0
        self._confirmed: list[asyncio.Future[None]] = []

    def on_throttle(self, throttle: Callable[[bool], None]) -> None:
        """`throttle(True)` asks the listener to stop reading, `throttle(False)` to go on."""
        self._throttled = throttle

    @property
    def waiting(self) -> int:
        """Messages taken in and not yet durable."""
        return self._waiting

    def row(
        self, profile: str, device: int, at: int, received: int, values: list[float], quality: bytes, kind: int, raw: bytes, flagged: int
    ) -> None:
        """One reading."""
        rows = self._rows.get(profile)
        if rows is None:
            rows = self._rows[profile] = _Rows(len(PROFILES[profile].fields))
        rows.device.append(device)
        rows.at.append(at)
        rows.received.append(received)
        rows.values.extend(values)
        rows.quality += quality
        rows.kind.append(kind)
        rows.flagged += flagged
        if self.keep_raw:
            rows.raw.append(raw)
        self._took()

    def reject(self, reject: Reject) -> None:
        """One refused message."""
        self._rejects.append(reject)
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

    def _took(self) -> None:
        self._waiting += 1
        if not self._fresh.is_set():
            self._fresh.set()
        if self._waiting > HIGH and not self._is_throttled:
            self._is_throttled = True
            self._throttled(True)

    async def run(self) -> None:
        """Publish what comes in, for ever."""
        while True:
            await self._fresh.wait()
            if self._waiting < MOST:
                await asyncio.sleep(PAUSE)
            self._fresh.clear()
            await self.flush()

    async def flush(self) -> None:
        """Publish everything that waits, then give the answers."""
        rows, self._rows = self._rows, {}
        rejects, self._rejects = self._rejects, []
        control, self._control = self._control, 0
        answers, self._answers = self._answers, []
        confirmed, self._confirmed = self._confirmed, []
        taken = sum(len(r.device) for r in rows.values()) + len(rejects) + control
        for block in self._blocks(rows, rejects, control):
            await self.bus.publish_block(block)
        self._waiting -= taken
        self.published += taken
        self._reply(answers)
        for future in confirmed:
            if not future.done():
                future.set_result(None)
        if self._is_throttled and self._waiting < LOW:
            self._is_throttled = False
            self._throttled(False)

    def _blocks(self, rows: dict[str, _Rows], rejects: list[Reject], control: int) -> list[Block]:
        made = []
        for profile, found in rows.items():
            made.append(
                pack(
                    listener=self.listener,
                    profile=profile,
                    columns=found.columns(),
                    raw=found.raw,
                    rejects=tuple(rejects),
                    control=control,
                    flagged=found.flagged,
                )
            )
            rejects, control = [], 0
        if rejects or control:
            made.append(
                pack(listener=self.listener, profile="", columns=NOTHING, rejects=tuple(rejects), control=control)
            )
        return made

    @staticmethod
    def _reply(answers: list[tuple[Answerable, bytes]]) -> None:
        """One write a connection."""
        by_connection: dict[int, tuple[Answerable, list[bytes]]] = {}
        for to, data in answers:
            by_connection.setdefault(id(to), (to, []))[1].append(data)
        for to, parts in by_connection.values():
            to.answer(parts)
