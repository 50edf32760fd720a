"""The port of vehicle terminals, JT/T 808-2013 and -2019 (docs/protocols/jt808.md).

A terminal proves itself by its authentication code: the device's password, or its own number where it has none. A general
answer to a location goes out after the location is on disk; the parts of a split message are answered when it is whole.
"""

import hmac

from siteloop.gateway.listeners.tcp import TcpConnection, TcpServer
from siteloop.kernel.reasons import Reason
from siteloop.kernel.registry import DeviceEntry
from siteloop.protocols.framing import Refusal
from siteloop.protocols.jt808 import messages
from siteloop.protocols.jt808.frame import REST, Packet, build, cut
from siteloop.protocols.jt808.messages import Id, Registered, Result
from siteloop.protocols.jt808.parts import Assembly
from siteloop.protocols.jt808.reading import CARRIERS, readings
from siteloop.protocols.rows import NoReading

PROFILE = "vehicle"
#: open split messages of one connection; a terminal sends one at a time
GROUPS = 4


class Jt808Server(TcpServer):
    """The port."""

    def connection(self) -> "Jt808Connection":
        return Jt808Connection(self)


class Jt808Connection(TcpConnection):
    """One terminal's, or one forwarding platform's, connection."""

    def __init__(self, server: Jt808Server) -> None:
        super().__init__(server)
        self.proven: set[int] = set()  # devices that authenticated here
        self.assembly = Assembly(most_groups=GROUPS)
        self._serial = 0

    @property
    def unfinished(self) -> bool:
        return bool(self.buffer) and self.buffer != REST

    def take(self, now: int) -> None:
        used, found = cut(self.buffer)
        del self.buffer[:used]
        for one in found:
            if isinstance(one, Refusal):
                self.refuse(one.reason, one.detail, one.raw)
            else:
                self._packet(one, now)

    # ---- saying

    def _tell(self, packet: Packet, id_: int, body: bytes) -> None:
        """A message to the terminal, once everything taken in so far is on disk."""
        frames = build(
            id_, packet.terminal, self._serial, body, is_2019=packet.is_2019, version=packet.version or 1
        )
        self._serial = (self._serial + len(frames)) % 65_536
        self.server.gathering.answer(self, b"".join(frames))

    def _general(self, packet: Packet, result: Result) -> None:
        self._tell(packet, Id.PLATFORM_ANSWER, messages.general_answer(packet, result))

    # ---- hearing

    def _packet(self, packet: Packet, now: int) -> None:
        device = self.server.registry.by_code.get(packet.terminal)
        if device is None or device.profile != PROFILE:
            reason = Reason.UNKNOWN_DEVICE if device is None else Reason.UNSUPPORTED
            self.refuse(reason, "no vehicle terminal of this number", packet.raw, device, packet.terminal)
            if packet.id == Id.REGISTER:
                body = messages.registration_answer(packet, Registered.NO_TERMINAL)
                self._tell(packet, Id.REGISTER_ANSWER, body)
            return
        if packet.id == Id.REGISTER:
            self._register(packet, device)
        elif packet.id == Id.AUTHENTICATE:
            self._authenticate(packet, device)
        elif device.number not in self.proven:
            self._unproven(packet, "did not authenticate on this connection")
            self._general(packet, Result.FAILED)
        else:
            self.server.presence.seen(device.number, self, self.peer)
            self._message(packet, device, now)

    def _register(self, packet: Packet, device: DeviceEntry) -> None:
        try:
            messages.registration(packet)
        except NoReading as no:
            self.refuse(no.reason, no.detail, packet.raw, device)
            self._general(packet, Result.WRONG)
            return
        self.server.gathering.control()
        body = messages.registration_answer(packet, Registered.OK, _code(device))
        self._tell(packet, Id.REGISTER_ANSWER, body)

    def _authenticate(self, packet: Packet, device: DeviceEntry) -> None:
        try:
            told = messages.authentication(packet)
        except NoReading as no:
            self.refuse(no.reason, no.detail, packet.raw, device)
            self._general(packet, Result.WRONG)
            return
        if not hmac.compare_digest(told.encode("utf-8", "replace"), _code(device).encode()):
            self.proven.discard(device.number)
            self._unproven(packet, "authentication code does not match")
            self._general(packet, Result.FAILED)
            return
        self.proven.add(device.number)
        self.server.presence.seen(device.number, self, self.peer)
        self.server.gathering.control()
        self._general(packet, Result.OK)

    def _unproven(self, packet: Packet, detail: str) -> None:
        """Refused under the number it gives itself, and booked on no device: anybody can write a number."""
        self.refuse(Reason.PASSWORD, detail, packet.raw, code=packet.terminal)

    def _message(self, packet: Packet, device: DeviceEntry, now: int) -> None:
        if packet.total:
            self._part(packet, device, now)
        elif packet.id in CARRIERS:
            self._general(packet, self._locations(packet, device, now))
        elif packet.id in (Id.HEARTBEAT, Id.LOGOUT):
            self.server.gathering.control()
            self._general(packet, Result.OK)
            if packet.id == Id.LOGOUT:
                self.proven.discard(device.number)
        elif packet.id == Id.TERMINAL_ANSWER:
            self.server.gathering.control()
        else:
            self.refuse(Reason.UNSUPPORTED, f"message {packet.id:04X}", packet.raw, device)
            self._general(packet, Result.UNSUPPORTED)

    def _part(self, packet: Packet, device: DeviceEntry, now: int) -> None:
        """A part of a split message: control until the message is whole, which then answers for all of them."""
        if packet.id not in CARRIERS:
            self.refuse(Reason.UNSUPPORTED, f"split message {packet.id:04X}", packet.raw, device)
            self._general(packet, Result.UNSUPPORTED)
            return
        given_up = self.assembly.given_up
        whole = self.assembly.add(packet)
        if whole is not None:
            result = self._locations(whole, device, now)
            for place in range(packet.total):
                serial = (whole.serial + place) % 65_536
                self._tell(
                    packet, Id.PLATFORM_ANSWER, messages.general_answer(_numbered(packet, serial), result)
                )
            return
        if self.assembly.given_up > given_up and not self.assembly.missing(packet)[1]:
            self.refuse(Reason.LENGTH, f"part {packet.index} of {packet.total}", packet.raw, device)
            return
        self.server.gathering.control()
        first, missing = self.assembly.missing(packet)
        if packet.index == packet.total and missing:
            self._tell(packet, Id.RESEND, messages.resend(first, missing, packet.is_2019))

    def _locations(self, packet: Packet, device: DeviceEntry, now: int) -> Result:
        """Take the rows in; what the terminal is told about them."""
        if not device.enabled:
            self.refuse(Reason.DISABLED, "the device is switched off", packet.raw, device)
            return Result.FAILED
        try:
            found = readings(packet, device.scale)
        except NoReading as no:
            self.refuse(no.reason, no.detail, packet.raw, device)
            return Result.UNSUPPORTED if no.reason is Reason.UNSUPPORTED else Result.WRONG
        taken = [self.row(PROFILE, device, f.row, f.raw, now, is_refill=f.is_late) for f in found]
        return Result.OK if any(taken) else Result.WRONG


def _code(device: DeviceEntry) -> str:
    """What the terminal proves itself with."""
    return device.password or device.code


def _numbered(packet: Packet, serial: int) -> Packet:
    """The part with another serial, to answer for it."""
    return Packet(packet.id, packet.terminal, serial, b"", b"", packet.is_2019, packet.version)
