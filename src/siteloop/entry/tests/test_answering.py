"""A request runs in one thread; a stream is made as its client takes it, and ends with its client."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.signals import request_finished
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path
from django.utils import translation

from siteloop.entry.answering import Answering

THIS = Path(__file__).read_bytes()
LANGUAGE = settings.LANGUAGE_COOKIE_NAME
pulled: list[str] = []  # names of the threads a stream's parts were made in


def _where(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{threading.current_thread().name} {translation.get_language()} {len(request.body)}")


def _wrong(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a fault")


def _lines(request: HttpRequest) -> StreamingHttpResponse:
    def parts() -> Iterator[str]:
        for n in range(1000):
            pulled.append(threading.current_thread().name)
            yield f"{n}\n"

    return StreamingHttpResponse(parts())


def _file(request: HttpRequest) -> FileResponse:
    return FileResponse(Path(__file__).open("rb"))


urlpatterns = [path("where", _where), path("wrong", _wrong), path("lines", _lines), path("file", _file)]


@pytest.fixture
def door(settings: Any) -> Answering:
    """The handler over the views of this file."""
    settings.ROOT_URLCONF = __name__
    settings.ALLOWED_HOSTS = ["*"]
    settings.MIDDLEWARE = ["siteloop.framework.language.LanguageFromProfile"]
    pulled.clear()
    return Answering()


class Client:
    """One request of a client that sends `body` in pieces and may leave after so many parts of the answer."""

    def __init__(self, target: str, body: tuple[bytes, ...] = (b"",), leaves: int = 10**9, **headers: str):
        self.scope = {
            "type": "http",
            "method": "POST" if len(body) > 1 else "GET",
            "path": target,
            "query_string": b"",
            "headers": [(n.encode(), v.encode()) for n, v in headers.items()],
        }
        self.waiting = [{"type": "http.request", "body": b, "more_body": True} for b in body]
        self.waiting[-1]["more_body"] = False
        self.leaves, self.gone = leaves, asyncio.Event()
        self.status, self.parts = 0, list[bytes]()

    async def receive(self) -> dict[str, Any]:
        if self.waiting:
            return self.waiting.pop(0)
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        self.status = message.get("status", self.status)
        self.parts += [message["body"]] if message.get("body") else []
        if len(self.parts) >= self.leaves:
            self.gone.set()
            await asyncio.sleep(0)

    async def ask(self, door: Answering) -> bytes:
        await door(self.scope, self.receive, self.send)
        return b"".join(self.parts)


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 30))


def test_threads_are_used_again_and_no_request_sees_the_language_of_the_one_before(door: Answering) -> None:
    async def test() -> None:
        english = await Client("/where", cookie=f"{LANGUAGE}=en").ask(door)
        assert english.split()[1] == b"en"
        later = [await Client("/where").ask(door) for _ in range(60)]
        assert {line.split()[1] for line in later} == {b"zh-hans"}
        assert {line.split()[0].rsplit(b"_")[0] for line in later} == {b"web"}

    run(test())


def test_a_body_in_pieces_is_whole(door: Answering) -> None:
    async def test() -> None:
        assert (await Client("/where", (b"a" * 70_000, b"b" * 70_000)).ask(door)).endswith(b" 140000")

    run(test())


def test_a_fault_is_answered_and_the_next_request_too(door: Answering) -> None:
    async def test() -> None:
        wrong = Client("/wrong")
        await wrong.ask(door)
        assert wrong.status == 500
        assert await Client("/where").ask(door)

    run(test())


def test_a_stream_comes_whole_from_one_thread_of_its_own(door: Answering) -> None:
    ended: list[object] = []
    request_finished.connect(lambda **_: ended.append(1), weak=False, dispatch_uid="test")

    async def test() -> None:
        body = await Client("/lines").ask(door)
        assert body.split() == [str(n).encode() for n in range(1000)]
        assert len(set(pulled)) == 1
        assert pulled[0].startswith("stream")
        assert await Client("/file").ask(door) == THIS

    try:
        run(test())
    finally:
        request_finished.disconnect(dispatch_uid="test")
    assert len(ended) == 2


def test_a_stream_ends_with_its_client(door: Answering) -> None:
    async def test() -> None:
        await Client("/lines", leaves=3).ask(door)
        assert 3 <= len(pulled) < 20

    run(test())


def test_who_leaves_while_sending_is_not_answered(door: Answering) -> None:
    async def test() -> None:
        client = Client("/where", (b"half", b"rest"))
        client.waiting[1] = {"type": "http.disconnect"}
        assert await client.ask(door) == b""
        assert client.status == 0

    run(test())
