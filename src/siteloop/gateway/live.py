"""The live plane: server-sent events of readings, findings, commands, cases and notices, inside the viewer's scope only.

Memory is bounded: a slow reader loses the oldest events and is told `lost`, so that it reads the page's data again.
Rights are looked up again while a stream is open; when they changed the stream ends, and the browser asks anew.
"""

import asyncio
import contextlib
import json
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from nats.aio.msg import Msg
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from siteloop.gateway import figures
from siteloop.gateway.bus import Bus
from siteloop.gateway.latency import METER
from siteloop.kernel.latency import Stage

TOPICS = frozenset({"latest", "finding", "command", "case", "notice"})
WAITING = 500  # readings, and as many of all else, that wait for one reader
HEARTBEAT_S = 15.0
RECHECK_S = 10.0  # rights of an open stream
UNSURE_S = 60.0  # rights that cannot be looked up for so long count as lost
STREAMS = 5_000  # open at once
RIGHTS = "rights"  # live.rights.<account>: somebody's rights changed


class Unreachable(Exception):
    """Nobody can say at the moment who this is."""


@dataclass(frozen=True)
class LiveViewer:
    """Who listens: region prefixes and sites whose events may be told, and the topics the account may hear at all."""

    user: int
    regions: tuple[str, ...] = ()
    sites: frozenset[int] = frozenset()
    topics: frozenset[str] = TOPICS

    def may_hear(self, region: str, site: int) -> bool:
        """Whether an event of a site lies in scope."""
        return site in self.sites or any(region.startswith(r) for r in self.regions)


#: (request headers, whether only a fresh answer will do) -> None for nobody. Raises Unreachable.
Authorise = Callable[[Mapping[str, str], bool], Awaitable[LiveViewer | None]]


@dataclass(eq=False)
class Listener:
    """One open stream."""

    viewer: LiveViewer
    topics: frozenset[str]
    site: int
    latest: "deque[tuple[str, dict[str, Any]]]" = field(default_factory=deque)
    urgent: "deque[tuple[str, dict[str, Any]]]" = field(default_factory=deque)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    lost: "Counter[str]" = field(default_factory=Counter)
    is_doubted: bool = False  # somebody said that its rights changed
    asked_at: float = field(default_factory=time.monotonic)  # when the rights were last looked up
    sure_at: float = field(default_factory=time.monotonic)  # and when they were last confirmed

    def offer(self, topic: str, message: dict[str, Any]) -> None:
        """Queue an event. When WAITING of its kind wait already, the oldest goes and its loss will be told."""
        queue = self.latest if topic == "latest" else self.urgent
        if len(queue) >= WAITING:
            gone, _ = queue.popleft()
            self.lost[gone] += 1
            figures.DROPPED.labels(gone).inc()
        queue.append((topic, message))
        self.arrived.set()

    def doubt(self) -> None:
        """Have the rights looked up before anything else is told."""
        self.is_doubted = True
        self.arrived.set()

    async def ready(self) -> None:
        """Until there is something to tell or to look up."""
        while not self.urgent and not self.latest and not self.is_doubted:
            self.arrived.clear()
            await self.arrived.wait()

    def next(self) -> tuple[str, dict[str, Any]] | None:
        """The next event, None when nothing waits. Losses first; what people must act on goes before readings."""
        if self.lost:
            lost, self.lost = dict(self.lost), Counter()
            return "lost", lost
        queue = self.urgent or self.latest
        return queue.popleft() if queue else None


class Live:
    """Fans the live subjects of the bus out to the open streams."""

    def __init__(self, bus: Bus, authorise: Authorise, recheck_s: float = RECHECK_S) -> None:
        self.bus, self.authorise, self.recheck_s = bus, authorise, recheck_s
        self.listeners: set[Listener] = set()

    async def start(self) -> None:
        """Subscribe once for everybody."""
        await self.bus.client.subscribe("live.>", cb=self._heard)

    async def _heard(self, message: Msg) -> None:
        with contextlib.suppress(ValueError, IndexError):  # not one of ours: nobody is told
            topic, *place = message.subject.split(".")[1:]
            if topic == RIGHTS:
                self._doubt(int(place[0]))
            else:
                self.tell(topic, place, json.loads(message.data))

    def _doubt(self, user: int) -> None:
        for listener in self.listeners:
            if listener.viewer.user == user:
                listener.doubt()

    def tell(self, topic: str, place: list[str], body: dict[str, Any]) -> None:
        """Offer an event to the streams that asked for it and may hear it. Raises ValueError for a place that is none."""
        region, where = ("", int(place[0])) if topic == "notice" else (place[0], int(place[1]))
        for listener in self.listeners:
            if topic not in listener.topics:
                continue
            if topic == "notice":
                if listener.viewer.user == where:
                    listener.offer(topic, body)
            elif listener.site in (0, where) and listener.viewer.may_hear(region, where):
                listener.offer(topic, {**body, "site": where})

    async def events(self, request: Request) -> Response:
        """GET /api/v1/live?topics=latest,finding&site=4."""
        try:
            viewer = await self.authorise(request.headers, False)
        except Unreachable:
            return _problem(503, "暂时无法核对权限，请稍后再试")
        if viewer is None:
            return _problem(401, "请先登录")
        asked = frozenset(filter(None, request.query_params.get("topics", "").split(",")))
        site = request.query_params.get("site", "0")
        if not asked <= TOPICS or not (site.isascii() and site.isdigit() and len(site) < 10):
            return _problem(422, "未知的订阅主题")
        if asked and not asked & viewer.topics:
            return _problem(403, "无权订阅这些主题")
        if len(self.listeners) >= STREAMS:
            return _problem(503, "实时连接已满，请稍后再试")
        listener = Listener(viewer, (asked or TOPICS) & viewer.topics, int(site))
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        stream = self.stream(listener, request.headers)
        return StreamingResponse(stream, media_type="text/event-stream", headers=headers)

    async def stream(self, listener: Listener, headers: Mapping[str, str]) -> AsyncIterator[bytes]:
        """The bytes of one stream, until the rights of its viewer change."""
        self.listeners.add(listener)
        figures.LISTENERS.set(len(self.listeners))
        try:
            told = time.monotonic()
            yield f'retry: 2000\nevent: hello\ndata: {{"now":{time.time_ns() // 1_000_000}}}\n\n'.encode()
            while await self._may_go_on(listener, headers):
                event = listener.next()
                if event is not None:
                    figures.TOLD.labels(event[0]).inc()
                    yield _written(*event)
                    _measure(*event)
                    told = time.monotonic()
                    continue
                if time.monotonic() - told >= HEARTBEAT_S:
                    yield b": still here\n\n"
                    told = time.monotonic()
                until = min(listener.asked_at + self.recheck_s, told + HEARTBEAT_S)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(listener.ready(), max(0.0, until - time.monotonic()))
            yield _written("rights", {})
        finally:
            self.listeners.discard(listener)
            figures.LISTENERS.set(len(self.listeners))

    async def _may_go_on(self, listener: Listener, headers: Mapping[str, str]) -> bool:
        """Whether the viewer's rights are what they were; looked up now and then, and at once when they are in doubt."""
        now = time.monotonic()
        if not listener.is_doubted and now - listener.asked_at < self.recheck_s:
            return True
        is_doubted, listener.is_doubted = listener.is_doubted, False
        listener.asked_at = now
        try:
            viewer = await self.authorise(headers, is_doubted)
        except Unreachable:
            if not is_doubted and now - listener.sure_at < UNSURE_S:
                return True
            figures.ENDED.labels("unsure").inc()
            return False
        listener.sure_at = now
        if viewer != listener.viewer:
            figures.ENDED.labels("signed_out" if viewer is None else "rights_changed").inc()
        return viewer == listener.viewer

    def app(self) -> Starlette:
        """The ASGI application of the role."""
        return Starlette(routes=[Route("/api/v1/live", self.events)])


def _written(event: str, message: dict[str, Any]) -> bytes:
    text = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
    return f"event: {event}\ndata: {text}\n\n".encode()


def _measure(event: str, message: dict[str, Any]) -> None:
    """Note an alarm that was just written to a browser; only a finding says when its reading was received."""
    received = message.get("received_us")
    if event == "finding" and isinstance(received, int):
        METER.note(Stage.SHOWN, np.array([received], np.int64))


def _problem(status: int, title: str) -> JSONResponse:
    headers = {"Retry-After": "5"} if status == 503 else None
    body = {"type": "about:blank", "title": title, "status": status}
    return JSONResponse(body, status, headers, media_type="application/problem+json")
