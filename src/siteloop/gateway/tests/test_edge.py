"""The edge's parts: blocks parted without loss, a registry that outlives the centre, a desk that believes an edge only about its own."""

import asyncio
import stat
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from siteloop.gateway.commands import Commands
from siteloop.gateway.edge import words
from siteloop.gateway.edge.bus import EdgeBus, Unreachable
from siteloop.gateway.edge.commands import EdgeCommands
from siteloop.gateway.edge.desk import Desk
from siteloop.gateway.edge.forwarder import Forwarder
from siteloop.gateway.edge.parting import parted
from siteloop.gateway.edge.registry import EdgeRegistry
from siteloop.gateway.presence import Presence
from siteloop.gateway.registry_source import RegistrySource
from siteloop.gateway.tests.listening import until, within
from siteloop.gateway.tests.planes import T0, block_of
from siteloop.kernel import block as blocks
from siteloop.kernel.block import Reject
from siteloop.kernel.placement import Placement
from siteloop.kernel.registry import DeviceEntry, Registry

DEVICES = tuple(DeviceEntry(n, f"D{n}", "dust", n, "330482", password="secret") for n in range(1, 5))


def test_a_block_is_parted_without_loss_and_twice_the_same() -> None:
    rows = [(n, T0 + i) for i in range(40) for n in (1, 2, 3, 4)]
    block = block_of(rows, rejects=(Reject(T0, "bad_crc", "", b"?"),), control=3, flagged=2)
    place = Placement.given({1: 0, 2: 1, 3: 0, 4: 2}, 3)
    parts = parted(block, place)
    assert [p for p, _ in parts] == [0, 1, 2]
    assert sum(part.received for _, part in parts) == block.received
    assert [(len(b.rejects), b.control, b.flagged) for _, b in parts] == [(1, 3, 2), (0, 0, 0), (0, 0, 0)]
    for partition, part in parts:
        columns = blocks.columns(part)
        assert set(place.of(columns.device).tolist()) == {partition}
        assert (np.diff(columns.at) >= 0).all()
        for i in range(part.rows):
            assert blocks.raw_frame(part, i) == f"frame {columns.device[i]} {columns.at[i]}".encode()
    assert [b.id for _, b in parted(block, place)] == [b.id for _, b in parts]


def test_a_block_of_one_partition_goes_as_it_is() -> None:
    block = block_of([(1, T0), (3, T0)])
    assert parted(block, Placement.given({1: 1, 3: 1}, 2)) == [(1, block)]
    assert parted(block, Placement()) == [(0, block)]


class Centre:
    """A bus whose centre is a function."""

    edge = "gate-1"

    def __init__(self) -> None:
        self.registry: Registry | None = Registry(7, DEVICES[:2], ())
        self.is_away = False
        self.asked: list[tuple[str, bytes]] = []

    async def ask(self, what: str, data: bytes) -> bytes:
        self.asked.append((what, data))
        if self.is_away:
            raise Unreachable("cut")
        return words.encode(words.Snapshot(4, {1: 3, 2: 0}, self.registry))


def test_the_registry_is_kept_for_the_time_without_the_centre(tmp_path: Path) -> None:
    async def test() -> None:
        centre: Any = Centre()
        first = EdgeRegistry(centre, tmp_path)
        assert not first.use_kept()
        assert await first.refresh()
        assert words.ask(centre.asked[0][1]) == words.Ask(0, 0)
        centre.is_away = True
        second = EdgeRegistry(centre, tmp_path)
        assert second.use_kept()
        assert set(second.by_code) == {"D1", "D2"}
        assert (second.placement.partitions, second.placement.one(1)) == (4, 3)
        with pytest.raises(Unreachable):
            await second.refresh()
        assert stat.S_IMODE((tmp_path / "edge-registry").stat().st_mode) == 0o600
        centre.is_away, centre.registry = False, None
        assert not await second.refresh()  # nothing newer
        assert words.ask(centre.asked[-1][1]) == words.Ask(7, 4)

    within(30, test)


def test_a_damaged_cache_is_no_registry(tmp_path: Path) -> None:
    (tmp_path / "edge-registry").write_bytes(b"half a fi")
    centre: Any = Centre()
    assert not EdgeRegistry(centre, tmp_path).use_kept()


class Met:
    """Edge and desk on one server: what an edge says reaches the desk."""

    def __init__(self, edge: EdgeBus, desk: Desk) -> None:
        self.edge, self.desk = edge, desk


@asynccontextmanager
async def met(nats_url: str) -> AsyncIterator[Met]:
    from siteloop.gateway.bus import Bus

    centre, edge = Bus(nats_url, "centre"), EdgeBus(nats_url, "gate-1")
    await centre.connect()
    await edge.connect()
    registry, presence = RegistrySource(""), Presence("")
    registry.use(Registry(3, DEVICES, ()))
    commands = Commands("", registry, presence, None)
    desk = Desk({"gate-1": (1, 2)}, 1, centre, registry, presence, commands)
    await desk.start()
    await centre.client.flush()
    while True:  # a server that is busy may know of the desk a little later; an edge asks again
        with suppress(Unreachable):
            await edge.ask("registry", words.encode(words.Ask(0, 0)))
            break
        await asyncio.sleep(0.05)
    try:
        yield Met(edge, desk)
    finally:
        await edge.close()
        await centre.close()


@pytest.mark.engines
def test_an_edge_gets_its_own_devices_and_is_believed_about_them_only(nats_url: str) -> None:
    async def test() -> None:
        async with met(nats_url) as both:
            answer = words.snapshot(await both.edge.ask("registry", words.encode(words.Ask(0, 0))))
            assert answer.registry is not None
            assert [d.number for d in answer.registry.devices] == [1, 2]
            again = words.snapshot(await both.edge.ask("registry", words.encode(words.Ask(3, 1))))
            assert again.registry is None
            presence = both.desk.presence
            await both.edge.ask(
                "hello", words.encode(words.Hello({1: "a", 2: "b", 3: "c"}, {4: "d"}, 5, 600, 0))
            )
            assert presence.devices() == [1, 2]
            await both.edge.ask("hello", words.encode(words.Hello({2: "b"}, {})))
            assert presence.devices() == [2]
            report = words.Report("c1", "done", {}, [2, 3])
            await both.edge.ask("report", words.encode(report))
            await both.edge.ask("report", words.encode(words.Report("c2", "done", {}, [3])))
            assert both.desk.commands._news.qsize() == 1
            assert both.desk.commands._news.get_nowait() == ("c1", "done", {}, [2])
            assert both.edge.is_linked

    within(60, test)


@pytest.mark.engines
def test_an_order_reaches_the_device_at_the_edge_unless_it_is_late(nats_url: str) -> None:
    class Valve:
        told: list[str] = []

        def send_command(self, device: DeviceEntry, row: dict[str, Any]) -> None:
            self.told.append(f"{device.code} {row['command']} {row['args']}")

    async def test() -> None:
        async with met(nats_url) as both:
            registry, presence, valve = RegistrySource(""), Presence(""), Valve()
            registry.use(Registry(3, DEVICES[:2], ()))
            presence.seen(1, valve, "here")
            edge = EdgeCommands(registry, presence, both.edge)
            running = asyncio.create_task(edge.run())
            await asyncio.sleep(0)
            await both.edge.client.flush()
            for number, lasting in (("late", -1.0), ("good", 60.0)):
                order = words.Order(number, 1, "spray_on", {"seconds": 9}, time.time() + lasting)
                await both.desk.bus.client.publish(words.subject("gate-1", "order"), words.encode(order))
            await until(lambda: bool(valve.told))
            assert valve.told == ["D1 spray_on {'seconds': 9}"]
            edge.report("good", "done", {"detail": "ran"}, 1)
            await until(lambda: both.desk.commands._news.qsize() == 1)
            assert both.desk.commands._news.get_nowait() == ("good", "done", {"detail": "ran"}, [1])
            running.cancel()

    within(60, test)


@pytest.mark.engines
def test_the_forwarder_keeps_the_order_and_drops_only_what_the_centre_has(nats_url: str) -> None:
    async def test() -> None:
        async with met(nats_url) as both:
            edge, centre = both.edge, both.desk.bus
            before = (await centre.depth())[2]
            registry: Any = EdgeRegistry(edge, Path("/nowhere"))
            made = [block_of([(1, T0 + i)]) for i in range(5)]
            for block in made:
                await edge.publish_block(block)
            assert (await edge.depth())[0] == 5
            forwarder = Forwarder(edge, registry)
            running = asyncio.create_task(forwarder.run())
            await until(lambda: forwarder.forwarded == 5)
            running.cancel()
            reader = await centre.reader(before)
            found: list[tuple[int, bytes]] = []
            for _ in range(100):
                found += await reader.fetch(64, 0.2)
                if len(found) >= 5:
                    break
            assert [blocks.decode(data).id for _, data in found] == [b.id for b in made]
            assert (await edge.depth())[0] == 0
            assert forwarder.oldest == 0

    within(60, test)
