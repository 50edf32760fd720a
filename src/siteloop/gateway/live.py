"""The live plane: server-sent events of readings, findings, commands, cases and notices, inside the viewer's scope only."""

import asyncio
import json
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nats.aio.msg import Msg
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from siteloop.gateway.bus import Bus

TOPICS = frozenset({"latest", "finding", "command", "case", "notice"})
WAITING = 500
HEARTBEAT_S = 15


@dataclass(frozen=True)
class LiveViewer:
    """Who listens: region prefixes and sites whose events may be told."""

    user: int
    regions: tuple[str, ...] = ()
    sites: frozenset[int] = frozenset()

    def may_hear(self, region: str, site: int) -> bool:
        """Whether an event of a site lies in scope."""
        return site in self.sites or any(region.startswith(r) for r in self.regions)


Authorise = Callable[[Mapping[str, str]], Awaitable[LiveViewer | None]]


@dataclass(eq=False)
class Listener:
    """One open stream."""

    viewer: LiveViewer
    topics: frozenset[str]
    site: int
    latest: "deque[tuple[str, dict[str, Any]]]" = field(default_factory=deque)
    urgent: "deque[tuple[str, dict[str, Any]]]" = field(default_factory=deque)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    lost: int = 0

    def offer(self, topic: str, message: dict[str, Any]) -> None:
        """Queue an event. Readings wait at most WAITING: the oldest goes and the loss is told; nothing else is dropped."""
        if topic != "latest":
            self.urgent.append((topic, message))
        else:
            if len(self.latest) >= WAITING:
                self.latest.popleft()
                self.lost += 1
            self.latest.append((topic, message))
        self.arrived.set()

    async def next(self) -> tuple[str, dict[str, Any]]:
        """The next event; what people must act on goes before readings."""
        while not self.urgent and not self.latest:
            self.arrived.clear()
            await self.arrived.wait()
        return (self.urgent or self.latest).popleft()


class Live:
    """Fans the live subjects of the bus out to the open streams."""

    def __init__(self, bus: Bus, authorise: Authorise) -> None:
        self.bus, self.authorise = bus, authorise
        self.listeners: set[Listener] = set()

    async def start(self) -> None:
        """Subscribe once for everybody."""
        await self.bus.client.subscribe("live.>", cb=self._heard)

    async def _heard(self, message: Msg) -> None:
        parts = message.subject.split(".")
        topic = parts[1]
        body = json.loads(message.data)
        for listener in list(self.listeners):
            if topic not in listener.topics:
                continue
            if topic == "notice":
                if listener.viewer.user == int(parts[2]):
                    listener.offer(topic, body)
                continue
            region, site = parts[2], int(parts[3])
            if listener.site and listener.site != site:
                continue
            if listener.viewer.may_hear(region, site):
                listener.offer(topic, {**body, "site": site})

    async def events(self, request: Request) -> Response:
        """GET /api/v1/live?topics=latest,finding&site=4."""
        viewer = await self.authorise(request.headers)
        if viewer is None:
            return JSONResponse(
                {"type": "about:blank", "title": "请先登录", "status": 401},
                401,
                media_type="application/problem+json",
            )
        topics = frozenset(filter(None, request.query_params.get("topics", "").split(","))) or TOPICS
        site = request.query_params.get("site", "0")
        if not topics <= TOPICS or not site.isdigit():
            return JSONResponse(
                {"type": "about:blank", "title": "未知的订阅主题", "status": 422},
                422,
                media_type="application/problem+json",
            )
        listener = Listener(viewer, topics, int(site))
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(self._stream(listener), media_type="text/event-stream", headers=headers)

    async def _stream(self, listener: Listener) -> AsyncIterator[bytes]:
        self.listeners.add(listener)
        try:
            yield f'retry: 2000\nevent: hello\ndata: {{"now":{time.time_ns() // 1_000_000}}}\n\n'.encode()
            while True:
                try:
                    topic, message = await asyncio.wait_for(listener.next(), HEARTBEAT_S)
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                if listener.lost:
                    lost, listener.lost = listener.lost, 0
                    yield f"event: lagged\ndata: {lost}\n\n".encode()
                text = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
                yield f"event: {topic}\ndata: {text}\n\n".encode()
        finally:
            self.listeners.discard(listener)

    def app(self) -> Starlette:
        """The ASGI application of the role."""
        return Starlette(routes=[Route("/api/v1/live", self.events)])
