"""Load: many HJ 212 devices in one process, each on a socket of its own, re-sending what was not answered.

Started by bench and faults as `python -m siteloop.gateway.load '<Load as JSON>'`; prints what it did as JSON.
Frames are rendered before the first is sent, so that sending costs next to nothing.
"""

import asyncio
import re
import sys
import time

import msgspec

from siteloop.kernel.times import SECOND
from siteloop.protocols.hj212.crc import crc212
from siteloop.protocols.hj212.frame import build
from siteloop.protocols.hj212.talk import qn_of, stamp

_QN = re.compile(rb"QN=(\d{17})")
WINDOW = 32  # frames of one device on the way at once
SILENCE_S = 4.0  # without an answer for so long a device connects anew


class Load(msgspec.Struct, frozen=True):
    """What to send: `frames` altogether, evenly over `devices`; `rate` frames a second, 0 = as fast as they are answered."""

    host: str
    port: int
    devices: int
    frames: int
    rate: float = 0.0


class Sent(msgspec.Struct, frozen=True):
    """What became of it. `seconds` from the first frame sent to the last answer."""

    frames: int
    answered: int
    resent: int
    connections: int
    bytes: int
    seconds: float


def code(number: int) -> str:
    """MN of a load device."""
    return f"BENCH{number:09d}"


def render(number: int, at: int, pm25: float = 30.0) -> tuple[bytes, bytes]:
    """(QN, frame) of one upload of nine readings that wants an answer; `at` in µs, whole seconds."""
    qn = qn_of(at).encode()
    text = (
        b"QN=%s;ST=39;CN=2011;PW=123456;MN=%s;Flag=5;CP=&&DataTime=%s;a34004-Rtd=%.1f,a34004-Flag=N;a34002-Rtd=61.2,"
        b"a34002-Flag=N;a34001-Rtd=97.5,a34001-Flag=N;LA-Rtd=61.5,LA-Flag=N;a01001-Rtd=21.3,a01001-Flag=N;"
        b"a01002-Rtd=55.1,a01002-Flag=N;a01006-Rtd=101.3,a01006-Flag=N;a01007-Rtd=2.1,a01007-Flag=N;"
        b"a01008-Rtd=135,a01008-Flag=N&&"
    ) % (qn, code(number).encode(), stamp(at).encode(), pm25)
    return qn, build(text, crc212(text))


class Device:
    """One device: its frames in order, WINDOW at a time, each until it is answered."""

    def __init__(self, load: Load, number: int, frames: list[tuple[bytes, bytes]]) -> None:
        self.load, self.frames = load, frames
        self.waiting: dict[bytes, bytes] = {}
        self.next = self.answered = self.resent = self.connections = 0
        self.pause = number / load.devices

    async def run(self, start: float) -> None:
        """Until everything is answered, through every loss of the connection."""
        while self.answered < len(self.frames):
            try:
                reader, writer = await asyncio.open_connection(self.load.host, self.load.port)
            except OSError:
                await asyncio.sleep(0.2)
                continue
            self.connections += 1
            self.resent += len(self.waiting)
            writer.write(b"".join(self.waiting.values()))
            try:
                await self._talk(reader, writer, start)
            except (OSError, EOFError):
                await asyncio.sleep(0.2)
            finally:
                writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, start: float) -> None:
        each = self.load.devices / self.load.rate if self.load.rate else 0.0
        rest = b""
        heard = time.monotonic()
        while self.answered < len(self.frames):
            due = len(self.frames)
            if each:
                due = min(due, int((time.monotonic() - start) / each - self.pause) + 1)
            upto = min(due, self.next + WINDOW - len(self.waiting))
            if upto > self.next:
                fresh = self.frames[self.next : upto]
                self.next = upto
                self.waiting.update(fresh)
                writer.write(b"".join([frame for _, frame in fresh]))
            if not self.waiting:
                await asyncio.sleep(max(each / 4, 0.01))
                heard = time.monotonic()
                continue
            try:
                data = await asyncio.wait_for(reader.read(65_536), SILENCE_S)
            except TimeoutError:
                if time.monotonic() - heard >= SILENCE_S:
                    return
                continue
            if not data:
                raise EOFError
            heard = time.monotonic()
            whole, _, rest = (rest + data).rpartition(b"\r\n")
            for qn in _QN.findall(whole):
                if self.waiting.pop(qn, None) is not None:
                    self.answered += 1


async def run(load: Load) -> Sent:
    """Send it all."""
    each = load.frames // load.devices
    first = (time.time_ns() // 1000 // SECOND - each) * SECOND
    devices = [
        Device(load, n, [render(n, first + i * SECOND) for i in range(each)])
        for n in range(1, load.devices + 1)
    ]
    start = time.monotonic()
    await asyncio.gather(*(device.run(start) for device in devices))
    return Sent(
        each * load.devices,
        sum(d.answered for d in devices),
        sum(d.resent for d in devices),
        sum(d.connections for d in devices),
        sum(len(f) for d in devices for _, f in d.frames),
        time.monotonic() - start,
    )


def main() -> None:
    """The process."""
    import uvloop

    sys.stdout.buffer.write(
        msgspec.json.encode(uvloop.run(run(msgspec.json.decode(sys.argv[1].encode(), type=Load))))
    )


if __name__ == "__main__":
    main()
