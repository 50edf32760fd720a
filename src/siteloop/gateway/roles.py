"""The fast roles as coroutines: entry hands each its settings and runs it."""

import asyncio
import contextlib
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import uvicorn
from nats.errors import Error as NatsError
from nats.js.errors import APIError

from siteloop.gateway import figures
from siteloop.gateway.bus import ROOM, Bus
from siteloop.gateway.edge import role as edge_role
from siteloop.gateway.history import partitions
from siteloop.gateway.history.archive_store import FolderStore
from siteloop.gateway.judging.judge import Judge
from siteloop.gateway.latency import METER
from siteloop.gateway.lease import Crew, Elsewhere
from siteloop.gateway.listeners import role
from siteloop.gateway.live import Authorise, Live
from siteloop.gateway.quarantine import keeping
from siteloop.gateway.raw.archive import RawArchive
from siteloop.gateway.registry_source import RegistrySource
from siteloop.gateway.rollups.rollup import Roller
from siteloop.gateway.settings import GatewaySettings
from siteloop.gateway.storing import occurrences
from siteloop.gateway.storing.batch import Batch
from siteloop.gateway.storing.sink import Sink
from siteloop.rules.detector import Detector

WATCH_S = 2.0
TELL_S = 0.5
TOLD_AT_ONCE = 1_000  # devices


def bus_of(settings: GatewaySettings, name: str) -> Bus:
    """The bus as the settings have it."""
    return Bus(settings.nats_url, name, settings.partitions, settings.replicas)


async def _first_registry(source: RegistrySource) -> None:
    """A fast role starts with the registry, or with none when nothing was ever published."""
    for _ in range(50):
        with contextlib.suppress(OSError):
            await source.load()
            return
        await asyncio.sleep(0.2)


async def _watch(bus: Bus, of: str, done: Callable[[], dict[int, tuple[int, float]]]) -> None:
    """Show how much waits in the streams and how far a role is behind, for ever; also while it stands still.

    `done` gives position and time of the newest block done for each partition this process works on.
    """
    while True:
        with contextlib.suppress(TimeoutError, NatsError, APIError):
            depths = [await bus.depth(p) for p in range(bus.partitions)]
            worked = done()
            behind = {p: depths[p][2] - position for p, (position, _) in worked.items()}
            late = [worked[p][1] for p, blocks in behind.items() if blocks > 0]
            figures.lag(of, sum(max(0, n) for n in behind.values()), min(late, default=None))
            figures.STREAM_BLOCKS.set(sum(waiting for waiting, _, _ in depths))
            figures.STREAM_BYTES.set(sum(size for _, size, _ in depths))
            # the fullest counts: its devices are the first that get no answer
            figures.STREAM_FULL.set(max(size for _, size, _ in depths) * bus.partitions / ROOM)
            figures.PARTITIONS.labels(of).set(len(worked))
        await asyncio.sleep(WATCH_S)


def _serve(app: Any, address: tuple[str, int]) -> uvicorn.Server:
    config = uvicorn.Config(
        app, host=address[0], port=address[1], log_level="warning", lifespan="off", access_log=False
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    return server


async def listener(settings: GatewaySettings) -> None:
    """Role listener: HJ 212, MQTT and HTTP intake, and commands to the devices connected here."""
    await role.run(settings)


async def edge(settings: GatewaySettings) -> None:
    """Role edge: listeners that store and forward, at a site."""
    await edge_role.run(settings)


class LatestTeller:
    """Tells the live plane the newest row of each device, at most twice a second; longest unheard first when there are many."""

    def __init__(self, bus: Bus, registry: RegistrySource) -> None:
        self.bus, self.registry = bus, registry
        self._newest: dict[int, dict[str, Any]] = {}

    async def heard(self, batch: Batch) -> None:
        """Take a committed batch."""
        for profile, columns in batch.latest:
            at, values, quality = columns.at // 1000, columns.values.T.tolist(), columns.quality.T.tolist()
            for i, device in enumerate(columns.device.tolist()):
                known = self._newest.get(device)
                if known is None or known["at"] < at[i]:
                    self._newest[device] = {
                        "device": device,
                        "profile": profile.code,
                        "at": int(at[i]),
                        "values": [None if v != v else round(v, 3) for v in values[i]],
                        "quality": quality[i],
                    }

    async def run(self) -> None:
        """Tell, for ever."""
        while True:
            await asyncio.sleep(TELL_S)
            for number in list(itertools.islice(self._newest, TOLD_AT_ONCE)):
                message = self._newest.pop(number)
                device = self.registry.by_number.get(number)
                if device is not None:
                    await self.bus.say(f"live.latest.{device.region or '0'}.{device.site}", message)


async def sink(settings: GatewaySettings) -> None:
    """Role sink: rows, roll-ups, purge of what is done."""
    bus = bus_of(settings, "sink")
    await bus.connect()
    registry = RegistrySource(settings.dsn)
    await _first_registry(registry)
    archive = RawArchive(settings.data / "raw")
    teller = LatestTeller(bus, registry)
    working: dict[int, Sink] = {}

    async def work(partition: int) -> None:
        one = working[partition] = Sink(settings, bus, archive, partition)
        one.on_commit.append(teller.heard)
        one.use(registry.current)
        registry.on_change(one.use)
        try:
            async with asyncio.TaskGroup() as own:
                own.create_task(one.run())
                own.create_task(one.purge())
        except* Elsewhere as gone:
            raise Elsewhere(f"sink {partition}") from gone
        finally:
            registry.forget(one.use)
            del working[partition]

    def done() -> dict[int, tuple[int, float]]:
        return {p: (one.position, one.worked_at) for p, one in working.items()}

    roller = Roller(settings.dsn, registry, FolderStore(settings.data / "archive"))
    async with asyncio.TaskGroup() as group:
        group.create_task(Crew(settings.dsn, "sink", range(settings.partitions), work).run())
        group.create_task(partitions.run(settings.dsn))
        group.create_task(_watch(bus, "sink", done))
        group.create_task(teller.run())
        group.create_task(roller.run())
        group.create_task(METER.run(settings.dsn))
        group.create_task(occurrences.run(settings))
        group.create_task(keeping.run(settings))
        group.create_task(registry.watch())


async def judge(settings: GatewaySettings, kinds: Sequence[type[Detector]]) -> None:
    """Role judge, with the detectors it is handed."""
    bus = bus_of(settings, "judge")
    await bus.connect()
    registry = RegistrySource(settings.dsn)
    await _first_registry(registry)
    working: dict[int, Judge] = {}

    async def work(slot: int) -> None:
        one = working[slot] = Judge(settings, bus, registry, kinds, slot)
        try:
            await one.run()
        finally:
            one.close()
            del working[slot]

    def done() -> dict[int, tuple[int, float]]:
        """Where two judges read a partition, the slower one counts."""
        found: dict[int, tuple[int, float]] = {}
        for one in working.values():
            for partition, position in one.positions.items():
                here = position, one.worked_at
                found[partition] = min(here, found.get(partition, here))
        return found

    # behind the last partition the judge of all of them has its slot
    slots = range(settings.partitions + (settings.partitions > 1))
    async with asyncio.TaskGroup() as group:
        group.create_task(Crew(settings.dsn, "judge", slots, work).run())
        group.create_task(_watch(bus, "judge", done))
        group.create_task(METER.run(settings.dsn))
        group.create_task(registry.watch())


async def live(settings: GatewaySettings, authorise: Authorise) -> None:
    """Role live: server-sent events."""
    bus = bus_of(settings, "live")
    await bus.connect()
    one = Live(bus, authorise)
    await one.start()
    measuring = asyncio.create_task(METER.run(settings.dsn))
    try:
        await _serve(one.app(), settings.live).serve()
    finally:
        measuring.cancel()
