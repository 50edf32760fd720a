"""How much one address may ask of the portal: pages by a bucket in each process, submissions by a count in the database."""

import threading
import time
from collections import OrderedDict

from siteloop.screens.portal.models import Knock

#: (an hour from one address, an hour from all)
SUBMISSIONS = {"complaint": (5, 300), "track": (20, 2000)}
PAGES_A_MINUTE = 120
REMEMBERED = 10_000


class Bucket:
    """Page views by address: filled at `rate` a second up to `most`. Forgets the oldest beyond 10,000 addresses."""

    def __init__(self, most: int, rate: float) -> None:
        self.most, self.rate = most, rate
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def lets(self, who: str, now: float | None = None) -> bool:
        """Whether one more is let in."""
        moment = time.monotonic() if now is None else now
        with self._lock:
            left, seen = self._left.pop(who, (float(self.most), moment))
            left = min(self.most, left + (moment - seen) * self.rate)
            allowed = left >= 1
            self._left[who] = (left - 1 if allowed else left, moment)
            while len(self._left) > REMEMBERED:
                self._left.popitem(last=False)
        return allowed


pages = Bucket(PAGES_A_MINUTE, PAGES_A_MINUTE / 60)


def lets_submit(kind: str, address: str) -> bool:
    """Count one submission of a kind; False when the address, or everybody together, has had enough this hour."""
    own, together = SUBMISSIONS[kind]
    return Knock.count(kind, address) <= own and Knock.count(kind, "") <= together
