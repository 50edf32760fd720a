"""HTTP/1.1 messages as the kit needs them: cut out of a stream, written, and shown without the proof they carry (RFC 9112)."""

import re
from http import HTTPStatus
from typing import Any

import msgspec

LONGEST_HEAD = 32_768
_START = re.compile(r"(?:[A-Z]{3,7} \S+ HTTP/1\.[01]|HTTP/1\.[01] \d{3}.*)")


class Message(msgspec.Struct, frozen=True):
    """A request or an answer; `first` is "" for bytes that are neither."""

    first: str
    headers: dict[str, str]
    body: bytes
    raw: bytes

    @property
    def _proof(self) -> tuple[str, str]:
        scheme, _, told = self.headers.get("authorization", "").partition(" ")
        code, _, token = told.strip().rpartition(":")
        return (code, token) if scheme.lower() in ("bearer", "device") else ("", "")

    @property
    def code(self) -> str:
        """The device's code of `Authorization: Bearer code:token`."""
        return self._proof[0]

    @property
    def token(self) -> str:
        """And its token."""
        return self._proof[1]


def cut(buffer: bytes) -> tuple[int, list[Message]]:
    """Whole messages at the front of a buffer: (bytes used, messages). What is none is used up whole."""
    used, found = 0, list[Message]()
    while used < len(buffer):
        end = buffer.find(b"\r\n\r\n", used)
        if end < 0:
            if len(buffer) - used > LONGEST_HEAD:
                return len(buffer), [*found, Message("", {}, b"", buffer[used : used + 400])]
            break
        first, *lines = buffer[used:end].decode("latin-1").lstrip("\r\n").split("\r\n")
        pairs = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        told = headers.get("content-length", "0")
        if not _START.fullmatch(first) or not (told.isascii() and told.isdigit() and len(told) < 10):
            return len(buffer), [*found, Message("", {}, b"", buffer[used : used + 400])]
        is_chunked = headers.get("transfer-encoding", "").lower() == "chunked"
        body, stop = _chunks(buffer, end + 4) if is_chunked else _plain(buffer, end + 4, int(told))
        if stop < 0:
            break
        found.append(Message(first, headers, body, buffer[used:stop]))
        used = stop
    return used, found


def _plain(buffer: bytes, start: int, size: int) -> tuple[bytes, int]:
    """(body, its end), -1 while bytes are missing."""
    stop = start + size
    return (buffer[start:stop], stop) if len(buffer) >= stop else (b"", -1)


def _chunks(buffer: bytes, at: int) -> tuple[bytes, int]:
    """(body, its end) of a body in chunks, -1 while bytes are missing or where it is none."""
    body = b""
    while (end := buffer.find(b"\r\n", at)) >= 0:
        digits = buffer[at:end].split(b";")[0].strip()
        if not re.fullmatch(rb"[0-9A-Fa-f]{1,8}", digits):
            return b"", -1
        size, start = int(digits, 16), end + 2
        if len(buffer) < start + size + 2:
            break
        if not size:
            return body, start + 2
        body, at = body + buffer[start : start + size], start + size + 2
    return b"", -1


def masked(message: Message) -> bytes:
    """Its bytes without the token."""
    token = message.token.encode("latin-1", "replace")
    return message.raw.replace(token, b"***") if token else message.raw


def response(status: HTTPStatus, body: dict[str, Any]) -> bytes:
    """An answer with a JSON body."""
    told = msgspec.json.encode(body)
    retry = "Retry-After: 1\r\n" if status == HTTPStatus.SERVICE_UNAVAILABLE else ""
    head = f"HTTP/1.1 {int(status)} {status.phrase}\r\nContent-Type: application/json\r\n{retry}"
    return f"{head}Content-Length: {len(told)}\r\n\r\n".encode() + told


def request(verb: str, path: str, code: str, token: str, body: bytes, host: str) -> bytes:
    """A request that proves itself."""
    head = f"{verb} {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {code}:{token}\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
