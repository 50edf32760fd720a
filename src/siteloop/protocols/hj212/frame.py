"""Framing: `##` + 4 digits + data segment + 4 hex + CR LF, cut by the declared length and never by searching for an end.

An encrypted segment (2025) may hold `##`, `&&` or CR LF, so delimiters are looked for only to find the way back after
something that is no frame.
"""

import re
from collections.abc import Iterator

import msgspec

from siteloop.kernel.reasons import Reason

HEAD = 6  # "##" and four digits
TAIL = 4
#: the standard allows 1,024 characters; longer unsplit segments are met in the field (standards.md 1.4)
LONGEST = 9_999
_NEXT = re.compile(rb"##\d{4}")
_HEX = frozenset(b"0123456789abcdefABCDEF")


class Frame(msgspec.Struct, frozen=True):
    """One frame as declared: the data segment and the CRC it came with; the CRC is not yet judged."""

    segment: bytes
    crc: int
    raw: bytes
    is_unpadded: bool = False  # the length came without leading zeros: a quirk, allowed per device


class Refusal(msgspec.Struct, frozen=True):
    """Bytes that are no frame, and why."""

    reason: Reason
    raw: bytes
    detail: str = ""


#: "##239QN=": a letter follows two or three digits
_SHORT_HEAD = re.compile(rb"##([1-9]\d{1,2})(?=[A-Za-z])")
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
        if not head.isdigit():
            unpadded = _unpadded(data, at)
            if unpadded is WAIT:
                break
            if unpadded is not None:
                found.append(unpadded)
                at += len(unpadded.raw) + 2 * (data[at + len(unpadded.raw) :][:2] == b"\r\n")
                continue
            end = _resume(data, at + 2)
            found.append(Refusal(Reason.LENGTH, data[at:end], "length is not four digits"))
            at = end
            continue
        size = HEAD + int(head) + TAIL
        if len(data) - at < size:
            broken = _overlong(data, at, size)
            if broken is None:
                break
            found.append(
                Refusal(Reason.LENGTH, data[at:broken], "a new frame begins inside the declared length")
            )
            at = broken
            continue
        at = _take(data, at, size, found)
    return at, found


def _unpadded(data: bytes, at: int) -> Frame | None:
    """A frame whose length has two or three digits and ends at `&&CRC` exactly; WAIT while bytes are missing, else None."""
    match = _SHORT_HEAD.match(data, at)
    if match is None:
        return None
    start = match.end()
    end = start + int(match[1])
    if len(data) < end + TAIL:
        return WAIT
    segment, tail = data[start:end], data[end : end + TAIL]
    if not (segment.endswith(b"&&") and _HEX.issuperset(tail)):
        return None
    return Frame(segment, int(tail, 16), data[at : end + TAIL], is_unpadded=True)


def _overlong(data: bytes, at: int, size: int) -> int | None:
    """Where a new frame starts inside an unfinished one that has already ended by its own `&&CRC CR LF`, else None.

    Only asked while bytes are missing: without it a too long declaration would swallow the frames behind it.
    """
    ended = re.compile(rb"&&[0-9A-Fa-f]{4}\r\n(?=##\d{4})").search(data, at, at + size)
    return ended.end() if ended else None


def _take(data: bytes, at: int, size: int, found: list[Frame | Refusal]) -> int:
    end = at + size
    tail = data[end - TAIL : end]
    segment = data[at + HEAD : end - TAIL]
    if not (_HEX.issuperset(tail) and segment.endswith(b"&&")):
        back = _resume(data, at + 2)
        found.append(Refusal(Reason.LENGTH, data[at:back], "the declared length does not end at &&CRC"))
        return back
    found.append(Frame(segment, int(tail, 16), data[at:end]))
    return end + 2 if data[end : end + 2] == b"\r\n" else end


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
        found.append(Refusal(Reason.MALFORMED, junk, "text before the frame header"))
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
