"""Multipart bodies and endless multipart streams, in any pieces (RFC 2046 as cameras do it): parts cut by their declared length.

A picture may hold the boundary by chance, so a declared length counts; only a part without one ends at the next boundary.
"""

import re

import msgspec

from siteloop.kernel.reasons import Reason
from siteloop.protocols.framing import Refusal

MOST_HEAD = 8 << 10
MOST_PART = 8 << 20
KEPT = 4096  # bytes of something refused that are worth keeping
_PARAMETER = re.compile(r"""(\w+)\*?=(?:"([^"]*)"|([^;\s]+))""")


class Part(msgspec.Struct, frozen=True):
    """One part: lower-case content type without parameters, the field or file name it gives itself, its bytes."""

    content_type: str
    name: str
    data: bytes


def boundary_of(content_type: str) -> bytes:
    """The boundary a Content-Type names, b"" when it names none."""
    for key, quoted, plain in _PARAMETER.findall(content_type):
        if key.lower() == "boundary":
            return str(quoted or plain).removeprefix("--").encode("latin-1", "replace")[:200]
    return b""


class Multipart:
    """Cuts parts out of what is fed; holds at most one part and its head."""

    def __init__(self, boundary: bytes, most_part: int = MOST_PART) -> None:
        self.mark, self.most_part = b"--" + boundary, most_part
        self._buffer = bytearray()
        self._skip = 0  # bytes of a refused part still to come

    @property
    def held(self) -> int:
        """Bytes that wait for more."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[Part | Refusal]:
        """Take bytes in; the parts they complete."""
        found: list[Part | Refusal] = []
        if self._skip:
            dropped = min(self._skip, len(data))
            self._skip -= dropped
            data = data[dropped:]
        self._buffer += data
        while not self._skip and self._step(found):
            pass
        return found

    def _step(self, found: list[Part | Refusal]) -> bool:
        """One part or refusal. False when more bytes are needed."""
        buffer = self._buffer
        place = buffer.find(self.mark)
        if place < 0:
            self._drop(max(0, len(buffer) - len(self.mark) - 2), found)
            return False
        self._drop(place, found)
        start = len(self.mark)
        if buffer[start : start + 2] == b"--":
            del buffer[: start + 2]
            return True
        if len(buffer) < start + 4:
            return False
        head_end, body = _end_of_head(buffer, start)
        if head_end < 0:
            if len(buffer) > start + MOST_HEAD:
                found.append(Refusal(Reason.LENGTH, bytes(buffer[:KEPT]), "head of a part without an end"))
                del buffer[:start]
                return True
            return False
        headers = _headers(bytes(buffer[start:head_end]))
        declared = headers.get("content-length", "")
        if declared.isascii() and declared.isdigit() and len(declared) < 16:
            return self._declared(headers, body, int(declared), found)
        return self._undeclared(headers, body, found)

    def _declared(self, headers: dict[str, str], body: int, size: int, found: list[Part | Refusal]) -> bool:
        buffer = self._buffer
        if size > self.most_part:
            found.append(Refusal(Reason.LENGTH, bytes(buffer[:KEPT]), f"a part of {size} bytes"))
            here = min(len(buffer), body + size)
            self._skip = body + size - here
            del buffer[:here]
            return True
        if len(buffer) < body + size:
            return False
        found.append(_part(headers, bytes(buffer[body : body + size])))
        del buffer[: body + size]
        return True

    def _undeclared(self, headers: dict[str, str], body: int, found: list[Part | Refusal]) -> bool:
        buffer = self._buffer
        end = buffer.find(self.mark, body)
        if end < 0:
            if len(buffer) - body > self.most_part:
                found.append(Refusal(Reason.LENGTH, bytes(buffer[:KEPT]), "a part without length or end"))
                del buffer[: len(buffer) - len(self.mark)]
                return True
            return False
        found.append(_part(headers, bytes(buffer[body:end]).removesuffix(b"\n").removesuffix(b"\r")))
        del buffer[:end]
        return True

    def _drop(self, size: int, found: list[Part | Refusal]) -> None:
        """Give up bytes in front of a boundary; what is not blank is refused."""
        junk = bytes(self._buffer[:size])
        if junk.strip():
            found.append(Refusal(Reason.MALFORMED, junk[:KEPT], "bytes outside any part"))
        del self._buffer[:size]


def _end_of_head(buffer: bytearray, start: int) -> tuple[int, int]:
    """(end of the head, begin of the body), (-1, -1) while it is not there; an empty head ends at once."""
    ends = [
        (p, p + len(e))
        for e in (b"\r\n\r\n", b"\n\n")
        if (p := buffer.find(e, start, start + MOST_HEAD)) >= 0
    ]
    return min(ends) if ends else (-1, -1)


def _headers(head: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in head.decode("utf-8", "replace").splitlines():
        name, colon, value = line.partition(":")
        if colon:
            found.setdefault(name.strip().lower(), value.strip())
    return found


def _part(headers: dict[str, str], data: bytes) -> Part:
    named = {k.lower(): q or p for k, q, p in _PARAMETER.findall(headers.get("content-disposition", ""))}
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return Part(
        kind, (named.get("filename") or named.get("name") or headers.get("content-id", ""))[:200], data
    )


def parts(body: bytes, boundary: bytes, most_part: int = MOST_PART) -> list[Part | Refusal]:
    """The parts of a whole body, also when its last boundary is missing."""
    cutter = Multipart(boundary, most_part)
    return [*cutter.feed(body), *cutter.feed(b"\r\n" + cutter.mark + b"--")]
