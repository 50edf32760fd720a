"""Which exchanges were taken in already, in plain Python.

A re-send keeps content and QN (6.6), so both tell it: QN alone does not, because a device may hand in every period of a
history request under the QN of the request.
"""

import zlib

REMEMBERED = 200_000

Exchange = tuple[int, str, str, int, bytes]


class Exchanges:
    """Two generations of (device, QN, CN, PNO, data area), so that memory stays bounded."""

    def __init__(self, most: int = REMEMBERED) -> None:
        self.most = most
        self._now: set[tuple[int, str, str, int, int]] = set()
        self._before: set[tuple[int, str, str, int, int]] = set()

    def again(self, key: Exchange) -> bool:
        """Whether the key came before; remembers it."""
        short = (*key[:4], zlib.crc32(key[4]))
        if short in self._now or short in self._before:
            return True
        self._now.add(short)
        if len(self._now) >= self.most:
            self._before, self._now = self._now, set()
        return False
