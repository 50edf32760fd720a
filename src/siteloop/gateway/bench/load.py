"""Load: many HJ 212 devices in one process, over sockets of their own or through collectors, re-sending what was not answered.

Started by bench and faults as `python -m siteloop.gateway.bench.load '<Load as JSON>'`; prints what it did as JSON.
It shares the machine with the program it measures, so it is thrifty: frames are rendered thousands at a time, and answers,
which come in the order of the frames, are compared by whole lists.
"""

import asyncio
import re
import sys
import time
from array import array
from collections import deque
from typing import cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from siteloop.gateway import files
from siteloop.gateway.bench.load_frames import Frames, code
from siteloop.kernel.times import SECOND
from siteloop.protocols.hj212.talk import qn_of

_ANSWER = re.compile(rb"QN=(\d{17});ST=91;CN=9014;")
_ANSWER_OF = re.compile(rb"QN=(\d{17});ST=91;CN=9014;PW=\d+;MN=(BENCH\d{9})")
WINDOW = 128  # frames of one connection on the way at once
SILENCE_S = 4.0  # without an answer for so long a device connects anew
CHUNK = 6_000_000  # bytes of frames rendered at once
CONNECTING = 500  # connections made at once
#: frames that one connection of an unpaced load may be ahead of the slowest: devices of one clock drift apart no further, and
#: what is rendered for all of them is used by all of them
AHEAD = 512
WATCH_S = 0.2
TICK_S = 0.005  # of a paced load


class Load(msgspec.Struct, frozen=True):
    """What to send: `frames` altogether, evenly over `devices`, one a second by the device's own clock, up to now.

    `rate` frames a second, 0 = as fast as they are answered. `seconds` ends the load earlier. `connections` spreads the
    devices over so many sockets, 0 = one each.
    """

    host: str
    port: int
    devices: int
    frames: int
    rate: float = 0.0
    first: int = 1  # number of the first device
    idle_s: float = 0.0  # all are connected for so long before the first frame is sent
    seconds: float = 0.0
    connections: int = 0


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
    cpu_s: float = 0.0


class Script:
    """The frames of a load by connection; what some connection still needs is kept."""

    def __init__(self, load: Load) -> None:
        self.sockets = load.connections or load.devices
        self.each = load.devices // self.sockets  # devices a connection
        self.seconds = load.frames // load.devices
        self.first = time.time_ns() // 1_000_000_000 - self.seconds
        self.frames = Frames()
        self.numbers = np.arange(load.first, load.first + self.sockets * self.each)
        self._long = max(1, min(64, CHUNK // (len(self.numbers) * self.frames.size)))
        self._chunks: dict[int, NDArray[np.uint8]] = {}
        self._qns: dict[int, bytes] = {}

    def forget(self, frame: int) -> None:
        """Every connection is past this frame."""
        passed = frame // self.each // self._long
        for number in [n for n in self._chunks if n < passed]:
            del self._chunks[number]
        for second in [s for s in self._qns if s < frame // self.each]:
            del self._qns[second]

    def qns(self, start: int, stop: int) -> list[bytes]:
        """The exchanges of a connection's frames from `start` to before `stop`."""
        found = [self._qn(second) for second in range(start // self.each, -(-stop // self.each))]
        if self.each == 1:
            return found
        spread = [qn for qn in found for _ in range(self.each)]
        return spread[start % self.each :][: stop - start]

    def _qn(self, second: int) -> bytes:
        qn = self._qns.get(second)
        if qn is None:
            qn = self._qns[second] = qn_of((self.first + second) * SECOND).encode()
        return qn

    def data(self, connection: int, start: int, stop: int) -> bytes:
        """A connection's frames from `start` to before `stop`, behind each other."""
        parts, each = [], self.each
        while start < stop:
            chunk = start // each // self._long
            upto = min(stop, (chunk + 1) * self._long * each)
            a, b = start // each, -(-upto // each)
            mine = slice(connection * each, (connection + 1) * each)
            rows = self._chunk(chunk)[a - chunk * self._long : b - chunk * self._long, mine]
            parts.append(rows.reshape(-1, self.frames.size)[start - a * each : upto - a * each].tobytes())
            start = upto
        return b"".join(parts)

    def _chunk(self, number: int) -> NDArray[np.uint8]:
        found = self._chunks.get(number)
        if found is None:
            first = self.first + number * self._long
            found = self._chunks[number] = self.frames.matrix(self.numbers, first, self._long)
        return found


class Line(asyncio.Protocol):
    """One connection: its frames in order, WINDOW at a time, each until it is answered."""

    def __init__(self, load: Load, script: Script, number: int) -> None:
        self.load, self.script, self.number = load, script, number
        self.total = script.seconds * script.each
        self.due = 0  # frames that may be sent by now
        self.sent = self.done = 0  # everything below `done` is answered
        self.early: set[int] = set()  # answered, above `done`
        self.resent = self.connections = 0
        self.transport: asyncio.Transport | None = None
        self.heard = time.monotonic()
        self.rest = b""
        self.left: deque[tuple[int, float]] = deque()  # (frames up to here, when they left)
        self.took: array[float] = array("d")
        self.weight: array[int] = array("l")
        self.is_started = False

    async def connect(self) -> None:
        """Until a connection stands."""
        while True:
            try:
                loop = asyncio.get_running_loop()
                await loop.create_connection(lambda: self, self.load.host, self.load.port)
                return
            except OSError:
                await asyncio.sleep(0.2)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.connections += 1
        self.rest, self.heard = b"", time.monotonic()
        again = [i for i in range(self.done, self.sent) if i not in self.early]
        self.resent += len(again)
        if again:
            self.transport.write(b"".join(self.script.data(self.number, i, i + 1) for i in again))
        self.push()

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None

    def start(self) -> None:
        """From now on frames may go."""
        self.is_started = True
        self.push()

    def push(self) -> None:
        """Send what is due, within the window."""
        upto = min(self.due, self.total, self.done + WINDOW)
        if not self.is_started or self.transport is None or upto <= self.sent:
            return
        now = time.monotonic()
        if self.sent == self.done:
            self.heard = now
        self.transport.write(self.script.data(self.number, self.sent, upto))
        self.sent = upto
        self.left.append((upto, now))

    def data_received(self, data: bytes) -> None:
        whole, _, self.rest = (self.rest + data).rpartition(b"\r\n")
        found = _ANSWER.findall(whole)
        if not found:
            return
        now = self.heard = time.monotonic()
        stop = self.done + len(found)
        if not self.early and stop <= self.sent and found == self.script.qns(self.done, stop):
            self.done = stop
        else:
            self._one_by_one(whole)
        before = stop - len(found)
        while self.left and self.left[0][0] <= self.done:
            upto, at = self.left.popleft()
            self._note(now - at, upto - before)
            before = upto
        if self.left and self.done > before:
            self._note(now - self.left[0][1], self.done - before)
        self.push()

    def _note(self, seconds: float, frames: int) -> None:
        if frames > 0:
            self.took.append(seconds)
            self.weight.append(frames)

    def _one_by_one(self, whole: bytes) -> None:
        """Answers out of order, or of frames that were sent twice."""
        first = self.load.first + self.number * self.script.each
        waiting = {
            (qn, code(first + i % self.script.each).encode()): i
            for i, qn in enumerate(self.script.qns(self.done, self.sent), self.done)
        }
        for key in _ANSWER_OF.findall(whole):
            if key in waiting:
                self.early.add(waiting[key])
        while self.done in self.early:
            self.early.discard(self.done)
            self.done += 1

    @property
    def is_silent(self) -> bool:
        """Whether the connection is gone, or owes answers for too long."""
        return self.transport is None or (self.done < self.sent and time.monotonic() - self.heard > SILENCE_S)


class Run:
    """All connections of one load."""

    def __init__(self, load: Load) -> None:
        self.load, self.script = load, Script(load)
        self.lines = [Line(load, self.script, c) for c in range(self.script.sockets)]

    async def run(self) -> Sent:
        """Connect, send, wait for the answers."""
        begun = time.monotonic()
        for at in range(0, len(self.lines), CONNECTING):
            await asyncio.gather(*(line.connect() for line in self.lines[at : at + CONNECTING]))
        await asyncio.sleep(max(0.0, begun + self.load.idle_s - time.monotonic()))
        start, spent = time.monotonic(), time.process_time()
        for line in self.lines:
            line.due = 0 if self.load.rate else AHEAD
            line.start()
        watch = asyncio.create_task(self._watch())
        await self._pace(start)
        watch.cancel()
        return self._told(start, time.process_time() - spent)

    async def _pace(self, start: float) -> None:
        """Say what is due, until everything is answered."""
        load, sockets, due = self.load, len(self.lines), 0
        total = self.lines[0].total * sockets
        while any(line.done < line.total for line in self.lines):
            spent = time.monotonic() - start
            if load.seconds and spent > load.seconds:
                for line in self.lines:
                    line.total = line.sent
            elif load.rate:
                upto = min(total, int(spent * load.rate))
                for line in self.lines if upto - due >= sockets else self._turns(due, upto):
                    line.due = upto // sockets + (line.number < upto % sockets)
                    line.push()
                due = upto
            await asyncio.sleep(TICK_S if load.rate else 10 * TICK_S)

    def _turns(self, due: int, upto: int) -> list[Line]:
        return [self.lines[g % len(self.lines)] for g in range(due, upto)]

    async def _watch(self) -> None:
        """Connect anew what lost its connection or owes answers, and keep the others together, for ever."""
        while True:
            await asyncio.sleep(WATCH_S)
            slowest = min(line.done for line in self.lines)
            self.script.forget(slowest)
            if not self.load.rate:
                for line in self.lines:
                    line.due = slowest + AHEAD
                    line.push()
            lost = [line for line in self.lines if line.is_silent and line.done < line.total]
            for line in lost:
                if line.transport is not None:
                    line.transport.abort()
                    line.transport = None
            await asyncio.gather(*(line.connect() for line in lost))

    def _told(self, start: float, cpu_s: float) -> Sent:
        frames = sum(line.sent for line in self.lines)
        p50, p99 = percentiles(
            np.concatenate([np.frombuffer(line.took) for line in self.lines]),
            np.concatenate([np.frombuffer(line.weight, np.int64) for line in self.lines]),
        )
        return Sent(
            frames=frames,
            answered=sum(line.done for line in self.lines),
            resent=sum(line.resent for line in self.lines),
            connections=sum(line.connections for line in self.lines),
            bytes=frames * self.script.frames.size,
            seconds=max(line.heard for line in self.lines) - start,
            p50_s=p50,
            p99_s=p99,
            cpu_s=cpu_s,
        )


def percentiles(took: NDArray[np.float64], weight: NDArray[np.int64]) -> tuple[float, float]:
    """(median, 99 %) of durations, each counted `weight` times; zeros when there are none."""
    if not len(took):
        return 0.0, 0.0
    order = np.argsort(took)
    reached = np.cumsum(weight[order])
    at = np.searchsorted(reached, np.array([0.5, 0.99]) * reached[-1])
    p50, p99 = took[order][np.minimum(at, len(took) - 1)].tolist()
    return p50, p99


def main() -> None:
    """The process."""
    import uvloop

    files.more()
    load = msgspec.json.decode(sys.argv[1].encode(), type=Load)
    told = uvloop.run(Run(load).run())
    sys.stdout.buffer.write(msgspec.json.encode(told))


if __name__ == "__main__":
    main()
