"""What a serial-to-TCP converter sends of an indicator: its registration line, at first and as a sign of life, and the frames.

The line is `CODE` or `CODE:PASSWORD`, printable ASCII ended by a line feed; it stands between two frames, never inside one.
"""

import re

import msgspec

from siteloop.protocols.framing import FILL, Refusal
from siteloop.protocols.weighbridge import xk3190
from siteloop.protocols.weighbridge.xk3190 import Frame

_LINE = re.compile(rb"(?<![\x20-\x7e])([\x21-\x7e][\x20-\x7e]{0,79})\Z")
_BEGUN = re.compile(rb"[\x20-\x7e]{1,80}\r?\Z")


class Named(msgspec.Struct, frozen=True):
    """A registration line."""

    raw: bytes
    code: str
    password: str = ""


def cut(buffer: bytes | bytearray) -> tuple[int, list[Named | Frame | Refusal]]:
    """All whole lines and frames at the front of a receive buffer: (bytes used, what they are, in order)."""
    data = bytes(buffer)
    used, found = xk3190.cut(data[: _whole(data)])
    told: list[Named | Frame | Refusal] = []
    for one in found:
        told += _lines(one) if isinstance(one, Refusal) else [one]
    return used, told


def _whole(data: bytes) -> int:
    """Where a line begins that has no end yet; the length where none does."""
    last = max(data.rfind(xk3190.END), data.rfind(b"\n"))
    rest = data[last + 1 :]
    return last + 1 if xk3190.START not in rest and _BEGUN.match(rest) else len(data)


def _lines(junk: Refusal) -> list[Named | Refusal]:
    """The lines among bytes between frames, and the noise before and behind them: a scale may be joined in the middle of a frame."""
    *lines, rest = junk.raw.split(b"\n")
    told: list[Named | Refusal] = []
    for line in (line.strip(FILL) for line in lines):
        match = _LINE.search(line)
        noise = line[: match.start()] if match else line
        if noise.strip(FILL):
            told.append(msgspec.structs.replace(junk, raw=noise))
        if match:
            code, _, password = match[1].decode("ascii").strip().partition(":")
            told.append(Named(match[1], code.strip(), password))
    if rest.strip(FILL):
        told.append(msgspec.structs.replace(junk, raw=rest))
    return told
