"""Framing: `##` + 4 digits + data segment + 4 hex + CR LF, cut by the declared length and never by searching for an end.

An encrypted segment (2025) may hold `##`, `&&` or CR LF, so delimiters are looked for only to find the way back after
something that is no frame. A false beginning, whatever length it declares, gives up as soon as a whole frame stands behind it, and
never takes that frame with it; only one whose own CRC fits by chance (one in 256) is believed.
"""

import re
from collections.abc import Iterator

import msgspec

from siteloop.kernel.quirks import Quirk
from siteloop.kernel.reasons import Reason
from siteloop.protocols.hj212.crc import crc212, variant_of

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
#: what every data segment says in plain text and no cipher text holds by chance
_SURE = (b"CN=", b"CP=&&")
#: a lone "#" or "##1" at the end may be the start of the next frame
_BEGUN = re.compile(rb"(?:##\d{0,3}|#)\Z")
_WORD = re.compile(rb"[A-Za-z]{2,4}=")
WAIT = Frame(b"", -1, b"")
NONE, BEGUN = -1, -2  # no whole frame inside; none yet, but one has begun


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
    found = (_exact(data, at, start, end) if is_here else None) or _departing(data, at, declared)
    if found is not None:
        return found
    inner = _inner(data, at + 1, end + TAIL)
    if inner >= 0:
        return Refusal(Reason.LENGTH, data[at:inner], "a whole frame begins inside the declared length")
    if is_here:
        if len(data) < end + TAIL + MOST_LATE and _may_be_late(data, start, end):
            return WAIT
        return Refusal(
            Reason.LENGTH, data[at : _resume(data, at + 1)], "the declared length does not end at &&CRC"
        )
    if not _ENDED.search(data, at, end + TAIL):
        return WAIT
    # without this a too long declaration would hold up the frames behind it
    stop = _resume(data, at + 1)
    return Refusal(Reason.LENGTH, data[at:stop], "a new frame begins inside the declared length")


def _exact(data: bytes, at: int, start: int, end: int, *quirks: str) -> Frame | None:
    """The frame whose segment is data[start:end] and ends at `&&CRC`, None when it does not.

    None also when its CRC does not fit and a whole frame begins in it; WAIT while that one is still coming in.
    """
    if not _ends(data, end):
        return None
    segment, crc = data[start:end], int(data[end : end + TAIL], 16)
    if b"##" in segment and crc212(segment) != crc:
        inner = _inner(data, start, end)
        if inner >= 0:
            return None
        if inner == BEGUN and _inner(data, end, len(data)) < 0:
            return WAIT  # unless a whole frame behind them shows that neither holds what it says
    return Frame(segment, crc, data[at : end + TAIL], quirks)


def _inner(data: bytes, start: int, stop: int) -> int:
    """Where a whole frame of exactly its declared length begins in data[start:stop]; BEGUN when one is still coming in."""
    found = NONE
    for head in _NEXT.finditer(data, start, stop):
        begin = head.end()
        end = begin + int(head[0][2:])
        if len(data) < end + TAIL:
            found = BEGUN if _WORD.match(data, begin) else found
        elif _ends(data, end) and all(data.find(text, begin, end) >= 0 for text in _SURE):
            return head.start()
    return found


def _ends(data: bytes, end: int) -> bool:
    """Whether a data segment may end here: `&&` before, four hexadecimal digits behind."""
    return data[end - 2 : end] == b"&&" and _HEX.issuperset(data[end : end + TAIL])


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
        if _inner(data, start, end) != NONE:
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
        inner = _inner(data, at + 1, end + TAIL)
        if len(data) < end + TAIL and inner < 0:
            return WAIT
        found = _exact(data, at, start, end, str(Quirk.UNPADDED_LENGTH)) if len(data) >= end + TAIL else None
        if found is not None:
            return found
        if inner >= 0:
            return Refusal(Reason.LENGTH, data[at:inner], "a whole frame begins inside the declared length")
    return Refusal(Reason.LENGTH, data[at : _resume(data, at + 1)], "length is not four digits")


def _resume(data: bytes, start: int) -> int:
    """Where to go on after something broken: the next `##dddd`, else behind the next CR LF, else the end."""
    match = _NEXT.search(data, start)
    if match:
        return match.start()
    newline = data.find(b"\r\n", start)
    if newline >= 0:
        return newline + 2
    begun = _BEGUN.search(data, start)
    return begun.start() if begun else len(data)


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
