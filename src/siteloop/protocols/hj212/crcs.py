"""The standard's CRC of many segments at once, with numpy.

Its running state is one byte, and linear: state' = A(state ^ byte). So the segments stand right-aligned in a matrix of bytes and
pairs of neighbours are folded into one by table, A to the power of the distance, until one byte is left of each.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from siteloop.protocols.hj212.crc import TABLE, crc212

FEW = 4  # below, one by one is quicker
_LAST = np.array(TABLE, np.uint16)


@lru_cache(maxsize=16)
def _fold(power: int) -> NDArray[np.uint8]:
    """Table of 65,536: two neighbours (the earlier in the low byte) -> A^(2^power)(earlier) ^ later."""
    step = (_LAST >> 8).astype(np.uint8)
    for _ in range(power):
        step = step[step]
    pair = np.arange(65_536)
    table: NDArray[np.uint8] = step[pair & 0xFF] ^ (pair >> 8).astype(np.uint8)
    return table


def crcs212(segments: Sequence[bytes]) -> list[int]:
    """`crc212` of each; no segment may be empty."""
    if len(segments) < FEW:
        return [crc212(segment) for segment in segments]
    lengths = np.array([len(segment) for segment in segments])
    powers = max(1, int(lengths.max() - 1).bit_length())
    width = 1 << powers
    joined = bytearray(b"".join([segment.rjust(width, b"\0") for segment in segments]))
    left: NDArray[np.uint8] = np.frombuffer(joined, np.uint8).reshape(len(segments), width)
    left[np.arange(len(segments)), width - lengths] ^= 0xFF
    for power in range(powers):
        left = _fold(power)[left.view("<u2")]
    found: list[int] = _LAST[left[:, 0]].tolist()
    return found
