"""The HJ 212 listener: one TCP port, every device's frames, the standard's answers.

A frame is answered after its block is on disk. No answer for: bad CRC (standard 6.6), an unknown device, a wrong password.
"""

import asyncio
import logging
import time
from functools import partial
from typing import Any

from siteloop.gateway.commands import Commands
from siteloop.gateway.gathering import Gathering
from siteloop.gateway.listeners.tcp import TcpConnection, TcpServer
from siteloop.gateway.presence import Presence
from siteloop.gateway.registry_source import RegistrySource
from siteloop.gateway.settings import GatewaySettings
from siteloop.kernel.quirks import Quirk
from siteloop.kernel.reasons import Reason
from siteloop.kernel.registry import DeviceEntry
from siteloop.kernel.times import SECOND
from siteloop.protocols.hj212 import talk
from siteloop.protocols.hj212.batch import BatchDecoder, load
from siteloop.protocols.hj212.bulk import BulkDecoder
from siteloop.protocols.hj212.frame import Frame, Refusal, cut
from siteloop.protocols.hj212.intake import Unknown, understand
from siteloop.protocols.hj212.message import Message
from siteloop.protocols.hj212.parts import Parts
from siteloop.protocols.hj212.reading import NoReading, reading
from siteloop.protocols.hj212.taken import PROFILE, Decoder

log = logging.getLogger("siteloop.listener")


class Hj212Server(TcpServer):
    """The port."""

    def __init__(
        self,
        address: tuple[str, int] | None,
        settings: GatewaySettings,
        registry: RegistrySource,
        gathering: Gathering,
        presence: Presence,
        commands: Commands,
    ) -> None:
        super().__init__(address, settings, registry, gathering, presence, commands)
        self.parts = Parts()
        self._reach = (
            settings.ahead_s * SECOND,
            settings.oldest_s * SECOND,
            settings.oldest_history_s * SECOND,
        )
        self.decoder: Decoder = BulkDecoder(*self._reach)
        self.decoder.use(registry.current.devices)
        registry.on_change(lambda registry: self.decoder.use(registry.devices))
        self._waiting: list[Hj212Connection] = []  # those with bytes the decoder has not looked at

    def connection(self) -> "Hj212Connection":
        return Hj212Connection(self)

    async def accelerate(self) -> bool:
        """Load the compiled decoder in a thread, then use it instead of the other. False when numba is not there."""
        try:
            core = await asyncio.to_thread(load, self.settings.data / "numba")
        except (ImportError, OSError, RuntimeError) as why:  # no numba, or nowhere to keep what it compiles
            log.warning("frames are decoded without the compiled decoder: %s", why)
            return False
        self.drain()
        compiled = BatchDecoder(core, *self._reach)
        compiled.use(self.registry.current.devices)
        self.decoder = compiled
        return True

    def wake(self, connection: "Hj212Connection") -> None:
        """A connection received bytes: look at all that arrive in this turn of the loop together."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self.drain)
        self._waiting.append(connection)

    def drain(self) -> None:
        """Decode what the waiting connections received."""
        waiting, self._waiting = list(dict.fromkeys(self._waiting)), []
        if not waiting:
            return
        now = time.time_ns() // 1000
        chunks = [bytes(c.buffer) for c in waiting]
        taken = self.decoder.decode(chunks, now)
        for place, number in taken.speakers():
            self.presence.seen(number, waiting[place], waiting[place].peer)
        if len(taken.device):
            self.gathering.many(PROFILE, now, taken)
        for connection, answers in zip(waiting, taken.answers, strict=True):
            if answers:
                self.gathering.answer(connection, answers)
        for start, stop, place, _ in taken.handed:
            raw = chunks[place][start:stop]
            waiting[place].judge([Frame(raw[6:-4], int(raw[-4:], 16), raw)], now)
        for connection, chunk, rest in zip(waiting, chunks, taken.rests, strict=True):
            del connection.buffer[:rest]
            if connection.buffer:
                connection.take(now)
            connection.progress.note(bool(connection.buffer), len(connection.buffer) < len(chunk))


class _Clock:
    """Tells the time (1012) behind the 9013, whenever that goes out: the time is that of the telling."""

    def __init__(self, device: DeviceEntry, connection: "Hj212Connection") -> None:
        self.device, self.connection = device, connection

    def answer(self, data: list[bytes]) -> None:
        """The notice was answered."""
        self.connection.server.commands.set_clock(self.device, self.connection)


class Hj212Connection(TcpConnection):
    """One device's (or one collector's) connection; several MN may speak over it."""

    server: Hj212Server

    def connection_lost(self, exc: Exception | None) -> None:
        self.server.drain()
        super().connection_lost(exc)

    def send(self, data: bytes) -> None:
        """Write a command."""
        self.answer([data])

    def send_command(self, device: DeviceEntry, row: dict[str, Any]) -> None:
        """A command of ours as a frame; sent again it keeps its content and QN (6.6)."""
        frame = self.server.commands.frame(device, row)
        if frame is not None:
            self.answer([frame])

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        self.server.wake(self)

    def take(self, now: int) -> None:
        used, found = cut(self.buffer)
        del self.buffer[:used]
        self.judge(found, now)

    def judge(self, found: "list[Frame | Refusal]", now: int) -> None:
        """Frames one by one."""
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
        self.refuse(refusal.reason, refusal.detail, refusal.raw, device, code)

    def _frame(self, frame: Frame, now: int, junk: Refusal | None = None) -> None:
        known = understand(frame, partial(self.server.registry.speaker, peer=self.peer))
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
                server.gathering.answer(_Clock(device, self), b"")
            return
        if not device.enabled:
            self._refuse(
                Refusal(Reason.DISABLED, frame.raw, "the device is switched off"), device, message.mn
            )
            return
        exchange = (device.number, message.qn, message.cn, message.pno, message.area)
        if message.qn and server.decoder.memory.again(exchange):
            # counted only: what it says is stored, and its bytes lie in the raw archive
            self._refuse(Refusal(Reason.DUPLICATE, b"", f"QN {message.qn} again"), device, message.mn)
            return
        self._upload(message, device, frame, now)

    def _upload(self, message: Message, device: DeviceEntry, frame: Frame, now: int) -> None:
        server = self.server
        try:
            row = reading(message, device.profile, device.scale, device.quirks)
        except NoReading as no:
            self._refuse(Refusal(no.reason, frame.raw, no.detail), device, message.mn)
            return
        if self.row(device.profile, device, row, frame.raw, now, message.is_refill) and message.is_part:
            server.parts.add(message, str(row.at))
