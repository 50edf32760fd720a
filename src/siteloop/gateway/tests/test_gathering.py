"""Gathering: blocks within the bus's limits, nothing lost or doubled, answers last, back-pressure."""

import asyncio
import os
import zlib

import pytest

from siteloop.gateway import gathering as gathering_module
from siteloop.gateway.gathering import BLOCK_RAW, BLOCK_ROWS, Gathering
from siteloop.gateway.tests.listening import RecordingBus, within
from siteloop.gateway.tests.planes import T0, block_of
from siteloop.kernel import block as blocks
from siteloop.kernel.block import Reject

#: NATS refuses messages over 1 MB unless told otherwise
LARGEST_MESSAGE = 1_000_000


def _take(gathering: Gathering, n: int, raw: bytes = b"x" * 380) -> None:
    for i in range(n):
        gathering.row("dust", 1 + i % 7, i, i, [float(i)] * 9, bytes(9), 0, raw, 0)


class Hearer:
    """Remembers what it was answered, and how many rows were on the bus by then."""

    def __init__(self, bus: RecordingBus) -> None:
        self.bus, self.heard = bus, list[tuple[list[bytes], int]]()

    def answer(self, data: list[bytes]) -> None:
        self.heard.append((data, self.bus.rows))


def test_large_gatherings_become_many_blocks_in_order() -> None:
    async def test() -> None:
        bus = RecordingBus()
        gathering = Gathering("hj212", bus)
        _take(gathering, 3 * BLOCK_ROWS + 5)
        _take(gathering, 300, os.urandom(9_999))
        await gathering.flush()
        assert bus.rows == 3 * BLOCK_ROWS + 305
        for block in bus.blocks:
            assert block.rows <= BLOCK_ROWS
            assert len(blocks.encode(block)) < LARGEST_MESSAGE
        order = [int(at) for block in bus.blocks for at in blocks.columns(block).at]
        assert order == [*range(3 * BLOCK_ROWS + 5), *range(300)]
        assert [len(blocks.raw_frame(b, b.rows - 1)) for b in bus.blocks] == [380] * (
            len(bus.blocks) - _huge(bus)
        ) + [9_999] * _huge(bus)

    within(30, test)


def _huge(bus: RecordingBus) -> int:
    return sum(len(blocks.raw_frame(b, b.rows - 1)) == 9_999 for b in bus.blocks)


def test_one_frame_larger_than_a_block_still_goes() -> None:
    async def test() -> None:
        bus = RecordingBus()
        gathering = Gathering("http", bus)
        _take(gathering, 2, b"y" * (BLOCK_RAW + 1))
        await gathering.flush()
        assert [b.rows for b in bus.blocks] == [1, 1]

    within(30, test)


def test_every_message_is_accounted_for() -> None:
    async def test() -> None:
        bus = RecordingBus()
        gathering = Gathering("hj212", bus)
        _take(gathering, 10)
        for _ in range(250):
            gathering.reject(Reject(1, "bad_crc", "x" * 500, os.urandom(20_000), device_code="A\x00" * 100))
        gathering.control()
        assert gathering.waiting == 261
        await gathering.flush()
        assert gathering.waiting == 0
        assert sum(b.received for b in bus.blocks) == 261
        assert all(len(blocks.encode(b)) < LARGEST_MESSAGE for b in bus.blocks)
        kept = bus.blocks[-1].rejects[0]
        assert (len(kept.raw), len(kept.detail), "\x00" in kept.device_code) == (4096, 200, False)

    within(30, test)


def test_answers_come_after_everything_before_them_in_one_write_each() -> None:
    async def test() -> None:
        bus = RecordingBus()
        gathering, one, other = Gathering("hj212", bus), Hearer(bus), Hearer(bus)
        _take(gathering, BLOCK_ROWS + 1)
        gathering.answer(one, b"a")
        gathering.answer(other, b"b")
        gathering.answer(one, b"c")
        await gathering.flush()
        assert one.heard == [([b"a", b"c"], BLOCK_ROWS + 1)]
        assert other.heard == [([b"b"], BLOCK_ROWS + 1)]

    within(30, test)


def test_too_much_unpublished_stops_the_reading_until_it_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering_module, "HIGH", 100)
    monkeypatch.setattr(gathering_module, "LOW", 10)

    async def test() -> None:
        bus, told = RecordingBus(), list[bool]()
        gathering = Gathering("hj212", bus)
        gathering.on_throttle(told.append)
        bus.hold()
        flushing = asyncio.create_task(gathering.run())
        _take(gathering, 101)
        assert told == [True]
        await bus.asked.wait()
        assert told == [True]
        bus.release()
        await gathering.durable()
        assert told == [True, False]
        flushing.cancel()

    within(30, test)


def test_who_waits_for_the_disk_waits_for_the_disk() -> None:
    async def test() -> None:
        bus = RecordingBus()
        gathering = Gathering("mqtt", bus)
        flushing = asyncio.create_task(gathering.run())
        bus.hold()
        _take(gathering, 1)
        waiting = asyncio.create_task(gathering.durable())
        await bus.asked.wait()
        assert not waiting.done()
        bus.release()
        await waiting
        assert bus.rows == 1
        flushing.cancel()

    within(30, test)


@pytest.mark.parametrize("compressor", ["as installed", "standard library"])
def test_raw_frames_are_read_back_whichever_compressor_wrote_them(
    compressor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if compressor == "standard library":
        monkeypatch.setattr(blocks, "_fast", zlib.compress)
    frames = [b"##0012QN=1&&ABCD", b"", bytes(range(256)) * 40]
    block = block_of([(1, T0), (2, T0), (3, T0)])
    packed = blocks.pack(listener="hj212", profile="dust", columns=blocks.columns(block), raw=frames)
    assert [blocks.raw_frame(packed, i) for i in range(3)] == frames
