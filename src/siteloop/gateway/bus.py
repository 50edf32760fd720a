"""The bus: NATS JetStream. A block is acknowledged when it is on disk (`sync_interval: always` is the server's setting).

One stream with one partition; with more, each partition is a stream of its own, so that its sequence numbers follow each other
without a gap and its leader may be another server of the cluster.
"""

import asyncio
import contextlib
import json
import time
from typing import Any, ClassVar

import nats
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)
from nats.js.errors import APIError, NotFoundError

from siteloop.gateway import stopping
from siteloop.kernel import block as blocks
from siteloop.kernel.block import Block

BLOCKS = "BLOCKS"
OTHER_CONFIG = 10058  # the server's error: the stream is there with another configuration
GIB = 1024**3
ROOM = 20 * GIB  # bytes the stream may hold
LOOK_S = 1.0


class PartitionsChanged(RuntimeError):
    """Blocks wait in streams of another number of partitions than was asked for."""


class Bus:
    """One connection. Reconnects for ever; what was published is safe, what was not is tried again with the same id.

    `url` may name several servers, separated by commas; every stream is kept by `replicas` of them.
    """

    NAME: ClassVar[str] = BLOCKS
    PREFIX: ClassVar[str] = "blocks"

    def __init__(self, url: str, name: str, partitions: int = 1, replicas: int = 1) -> None:
        self.url, self.name, self.inbox = url, name, "_INBOX"
        self.partitions, self.replicas = partitions, replicas
        self._client: Client | None = None
        self._stream: JetStreamContext | None = None

    async def connect(self) -> None:
        """Connect and make sure that the stream and its durable consumers exist."""
        self._client = await nats.connect(
            self.url.split(","),
            name=self.name,
            inbox_prefix=self.inbox,
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
        """A block stays until the sink purges it: after sink and judge have both written their positions."""
        for attempt in range(60):
            try:
                await self._clear_others()
                for partition in range(self.partitions):
                    await self._add(partition)
                return
            except (TimeoutError, NatsError, APIError, NotFoundError):
                if attempt == 59:
                    raise
                await asyncio.sleep(0.5)

    async def _add(self, partition: int) -> None:
        wanted = StreamConfig(
            name=self.stream_of(partition),
            subjects=[self.subjects_of(partition)],
            storage=StorageType.FILE,
            retention=RetentionPolicy.LIMITS,
            discard=DiscardPolicy.NEW,  # full means: refuse, so that the listener stops answering, never: drop
            max_bytes=ROOM // self.partitions,
            duplicate_window=120.0,
            num_replicas=self.replicas,
        )
        try:
            await self.stream.add_stream(wanted)
        except APIError as wrong:
            if wrong.err_code != OTHER_CONFIG:
                raise
            # e.g. a single server has become a cluster; a process without the setting must not take copies away
            kept = (await self.stream.stream_info(self.stream_of(partition))).config.num_replicas or 1
            wanted.num_replicas = max(kept, self.replicas)
            await self.stream.update_stream(wanted)

    async def _clear_others(self) -> None:
        """Streams of another number of partitions go when they are empty. Raises PartitionsChanged when one is not."""
        mine = {self.stream_of(p) for p in range(self.partitions)}
        for info in await self.stream.streams_info():
            name = info.config.name or ""
            if name in mine or (name != self.NAME and not name.startswith(f"{self.NAME}-")):
                continue
            if info.state.messages:
                raise PartitionsChanged(
                    f"{info.state.messages} blocks wait in {name}: run with the former SITELOOP_PARTITIONS until it is empty"
                )
            await self.stream.delete_stream(name)

    def stream_of(self, partition: int = 0) -> str:
        """Name of a partition's stream; the number of partitions is part of it."""
        return self.NAME if self.partitions == 1 else f"{self.NAME}-{partition}-of-{self.partitions}"

    def subjects_of(self, partition: int = 0) -> str:
        """What a partition's stream takes."""
        return f"{self.PREFIX}.>" if self.partitions == 1 else f"{self.PREFIX}.*.{partition}"

    async def identity(self, partition: int = 0) -> str:
        """Name of the stream with the time it was made: positions belong to one life of a stream."""
        name = self.stream_of(partition)
        created = getattr(await self.stream.stream_info(name), "created", None)
        return f"{name}@{created.isoformat() if created is not None else '0'}"

    async def depth(self, partition: int = 0) -> tuple[int, int, int]:
        """(blocks, bytes, last sequence) of the stream. Raises TimeoutError or nats.errors.Error."""
        state = (await self.stream.stream_info(self.stream_of(partition))).state
        return state.messages, state.bytes, state.last_seq

    async def purge_before(self, seq: int, partition: int = 0) -> None:
        """Drop the blocks below a sequence: their rows are committed and judged."""
        try:
            await self.stream.purge_stream(self.stream_of(partition), seq=seq)
        except (TimeoutError, NatsError, APIError):
            return  # the next round purges them

    async def reader(self, after: int, partition: int = 0) -> "Reader":
        """Blocks in order from the one after `after`."""
        return Reader(self, after, self.stream_of(partition), self.subjects_of(partition))

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
        subject = f"{self.PREFIX}.{block.profile or 'none'}.{partition}"
        wait, patience = 0.1, 2.0  # an answer lost with its connection is not waited for long
        while True:
            try:
                ack = await self.stream.publish(
                    subject, data, timeout=patience, headers={"Nats-Msg-Id": block.id}
                )
            except (TimeoutError, NatsError, APIError):
                stopping.heed()
                await asyncio.sleep(wait)
                wait, patience = min(wait * 2, 2.0), min(patience * 2, 10.0)
                continue
            return int(ack.seq)

    async def say(self, subject: str, message: dict[str, Any]) -> None:
        """Tell the live plane; nobody has to listen."""
        if self.is_up:
            await self.client.publish(
                subject, json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
            )

    async def close(self) -> None:
        """Hand out what is buffered and close."""
        if self._client is not None and not self._client.is_closed:
            await self._client.drain()


class Reader:
    """Reads the stream strictly in order from a known position; a gap in delivery makes it start again, never skip."""

    def __init__(self, bus: Bus, after: int, stream: str = BLOCKS, subjects: str = "blocks.>") -> None:
        self.bus, self.last, self.stream, self.subjects = bus, after, stream, subjects
        self.written_at = time.time()  # when the last block handed out was written to the stream
        self._looked = time.monotonic()
        self._subscription: JetStreamContext.PullSubscription | None = None

    async def fetch(self, most: int = 64, wait_s: float = 0.2) -> list[tuple[int, bytes]]:
        """Up to `most` (sequence, block bytes); empty when nothing new came or the server was away."""
        stopping.heed()
        try:
            if self._subscription is None:
                self._subscription = await self.bus.stream.pull_subscribe(
                    self.subjects,
                    stream=self.stream,
                    config=ConsumerConfig(
                        deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
                        opt_start_seq=self.last + 1,
                        ack_policy=AckPolicy.NONE,
                        inactive_threshold=60,
                    ),
                )
            messages = await self._subscription.fetch(most, timeout=wait_s)
        except (TimeoutError, nats.errors.TimeoutError):
            await self._look_for_missed()
            return []
        except (NatsError, APIError):
            await self.restart()
            await asyncio.sleep(0.2)
            return []
        found: list[tuple[int, bytes]] = []
        for message in messages:
            told = message.metadata
            seq = int(told.sequence.stream)
            if seq <= self.last:
                continue
            if seq != self.last + 1 and found:
                break
            if seq != self.last + 1 and not await self._is_purged_up_to(seq):
                await self.restart()
                return found
            found.append((seq, message.data))
            self.last, self.written_at = seq, told.timestamp.timestamp()
        return found

    async def _look_for_missed(self) -> None:
        """A consumer does not outlive every restart of the server: silence while blocks wait means it is gone."""
        if time.monotonic() - self._looked < LOOK_S:
            return
        self._looked = time.monotonic()
        try:
            if (await self.bus.stream.stream_info(self.stream)).state.last_seq > self.last:
                await self.restart()
        except (TimeoutError, NatsError, APIError):
            return  # the server is away; the next look finds it

    async def _is_purged_up_to(self, seq: int) -> bool:
        """Whether the missing blocks are gone from the stream for good (before our time), not just undelivered."""
        try:
            info = await self.bus.stream.stream_info(self.stream)
        except (TimeoutError, NatsError, APIError):
            return False
        return bool(info.state.first_seq >= seq)

    async def restart(self, after: int | None = None) -> None:
        """Read again from a position (default: the last block handed out)."""
        if after is not None:
            self.last = after
        if self._subscription is not None:
            with contextlib.suppress(NatsError, APIError):
                await self._subscription.unsubscribe()
            self._subscription = None


async def _quiet(error: Exception) -> None:
    """Lost connections are normal here; the caller sees them as a refused publish and tries again."""
