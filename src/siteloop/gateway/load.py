"""Load: many HJ 212 devices in one process, each on a socket of its own, re-sending what was not answered.

Started by bench and faults as `python -m siteloop.gateway.load '<Load as JSON>'`; prints what it did as JSON.
Frames are rendered before the first is sent, so that sending costs next to nothing.
"""

import asyncio
import re
import sys
import time
from array import array

import msgspec

from siteloop.gateway import files
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
    first: int = 1  # number of the first device
    idle_s: float = 0.0  # all are connected for so long before the first frame is sent


class Sent(msgspec.Struct, frozen=True):
    """What became of it. `seconds` from the first frame sent to the last answer; `p50_s`, `p99_s` from a frame to its answer."""

    frames: int
    answered: int
    resent: int
    connections: int
    bytes: int
    seconds: float
    p50_s: float = 0.0
    p99_s: float = 0.0


def code(number: int) -> str:
    """MN of a load device."""
    return f"BENCH{number:09d}"


def render(number: int, at: int, pm25: float | None = None) -> tuple[bytes, bytes]:
    """(QN, frame) of one upload of nine readings that wants an answer; `at` in µs, whole seconds.

    The values wander as measured ones do, so that the frames compress no better than real ones.
    """
    qn = qn_of(at).encode()
    i = (at // SECOND * 7919 + number * 104_729) & 0xFFFFFF
    value: list[float] = [
        25 + i % 199 / 10,
        61 + i % 331 / 10,
        97 + i % 523 / 10,
        52 + i % 149 / 10,
        12 + i % 97 / 10,
    ]
    value += [45 + i % 307 / 10, 100 + i % 31 / 10, i % 61 / 10, i % 360]
    if pm25 is not None:
        value[0] = pm25
    names = ("a34004", "a34002", "a34001", "LA", "a01001", "a01002", "a01006", "a01007", "a01008")
    area = ";".join(f"{name}-Rtd={v:.1f},{name}-Flag=N" for name, v in zip(names, value, strict=True))
    text = b"QN=%s;ST=39;CN=2011;PW=123456;MN=%s;Flag=5;CP=&&DataTime=%s;%s&&" % (
        qn,
        code(number).encode(),
        stamp(at).encode(),
        area.encode(),
    )
    return qn, build(text, crc212(text))


class Device:
    """One device: its frames in order, WINDOW at a time, each until it is answered."""

    def __init__(self, load: Load, number: int, frames: list[tuple[bytes, bytes]]) -> None:
        self.load, self.frames = load, frames
        self.waiting: dict[bytes, bytes] = {}
        self.sent_at: dict[bytes, float] = {}
        self.took: array[float] = array("d")
        self.next = self.answered = self.resent = self.connections = 0
        self.pause = (number - load.first) / load.devices

    async def run(self, start: float) -> None:
        """Until everything is answered, through every loss of the connection."""
        while self.answered < len(self.frames):
            try:
                reader, writer = await asyncio.open_connection(self.load.host, self.load.port)
            except OSError:
                await asyncio.sleep(0.2)
                continue
            self.connections += 1
            await asyncio.sleep(max(0.0, start - time.monotonic()))
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
                self.sent_at.update(dict.fromkeys([qn for qn, _ in fresh], time.monotonic()))
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
                    self.took.append(heard - self.sent_at.pop(qn))


async def run(load: Load) -> Sent:
    """Send it all."""
    each = load.frames // load.devices
    first = (time.time_ns() // 1000 // SECOND - each) * SECOND
    devices = [
        Device(load, n, [render(n, first + i * SECOND) for i in range(each)])
        for n in range(load.first, load.first + load.devices)
    ]
    start = time.monotonic() + load.idle_s
    await asyncio.gather(*(device.run(start) for device in devices))
    seconds = time.monotonic() - start
    took = sorted(t for device in devices for t in device.took)
    return Sent(
        each * load.devices,
        sum(d.answered for d in devices),
        sum(d.resent for d in devices),
        sum(d.connections for d in devices),
        sum(len(f) for d in devices for _, f in d.frames),
        seconds,
        took[len(took) // 2],
        took[min(len(took) - 1, len(took) * 99 // 100)],
    )


def main() -> None:
    """The process."""
    import uvloop

    files.more()

    sys.stdout.buffer.write(
        msgspec.json.encode(uvloop.run(run(msgspec.json.decode(sys.argv[1].encode(), type=Load))))
    )


if __name__ == "__main__":
    main()
