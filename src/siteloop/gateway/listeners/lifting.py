"""The port of tower cranes and hoists: three makers' formats side by side, told apart by their heads (docs/protocols/lifting.md).

These formats carry no password: a frame is believed for the device it names, so the port belongs on a private line
(requirement IOT-06). An answer goes out after everything taken in before it is on disk; stored data that we cannot read
are not confirmed, so that the device keeps them.
"""

from siteloop.gateway.listeners.tcp import TcpConnection, TcpServer
from siteloop.kernel.reasons import Reason
from siteloop.kernel.registry import DeviceEntry
from siteloop.protocols.framing import Refusal
from siteloop.protocols.lifting import stream
from siteloop.protocols.lifting.frame import Frame
from siteloop.protocols.rows import NoReading

#: some makers fill their eight-character code from six
SHORT_CODE = 6


class LiftingServer(TcpServer):
    """The port."""

    def connection(self) -> "LiftingConnection":
        return LiftingConnection(self)

    def device_of(self, frame: Frame) -> DeviceEntry | None:
        """The device a frame names, by its whole code or by the first six characters of it."""
        by_code = self.registry.by_code
        return by_code.get(frame.code) or by_code.get(frame.code[:SHORT_CODE])


class LiftingConnection(TcpConnection):
    """One machine's, or one collector's, connection."""

    server: LiftingServer

    def take(self, now: int) -> None:
        used, found = stream.cut(self.buffer)
        del self.buffer[:used]
        for one in found:
            if isinstance(one, Refusal):
                self.refuse(one.reason, one.detail, one.raw)
            else:
                self._frame(one, now)

    def _frame(self, frame: Frame, now: int) -> None:
        if not frame.code:  # a driver's authentication names the driver only
            self.server.gathering.control()
            return
        device = self.server.device_of(frame)
        if device is None:
            self.refuse(Reason.UNKNOWN_DEVICE, "code is not registered", frame.kept, code=frame.code)
            return
        self.server.presence.seen(device.number, self, self.peer)
        if not stream.carries_reading(frame):
            self.server.gathering.control()
        elif not device.enabled:
            self.refuse(Reason.DISABLED, "the device is switched off", frame.kept, device)
            return
        elif not self._reading(frame, device, now):
            return
        told = stream.answer(frame, now)
        if told:
            self.server.gathering.answer(self, told)

    def _reading(self, frame: Frame, device: DeviceEntry, now: int) -> bool:
        """Take the row in. False when it could not be read: then the frame is not answered."""
        try:
            profile, row = stream.read(frame, device.profile, device.scale, device.quirks)
        except NoReading as no:
            self.refuse(no.reason, no.detail, frame.kept, device)
            return False
        self.row(profile, device, row, frame.kept, now, is_refill=stream.is_stored(frame))
        return True
