"""One frame of any lifting family, and the checks the families use."""

from binascii import crc_hqx

import msgspec

from siteloop.kernel.times import SECOND

#: a device clock this far off is set when the device greets
CLOCK_OFF = 60 * SECOND


class Frame(msgspec.Struct, frozen=True):
    """A whole frame. `data` is what stands between head and check; `kept` is `raw` with a person's data blanked."""

    family: str  # goyo_crane | goyo_hoist | a55a
    command: int
    code: str  # what the device calls itself
    data: bytes
    raw: bytes
    kept: bytes


def blank(raw: bytes, *spans: tuple[int, int]) -> bytes:
    """A frame with these places (start, stop) zeroed: card and identity numbers do not belong into archives."""
    out = bytearray(raw)
    for start, stop in spans:
        stop = min(stop, len(out))
        if start < stop:
            out[start:stop] = bytes(stop - start)
    return bytes(out)


def text(data: bytes) -> str:
    """A fixed field of ASCII without its fill; what is no ASCII is shown as the replacement character."""
    return data.rstrip(b"\x00\xff ").decode("ascii", "replace")


def crc_xmodem(data: bytes) -> int:
    """CRC-16/XMODEM (polynomial 1021, start 0). Four recorded hoist frames verify with it."""
    return crc_hqx(data, 0)
