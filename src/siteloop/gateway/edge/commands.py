"""Commands at an edge: taken from the centre, sent to the device that is connected here, reported back; nothing is stored here.

While the uplink is cut a command waits at the centre and expires there; what a device answered meanwhile waits here in memory.
"""

import asyncio
import contextlib
import time
from typing import Any

import msgspec
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.errors import APIError

from siteloop.gateway.commands import Commands, CommandsUnreachable
from siteloop.gateway.edge import words
from siteloop.gateway.edge.bus import EdgeBus, Unreachable
from siteloop.gateway.edge.forwarder import Forwarder
from siteloop.gateway.presence import Presence
from siteloop.gateway.registry_source import RegistrySource


class EdgeCommands(Commands):
    """The pump of an edge."""

    def __init__(self, registry: RegistrySource, presence: Presence, bus: EdgeBus) -> None:
        super().__init__("", registry, presence)
        self.edge_bus = bus

    async def run(self) -> None:
        """Hear orders and report, for ever."""
        await self.edge_bus.client.subscribe(words.subject(self.edge_bus.edge, "order"), cb=self._heard)
        while True:
            command, state, result, devices = await self._news.get()
            said = words.encode(words.Report(command, state, result, devices or []))
            while True:
                try:
                    await self.edge_bus.ask("report", said)
                    break
                except Unreachable:
                    await asyncio.sleep(1)

    async def _heard(self, message: Msg) -> None:
        with contextlib.suppress(msgspec.MsgspecError):
            order = words.order(message.data)
            if order.expires_at > time.time():
                self._send(msgspec.structs.asdict(order))

    async def fetch(self, device: int) -> list[dict[str, Any]]:
        """The waiting commands of a device, from the centre. Raises CommandsUnreachable."""
        try:
            answer = words.orders(await self.edge_bus.ask("fetch", words.encode(words.Fetch(device))))
        except (Unreachable, msgspec.MsgspecError) as lost:
            raise CommandsUnreachable(str(lost)) from lost
        return [{"id": o.id, "command": o.command, "args": o.args} for o in answer]


class EdgePresence(Presence):
    """Says hello to the centre every three seconds instead of writing to a database."""

    def __init__(self, bus: EdgeBus) -> None:
        super().__init__("")
        self.edge_bus = bus
        self.forwarder: Forwarder | None = None

    async def write(self) -> None:
        """Tell who is here and what waits; kept for the next time when the centre is away."""
        try:
            blocks, size, _ = await self.edge_bus.depth()
        except (TimeoutError, NatsError, APIError):
            return
        dirty, self._dirty = self._dirty, set()
        here = set(self._here)
        said = words.Hello(
            {d: self._peer.get(d, "") for d in here},
            {d: self._peer.get(d, "") for d in dirty - here},
            blocks,
            size,
            self.forwarder.oldest if self.forwarder is not None else 0.0,
        )
        try:
            await self.edge_bus.ask("hello", words.encode(said))
        except Unreachable:
            self._dirty |= dirty
