"""Judgements every listener makes before it takes a reading: its time, and whether it came before."""

from siteloop.gateway.settings import GatewaySettings
from siteloop.kernel.block import Kind
from siteloop.kernel.reasons import Reason
from siteloop.kernel.times import SECOND

REMEMBERED = 200_000

Exchange = tuple[int, str, str, int]


class Seen:
    """Which HJ 212 exchanges were taken in already: two generations of (device, QN, CN, PNO), so that memory stays bounded."""

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


def too_early_or_late(
    at: int, kind: int, now: int, settings: GatewaySettings, is_refill: bool = False
) -> Reason | None:
    """Judge a reading's time. History (device-made aggregates, back-fill) may be older than real-time rows may."""
    if at > now + settings.ahead_s * SECOND:
        return Reason.FUTURE
    is_history = is_refill or kind != Kind.REALTIME
    oldest = settings.oldest_history_s if is_history else settings.oldest_s
    return Reason.TOO_OLD if at < now - oldest * SECOND else None
