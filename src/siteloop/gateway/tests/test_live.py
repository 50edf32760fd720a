"""The live plane: what a viewer may hear, what a slow reader loses, and that an open stream ends with its rights."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import uvicorn

from siteloop.gateway import live
from siteloop.gateway.bus import Bus
from siteloop.gateway.live import WAITING, Listener, Live, LiveViewer, Unreachable
from siteloop.gateway.tests.listening import within

TOWN_A, TOWN_B = "330482101", "330482102"
SITE_A, SITE_B = 11, 22
VIEWERS = {
    "town a": LiveViewer(1, (TOWN_A,)),
    "site a": LiveViewer(2, (), frozenset({SITE_A})),
    "county": LiveViewer(3, ("330482",)),
    "nobody's": LiveViewer(4),
    "no readings": LiveViewer(5, (TOWN_A,), topics=frozenset({"notice"})),
}


class Rights:
    """Who may hear what, changeable while streams are open."""

    def __init__(self) -> None:
        self.viewers: dict[str, LiveViewer] = dict(VIEWERS)
        self.is_down = False
        self.fresh: list[bool] = []

    async def __call__(self, headers: Mapping[str, str], fresh: bool) -> LiveViewer | None:
        self.fresh.append(fresh)
        if self.is_down:
            raise Unreachable("the web role is away")
        return self.viewers.get(headers.get("authorization", ""))


class Open:
    """A role live on a real bus and a real port."""

    def __init__(self, bus: Bus, role: Live, rights: Rights, port: int) -> None:
        self.bus, self.role, self.rights = bus, role, rights
        self.client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10)

    @asynccontextmanager
    async def stream(self, who: str, **params: str) -> AsyncIterator[AsyncIterator[tuple[str, Any]]]:
        async with self.client.stream(
            "GET", "/api/v1/live", params=params, headers={"Authorization": who}
        ) as answer:
            assert answer.status_code == 200, await answer.aread()
            events = _events(answer)
            assert (await anext(events))[0] == "hello"
            yield events

    async def say_everything(self, mark: int) -> None:
        """One event of each topic about each town, then a notice to everybody."""
        for region, site in ((TOWN_B, SITE_B), (TOWN_A, SITE_A)):
            for topic in ("latest", "finding", "command", "case"):
                await self.bus.say(f"live.{topic}.{region}.{site}", {"mark": mark, "of": region})
        for user in range(1, 6):
            await self.bus.say(f"live.notice.{user}", {"mark": mark, "to": user})


async def _events(answer: httpx.Response) -> AsyncIterator[tuple[str, Any]]:
    name = ""
    async for line in answer.aiter_lines():
        if line.startswith("event: "):
            name = line[7:]
        elif line.startswith("data: "):
            yield name, json.loads(line[6:])


@asynccontextmanager
async def opened(nats_url: str, recheck_s: float = 60) -> AsyncIterator[Open]:
    bus, rights = Bus(nats_url, "live"), Rights()
    await bus.connect()
    role = Live(bus, rights, recheck_s)
    await role.start()
    server = uvicorn.Server(uvicorn.Config(role.app(), port=0, log_level="error", lifespan="off"))
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(server.serve())
    await _until(lambda: server.started)
    one = Open(bus, role, rights, server.servers[0].sockets[0].getsockname()[1])
    try:
        yield one
    finally:
        await one.client.aclose()
        server.should_exit = server.force_exit = True
        await task
        await bus.close()


async def _told(one: Open, events: AsyncIterator[tuple[str, Any]], readings: int) -> list[tuple[str, Any]]:
    """Everything heard of `say_everything`. One's own notice is said last, but is told before readings that wait."""
    heard = []
    async for name, message in events:
        if name == "notice":
            assert message["mark"] == 1
        heard.append((name, message))
        names = [n for n, _ in heard]
        if "notice" in names and names.count("latest") >= readings:
            assert readings or not any(waiting.latest for waiting in one.role.listeners)
            return [h for h in heard if h[0] != "notice"]
    raise AssertionError("the stream ended")


async def _until(holds: Callable[[], bool]) -> None:
    while not holds():  # noqa: ASYNC110 - what it waits for is no event of ours
        await asyncio.sleep(0.01)


@pytest.mark.requirement("SEC-06")
@pytest.mark.parametrize(
    ("who", "towns"),
    [("town a", {TOWN_A}), ("site a", {TOWN_A}), ("county", {TOWN_A, TOWN_B}), ("nobody's", set())],
)
@pytest.mark.parametrize("params", [{}, {"topics": "latest,finding,command,case,notice"}])
def test_nobody_hears_another_towns_events(
    nats_url: str, who: str, towns: set[str], params: dict[str, str]
) -> None:
    async def test() -> None:
        async with opened(nats_url) as one, one.stream(who, **params) as events:
            await one.say_everything(1)
            heard = await _told(one, events, len(towns))
            assert {m["of"] for _, m in heard} == towns
            assert {n for n, _ in heard} == ({"latest", "finding", "command", "case"} if towns else set())

    within(30, test)


def test_asking_for_another_towns_site_by_its_number_tells_nothing(nats_url: str) -> None:
    async def test() -> None:
        async with opened(nats_url) as one, one.stream("town a", site=str(SITE_B)) as events:
            await one.say_everything(1)
            assert await _told(one, events, 0) == []

    within(30, test)


@pytest.mark.parametrize(
    "topics",
    [
        "*",
        ">",
        "live.>",
        f"latest.{TOWN_B}",
        f"latest.{TOWN_B}.{SITE_B}",
        "latest,>",
        "rights",
        "LATEST",
        "notice.1",
    ],
)
def test_wildcards_and_guessed_subjects_are_refused(nats_url: str, topics: str) -> None:
    async def test() -> None:
        async with opened(nats_url) as one:
            answer = await one.client.get(
                "/api/v1/live", params={"topics": topics}, headers={"Authorization": "town a"}
            )
            assert (answer.status_code, answer.json()["title"]) == (422, "未知的订阅主题")

    within(30, test)


@pytest.mark.parametrize(
    ("who", "params", "status"),
    [
        ("", {}, 401),
        ("stranger", {}, 401),
        ("town a", {"site": "-1"}, 422),
        ("town a", {"site": "²"}, 422),
        ("town a", {"site": "9" * 30}, 422),
        ("no readings", {"topics": "latest,finding"}, 403),
    ],
)
def test_who_may_not_listen_is_told_why(nats_url: str, who: str, params: dict[str, str], status: int) -> None:
    async def test() -> None:
        async with opened(nats_url) as one:
            answer = await one.client.get("/api/v1/live", params=params, headers={"Authorization": who})
            assert answer.status_code == status and answer.json()["status"] == status

    within(30, test)


def test_a_topic_without_the_right_is_left_out_of_all(nats_url: str) -> None:
    async def test() -> None:
        async with opened(nats_url) as one, one.stream("no readings") as events:
            await one.say_everything(1)
            assert await _told(one, events, 0) == []

    within(30, test)


@pytest.mark.parametrize(
    "after", [None, LiveViewer(1, (TOWN_B,)), LiveViewer(1, (TOWN_A,), topics=frozenset({"notice"}))]
)
def test_a_stream_ends_when_the_rights_of_its_viewer_change(nats_url: str, after: LiveViewer | None) -> None:
    async def test() -> None:
        async with opened(nats_url, recheck_s=0.05) as one, one.stream("town a") as events:
            if after is None:
                del one.rights.viewers["town a"]
            else:
                one.rights.viewers["town a"] = after
            assert [e async for e in events][-1] == ("rights", {})
            assert not one.role.listeners

    within(30, test)


def test_word_of_changed_rights_ends_the_stream_before_anything_more_is_told(nats_url: str) -> None:
    async def test() -> None:
        async with opened(nats_url) as one, one.stream("town a") as events, one.stream("county") as others:
            del one.rights.viewers["town a"]
            await one.bus.say("live.rights.1", {})
            await one.say_everything(1)
            assert [e async for e in events] == [("rights", {})]
            assert one.rights.fresh[-1] is True
            assert len(await _told(one, others, 2)) == 8

    within(30, test)


def test_a_stream_goes_on_while_rights_cannot_be_looked_up_but_not_for_long(
    nats_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        async with opened(nats_url, recheck_s=0.05) as one, one.stream("town a") as events:
            one.rights.is_down = True
            asked = len(one.rights.fresh)
            await _until(lambda: len(one.rights.fresh) >= asked + 3)
            await one.say_everything(1)
            assert len(await _told(one, events, 1)) == 4
            monkeypatch.setattr(live, "UNSURE_S", 0.0)
            assert [e async for e in events][-1] == ("rights", {})

    within(30, test)


def test_no_more_streams_than_there_is_room_for(nats_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "STREAMS", 1)

    async def test() -> None:
        async with opened(nats_url) as one, one.stream("town a"):
            answer = await one.client.get("/api/v1/live", headers={"Authorization": "county"})
            assert answer.status_code == 503 and answer.headers["Retry-After"]

    within(30, test)


@pytest.mark.parametrize("topic", ["latest", "finding"])
def test_a_slow_reader_loses_the_oldest_and_is_told_so(topic: str) -> None:
    listener = Listener(VIEWERS["town a"], frozenset({topic}), 0)
    for n in range(WAITING + 30):
        listener.offer(topic, {"n": n})
    assert len(listener.latest) + len(listener.urgent) == WAITING
    assert listener.next() == ("lost", {topic: 30})
    assert listener.next() == (topic, {"n": 30})


def test_findings_go_before_readings() -> None:
    listener = Listener(VIEWERS["town a"], live.TOPICS, 0)
    listener.offer("latest", {"n": 1})
    listener.offer("finding", {"n": 2})
    assert [listener.next(), listener.next(), listener.next()] == [
        ("finding", {"n": 2}),
        ("latest", {"n": 1}),
        None,
    ]


@pytest.mark.parametrize("subject", ["live.finding", "live.finding.330482.x", "live.notice.x", "live"])
def test_a_subject_that_is_none_of_ours_disturbs_nobody(nats_url: str, subject: str) -> None:
    async def test() -> None:
        async with opened(nats_url) as one, one.stream("town a") as events:
            await one.bus.client.publish(subject, b"{}")
            await one.bus.client.publish(f"live.latest.{TOWN_A}.{SITE_A}", b"no json")
            await one.say_everything(1)
            assert len(await _told(one, events, 1)) == 4

    within(30, test)
