"""The port of weighbridges: XK3190-A9 indicators behind serial-to-TCP converters (docs/protocols/weighbridge.md).

Frames carry no name. The converter says it: its registration line `CODE` or `CODE:PASSWORD`, ended by a line feed, comes first
and may come again at any time as a sign of life. An indicator sends what its display shows ten or twenty times a second; the
frames that say nothing new are counted as control.
"""

import hmac
import time

from siteloop.gateway.listeners.tcp import TcpConnection, TcpServer
from siteloop.kernel.reasons import Reason
from siteloop.kernel.registry import DeviceEntry
from siteloop.kernel.times import SECOND
from siteloop.protocols.framing import Refusal
from siteloop.protocols.rows import NoReading
from siteloop.protocols.weighbridge import converter, xk3190
from siteloop.protocols.weighbridge.converter import Named
from siteloop.protocols.weighbridge.weighing import Weighing
from siteloop.protocols.weighbridge.xk3190 import Frame

PROFILE = "weighbridge"


class WeighbridgeServer(TcpServer):
    """The port."""

    def connection(self) -> "WeighbridgeConnection":
        return WeighbridgeConnection(self)


class WeighbridgeConnection(TcpConnection):
    """One indicator's connection."""

    def __init__(self, server: WeighbridgeServer) -> None:
        super().__init__(server)
        self.number = 0  # of the device that named itself
        self.weighing: Weighing | None = None

    def take(self, now: int) -> None:
        used, found = converter.cut(self.buffer)
        del self.buffer[:used]
        for one in found:
            if isinstance(one, Named):
                self._line(one)
            elif not self.number:
                said = one.raw.split(b":")[0]  # a line that is none may still hold a password
                self._put_out(Reason.UNKNOWN_DEVICE, "no registration line in front of the frames", said)
            else:
                self._unit(one, now)
            if self.transport is None or self.transport.is_closing():
                return

    def _unit(self, one: Frame | Refusal, now: int) -> None:
        device = self.server.registry.by_number.get(self.number)
        if isinstance(one, Refusal):
            self.refuse(one.reason, one.detail, one.raw, device)
        elif device is None or not device.enabled:
            reason = Reason.UNKNOWN_DEVICE if device is None else Reason.DISABLED
            self.refuse(reason, "the device is switched off", one.raw, device)
        else:
            self._frame(one, device, now)

    def _line(self, line: Named) -> None:
        device = self.server.registry.by_code.get(line.code)
        if device is None or device.profile != PROFILE:
            if self.number:
                self.refuse(Reason.MALFORMED, "text between the frames", line.code.encode())
            else:
                self._put_out(
                    Reason.UNKNOWN_DEVICE, "no weighbridge of this code", line.code.encode(), line.code
                )
        elif not hmac.compare_digest(line.password.encode(), device.password.encode()):
            # under the name it gives itself, and booked on no device: anybody can write a name
            self._put_out(Reason.PASSWORD, "the password does not match", line.code.encode(), line.code)
        else:
            self._named(device)

    def _put_out(self, reason: Reason, detail: str, said: bytes, code: str = "") -> None:
        self.refuse(reason, detail, said, code=code)
        self.number = 0
        self.buffer.clear()
        self.close()

    def _named(self, device: DeviceEntry) -> None:
        if self.number != device.number:
            self.number, self.weighing = device.number, Weighing(device.interval_s * SECOND)
        self.server.presence.seen(device.number, self, self.peer)
        self.server.gathering.control()

    def _frame(self, frame: Frame, device: DeviceEntry, now: int) -> None:
        assert self.weighing is not None, "who is named weighs"
        self.server.presence.seen(device.number, self, self.peer)
        if frame.weight is None:
            self.server.gathering.control()
            return
        factor = device.scale.get("gross", 1.0)
        is_steady, is_news = self.weighing.see(frame.weight * factor, time.monotonic_ns() // 1000)
        if not is_news:
            self.server.gathering.control()
            return
        try:
            row = xk3190.reading(frame, now, device.scale, is_steady, xk3190.shown_by(device.quirks))
        except NoReading as no:
            self.refuse(no.reason, no.detail, frame.raw, device)
            return
        self.row(PROFILE, device, row, frame.raw, now)
