"""The one HTTP door: live events and device intake are handed to their roles byte by byte, all else is Django."""

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "siteloop.entry.settings")

import django

from siteloop.entry import settled
from siteloop.entry.answering import Answering
from siteloop.framework.rest import mounting

UNAVAILABLE = '{"type":"about:blank","title":"服务暂不可用","status":503}'.encode()
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]

django.setup(set_prefix=False)
_django = Answering()
_is_built = False
_DJANGOS_OWN = ("/api/v1/intake/ledger", "/api/v1/intake/quarantine")
HOP = {b"connection", b"keep-alive", b"transfer-encoding", b"upgrade", b"host", b"expect"}
#: who asks is our own word to the role behind; a client must not be able to claim it
CLAIMS = {b"x-forwarded-for", b"x-forwarded-proto", b"forwarded"}
#: an event stream ends now and then; the browser opens it again and its rights are looked up anew
LONGEST_S = 900.0


def _port(scope: Scope) -> str | None:
    path = scope["path"]
    if path == "/api/v1/live":
        return os.environ.get("SITELOOP_LIVE_PORT")
    if path.startswith("/api/v1/intake/") and not path.startswith(_DJANGOS_OWN):
        return os.environ.get("SITELOOP_INTAKE_PORT")
    return None


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """ASGI entry."""
    target = _port(scope) if scope["type"] == "http" else None
    if target is None:
        await _django(scope, receive, send)
        _build_api()
        return
    has_begun = False

    async def told(message: Mapping[str, Any]) -> None:
        nonlocal has_begun
        has_begun = True
        await send(message)

    try:
        await asyncio.wait_for(_hand_on(target, scope, receive, told), LONGEST_S)
    except (OSError, EOFError):
        if not has_begun:
            headers = [(b"retry-after", b"2"), (b"content-type", b"application/problem+json")]
            await send({"type": "http.response.start", "status": 503, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if has_begun else UNAVAILABLE})


def _build_api() -> None:
    """Once, when the first answer is out: whoever waits for the program to be ready does not wait for this."""
    global _is_built
    if not _is_built:
        _is_built = True
        threading.Thread(target=_finish, name="api", daemon=True).start()


def _finish() -> None:
    mounting.build()
    settled.settle()


async def _hand_on(target: str, scope: Scope, receive: Receive, send: Send) -> None:
    host, _, port = target.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1 << 20)
    query = b"?" + scope["query_string"] if scope["query_string"] else b""
    lines = [
        scope["method"].encode() + b" " + scope["raw_path"].split(b"?")[0] + query + b" HTTP/1.1",
        b"host: " + target.encode(),
    ]
    lines += [name + b": " + value for name, value in scope["headers"] if name not in HOP | CLAIMS]
    if scope.get("client"):
        lines.append(b"x-forwarded-for: " + scope["client"][0].encode())
    has_length = any(name == b"content-length" for name, _ in scope["headers"])
    if not has_length and scope["method"] in ("POST", "PUT"):
        lines.append(b"transfer-encoding: chunked")
    writer.write(b"\r\n".join([*lines, b"connection: close", b"", b""]))
    watcher = asyncio.ensure_future(
        _upload(receive, writer, chunked=not has_length and scope["method"] in ("POST", "PUT"))
    )
    try:
        await _download(reader, send)
    finally:
        watcher.cancel()
        writer.close()


async def _upload(receive: Receive, writer: asyncio.StreamWriter, chunked: bool) -> None:
    """Hand the body on; afterwards watch for the client going away, which closes the connection behind."""
    more = True
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            writer.close()
            return
        if more:
            body = message.get("body", b"")
            more = message.get("more_body", False)
            if chunked and body:
                writer.write(b"%x\r\n%b\r\n" % (len(body), body))
            elif body:
                writer.write(body)
            if chunked and not more:
                writer.write(b"0\r\n\r\n")
            await writer.drain()


async def _download(reader: asyncio.StreamReader, send: Send) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head[:-4].split(b"\r\n")
    headers = [(n.strip().lower(), v.strip()) for n, _, v in (line.partition(b":") for line in lines)]
    is_chunked = any(n == b"transfer-encoding" and v == b"chunked" for n, v in headers)
    kept = [(n, v) for n, v in headers if n not in HOP | {b"date", b"server"}]
    await send({"type": "http.response.start", "status": int(first.split(b" ")[1]), "headers": kept})
    while True:
        if is_chunked:
            size = int((await reader.readuntil(b"\r\n")).strip() or b"0", 16)
            body = (await reader.readexactly(size + 2))[:-2]
        else:
            body = await reader.read(65_536)
        if not body:
            break
        await send({"type": "http.response.body", "body": body, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
