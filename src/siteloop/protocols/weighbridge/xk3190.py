"""XK3190-A9: continuous frames and command mode, ASCII between 02 and 03 (maker's manual of the A9+ [S2], frame [C]).

Continuous: `02 | sign | 6 digits | decimals 0-4 | XOR, two characters | 03`, what the display shows, gross or net.
Command mode: host `02 | address A-Z | command A-F | XOR | 03`, indicator the same with data in front of the XOR.
The XOR runs over what stands between 02 and itself; its halves are hexadecimal characters, on some indicators 30h + half.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import reduce
from operator import xor

import msgspec

from siteloop.kernel.quirks import Quirk
from siteloop.kernel.reasons import Reason
from siteloop.protocols.framing import NotAFrame, Refusal
from siteloop.protocols.framing import cut as cut_frames
from siteloop.protocols.rows import NoReading, Reading, row

START, END = b"\x02", b"\x03"
CONTINUOUS = 12
#: longest answer: address, command, a truck or cargo number
LONGEST = 40
WEIGHT = 8  # sign, six digits, decimals


class Command(StrEnum):
    """Commands of the A9+. Another maker's indicator swaps C and D (X), so check a device's manual."""

    HANDSHAKE = "A"
    GROSS = "B"
    TARE = "C"
    NET = "D"
    TRUCK = "E"
    CARGO = "F"


#: command -> field of the profile `weighbridge`
FIELDS = {Command.GROSS: "gross", Command.TARE: "tare", Command.NET: "net"}


class Frame(msgspec.Struct, frozen=True):
    """One frame. `command` is "" in continuous mode; `weight` None where the frame carries none."""

    raw: bytes
    address: str = ""
    command: str = ""
    weight: float | None = None
    text: str = ""


def check_of(content: bytes) -> bytes:
    """The two characters of the XOR."""
    return b"%02X" % reduce(xor, content, 0)


def _is_check(content: bytes, told: bytes) -> bool:
    total = reduce(xor, content, 0)
    return told.upper() == b"%02X" % total or told == bytes((0x30 + (total >> 4), 0x30 + (total & 15)))


def weight_of(data: bytes) -> float:
    """Sign, six digits, number of decimals. Raises NotAFrame."""
    sign, digits, decimals = data[:1], data[1:7], data[7:8]
    if len(data) != WEIGHT or sign not in (b"+", b"-") or not digits.isdigit() or decimals not in b"01234":
        raise NotAFrame(Reason.MALFORMED, f"no weight: {data!r}")
    value: float = int(digits) / 10 ** int(decimals)
    return -value if sign == b"-" else value


class Frames:
    """The family for the scanner."""

    head = START
    longest = LONGEST

    def size(self, data: bytes, at: int) -> int:
        """Continuous frames have a fixed length, the others end at the first 03 with an XOR that fits."""
        kind = data[at + 1 : at + 2]
        if not kind:
            return 0
        if kind in b"+-":
            return CONTINUOUS
        if not b"A" <= kind <= b"Z":
            raise NotAFrame(Reason.MALFORMED, f"02 followed by {kind.hex()}")
        end = data.find(END, at + 5, at + LONGEST)
        while end >= 0:
            if _is_check(data[at + 1 : end - 2], data[end - 2 : end]):
                return end + 1 - at
            end = data.find(END, end + 1, at + LONGEST)
        return 0

    def read(self, raw: bytes) -> Frame:
        """A frame with its end and its XOR."""
        content, told = raw[1:-3], raw[-3:-1]
        if raw[-1:] != END:
            raise NotAFrame(Reason.LENGTH, "no 03 at the end")
        if not _is_check(content, told):
            raise NotAFrame(Reason.CRC, f"XOR {told!r}, computed {check_of(content)!r}", len(raw))
        if content[:1] in b"+-":
            return Frame(raw, weight=weight_of(content))
        address, command, data = content[:1].decode(), content[1:2].decode("ascii", "replace"), content[2:]
        if command in (Command.GROSS, Command.TARE, Command.NET) and data:
            return Frame(raw, address, command, weight=weight_of(data))
        return Frame(raw, address, command, text=data.decode("ascii", "replace").strip())


FAMILIES = (Frames(),)


def cut(buffer: bytes | bytearray) -> tuple[int, list[Frame | Refusal]]:
    """All whole frames at the front of a receive buffer: (bytes used, frames and refusals in order)."""
    return cut_frames(buffer, FAMILIES)


class Steady:
    """Whether a weight stands still: `count` frames in a row within `tolerance` of the first (frames carry no such flag)."""

    def __init__(self, count: int = 5, tolerance: float = 20.0) -> None:
        self.count, self.tolerance = count, tolerance
        self._from = 0.0
        self._seen = 0

    def see(self, weight: float) -> bool:
        """Take a weight in (kg); whether it has now stood still long enough."""
        if self._seen and abs(weight - self._from) <= self.tolerance:
            self._seen += 1
        else:
            self._from, self._seen = weight, 1
        return self._seen >= self.count


def reading(
    frame: Frame, at: int, scale: Mapping[str, float], is_steady: bool | None = None, shows: str = "gross"
) -> Reading:
    """The row of a weight, at the time of receipt (frames carry none). `shows` is what the display of a continuous indicator
    is set to, gross or net. The indicator's unit is kg unless `scale` says otherwise (t: 1000). Raises NoReading.
    """
    if frame.weight is None:
        raise NoReading(Reason.NO_VALUES, f"command {frame.command or 'none'} carries no weight")
    field = FIELDS[Command(frame.command)] if frame.command else shows
    stable = None if is_steady is None else float(is_steady)
    return row("weighbridge", {field: frame.weight, "stable": stable}, at, scale=scale)


def shown_by(quirks: Iterable[str]) -> str:
    """The field that the display of a continuous indicator shows, by the device's settings."""
    return "net" if Quirk.SHOWS_NET in quirks else "gross"


def ask(address: str, command: Command) -> bytes:
    """What the host sends in command mode. Raises ValueError for an address outside A-Z."""
    if len(address) != 1 or not "A" <= address <= "Z":
        raise ValueError(f"address {address!r}")
    content = (address + command).encode()
    return START + content + check_of(content) + END


def _weight(value: float, decimals: int) -> bytes:
    digits = round(abs(value) * 10**decimals)
    if digits > 999_999:
        raise ValueError(f"{value} does not fit six digits")
    return b"%c%06d%d" % (b"-" if value < 0 else b"+", digits, decimals)


def continuous(value: float, decimals: int = 0) -> bytes:
    """A continuous frame as an indicator sends it. Raises ValueError for more than six digits."""
    content = _weight(value, decimals)
    return START + content + check_of(content) + END


def answer(
    address: str, command: Command, value: float | None = None, decimals: int = 0, text: str = ""
) -> bytes:
    """An answer as an indicator sends it in command mode."""
    content = (address + command).encode() + (text.encode() if value is None else _weight(value, decimals))
    return START + content + check_of(content) + END
