"""The bus on a real JetStream: every block once and in order, from any position, over purges and lost consumers."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from nats.js.api import StreamConfig, StreamInfo
from nats.js.errors import APIError

from siteloop.gateway import bus as bus_room
from siteloop.gateway.bus import Bus, Reader
from siteloop.gateway.tests.listening import within
from siteloop.gateway.tests.planes import T0, block_of
from siteloop.kernel import block as blocks
from siteloop.kernel.block import Block

STATE = ("messages", "bytes", "first_seq", "last_seq", "consumer_count")


@asynccontextmanager
async def connected(nats_url: str) -> AsyncIterator[Bus]:
    bus = Bus(nats_url, "test")
    await bus.connect()
    try:
        yield bus
    finally:
        await bus.close()


async def _publish(bus: Bus, n: int) -> tuple[int, list[Block]]:
    """n blocks; the sequence before the first, and the blocks."""
    before = (await bus.depth())[2]
    made = [block_of([(i + 1, T0)]) for i in range(n)]
    for block in made:
        await bus.publish_block(block)
    return before, made


async def _read(reader: Reader, n: int) -> list[tuple[int, bytes]]:
    found: list[tuple[int, bytes]] = []
    while len(found) < n:
        found += await reader.fetch(64, 0.2)
    return found


@pytest.mark.parametrize(("asked", "kept", "becomes"), [(3, 1, 3), (1, 3, 3)])
def test_copies_are_added_and_never_taken_away(asked: int, kept: int, becomes: int) -> None:
    class Server:
        """Has the stream with other settings."""

        updated: list[StreamConfig] = []

        async def add_stream(self, config: StreamConfig) -> None:
            raise APIError(code=400, err_code=10058, description="other configuration")

        async def stream_info(self, name: str) -> StreamInfo:
            return StreamInfo.from_response(
                {"config": {"name": name, "num_replicas": kept}, "state": dict.fromkeys(STATE, 0)}
            )

        async def update_stream(self, config: StreamConfig) -> None:
            self.updated.append(config)

    async def test() -> None:
        server: Any = Server()
        bus = Bus("nats://nobody", "test", replicas=asked)
        bus._stream = server
        await bus._add(0)
        assert [c.num_replicas for c in server.updated] == [becomes]

    within(10, test)


class SmallBus(Bus):
    """A stream of its own, which is soon full."""

    NAME = "SMALL"
    PREFIX = "small"


def test_a_full_stream_takes_nothing_new_drops_nothing_old_and_goes_on_when_there_is_room(
    nats_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus_room, "ROOM", 40_000)

    async def test() -> None:
        bus = SmallBus(nats_url, "test")
        await bus.connect()
        kept: list[Block] = []
        with pytest.raises(APIError):
            while len(kept) < 1000:
                block = block_of([(i, T0 + len(kept)) for i in range(1, 20)])
                await bus.stream.publish("small.dust.0", blocks.encode(block))
                kept.append(block)
        full = await bus.depth()
        assert full[0] == len(kept) and full[1] > 30_000
        late = block_of([(i, T0) for i in range(1, 40)])
        with pytest.raises(APIError):
            await bus.stream.publish("small.dust.0", blocks.encode(late))
        waiting = asyncio.create_task(bus.publish_block(late))
        reader = await bus.reader(0)
        found = await _read(reader, len(kept))
        assert [blocks.decode(data).id for _, data in found] == [b.id for b in kept]
        await bus.purge_before(full[2])  # the sink has stored them
        assert await waiting > full[2]
        ((_, last),) = await _read(reader, 1)
        assert blocks.decode(last).id == late.id
        await bus.stream.delete_stream(bus.NAME)
        await bus.close()

    within(30, test)


def test_blocks_come_in_order_from_the_position(nats_url: str) -> None:
    async def test() -> None:
        async with connected(nats_url) as bus:
            before, made = await _publish(bus, 5)
            found = await _read(await bus.reader(before + 2), 3)
            assert [seq for seq, _ in found] == [before + 3, before + 4, before + 5]
            assert [blocks.decode(data) for _, data in found] == made[2:]

    within(60, test)


def test_a_block_sent_again_is_in_the_stream_once(nats_url: str) -> None:
    async def test() -> None:
        async with connected(nats_url) as bus:
            before, (block,) = await _publish(bus, 1)
            assert await bus.publish_block(block) == before + 1
            assert (await bus.depth())[2] == before + 1

    within(60, test)


def test_a_reader_goes_on_behind_what_was_purged(nats_url: str) -> None:
    async def test() -> None:
        async with connected(nats_url) as bus:
            before, _ = await _publish(bus, 4)
            reader = await bus.reader(before)
            await bus.purge_before(before + 3)
            assert [seq for seq, _ in await _read(reader, 2)] == [before + 3, before + 4]

    within(60, test)


def test_a_reader_whose_consumer_is_gone_finds_what_it_missed(nats_url: str) -> None:
    async def test() -> None:
        async with connected(nats_url) as bus:
            before, _ = await _publish(bus, 1)
            reader = await bus.reader(before)
            await _read(reader, 1)
            assert reader._subscription is not None
            name = (await reader._subscription.consumer_info()).name
            await bus.stream.delete_consumer("BLOCKS", name)  # as a server does that lost it
            await _publish(bus, 2)
            assert [seq for seq, _ in await _read(reader, 2)] == [before + 2, before + 3]

    within(60, test)


def test_two_readers_see_the_same_blocks(nats_url: str) -> None:
    async def test() -> None:
        async with connected(nats_url) as bus:
            before, _ = await _publish(bus, 3)
            sink, judge = await bus.reader(before), await bus.reader(before)
            assert await _read(sink, 3) == await _read(judge, 3)
            assert sink.written_at == judge.written_at

    within(60, test)


def test_publishing_waits_through_an_absence_of_the_server(nats_url: str) -> None:
    async def test() -> None:
        async with connected(nats_url) as bus, connected(nats_url) as other:
            before = (await other.depth())[2]
            bus.client._transport.close()  # as when the network goes
            await asyncio.wait_for(bus.publish_block(block_of([(1, T0)])), 30)
            assert (await other.depth())[2] == before + 1

    within(60, test)


def test_a_reader_ends_though_its_cancellation_was_swallowed() -> None:
    """Who hands a slot on waits for the end of its reader."""

    class Swallowing:
        is_new = True

        async def fetch(self, *_: object, **__: object) -> list[Any]:
            if self.is_new:
                self.is_new = False
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.sleep(3600)
            return []

    async def test() -> None:
        reader = Reader(Bus("", "test"), 0)
        reader._subscription = cast(Any, Swallowing())

        async def twice() -> None:
            await reader.fetch()
            await reader.fetch()

        reading = asyncio.create_task(twice())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        reading.cancel()
        await asyncio.wait([reading], timeout=10)
        assert reading.cancelled()

    within(30, test)
