"""Which exchanges were taken in already, in plain Python."""

REMEMBERED = 200_000

Exchange = tuple[int, str, str, int]


class Exchanges:
    """Two generations of (device, QN, CN, PNO), so that memory stays bounded."""

    def __init__(self, most: int = REMEMBERED) -> None:
        self.most = most
        self._now: set[Exchange] = set()
        self._before: set[Exchange] = set()

    def again(self, key: Exchange) -> bool:
        """Whether the key came before; remembers it."""
        if key in self._now or key in self._before:
            return True
        self._now.add(key)
        if len(self._now) >= self.most:
            self._before, self._now = self._now, set()
        return False
