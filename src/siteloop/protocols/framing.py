"""Cutting frames out of a byte stream, for every vendor format that opens with fixed bytes.

A family knows how long a frame is and whether it is whole; the scanner skips garbage (refused once, as one piece), finds the
way back after something broken, and gives up a false beginning as soon as a whole frame shows behind it. What it leaves in
the buffer is never longer than the longest frame of the families.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Generic, Protocol, TypeVar

import msgspec

from siteloop.kernel.reasons import Reason

F = TypeVar("F")
F_co = TypeVar("F_co", covariant=True)
#: between frames these are no garbage: line ends and fill
FILL = b"\r\n\x00 "


class Refusal(msgspec.Struct, frozen=True):
    """Bytes that are no frame, and why."""

    reason: Reason
    raw: bytes
    detail: str = ""


class NotAFrame(ValueError):
    """Bytes that open like a frame and are none; `size` is how many of them to give up, 0 = look again one byte on."""

    def __init__(self, reason: Reason, detail: str, size: int = 0) -> None:
        super().__init__(detail)
        self.reason, self.detail, self.size = reason, detail, size


class Family(Protocol[F_co]):
    """One format: `head` opens every frame, no frame is longer than `longest`."""

    @property
    def head(self) -> bytes: ...

    @property
    def longest(self) -> int: ...

    def size(self, data: bytes, at: int) -> int:
        """Length of the frame that opens at `at`, 0 while bytes are missing. Raises NotAFrame."""
        ...

    def read(self, raw: bytes) -> F_co:
        """The frame of exactly these bytes. Raises NotAFrame."""
        ...


class _Scan(Generic[F]):
    """One pass over a buffer."""

    def __init__(self, data: bytes, families: Sequence[Family[F]]) -> None:
        self.data, self.families = data, families
        self.found: list[F | Refusal] = []
        self.junk_from = 0
        self.why = (Reason.MALFORMED, "no frame header")

    def next_head(self, start: int) -> tuple[int, Family[F]] | None:
        """Where the next frame may open."""
        best: tuple[int, Family[F]] | None = None
        for family in self.families:
            place = self.data.find(family.head, start)
            if place >= 0 and (best is None or place < best[0]):
                best = place, family
        return best

    def whole(self, at: int, family: Family[F]) -> tuple[int, F] | None:
        """(size, frame) when all of it is there, None while bytes are missing. Raises NotAFrame."""
        size = family.size(self.data, at)
        if not size:
            if len(self.data) - at >= family.longest:
                raise NotAFrame(Reason.LENGTH, f"no end within {family.longest} bytes")
            return None
        if size > family.longest:
            raise NotAFrame(Reason.LENGTH, f"declares {size} bytes, {family.longest} are the most")
        if len(self.data) - at < size:
            return None
        return size, family.read(self.data[at : at + size])

    def refuse_until(self, end: int) -> None:
        """Close the piece of garbage that ends here."""
        junk = self.data[self.junk_from : end]
        if junk.strip(FILL):
            self.found.append(Refusal(self.why[0], junk, self.why[1]))
        self.why = (Reason.MALFORMED, "no frame header")

    def behind(self, start: int) -> int:
        """Where a whole frame opens at or after `start`, -1 when there is none."""
        while (head := self.next_head(start)) is not None:
            try:
                if self.whole(*head) is not None:
                    return head[0]
            except NotAFrame:
                pass
            start = head[0] + 1
        return -1

    def inside(self, place: int, size: int) -> int:
        """How much of the broken piece at `place` to give up: all, or what stands before a frame that may open in it."""
        end, start = place + size, place + 1
        while (head := self.next_head(start)) is not None and head[0] < end:
            try:
                self.whole(*head)
            except NotAFrame:
                start = head[0] + 1
            else:  # whole, or still coming in
                return head[0] - place
        return min(size, max(self.beginning() - place, 1))

    def run(self) -> int:
        """Bytes used."""
        at = 0
        while (head := self.next_head(at)) is not None:
            place, family = head
            try:
                got = self.whole(place, family)
            except NotAFrame as no:
                at = self.give_up(place, no)
                continue
            if got is None:
                later = self.behind(place + 1)
                if later < 0:
                    self.refuse_until(place)
                    return place
                at = self.give_up(place, NotAFrame(Reason.LENGTH, "a new frame begins inside", later - place))
                continue
            self.refuse_until(place)
            size, frame = got
            self.found.append(frame)
            at = self.junk_from = place + size
        kept = self.beginning()
        self.refuse_until(kept)
        return kept

    def give_up(self, place: int, no: NotAFrame) -> int:
        """Note why the bytes at `place` are no frame; where to look on."""
        if no.size:
            self.refuse_until(place)
            size = self.inside(place, no.size)
            self.found.append(Refusal(no.reason, self.data[place : place + size], no.detail))
            self.junk_from = place + size
            return self.junk_from
        if self.why[1] == "no frame header":
            self.why = (no.reason, no.detail)
        return place + 1

    def beginning(self) -> int:
        """Where a head may just be beginning at the end of the buffer."""
        for size in range(max((len(f.head) for f in self.families), default=1) - 1, 0, -1):
            tail = self.data[-size:]
            if len(tail) == size and any(f.head.startswith(tail) for f in self.families):
                return max(len(self.data) - size, self.junk_from)
        return len(self.data)


def cut(buffer: bytes | bytearray, families: Sequence[Family[F]]) -> tuple[int, list[F | Refusal]]:
    """All whole frames at the front of a receive buffer.

    Returns (bytes used, frames and refusals in order); the rest waits for more.
    """
    scan = _Scan(bytes(buffer), families)
    return scan.run(), scan.found


def frames(parts: Iterable[bytes], families: Sequence[Family[F]]) -> Iterator[F | Refusal]:
    """Frames of a stream that arrives in any pieces."""
    rest = b""
    for part in parts:
        rest += part
        used, found = cut(rest, families)
        rest = rest[used:]
        yield from found
