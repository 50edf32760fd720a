"""The HJ 212 listener: one TCP port, every device's frames, the standard's answers.

A frame is answered after its block is on disk. No answer for: bad CRC (standard 6.6), an unknown device, a wrong password.
"""

import asyncio
import logging
import time
import zlib
from typing import cast

from siteloop.gateway.commands import Commands
from siteloop.gateway.gathering import Gathering
from siteloop.gateway.listeners.judging import Seen, too_early_or_late
from siteloop.gateway.listeners.patience import Progress
from siteloop.gateway.presence import Presence
from siteloop.gateway.registry_source import RegistrySource
from siteloop.gateway.settings import GatewaySettings
from siteloop.kernel.block import Reject
from siteloop.kernel.quirks import Quirk
from siteloop.kernel.reasons import Reason
from siteloop.kernel.registry import DeviceEntry
from siteloop.kernel.times import SECOND
from siteloop.protocols.hj212 import talk
from siteloop.protocols.hj212.batch import PROFILE, BatchDecoder, Memory, load
from siteloop.protocols.hj212.frame import Frame, Refusal, cut
from siteloop.protocols.hj212.intake import Unknown, understand
from siteloop.protocols.hj212.message import Message
from siteloop.protocols.hj212.parts import Parts
from siteloop.protocols.hj212.reading import NoReading, reading

log = logging.getLogger("siteloop.listener")


class Hj212Server:
    """What all connections of the port share."""

    def __init__(
        self,
        settings: GatewaySettings,
        registry: RegistrySource,
        gathering: Gathering,
        presence: Presence,
        commands: Commands,
    ) -> None:
        self.settings, self.registry, self.gathering = settings, registry, gathering
        self.presence, self.commands = presence, commands
        self.seen: Seen | Memory = Seen()
        self.connections: set[Connection] = set()
        self.parts = Parts()
        self.batch: BatchDecoder | None = None
        self._waiting: list[Connection] = []  # connections with bytes the batch decoder has not looked at
        gathering.on_throttle(self._throttle)

    def _throttle(self, stop: bool) -> None:
        for connection in self.connections:
            connection.throttle(stop)

    async def accelerate(self) -> bool:
        """Load the compiled decoder in a thread, then use it instead of the plain one. False when numba is not there."""
        try:
            core = await asyncio.to_thread(load, self.settings.data / "numba")
        except (ImportError, OSError, RuntimeError) as why:  # no numba, or nowhere to keep what it compiles
            log.warning("frames are decoded by the plain codec: %s", why)
            return False
        s = self.settings
        batch = BatchDecoder(core, s.ahead_s * SECOND, s.oldest_s * SECOND, s.oldest_history_s * SECOND)
        batch.use(self.registry.current.devices)
        self.registry.on_change(lambda registry: batch.use(registry.devices))
        self.seen, self.batch = batch.memory, batch
        return True

    def wake(self, connection: "Connection") -> None:
        """A connection received bytes: look at all that arrive in this turn of the loop together."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self.drain)
        self._waiting.append(connection)

    def drain(self) -> None:
        """Decode what the waiting connections received."""
        waiting, self._waiting = list(dict.fromkeys(self._waiting)), []
        if not waiting or self.batch is None:
            return
        now = time.time_ns() // 1000
        chunks = [bytes(c.buffer) for c in waiting]
        taken = self.batch.decode(chunks, now)
        for place, number in taken.speakers():
            self.presence.seen(number, waiting[place], waiting[place].peer)
        if len(taken.device):
            self.gathering.many(PROFILE, now, taken)
        for connection, answers in zip(waiting, taken.answers, strict=True):
            if answers:
                self.gathering.answer(connection, answers)
        for start, stop, place, _ in taken.handed:
            raw = chunks[place][start:stop]
            waiting[place].take([Frame(raw[6:-4], int(raw[-4:], 16), raw)], now)
        for connection, chunk, rest in zip(waiting, chunks, taken.rests, strict=True):
            del connection.buffer[:rest]
            if connection.buffer:
                connection.cut(now)
            connection.progress.note(bool(connection.buffer), len(connection.buffer) < len(chunk))

    def sweep(self) -> None:
        """Close connections that are silent, or that leave a frame unfinished, however slowly its bytes drip in."""
        now = time.monotonic()
        for connection in list(self.connections):
            if connection.progress.is_over(now):
                connection.close()

    async def serve(self) -> asyncio.Server:
        """Bind. Raises OSError when the port is taken."""
        loop = asyncio.get_running_loop()
        host, port = self.settings.hj212
        return await loop.create_server(lambda: Connection(self), host, port, backlog=4096)


class Connection(asyncio.Protocol):
    """One device's (or one collector's) connection; several MN may speak over it."""

    def __init__(self, server: Hj212Server) -> None:
        self.server = server
        self.buffer = bytearray()
        self.peer = ""
        self.transport: asyncio.Transport | None = None
        self.progress = Progress()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        name = transport.get_extra_info("peername") or ("", 0)
        self.peer = f"{name[0]}:{name[1]}"
        self.server.connections.add(self)
        if self.server.gathering.is_throttled:
            asyncio.get_running_loop().call_soon(self.throttle, True)

    def connection_lost(self, exc: Exception | None) -> None:
        self.server.drain()
        self.server.connections.discard(self)
        self.server.presence.gone(self)
        if self.buffer:
            self._refuse(Refusal(Reason.LENGTH, bytes(self.buffer), "the connection ended inside a frame"))

    def close(self) -> None:
        """End the connection."""
        if self.transport is not None:
            self.transport.close()

    def throttle(self, stop: bool) -> None:
        """Back-pressure to the socket."""
        if self.transport is not None and not self.transport.is_closing():
            if stop:
                self.transport.pause_reading()
            else:
                self.transport.resume_reading()

    def answer(self, data: list[bytes]) -> None:
        """Write answers; a connection that went away gets none and sends its frames again elsewhere."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(b"".join(data))

    def send(self, data: bytes) -> None:
        """Write a command."""
        self.answer([data])

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if self.server.batch is not None:
            self.server.wake(self)
            return
        before = len(self.buffer)
        self.cut(time.time_ns() // 1000)
        self.progress.note(bool(self.buffer), len(self.buffer) < before)

    def cut(self, now: int) -> None:
        """The plain way: frame by frame."""
        used, found = cut(self.buffer)
        del self.buffer[:used]
        self.take(found, now)

    def take(self, found: "list[Frame | Refusal]", now: int) -> None:
        """Judge frames one by one."""
        junk: Refusal | None = None  # text right before a frame: the frame's device may be allowed to send it
        for one in found:
            if isinstance(one, Frame):
                self._frame(one, now, junk)
                junk = None
                continue
            if junk is not None:
                self._refuse(junk)
            junk = one if one.is_leading else None
            if junk is None:
                self._refuse(one)
        if junk is not None:
            self._refuse(junk)

    def _refuse(self, refusal: Refusal, device: DeviceEntry | None = None, code: str = "") -> None:
        self.server.gathering.reject(
            Reject(
                received_at=time.time_ns() // 1000,
                reason=refusal.reason.value,
                detail=refusal.detail,
                raw=refusal.raw,
                device=device.number if device else 0,
                device_code=code,
                peer=self.peer,
            )
        )

    def _frame(self, frame: Frame, now: int, junk: Refusal | None = None) -> None:
        known = understand(frame, self.server.registry.by_code.get)
        is_excused = not isinstance(known, Unknown) and Quirk.LEADING_TEXT in known.device.quirks
        if junk is not None and not is_excused:
            self._refuse(junk)
        if isinstance(known, Unknown):
            self._refuse(Refusal(known.reason, frame.raw, known.detail), known.device, known.code)
            return
        self._message(known.message, known.device, frame, now)

    def _message(self, message: Message, device: DeviceEntry, frame: Frame, now: int) -> None:
        server = self.server
        server.presence.seen(device.number, self, self.peer)
        if message.cn in talk.ANSWERS:
            server.gathering.control()
            server.commands.answered(device.number, message.exchange, message.cn, message.items())
            return
        if message.cn not in talk.UPLOADS and server.commands.replied(
            device.number, message.qn, message.items()
        ):
            server.gathering.control()
            return
        if message.wants_answer or message.cn in talk.NOTICES:
            server.gathering.answer(self, talk.answer(message, device.crc, device.version))
        if message.cn in talk.NOTICES:
            server.gathering.control()
            if message.cn == "1013":
                server.commands.set_clock(device, self)
            return
        if not device.enabled:
            self._refuse(
                Refusal(Reason.DISABLED, frame.raw, "the device is switched off"), device, message.mn
            )
            return
        # a part that does not say its number is known by its content
        part = message.pno if message.is_numbered else 0x8000 | zlib.crc32(message.area) & 0x7FFF
        if message.qn and server.seen.again((device.number, message.qn, message.cn, part)):
            self._refuse(Refusal(Reason.DUPLICATE, frame.raw, f"QN {message.qn} again"), device, message.mn)
            return
        self._upload(message, device, frame, now)

    def _upload(self, message: Message, device: DeviceEntry, frame: Frame, now: int) -> None:
        server = self.server
        try:
            row = reading(message, device.profile, device.scale, device.quirks)
        except NoReading as no:
            self._refuse(Refusal(no.reason, frame.raw, no.detail), device, message.mn)
            return
        late = too_early_or_late(row.at, row.kind, now, server.settings, message.is_refill)
        if late is not None:
            self._refuse(
                Refusal(late, frame.raw, f"DataTime off by {(row.at - now) / SECOND:.0f} s"),
                device,
                message.mn,
            )
            return
        if message.is_part:
            server.parts.add(message, str(row.at))
        server.gathering.row(
            device.profile,
            device.number,
            row.at,
            now,
            row.values,
            row.quality,
            row.kind,
            frame.raw,
            row.flagged,
        )
