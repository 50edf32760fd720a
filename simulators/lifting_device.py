"""A crane or a hoist that speaks its maker's format over TCP; only its heartbeats are answered, so nothing is confirmed."""

from collections.abc import Callable

from simulators.device import Behaviour
from simulators.streamed import StreamedDevice
from siteloop.protocols.clock import bcd_time
from siteloop.protocols.lifting import a55a, goyo_crane, goyo_hoist, stream
from siteloop.protocols.lifting.frame import Frame

#: family -> (heartbeat, realtime frame) by device code, time, values; an A55A heartbeat carries nothing
Speech = tuple[Callable[[str, int], bytes], Callable[[str, int, dict[str, float]], bytes]]
SPEECH: dict[str, Speech] = {
    "goyo_crane": (goyo_crane.heartbeat, goyo_crane.realtime),
    "goyo_hoist": (goyo_hoist.heartbeat, goyo_hoist.realtime),
    "a55a_crane": (lambda code, _: a55a.build(a55a.Type.HEARTBEAT, code, b""), a55a.crane_realtime),
    "a55a_hoist": (lambda code, _: a55a.build(a55a.Type.HEARTBEAT, code, b""), a55a.hoist_realtime),
}
HEARTBEAT_EVERY = 30  # idle seconds


class LiftingDevice(StreamedDevice):
    """One machine. These formats confirm no reading: what was written to the connection counts as sent."""

    def __init__(
        self,
        address: tuple[str, int],
        code: str,
        behave: Behaviour,
        speech: str = "goyo_crane",
        interval_s: float = 5.0,
        first_s: float = 0.0,
    ) -> None:
        super().__init__(address, code, behave, interval_s, first_s)
        self.heartbeat, self.realtime = SPEECH[speech]
        self.answers: list[Frame] = []
        self._idle = 0

    def word(self, said: dict[str, float], at_us: int) -> tuple[str, bytes]:
        """A realtime frame, known by its second: the formats have no exchange number."""
        return str(at_us // 1_000_000), self.realtime(self.code, at_us, said)

    def sendable(self) -> None:
        """Send what waits; nobody will confirm it."""
        if self.is_online and self.writer is not None:
            for key in list(self.unconfirmed):
                self.writer.write(self.unconfirmed[key][0])
                self.confirm(key)

    def idle(self) -> None:
        """A heartbeat now and then."""
        self._idle += 1
        if self._idle % HEARTBEAT_EVERY == 1 and self.writer is not None:
            self.writer.write(self.heartbeat(self.code, self.now_us()))

    def heard(self, buffer: bytes) -> bytes:
        """Answers; one that tells the time sets the clock."""
        used, found = stream.cut(buffer)
        for frame in found:
            if isinstance(frame, Frame):
                self.answers.append(frame)
                if frame.data[:1] == b"\x01" and len(frame.data) >= 7:
                    self.clock_off_s += (bcd_time(frame.data[1:7]) - self.now_us()) / 1e6
        return buffer[used:]
