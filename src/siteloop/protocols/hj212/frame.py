"""Framing: `##` + 4 digits + data segment + 4 hex + CR LF, cut by the declared length and never by searching for an end.

An encrypted segment (2025) may hold `##`, `&&` or CR LF, so delimiters are looked for only to find the way back after
something that is no frame.
"""

import re
from collections.abc import Iterator

import msgspec

from siteloop.kernel.quirks import Quirk
from siteloop.kernel.reasons import Reason
from siteloop.protocols.hj212.crc import variant_of

HEAD = 6  # "##" and four digits
TAIL = 4
#: what four digits can say; the standard allows 1,024, longer unsplit segments are met in the field (standards.md 1.4)
LONGEST = 9_999
STANDARD_LONGEST = 1_024
#: what a wrong length is off by: it counts `##dddd`, the CRC and the line end too, or one or two bytes more or less
_OFF_BY = (-6, -10, -12, 1, -1, 2, -2)
MOST_LATE = 2  # bytes a too short length can be behind
_NEXT = re.compile(rb"##\d{4}")
_HEX = frozenset(b"0123456789abcdefABCDEF")


class Frame(msgspec.Struct, frozen=True):
    """One frame: the data segment and the CRC it came with. `quirks` names how it departs from the standard's framing.

    The CRC of a standard frame is not yet judged; a frame of another length than declared is only one if its CRC fits.
    """

    segment: bytes
    crc: int
    raw: bytes
    quirks: tuple[str, ...] = ()


class Refusal(msgspec.Struct, frozen=True):
    """Bytes that are no frame, and why."""

    reason: Reason
    raw: bytes
    detail: str = ""
    is_leading: bool = False  # stands right before a frame header


#: "##239QN=": a letter follows two or three digits
_SHORT_HEAD = re.compile(rb"##([1-9]\d{1,2})(?=[A-Za-z])")
#: CRC digits at the end of a departing frame: four, or fewer before a line end, a star or the next frame
_TAIL = re.compile(rb"([0-9A-Fa-f]{4}|[0-9A-Fa-f]{1,3}(?=\*{0,2}(?:\r\n|##)))")
_ENDED = re.compile(rb"&&[0-9A-Fa-f]{4}\r\n(?=##\d{4})")
WAIT = Frame(b"", -1, b"")


def cut(buffer: bytes | bytearray) -> tuple[int, list[Frame | Refusal]]:
    """All whole frames at the front of a receive buffer.

    Returns (bytes used, frames and refusals in order); the rest waits for more. Garbage is used up and refused once.
    """
    found: list[Frame | Refusal] = []
    data = bytes(buffer)
    at = 0
    while at < len(data):
        if data[at : at + 2] != b"##":
            at = _garbage(data, at, found)
            if at < 0:
                return -at - 1, found
            continue
        head = data[at + 2 : at + HEAD]
        if len(head) < 4 and (not head or head.isdigit()):
            break
        one = _padded(data, at, int(head)) if head.isdigit() else _unpadded(data, at)
        if one is WAIT:
            break
        found.append(one)
        at += len(one.raw)
        if isinstance(one, Frame) and data[at : at + 2] == b"\r\n":
            at += 2
    return at, found


def _padded(data: bytes, at: int, declared: int) -> Frame | Refusal:
    """The frame that begins at `at`, WAIT while bytes are missing, else what is refused."""
    start = at + HEAD
    end = start + declared
    is_here = len(data) >= end + TAIL
    if is_here:
        segment, tail = data[start:end], data[end : end + TAIL]
        if segment.endswith(b"&&") and _HEX.issuperset(tail):
            return Frame(segment, int(tail, 16), data[at : end + TAIL])
    departing = _departing(data, at, declared)
    if departing is not None:
        return departing
    if is_here:
        if len(data) < end + TAIL + MOST_LATE and _may_be_late(data, start, end):
            return WAIT
        stop = _resume(data, at + 2)
        return Refusal(Reason.LENGTH, data[at:stop], "the declared length does not end at &&CRC")
    broken = _overlong(data, at, end + TAIL)
    if broken is None:
        return WAIT
    return Refusal(Reason.LENGTH, data[at:broken], "a new frame begins inside the declared length")


def _departing(data: bytes, at: int, declared: int) -> Frame | None:
    """A frame whose length, CRC digits or closing `&&` depart from the standard, proven by its CRC; None when it is none."""
    start = at + HEAD
    for off in (0, *_OFF_BY):
        end = start + declared + off
        if end - start < 2 or end >= len(data):
            continue
        is_open = data[end - 2 : end] != b"&&"
        if is_open and off:
            continue
        tail = _TAIL.match(data, end)
        if tail is None:
            continue
        sent, segment = int(tail[1], 16), data[start:end]
        if (is_open and b"CP=&&" not in segment) or variant_of(segment, sent) is None:
            continue
        quirks = [
            *([Quirk.LENGTH_OFF] if off else []),
            *([Quirk.SHORT_CRC] if len(tail[1]) < TAIL else []),
            *([Quirk.OPEN_AREA] if is_open else []),
        ]
        return Frame(segment, sent, data[at : tail.end(1)], tuple(map(str, quirks)))
    return None


def _may_be_late(data: bytes, start: int, end: int) -> bool:
    """Whether one or two more bytes could still make a too short declaration a frame."""
    tail = data[end - 1 :]
    return b"\r\n" not in tail and b"CP=&&" in data[start:end] and b"&" in tail


def _unpadded(data: bytes, at: int) -> Frame | Refusal:
    """A frame whose length has two or three digits and ends at `&&CRC` exactly; WAIT while bytes are missing, else a refusal."""
    match = _SHORT_HEAD.match(data, at)
    if match is not None:
        start = match.end()
        end = start + int(match[1])
        if len(data) < end + TAIL:
            return WAIT
        segment, tail = data[start:end], data[end : end + TAIL]
        if segment.endswith(b"&&") and _HEX.issuperset(tail):
            return Frame(segment, int(tail, 16), data[at : end + TAIL], (str(Quirk.UNPADDED_LENGTH),))
    return Refusal(Reason.LENGTH, data[at : _resume(data, at + 2)], "length is not four digits")


def _overlong(data: bytes, at: int, size: int) -> int | None:
    """Where a new frame starts inside an unfinished one that has already ended by its own `&&CRC CR LF`, else None.

    Only asked while bytes are missing: without it a too long declaration would swallow the frames behind it.
    """
    ended = _ENDED.search(data, at, size)
    return ended.end() if ended else None


def _resume(data: bytes, start: int) -> int:
    """Where to go on after something broken: the next `##dddd`, else behind the next CR LF, else the end."""
    match = _NEXT.search(data, start)
    if match:
        return match.start()
    newline = data.find(b"\r\n", start)
    if newline >= 0:
        return newline + 2
    # a lone "#" or "##1" at the end may be the start of the next frame
    cut_at = data.rfind(b"#", max(start, len(data) - 5))
    return cut_at if cut_at > start else len(data)


def _garbage(data: bytes, at: int, found: list[Frame | Refusal]) -> int:
    """Skip to the next `##`. Returns the new place, or -(place)-1 when only a possible beginning is left."""
    start = data.find(b"##", at)
    if start < 0:
        keep = 1 if data.endswith(b"#") else 0
        junk = data[at : len(data) - keep]
        if junk.strip(b"\r\n \x00"):
            found.append(Refusal(Reason.MALFORMED, junk, "no frame header"))
        return -(len(data) - keep) - 1
    junk = data[at:start]
    if junk.strip(b"\r\n \x00*"):
        found.append(Refusal(Reason.MALFORMED, junk, "text before the frame header", True))
    return start


def build(segment: bytes, crc: int) -> bytes:
    """A frame for the wire. Raises ValueError when the segment is longer than four digits can say."""
    if len(segment) > LONGEST:
        raise ValueError(f"segment of {len(segment)} bytes")
    return b"##%04d%b%04X\r\n" % (len(segment), segment, crc)


def frames(parts: Iterator[bytes]) -> Iterator[Frame | Refusal]:
    """Frames of a stream that arrives in any pieces."""
    rest = b""
    for part in parts:
        rest += part
        used, found = cut(rest)
        rest = rest[used:]
        yield from found
