"""The edge's bus: a stream of its own on the local server, and questions to the centre over the same connection.

The local server is a leaf node with a JetStream domain of its own, so the stream here is never the centre's; subjects go through
to the centre whenever the uplink stands.
"""

import time
from typing import ClassVar

from nats.errors import Error as NatsError
from nats.js.errors import APIError

from siteloop.gateway.bus import Bus
from siteloop.gateway.edge.words import SILENT_S, subject

ANSWER_S = 5.0


class Unreachable(Exception):
    """The centre does not answer."""


class EdgeBus(Bus):
    """One connection to the local server."""

    NAME: ClassVar[str] = "EDGE"
    PREFIX: ClassVar[str] = "edge"

    def __init__(self, url: str, edge: str) -> None:
        super().__init__(url, f"edge {edge}")
        self.edge = edge
        # the centre lets an edge hear its own answers only
        self.inbox = f"_INBOX_{edge}"
        self.answered_at = 0.0

    @property
    def is_linked(self) -> bool:
        """Whether the centre answered lately."""
        return time.monotonic() - self.answered_at < SILENT_S and self.answered_at > 0

    async def ask(self, what: str, data: bytes) -> bytes:
        """An answer of the centre. Raises Unreachable."""
        try:
            answer = await self.client.request(subject(self.edge, what), data, timeout=ANSWER_S)
        except (TimeoutError, NatsError) as lost:
            raise Unreachable(str(lost)) from lost
        self.answered_at = time.monotonic()
        return answer.data

    async def forward(self, profile: str, partition: int, number: str, data: bytes) -> None:
        """Give a block to the centre; returns when it is on disk there. Raises Unreachable."""
        try:
            await self.stream.publish(
                f"blocks.{profile or 'none'}.{partition}",
                data,
                timeout=ANSWER_S,
                headers={"Nats-Msg-Id": number},
            )
        except (TimeoutError, NatsError, APIError) as lost:
            raise Unreachable(str(lost)) from lost
        self.answered_at = time.monotonic()

    async def first(self) -> int:
        """Sequence of the oldest block that is kept here, 1 where there never was one. Raises TimeoutError or nats.errors.Error."""
        return max(1, int((await self.stream.stream_info(self.stream_of())).state.first_seq))
