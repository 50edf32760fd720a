"""The edge role: every door of a listener, a stream on the local disk, and a forwarder to the centre. It needs no database."""

import asyncio
import logging
import time
from dataclasses import dataclass, field
from typing import cast

from nats.errors import Error as NatsError
from nats.js.errors import APIError
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from siteloop.gateway import figures, files
from siteloop.gateway.bus import ROOM
from siteloop.gateway.commands import Commands
from siteloop.gateway.edge.bus import EdgeBus
from siteloop.gateway.edge.commands import EdgeCommands, EdgePresence
from siteloop.gateway.edge.forwarder import Forwarder
from siteloop.gateway.edge.registry import EdgeRegistry
from siteloop.gateway.gathering import Publisher
from siteloop.gateway.listeners.role import ListenerRole
from siteloop.gateway.presence import Presence
from siteloop.gateway.settings import GatewaySettings

log = logging.getLogger("siteloop.edge")
WATCH_S = 2.0


@dataclass
class EdgeListener(ListenerRole):
    """The listeners without a database behind them."""

    edge_bus: EdgeBus = field(kw_only=True)

    def make_presence(self) -> Presence:
        return EdgePresence(self.edge_bus)

    def make_commands(self) -> Commands:
        return EdgeCommands(self.registry, self.presence, self.edge_bus)


@dataclass
class Standing:
    """How the edge stands, for /healthz, /readyz and /metrics."""

    bus: EdgeBus
    registry: EdgeRegistry
    forwarder: Forwarder
    blocks: int = 0
    bytes: int = 0

    async def watch(self) -> None:
        """Look every two seconds, for ever."""
        while True:
            try:
                self.blocks, self.bytes, _ = await self.bus.depth()
            except (TimeoutError, NatsError, APIError) as lost:
                log.warning("the local stream does not answer: %s", lost)
            figures.EDGE_BLOCKS.labels(self.bus.edge).set(self.blocks)
            figures.EDGE_BYTES.labels(self.bus.edge).set(self.bytes)
            figures.EDGE_OLDEST_S.labels(self.bus.edge).set(self.oldest_s)
            figures.EDGE_UP.labels(self.bus.edge).set(self.bus.is_linked)
            figures.EDGE_FORWARDED.set(self.forwarder.forwarded)
            figures.STREAM_FULL.set(self.bytes / ROOM)
            await asyncio.sleep(WATCH_S)

    @property
    def oldest_s(self) -> float:
        """Age of the oldest message that is not at the centre."""
        return max(0.0, time.time() - self.forwarder.oldest) if self.forwarder.oldest else 0.0

    def routes(self) -> list[Route]:
        """In front of the intake's own."""
        return [
            Route("/healthz", self._health),
            Route("/readyz", self._health),
            Route(
                "/metrics",
                lambda _: Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST}),
            ),
        ]

    async def _health(self, request: Request) -> Response:
        """200 while readings are kept, linked or not; 503 when the local stream is away and devices get no answer."""
        well = self.bus.is_up and self.registry.is_known
        body = {
            "ready": well,
            "edge": self.bus.edge,
            "linked": self.bus.is_linked,
            "waiting_blocks": self.blocks,
            "waiting_bytes": self.bytes,
            "oldest_s": round(self.oldest_s, 1),
            "forwarded": self.forwarder.forwarded,
            "devices": len(self.registry.by_number),
            "registry_version": self.registry.current.version,
            "registry_age_s": round(max(0.0, time.time() - self.registry.confirmed_at), 1)
            if self.registry.confirmed_at
            else None,
        }
        return JSONResponse(body, 200 if well else 503)


async def run(settings: GatewaySettings) -> None:
    """Be the edge until cancelled."""
    files.more()
    bus = EdgeBus(settings.nats_url, settings.edge)
    await bus.connect()
    registry = EdgeRegistry(bus, settings.data)
    forwarder = Forwarder(bus, registry)
    standing = Standing(bus, registry, forwarder)
    following = asyncio.create_task(registry.watch())
    if not registry.use_kept():
        log.warning("no registry yet: the doors stay closed until the centre has been asked once")
        while not registry.is_known:  # noqa: ASYNC110 - watched from outside by the centre's answer
            await asyncio.sleep(0.2)
    role = EdgeListener(settings, cast(Publisher, bus), registry, edge_bus=bus)
    role.http.before = standing.routes()
    cast(EdgePresence, role.presence).forwarder = forwarder
    try:
        await role.start(with_database=False)
        async with asyncio.TaskGroup() as group:
            group.create_task(role.wait())
            group.create_task(role.presence.run())
            group.create_task(role.commands.run())
            group.create_task(forwarder.run())
            group.create_task(standing.watch())
    finally:
        following.cancel()
        await role.stop()
        await bus.close()
