"""Django behind the HTTP door: a request runs in one thread of a pool, from its first line to its last.

Django's own handler makes a thread for every request and enters it again for each signal, turns the chain of middleware from
synchronous to asynchronous and back, and gathers in memory what was to be streamed. Our views are synchronous, so none of that buys
anything (docs/performance.md, queries).
"""

import asyncio
import contextvars
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any

from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.db import close_old_connections
from django.http import FileResponse, HttpRequest
from django.http.response import HttpResponseBase, StreamingHttpResponse
from django.urls import set_script_prefix

THREADS = 20  # as many as the pool of the database has connections
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Run = Callable[..., Any]  # calls a function in the context of one request


class Answering(ASGIHandler):
    """The ASGI application of all that is Django's."""

    def __init__(self) -> None:
        BaseHandler.__init__(self)  # the one between would load the chain as asynchronous
        self.load_middleware(is_async=False)
        self._threads = ThreadPoolExecutor(THREADS, "web")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request. A client that leaves while it still sends is not answered; later its answer is made all the same."""
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        with body:
            request, refused = self.create_request(scope, body)
            if request is None:
                assert refused is not None  # one of the two
                await self.send_response(refused, send)
                return
            run = contextvars.copy_context().run
            response = await _in(self._threads, run, self._answer, scope, request)
            if isinstance(response, StreamingHttpResponse):
                await self._stream(response, run, receive, send)
            else:
                await self.send_response(response, send)

    def _answer(self, scope: Scope, request: HttpRequest) -> HttpResponseBase:
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=type(self), scope=scope)
        response = self.get_response(request)
        response._handler_class = type(self)  # type: ignore[attr-defined]  # whom `request_finished` names
        if isinstance(response, FileResponse):
            response.block_size = self.chunk_size
        if response.streaming:
            close_old_connections()  # the stream has a thread of its own, and so connections of its own
        else:
            response.close()
        return response

    async def _stream(self, response: StreamingHttpResponse, run: Run, receive: Receive, send: Send) -> None:
        """Part by part, as fast as the client takes them: a slow one holds up a thread that nobody else waits for."""
        thread = ThreadPoolExecutor(1, "stream")
        leaving = asyncio.ensure_future(receive())
        try:
            response.streaming_content = _pulled(iter(response), thread, run, leaving)
            await self.send_response(response, send)
        finally:
            leaving.cancel()
            await _in(thread, run, response.close)
            thread.shutdown(wait=False)


async def _in(threads: Executor, run: Run, *call: Any) -> Any:
    return await asyncio.get_running_loop().run_in_executor(threads, run, *call)


async def _pulled(
    parts: Iterator[bytes], thread: Executor, run: Run, leaving: "asyncio.Future[Any]"
) -> AsyncIterator[bytes]:
    """The parts of a stream until its end or the client's."""
    while not leaving.done():
        part = await _in(thread, run, next, parts, None)
        if part is None:
            return
        yield part
