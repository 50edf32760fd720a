"""Device times in six bytes: packed decimal (BCD) or plain binary; two-digit years are 20yy, Asia/Shanghai."""

import datetime as dt

from siteloop.kernel.times import SHANGHAI, from_us, to_us


def from_bcd(data: bytes) -> int:
    """Digits of packed decimal as a number. Raises ValueError for a nibble over 9."""
    text = data.hex()
    if not text.isdigit():
        raise ValueError(f"no packed decimal: {text}")
    return int(text)


def to_bcd(number: int, size: int) -> bytes:
    """A number as packed decimal of `size` bytes. Raises ValueError when it does not fit."""
    text = f"{number:0{2 * size}d}"
    if number < 0 or len(text) > 2 * size:
        raise ValueError(f"{number} does not fit {size} bytes")
    return bytes.fromhex(text)


def _moment(parts: list[int]) -> int:
    year, month, day, hour, minute, second = parts
    return to_us(dt.datetime(2000 + year, month, day, hour, minute, second, tzinfo=SHANGHAI))


def bcd_time(data: bytes) -> int:
    """µs of yyMMddHHmmss in packed decimal. Raises ValueError."""
    if len(data) != 6:
        raise ValueError(f"{len(data)} bytes of time")
    return _moment([from_bcd(data[i : i + 1]) for i in range(6)])


def binary_time(data: bytes) -> int:
    """µs of year-2000, month, day, hour, minute, second in a byte each. Raises ValueError."""
    if len(data) != 6:
        raise ValueError(f"{len(data)} bytes of time")
    return _moment(list(data))


def _parts(us: int) -> list[int]:
    local = from_us(us).astimezone(SHANGHAI)
    if not 2000 <= local.year < 2100:
        raise ValueError(f"year {local.year}")
    return [local.year - 2000, local.month, local.day, local.hour, local.minute, local.second]


def as_bcd(us: int) -> bytes:
    """yyMMddHHmmss in packed decimal. Raises ValueError outside 2000-2099."""
    return b"".join(to_bcd(part, 1) for part in _parts(us))


def as_binary(us: int) -> bytes:
    """Six binary bytes. Raises ValueError outside 2000-2099."""
    return bytes(_parts(us))
