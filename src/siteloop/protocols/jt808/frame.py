"""Framing: `7E`, escaped header + body + XOR, `7E` (JT/T 808 4.4; clause numbers of 2013 [S]).

Header: message id u16, attributes u16 (length bits 0-9, encryption 10-12, split 13, version mark 14), [2019: protocol version u8],
terminal number in packed decimal (2013 six bytes, 2019 ten), serial u16, [split: total u16, index u16]. Big-endian.
"""

from functools import reduce
from operator import xor

import msgspec

from siteloop.kernel.reasons import Reason
from siteloop.protocols.framing import FILL, NotAFrame, Refusal

MARK = b"\x7e"
#: what is left of a buffer whose packets were all whole
REST = MARK
LONGEST_BODY = 1023
#: both marks, and every byte of the longest header, body and check escaped
LONGEST = 2 * (21 + LONGEST_BODY + 1) + 2
SPLIT, VERSION_MARK = 1 << 13, 1 << 14


class Packet(msgspec.Struct, frozen=True):
    """One packet: a whole message, or one part of it when `total` is not 0."""

    id: int
    terminal: str  # digits without leading zeros: what the device is registered by
    serial: int
    body: bytes
    raw: bytes
    is_2019: bool = False
    version: int = 0  # protocol version of 2019 headers
    encryption: int = 0  # 0 none, 1 RSA
    total: int = 0
    index: int = 0


def unescape(data: bytes) -> bytes:
    """The content between the marks as it was before escaping. Raises NotAFrame."""
    if b"\x7d" not in data:
        return data
    out = bytearray()
    at = 0
    while (place := data.find(b"\x7d", at)) >= 0:
        second = data[place + 1 : place + 2]
        if second not in (b"\x01", b"\x02"):
            raise NotAFrame(Reason.MALFORMED, f"7D followed by {second.hex() or 'the end'}")
        out += data[at:place] + (b"\x7d" if second == b"\x01" else b"\x7e")
        at = place + 2
    return bytes(out + data[at:])


def escape(data: bytes) -> bytes:
    """Content as it goes between the marks."""
    return data.replace(b"\x7d", b"\x7d\x01").replace(b"\x7e", b"\x7d\x02")


def read(raw: bytes) -> Packet:
    """The packet of a frame with both its marks. Raises NotAFrame."""
    content = unescape(raw[1:-1])
    if len(content) < 13:
        raise NotAFrame(Reason.LENGTH, f"{len(content)} bytes are no header")
    head, check = content[:-1], content[-1]
    if (computed := reduce(xor, head)) != check:
        raise NotAFrame(Reason.CRC, f"check {check:02X}, computed {computed:02X}")
    attributes = int.from_bytes(head[2:4], "big")
    is_2019 = bool(attributes & VERSION_MARK)
    at = 5 if is_2019 else 4
    digits = 10 if is_2019 else 6
    start = at + digits + 2 + (4 if attributes & SPLIT else 0)
    if len(head) - start != attributes & 0x3FF:
        raise NotAFrame(
            Reason.LENGTH, f"declares {attributes & 0x3FF} bytes of body, holds {len(head) - start}"
        )
    place = at + digits
    return Packet(
        id=int.from_bytes(head[:2], "big"),
        terminal=head[at:place].hex().lstrip("0") or "0",
        serial=int.from_bytes(head[place : place + 2], "big"),
        body=head[start:],
        raw=raw,
        is_2019=is_2019,
        version=head[4] if is_2019 else 0,
        encryption=attributes >> 10 & 7,
        total=int.from_bytes(head[place + 2 : place + 4], "big") if attributes & SPLIT else 0,
        index=int.from_bytes(head[place + 4 : place + 6], "big") if attributes & SPLIT else 0,
    )


def cut(buffer: bytes | bytearray) -> tuple[int, list[Packet | Refusal]]:
    """All whole packets at the front of a receive buffer: (bytes used, packets and refusals in order).

    A mark that closed one packet may open the next, whether the device shares marks or one was lost; so the last mark stays in
    the buffer (`REST` is nothing that waits for more).
    """
    data = bytes(buffer)
    found: list[Packet | Refusal] = []
    at = 0
    while True:
        start = data.find(MARK, at)
        junk = data[at : start if start >= 0 else len(data)]
        if junk.strip(FILL):
            found.append(Refusal(Reason.MALFORMED, junk, "no mark 7E"))
        if start < 0:
            return len(data), found
        end = data.find(MARK, start + 1)
        if end < 0 and len(data) - start < LONGEST:
            return start, found
        if end < 0 or end - start >= LONGEST:
            end = end if end >= 0 else len(data)
            found.append(Refusal(Reason.LENGTH, data[start:end], f"no end within {LONGEST} bytes"))
            at = end
            continue
        if end == start + 1:
            at = end
            continue
        try:
            found.append(read(data[start : end + 1]))
        except NotAFrame as no:
            found.append(Refusal(no.reason, data[start:end], no.detail))
        at = end


def build(
    id_: int,
    terminal: str,
    serial: int,
    body: bytes = b"",
    *,
    is_2019: bool = False,
    version: int = 1,
) -> list[bytes]:
    """The frames of one message, split when its body is longer than 1,023 bytes; serials count on from `serial`.

    Raises ValueError for a terminal number that does not fit or more than 65,535 parts.
    """
    digits = 10 if is_2019 else 6
    number = bytes.fromhex(terminal.rjust(2 * digits, "0"))
    if len(number) != digits:
        raise ValueError(f"terminal {terminal!r} does not fit {digits} bytes")
    pieces = [body[i : i + LONGEST_BODY] for i in range(0, len(body), LONGEST_BODY)] or [b""]
    frames = []
    for place, piece in enumerate(pieces):
        is_split = len(pieces) > 1
        attributes = len(piece) | (SPLIT if is_split else 0) | (VERSION_MARK if is_2019 else 0)
        head = id_.to_bytes(2, "big") + attributes.to_bytes(2, "big")
        head += (
            (bytes((version,)) if is_2019 else b"") + number + ((serial + place) % 65_536).to_bytes(2, "big")
        )
        if is_split:
            head += len(pieces).to_bytes(2, "big") + (place + 1).to_bytes(2, "big")
        content = head + piece
        frames.append(MARK + escape(content + bytes((reduce(xor, content),))) + MARK)
    return frames
