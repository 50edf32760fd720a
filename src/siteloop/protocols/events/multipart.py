"""Multipart bodies and endless multipart streams, in any pieces (RFC 2046 as cameras do it): parts cut by their declared length.

A picture may hold the boundary by chance, so a declared length counts; only a part without one ends at the next boundary. What no
picture holds by chance is the head of a part (the boundary with a header line behind it): a length that reaches over one is false, and
what stands behind it is read.
"""

import re

import msgspec

from siteloop.kernel.reasons import Reason
from siteloop.protocols.framing import Refusal

MOST_HEAD = 8 << 10
MOST_PART = 8 << 20
KEPT = 4096  # bytes of something refused that are worth keeping
MOST_NAME = 48  # line end, name of a header and colon behind a boundary
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
        #: the head of a part, or the end of all
        self._next = re.compile(re.escape(self.mark) + rb"(?:--|\r?\n[A-Za-z][\w-]{0,40}:)")
        begun = b"|".join(re.escape(self.mark[:n]) for n in range(1, len(self.mark)))
        #: what may become one with the bytes that come next
        self._begun = re.compile(
            rb"(?:" + re.escape(self.mark) + rb"(?:-|\r?\n?[\w-]{0,41})|" + begun + rb")\Z"
        )
        self._buffer = bytearray()
        self._is_lost = False  # inside a part that is too long: everything goes until the next head
        self._looked = 0  # how far the body of the present part was searched for a head

    @property
    def held(self) -> int:
        """Bytes that wait for more."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[Part | Refusal]:
        """Take bytes in; the parts they complete."""
        found: list[Part | Refusal] = []
        self._buffer += data
        while (not self._is_lost or self._find()) and self._step(found):
            pass
        return found

    def _find(self) -> bool:
        """Throw away what stands before the next head. False while none is there."""
        head = self._next.search(self._buffer)
        keep = len(self._buffer) - len(self.mark) - MOST_NAME
        del self._buffer[: head.start() if head else max(0, keep)]
        self._is_lost = head is None
        return not self._is_lost

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
        inner = self._next.search(buffer, start, head_end)
        if inner is not None:
            return self._false(inner.start(), "head of a part without an end", found)
        headers = _headers(bytes(buffer[start:head_end]))
        declared = headers.get("content-length", "")
        if declared.isascii() and declared.isdigit() and len(declared) < 16:
            return self._declared(headers, body, int(declared), found)
        return self._undeclared(headers, body, found)

    def _declared(self, headers: dict[str, str], body: int, size: int, found: list[Part | Refusal]) -> bool:
        buffer = self._buffer
        if size > self.most_part:
            found.append(Refusal(Reason.LENGTH, bytes(buffer[:KEPT]), f"a part of {size} bytes"))
            self._is_lost = True
            del buffer[:body]
            return True
        end, reach = body + size, len(self.mark) + MOST_NAME
        inner = self._next.search(buffer, max(body, self._looked), end + reach)
        if inner is not None and inner.start() < end:
            return self._false(inner.start(), "a part begins inside the declared length", found)
        begun = self._begun.search(buffer, max(body, end - reach)) if len(buffer) < end + reach else None
        if len(buffer) < end or (begun is not None and begun.start() < end):
            self._looked = max(0, len(buffer) - reach)
            return False
        found.append(_part(headers, bytes(buffer[body:end])))
        self._use(end)
        return True

    def _false(self, place: int, why: str, found: list[Part | Refusal]) -> bool:
        """Refuse what stands before the head at `place`."""
        found.append(Refusal(Reason.LENGTH, bytes(self._buffer[: min(place, KEPT)]), why))
        self._use(place)
        return True

    def _use(self, size: int) -> None:
        del self._buffer[:size]
        self._looked = 0

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
