"""The forwarder: blocks of the local stream to the centre, in order, each until the centre has it on disk.

One block after the other. A block is dropped here only after the centre's acknowledgement; its id makes a retry harmless for two
minutes (the centre's window), and after that the rows themselves do: device and time are their key.
"""

import asyncio
import hashlib
import logging
import time

import msgspec
from nats.errors import Error as NatsError
from nats.js.errors import APIError

from siteloop.gateway import stopping
from siteloop.gateway.edge.bus import EdgeBus, Unreachable
from siteloop.gateway.edge.parting import parted
from siteloop.gateway.edge.registry import EdgeRegistry
from siteloop.kernel import block as blocks
from siteloop.kernel.block import Block

log = logging.getLogger("siteloop.edge")
LONGEST_S = 5.0  # between tries


class Forwarder:
    """`run()`; `oldest` is when the oldest waiting block was received, 0 when none waits."""

    def __init__(self, bus: EdgeBus, registry: EdgeRegistry) -> None:
        self.bus, self.registry = bus, registry
        self.forwarded = 0
        self.oldest = 0.0

    async def run(self) -> None:
        """Forward for ever; through every loss of the centre or the local server."""
        while True:
            try:
                reader = await self.bus.reader(await self.bus.first() - 1)
                while True:
                    found = await reader.fetch(64, 0.5)
                    for seq, data in found:
                        await self._until_kept(data)
                        self.forwarded, self.oldest = self.forwarded + 1, 0.0
                        # dropped at once: a start of the program goes on behind it
                        await self.bus.purge_before(seq + 1)
            except (TimeoutError, NatsError, APIError) as lost:
                log.warning("forwarding waits: %s", lost)
                await asyncio.sleep(1)

    async def _until_kept(self, data: bytes) -> None:
        """Returns when the centre has the block on disk, whole."""
        wait = 0.2
        self.oldest = _received(data)
        while True:
            try:
                for place, profile, number, body in self._parts(data):
                    await self.bus.forward(profile, place, number, body)
                return
            except Unreachable:
                stopping.heed()
                self.registry.doubt()  # perhaps the centre has other partitions by now
                await asyncio.sleep(wait)
                wait = min(wait * 2, LONGEST_S)

    def _parts(self, data: bytes) -> list[tuple[int, str, str, bytes]]:
        """(partition, profile, id, bytes). A block nobody can read goes as it is: the centre's sink puts it aside and tells."""
        try:
            block = blocks.decode(data)
            parts = parted(block, self.registry.placement)
        except (msgspec.MsgspecError, ValueError) as wrong:
            log.error("a block that cannot be read is forwarded as it is: %s", wrong)
            return [(0, "", f"damaged-{hashlib.sha256(data).hexdigest()}", data)]
        if len(parts) == 1:
            return [(parts[0][0], block.profile, block.id, data)]
        return [(place, part.profile, part.id, blocks.encode(part)) for place, part in parts]


def _received(data: bytes) -> float:
    """When the first message of a block was received, seconds since the epoch; now where it does not say."""
    try:
        block: Block = blocks.decode(data)
        if block.rows:
            return float(blocks.columns(block).received_at[0]) / 1e6
        if block.rejects:
            return block.rejects[0].received_at / 1e6
    except (msgspec.MsgspecError, ValueError):
        pass
    return time.time()
