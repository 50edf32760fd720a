"""The centre's desk for its edges; part of every listener of the centre.

An edge is told only about devices of the sites it was given (SITELOOP_EDGES), and is believed only about them. Its devices count as
connected to whoever runs a desk, so their commands are claimed from the database as all others are, and sent through the edge.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from psycopg import OperationalError

from siteloop.gateway import figures
from siteloop.gateway.bus import Bus
from siteloop.gateway.commands import STATES, Commands
from siteloop.gateway.edge import words
from siteloop.gateway.presence import Presence
from siteloop.gateway.registry_source import RegistrySource
from siteloop.kernel.placement import Placement
from siteloop.kernel.registry import DeviceEntry, Registry

log = logging.getLogger("siteloop.listener")
QUEUE = "desk"


class EdgeSpeaker:
    """An edge as a connection that commands can be written to."""

    def __init__(self, name: str, sites: frozenset[int], bus: Bus) -> None:
        self.name, self.sites, self.bus = name, sites, bus
        self.heard_at = 0.0  # monotonic; 0 = never
        self._sending: set[asyncio.Task[None]] = set()

    def send_command(self, device: DeviceEntry, row: dict[str, Any]) -> None:
        """Over to the edge. What gets lost on the way is sent again after ten seconds, three times at most."""
        order = words.Order(
            row["id"], device.number, row["command"], row["args"], row["expires_at"].timestamp()
        )
        task = asyncio.ensure_future(self._publish(words.encode(order)))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _publish(self, data: bytes) -> None:
        try:
            await self.bus.client.publish(words.subject(self.name, "order"), data)
        except NatsError as lost:
            log.warning("an order for edge %s was not sent: %s", self.name, lost)


class Desk:
    """`start()` once the bus is connected, then `run()`."""

    def __init__(
        self,
        edges: Mapping[str, tuple[int, ...]],
        partitions: int,
        bus: Bus,
        registry: RegistrySource,
        presence: Presence,
        commands: Commands,
    ) -> None:
        self.partitions, self.bus, self.registry = partitions, bus, registry
        self.presence, self.commands = presence, commands
        self.edges = {name: EdgeSpeaker(name, frozenset(sites), bus) for name, sites in edges.items()}

    async def start(self) -> None:
        """Listen to every edge. A hello is for all desks, everything else for one of them."""
        hear: dict[str, Callable[[EdgeSpeaker, bytes], Awaitable[bytes]]] = {
            "registry": self._registry,
            "report": self._report,
            "fetch": self._fetch,
            "hello": self._hello,
        }
        for edge in self.edges.values():
            for what, answer in hear.items():
                await self.bus.client.subscribe(
                    words.subject(edge.name, what),
                    queue="" if what == "hello" else QUEUE,
                    cb=self._answering(edge, answer),
                )

    def _answering(
        self, edge: EdgeSpeaker, answer: Callable[[EdgeSpeaker, bytes], Awaitable[bytes]]
    ) -> Callable[[Msg], Awaitable[None]]:
        async def hear(message: Msg) -> None:
            try:
                said = await answer(edge, message.data)
                if message.reply:
                    await message.respond(said)
            except (msgspec.MsgspecError, NatsError, OperationalError) as wrong:
                log.warning("edge %s gets no answer: %s", edge.name, wrong)

        return hear

    def _of(self, edge: EdgeSpeaker, number: int) -> DeviceEntry | None:
        """A device, if it is the edge's."""
        device = self.registry.by_number.get(number)
        return device if device is not None and device.site in edge.sites else None

    async def _registry(self, edge: EdgeSpeaker, data: bytes) -> bytes:
        asked, current = words.ask(data), self.registry.current
        if asked == words.Ask(current.version, self.partitions):
            return words.encode(words.Snapshot(self.partitions, {}))
        own = tuple(d for d in current.devices if d.site in edge.sites)
        placement = Placement(current.devices, self.partitions)
        places = {d.number: placement.one(d.number) for d in own} if self.partitions > 1 else {}
        return words.encode(words.Snapshot(self.partitions, places, Registry(current.version, own, ())))

    async def _hello(self, edge: EdgeSpeaker, data: bytes) -> bytes:
        said = words.hello(data)
        edge.heard_at = time.monotonic()
        here = {n for n in said.connected if self._of(edge, n) is not None}
        for number in self.presence.through(edge) - here:
            self.presence.left(number, edge)
        for number in here:
            self.presence.seen(number, edge, f"{edge.name} {said.connected[number]}")
        for number, peer in said.heard.items():
            if self._of(edge, number) is not None:
                self.presence.heard(number, f"{edge.name} {peer}")
        figures.EDGE_BLOCKS.labels(edge.name).set(said.blocks)
        figures.EDGE_BYTES.labels(edge.name).set(said.bytes)
        figures.EDGE_OLDEST_S.labels(edge.name).set(max(0.0, time.time() - said.oldest) if said.oldest else 0)
        return b""

    async def _report(self, edge: EdgeSpeaker, data: bytes) -> bytes:
        """Only about commands of the edge's own devices; the table says whose a command is."""
        said = words.report(data)
        own = [d.number for d in self.registry.current.devices if d.site in edge.sites]
        if said.devices:
            own = sorted(set(own) & set(said.devices))
        if said.state in STATES and own:
            self.commands.report(said.id, said.state, said.result, own)
        return b""

    async def _fetch(self, edge: EdgeSpeaker, data: bytes) -> bytes:
        device = self._of(edge, words.fetch(data).device)
        if device is None:
            return words.encode([])
        rows = await self.commands.fetch(device.number)
        return words.encode([words.Order(r["id"], device.number, r["command"], r["args"], 0.0) for r in rows])

    async def run(self) -> None:
        """Notice the silent ones, for ever."""
        while True:
            await asyncio.sleep(1)
            for edge in self.edges.values():
                silent = time.monotonic() - edge.heard_at if edge.heard_at else 0.0
                figures.EDGE_SILENT_S.labels(edge.name).set(silent)
                figures.EDGE_UP.labels(edge.name).set(bool(edge.heard_at) and silent < words.SILENT_S)
                if silent >= words.SILENT_S:
                    self.presence.gone(edge)
