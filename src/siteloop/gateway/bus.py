"""The bus: NATS JetStream. A block is acknowledged when it is on disk (`sync_interval: always` is the server's setting)."""

import asyncio
import json
from typing import Any

import nats
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import APIError, NotFoundError

from siteloop.kernel import block as blocks
from siteloop.kernel.block import Block

BLOCKS = "BLOCKS"
CONSUMERS = ("sink", "judge")
GIB = 1024**3


class Bus:
    """One connection. Reconnects for ever; what was published is safe, what was not is tried again with the same id."""

    def __init__(self, url: str, name: str) -> None:
        self.url, self.name = url, name
        self._client: Client | None = None
        self._stream: JetStreamContext | None = None

    async def connect(self) -> None:
        """Connect and make sure that the stream and its durable consumers exist."""
        self._client = await nats.connect(
            self.url,
            name=self.name,
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.25,
            ping_interval=5,
            max_outstanding_pings=2,
            error_cb=_quiet,
            allow_reconnect=True,
            connect_timeout=5,
            pending_size=64 * 1024 * 1024,
        )
        self._stream = self._client.jetstream(timeout=5, publish_async_max_pending=256)
        await self._ensure()

    async def _ensure(self) -> None:
        """Interest retention: a block stays until sink and judge have both acknowledged it."""
        wanted = StreamConfig(
            name=BLOCKS,
            subjects=["blocks.>"],
            storage=StorageType.FILE,
            retention=RetentionPolicy.INTEREST,
            discard=DiscardPolicy.NEW,  # full means: refuse, so that the listener stops answering, never: drop
            max_bytes=20 * GIB,
            duplicate_window=120.0,
        )
        for attempt in range(60):
            try:
                await self.stream.add_stream(wanted)
                for consumer in CONSUMERS:
                    await self.stream.add_consumer(
                        BLOCKS,
                        ConsumerConfig(durable_name=consumer, ack_policy=AckPolicy.ALL, max_ack_pending=-1, ack_wait=30),
                    )
                return
            except (NatsError, APIError, NotFoundError, asyncio.TimeoutError):
                if attempt == 59:
                    raise
                await asyncio.sleep(0.5)

    @property
    def stream(self) -> JetStreamContext:
        """The JetStream context; connected."""
        assert self._stream is not None, "connect() first"
        return self._stream

    @property
    def client(self) -> Client:
        """The connection."""
        assert self._client is not None, "connect() first"
        return self._client

    @property
    def is_up(self) -> bool:
        """Whether the server answers at the moment."""
        return self._client is not None and self._client.is_connected

    async def publish_block(self, block: Block, partition: int = 0) -> int:
        """Publish until JetStream says it is on disk; returns its stream sequence. The block's id makes a retry harmless."""
        data = blocks.encode(block)
        subject = f"blocks.{block.profile or 'none'}.{partition}"
        wait = 0.1
        while True:
            try:
                ack = await self.stream.publish(subject, data, timeout=5, headers={"Nats-Msg-Id": block.id})
            except (NatsError, APIError, asyncio.TimeoutError):
                await asyncio.sleep(wait)
                wait = min(wait * 2, 2.0)
                continue
            return int(ack.seq)

    async def say(self, subject: str, message: dict[str, Any]) -> None:
        """Tell the live plane; nobody has to listen."""
        if self.is_up:
            await self.client.publish(subject, json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode())

    async def close(self) -> None:
        """Hand out what is buffered and close."""
        if self._client is not None and not self._client.is_closed:
            await self._client.drain()


async def _quiet(error: Exception) -> None:
    """Lost connections are normal here; the caller sees them as a refused publish and tries again."""
