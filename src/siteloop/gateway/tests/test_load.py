"""The load of the benches is what a device would send: sound frames whose nine values wander."""

import asyncio
import itertools
import random
import re

import numpy as np
import pytest

from siteloop.gateway import files
from siteloop.gateway.bench import load, load_frames, noise
from siteloop.gateway.bench.command import medians
from siteloop.kernel.times import SECOND
from siteloop.protocols.hj212.crc import crc212
from siteloop.protocols.hj212.frame import Frame, cut
from siteloop.protocols.hj212.message import parse
from siteloop.protocols.hj212.reading import reading

T0 = 1_790_000_000 * SECOND


def _values(number: int, at: int) -> list[float]:
    qn, data = load_frames.render(number, at)
    used, (frame,) = cut(bytearray(data))
    assert used == len(data) and isinstance(frame, Frame) and crc212(frame.segment) == frame.crc
    message = parse(frame.segment)
    assert (message.mn, message.qn.encode(), message.wants_answer) == (load_frames.code(number), qn, True)
    row = reading(message, "dust", {})
    assert row.at == at and set(row.quality) == {0}
    return list(row.values)


def test_a_frame_of_the_load_carries_nine_normal_readings() -> None:
    seen = [_values(n, T0 + k * SECOND) for n in (1, 77) for k in range(20)]
    assert all(len(values) == 9 for values in seen)
    assert all(len({values[i] for values in seen}) > 5 for i in range(9))


def test_a_probe_is_past_the_limit() -> None:
    _, data = load_frames.render(5, T0, 1000.0)
    assert b"a34004-Rtd=1000.0," in data


def test_medians_are_taken_figure_by_figure() -> None:
    runs = [{"a": n, "deep": {"b": -n}, "holds": True} for n in (3, 1, 2)]
    assert medians(runs) == {"a": 2, "deep": {"b": -2}}


def test_the_limit_of_open_files_is_raised_as_far_as_allowed() -> None:
    import resource

    allowed = files.more()
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (allowed, allowed)


def test_frames_rendered_together_are_those_rendered_one_by_one() -> None:
    numbers, first = np.array([1, 7, 12_345, 999_999]), T0 // SECOND - 3
    found = load_frames.Frames().matrix(numbers, first, 90)
    for k, d in itertools.product((0, 2, 3, 61, 89), range(4)):
        assert found[k, d].tobytes() == load_frames.render(int(numbers[d]), (first + k) * SECOND)[1]


@pytest.mark.parametrize("each", [1, 3])
def test_a_connection_sends_every_second_of_each_of_its_devices_once(each: int) -> None:
    script = load.Script(load.Load("", 0, devices=4 * each, frames=4 * each * 200, first=5, connections=4))
    mine = slice(2 * each, 3 * each)
    whole = script.frames.matrix(script.numbers, script.first, 200)[:, mine].tobytes()
    total, cuts = 200 * each, [0, 1, 2, 65, 66, 130, 199]
    assert b"".join(script.data(2, a, b) for a, b in itertools.pairwise([*cuts, total])) == whole
    said = b"".join(re.findall(rb"QN=(\d{17})", whole))
    assert b"".join(q for a, b in itertools.pairwise([*cuts, total]) for q in script.qns(a, b)) == said


class Host:
    """A host that answers what it is told to, and remembers all frames."""

    def __init__(self, deaf: int = 0, turned: bool = False) -> None:
        self.got: list[bytes] = []
        self.deaf, self.turned = deaf, turned

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        rest = b""
        while data := await reader.read(100_000):
            *frames, rest = (rest + data).split(b"\r\n")
            self.got += frames
            if self.deaf:  # the connection is lost before anything was answered
                self.deaf -= 1
                writer.close()
                return
            answers = [
                re.sub(rb".*QN=(\d+);.*MN=(\w+);.*", rb"##0087QN=\1;ST=91;CN=9014;PW=123456;MN=\2;\r\n", f)
                for f in frames
            ]
            writer.write(b"".join(reversed(answers) if self.turned else answers))


@pytest.mark.parametrize(("host", "lost"), [(Host(), 0), (Host(deaf=3), 3), (Host(turned=True), 0)])
def test_every_frame_is_sent_until_it_is_answered(host: Host, lost: int) -> None:
    async def talk() -> load.Sent:
        server = await asyncio.start_server(host.serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        return await load.Run(load.Load("127.0.0.1", port, devices=4, frames=800, connections=2)).run()

    done = asyncio.run(asyncio.wait_for(talk(), 30))
    assert (done.frames, done.answered) == (800, 800)
    assert len(set(host.got)) == 800 and len(host.got) == 800 + done.resent
    assert (done.connections, done.resent > 0) == (2 + lost, lost > 0)


def test_a_paced_load_ends_with_its_time_and_owes_nothing() -> None:
    async def talk() -> load.Sent:
        server = await asyncio.start_server(host.serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        asked = load.Load("127.0.0.1", port, devices=5, frames=5_000, rate=400, seconds=0.3)
        return await load.Run(asked).run()

    host = Host()
    done = asyncio.run(talk())
    assert 0 < done.frames == done.answered == len(host.got) < 5_000


def test_percentiles_count_every_frame() -> None:
    took, weight = np.array([3.0, 1.0, 2.0]), np.array([1, 98, 1])
    assert load.percentiles(took, weight) == (1.0, 2.0)


def test_noise_never_becomes_a_frame() -> None:
    pieces = noise.garbage(random.Random(1))
    _, found = cut(b"".join(next(pieces) for _ in range(500)) + b"\r\n")
    assert found and not [f for f in found if isinstance(f, Frame)]
