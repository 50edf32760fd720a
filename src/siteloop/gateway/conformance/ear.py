"""The line of a test: everything heard over every connection, in order, and a way to wait for something in it."""

import asyncio
import contextlib
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from siteloop.kernel.conformance import Seen

U = TypeVar("U")
T = TypeVar("T")
#: cuts units out of a buffer: (bytes used, units)
Cut = Callable[[bytes], tuple[int, list[Any]]]
KEPT = 20_000  # units of one test
LONGEST_BUFFER = 1 << 20


class Lost(Exception):
    """There is no connection to speak over."""


@dataclass(frozen=True)
class Heard(Generic[U]):
    """One unit as it came: a frame, or what is none."""

    at_us: int
    unit: U
    raw: bytes
    connection: int  # counted from 1


@dataclass
class Ear(Generic[U]):
    """`listen` waits for the one tested, `call` goes to it. `react` is told every unit at once and may answer."""

    cut: Cut
    raw_of: Callable[[U], bytes]
    is_text: bool = False
    longest: int = LONGEST_BUFFER  # bytes of one unit
    react: Callable[[Heard[U]], None] = lambda heard: None
    heard: list[Heard[U]] = field(default_factory=list)
    connections: int = 0
    peer: str = ""
    log: list[Seen] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._writer: asyncio.StreamWriter | None = None  # of the newest connection
        self._writers: dict[int, asyncio.StreamWriter] = {}
        self._server: asyncio.Server | None = None
        self._behind: list[tuple[bytes, int]] | None = None  # what waits for the last piece of something
        self._news = asyncio.Condition()
        self._readers: set[asyncio.Task[None]] = set()
        self.port = 0

    # ---- connections

    async def listen(self, address: tuple[str, int], tls: ssl.SSLContext | None = None) -> None:
        """Bind. Raises OSError."""
        self._server = await asyncio.start_server(self._taken, *address, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def call(self, address: tuple[str, int], tls: ssl.SSLContext | None = None) -> None:
        """Connect (again). Raises OSError."""
        reader, writer = await asyncio.open_connection(*address, ssl=tls)
        self._begin(reader, writer)

    async def _taken(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._begin(reader, writer)
        async with self._news:
            self._news.notify_all()

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        name = writer.get_extra_info("peername") or ("", 0)
        self.peer = f"{name[0]}:{name[1]}"
        self.connections += 1
        self._writer = self._writers[self.connections] = writer
        task = asyncio.create_task(self._read(reader, writer, self.connections))
        self._readers.add(task)
        task.add_done_callback(self._readers.discard)

    async def _read(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int
    ) -> None:
        buffer = b""
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                buffer = (buffer + data)[-self.longest :]
                used, units = self.cut(buffer)
                buffer = buffer[used:]
                now = time.time_ns() // 1000
                for unit in units:
                    self._hear(Heard(now, unit, self.raw_of(unit), connection))
                async with self._news:
                    self._news.notify_all()
        if self._writer is writer:
            self._writer = None
        self._writers.pop(connection, None)
        writer.close()
        async with self._news:
            self._news.notify_all()

    def _hear(self, one: Heard[U]) -> None:
        if len(self.heard) < KEPT:
            self.heard.append(one)
        self._note("in", one.raw)
        self.react(one)

    @property
    def is_connected(self) -> bool:
        """Whether somebody is there now."""
        return self._writer is not None and not self._writer.is_closing()

    def is_open(self, connection: int) -> bool:
        """Whether this one is still there."""
        return connection in self._writers and not self._writers[connection].is_closing()

    def drop(self, connection: int = 0) -> None:
        """End a connection from our side; 0 = the newest."""
        writer = self._writers.get(connection) if connection else self._writer
        if writer is not None:
            writer.close()
        if writer is self._writer:
            self._writer = None

    async def close(self) -> None:
        """End everything."""
        for writer in self._writers.values():
            writer.close()
        self._writer = None
        if self._server is not None:
            self._server.close()
        for task in list(self._readers):
            task.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)

    # ---- speaking and waiting

    def _note(self, way: str, data: bytes) -> Seen:
        text = data.decode("ascii", "backslashreplace").rstrip("\r\n") if self.is_text else data.hex(" ")
        one = Seen(time.time_ns() // 1000, way, text[:4000], not self.is_text)
        if len(self.log) < KEPT:
            self.log.append(one)
        return one

    def say(self, data: bytes, connection: int = 0) -> Seen:
        """Write bytes; 0 = over the newest connection. Raises Lost."""
        writer = self._writers.get(connection) if connection else self._writer
        if writer is None or writer.is_closing():
            raise Lost
        if self._behind is None:
            writer.write(data)
        else:
            self._behind.append((data, connection))
        return self._note("out", data)

    async def say_in_pieces(self, data: bytes, size: int, pause: float = 0.02) -> None:
        """Write bytes piece by piece; an answer that is given meanwhile comes behind them and not between. Raises Lost."""
        self._behind = []
        try:
            for at in range(0, len(data), size):
                if self._writer is None or self._writer.is_closing():
                    raise Lost
                self._writer.write(data[at : at + size])
                await asyncio.sleep(pause)
        finally:
            behind, self._behind = self._behind, None
            for said, connection in behind:
                writer = self._writers.get(connection) if connection else self._writer
                if writer is not None:
                    writer.write(said)
        self._note("out", data)

    async def until(self, find: Callable[[], T | None], seconds: float) -> T | None:
        """What `find` finds, looked for after everything that comes; None when the time is over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._news:
                while (found := find()) is None:
                    await self._news.wait()
                return found
        return find()

    async def connected(self, seconds: float, after: int = 0) -> bool:
        """Whether somebody is there within the time; `after` = a connection behind this one."""
        found = await self.until(
            lambda: True if self.connections > after and self.is_connected else None, seconds
        )
        return bool(found)
