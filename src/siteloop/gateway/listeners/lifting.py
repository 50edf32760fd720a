"""The port of tower cranes and hoists: three makers' formats side by side, told apart by their heads (docs/protocols/lifting.md).

These formats carry no password: a frame is believed for the device it names, so the port belongs on a private line
(requirement IOT-06). An answer goes out after everything taken in before it is on disk; stored data that we cannot read
are not confirmed, so that the device keeps them.
"""

from typing import Any

from siteloop.gateway.listeners.tcp import TcpConnection, TcpServer
from siteloop.kernel.profiles import POSITION
from siteloop.kernel.reasons import Reason
from siteloop.kernel.registry import DeviceEntry
from siteloop.kernel.times import MINUTE
from siteloop.protocols.framing import Refusal
from siteloop.protocols.lifting import stream
from siteloop.protocols.lifting.frame import Frame
from siteloop.protocols.rows import NoReading
from siteloop.protocols.rows import row as row_of

#: some makers fill their eight-character code from six
SHORT_CODE = 6
#: a machine says where it stands in every frame; it is kept so often, and at once when it is elsewhere
POSITION_EVERY = 10 * MINUTE
ELSEWHERE = 0.0005  # degrees, some 50 m


class LiftingServer(TcpServer):
    """The port."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._stands: dict[int, tuple[int, float, float]] = {}  # device -> (at, lon, lat) that was kept last

    def is_news(self, device: int, at: int, lon: float, lat: float) -> bool:
        """Whether a told position is worth a row."""
        kept_at, was_lon, was_lat = self._stands.get(device, (0, 0.0, 0.0))
        is_here = max(abs(lon - was_lon), abs(lat - was_lat)) < ELSEWHERE
        if is_here and 0 <= at - kept_at < POSITION_EVERY:
            return False
        self._stands[device] = at, lon, lat
        return True

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
        if self.row(profile, device, row, frame.kept, now, is_refill=stream.is_stored(frame)):
            self._position(frame, device, row.at, now)
        return True

    def _position(self, frame: Frame, device: DeviceEntry, at: int, now: int) -> None:
        """Where the machine says it stands: a message of its own, as each location of a batch is."""
        told = stream.position(frame)
        if told is not None and self.server.is_news(device.number, at, *told):
            where = row_of(POSITION.code, {"lon": told[0], "lat": told[1]}, at)
            self.row(POSITION.code, device, where, b"", now)
