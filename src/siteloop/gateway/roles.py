"""The fast roles as coroutines: entry hands each its settings and runs it."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import uvicorn
from nats.errors import Error as NatsError
from nats.js.errors import APIError

from siteloop.gateway import figures, partitions
from siteloop.gateway.bus import ROOM, Bus
from siteloop.gateway.judge import Judge
from siteloop.gateway.listeners import role
from siteloop.gateway.live import Authorise, Live
from siteloop.gateway.raw_archive import RawArchive
from siteloop.gateway.registry_source import RegistrySource
from siteloop.gateway.rollup import Roller
from siteloop.gateway.settings import GatewaySettings
from siteloop.gateway.sink import Batch, Sink
from siteloop.rules.detector import Detector

WATCH_S = 2.0


async def _first_registry(source: RegistrySource) -> None:
    """A fast role starts with the registry, or with none when nothing was ever published."""
    for _ in range(50):
        with contextlib.suppress(OSError):
            await source.load()
            return
        await asyncio.sleep(0.2)


async def _watch(bus: Bus, of: str, done: Callable[[], tuple[int, float]]) -> None:
    """Show how much waits in the stream and how far a role is behind, for ever; also while it stands still."""
    while True:
        with contextlib.suppress(TimeoutError, NatsError, APIError):
            waiting, size, last = await bus.depth()
            position, worked_at = done()
            figures.lag(of, last - position, worked_at)
            figures.STREAM_BLOCKS.set(waiting)
            figures.STREAM_BYTES.set(size)
            figures.STREAM_FULL.set(size / ROOM)
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


class LatestTeller:
    """Tells the live plane the newest row of each device, at most four times a second."""

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
            await asyncio.sleep(0.25)
            newest, self._newest = self._newest, {}
            for number, message in newest.items():
                device = self.registry.by_number.get(number)
                if device is not None:
                    await self.bus.say(f"live.latest.{device.region or '0'}.{device.site}", message)


async def sink(settings: GatewaySettings) -> None:
    """Role sink: rows, roll-ups, purge of what is done."""
    bus = Bus(settings.nats_url, "sink")
    await bus.connect()
    registry = RegistrySource(settings.dsn)
    await _first_registry(registry)
    one = Sink(settings, bus, RawArchive(settings.data / "raw"))
    teller = LatestTeller(bus, registry)
    one.on_commit.append(teller.heard)
    roller = Roller(settings.dsn, registry)
    async with asyncio.TaskGroup() as group:
        group.create_task(one.run())
        group.create_task(one.purge())
        group.create_task(partitions.run(settings.dsn))
        group.create_task(_watch(bus, "sink", lambda: (one.position, one.worked_at)))
        group.create_task(teller.run())
        group.create_task(roller.run())
        group.create_task(registry.watch())


async def judge(settings: GatewaySettings, kinds: Sequence[type[Detector]]) -> None:
    """Role judge, with the detectors it is handed."""
    bus = Bus(settings.nats_url, "judge")
    await bus.connect()
    registry = RegistrySource(settings.dsn)
    await _first_registry(registry)
    one = Judge(settings, bus, registry, kinds)
    async with asyncio.TaskGroup() as group:
        group.create_task(one.run())
        group.create_task(_watch(bus, "judge", lambda: (one.position, one.worked_at)))
        group.create_task(registry.watch())


async def live(settings: GatewaySettings, authorise: Authorise) -> None:
    """Role live: server-sent events."""
    bus = Bus(settings.nats_url, "live")
    await bus.connect()
    one = Live(bus, authorise)
    await one.start()
    await _serve(one.app(), settings.live).serve()
