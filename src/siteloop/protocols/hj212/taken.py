"""What a decoder of many frames gives back, and which devices' frames it may take at all."""

from collections.abc import Sequence
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from siteloop.kernel.registry import DeviceEntry
from siteloop.protocols.hj212.exchanges import Exchange

PROFILE = "dust"
SHORTEST, LONGEST = 80, 1024  # bytes of a data segment that can be taken


class Taken(msgspec.Struct):
    """Rows taken from one call, in the order of the connections; arrays are copies.

    device int32[n] · at int64[n] µs UTC · kind uint8[n] · values float32[n, f] · quality uint8[n, f] ·
    connection int32[n] · raw: the frames behind each other, lengths int32[n] · answers: per connection the 9014 frames ·
    rests: per connection the bytes used so far · handed: (start, stop, connection, came before) of frames for the plain codec.
    """

    device: NDArray[np.int32]
    at: NDArray[np.int64]
    kind: NDArray[np.uint8]
    values: NDArray[np.float32]
    quality: NDArray[np.uint8]
    connection: NDArray[np.int32]
    raw: bytes
    lengths: NDArray[np.int32]
    flagged: int
    answers: list[bytes]
    rests: list[int]
    handed: list[tuple[int, int, int, bool]]

    def speakers(self) -> list[tuple[int, int]]:
        """(connection, device) of the rows, each once."""
        pairs = self.connection.astype(np.int64) << 32 | self.device
        runs = pairs[np.append(True, pairs[1:] != pairs[:-1])] if len(pairs) else pairs
        return [(pair >> 32, pair & 0xFFFF_FFFF) for pair in np.unique(runs).tolist()]


class Remembering(Protocol):
    """Which exchanges were taken in already."""

    def again(self, key: Exchange) -> bool:
        """Whether (device, QN, CN, PNO, data area) came before; remembers it."""
        ...


class Decoder(Protocol):
    """Decodes what many connections sent; `use` puts another registry version in force."""

    @property
    def memory(self) -> Remembering: ...

    def use(self, devices: Sequence[DeviceEntry]) -> None:
        """The registered devices."""
        ...

    def decode(self, chunks: Sequence[bytes], now_us: int) -> Taken:
        """Decode what each connection has in its buffer."""
        ...


def is_plain(device: DeviceEntry) -> bool:
    """Whether a device's frames may be taken without the plain codec."""
    return (
        device.enabled
        and device.profile == PROFILE
        and device.crc == "hj212"
        and device.version != "2005"  # other answers
        and not device.quirks
        and not device.sm4_key
    )
