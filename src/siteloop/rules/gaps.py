"""Which stretches of a device's real-time rows are missing. Pure interval arithmetic, one `Gaps` a device.

Times are µs of device time. A gap lies between two rows that came (`begin`, `end`); what is missing is strictly inside.
"""

from itertools import pairwise

import msgspec


class Gap(msgspec.Struct):
    """Nothing came between the rows at `begin` and `end`; `found` is the wall clock when that was seen."""

    begin: int
    end: int
    found: int


class Asked(msgspec.Struct):
    """The request that is under way."""

    begin: int
    end: int
    at: int  # wall clock
    heard: int = 0  # wall clock of the newest answering row
    rows: int = 0
    told: list[int] = []  # what the answering rows hold for, device time

    def unanswered(self, widest: int) -> int:
        """µs of the stretches wider than `widest` for which nothing was handed in."""
        edges = sorted({self.begin, *self.told, self.end})
        return sum(b - a for a, b in pairwise(edges) if b - a > widest)


class Gaps(msgspec.Struct):
    """Open gaps of one device, oldest first, and how asking goes."""

    gaps: list[Gap] = []
    asked: Asked | None = None
    tries: int = 0  # unanswered requests for the present stretch
    next_at: int = 0  # wall clock before which nothing is asked
    got: int = 0  # rows handed in since the episode began
    given_up: int = 0  # µs nobody could hand in

    def add(self, begin: int, end: int, now: int, most: int) -> None:
        """A new gap behind all others; of too many the oldest are given up."""
        self.gaps.append(Gap(begin, end, now))
        while len(self.gaps) > most:
            lost = self.gaps.pop(0)
            self.given_up += lost.end - lost.begin

    def fill(self, at: int, allowed: int) -> bool:
        """A late row: the gap it lies in becomes two, of which the short ones are none. Whether it lay in one."""
        for i, gap in enumerate(self.gaps):
            if gap.begin < at < gap.end:
                parts = [Gap(gap.begin, at, gap.found), Gap(at, gap.end, gap.found)]
                self.gaps[i : i + 1] = [p for p in parts if p.end - p.begin > allowed]
                return True
        return False

    def remove(self, begin: int, end: int, allowed: int) -> None:
        """Nothing more is expected of [begin, end)."""
        left = []
        for gap in self.gaps:
            if gap.end <= begin or gap.begin >= end:
                left.append(gap)
                continue
            parts = [Gap(gap.begin, begin, gap.found), Gap(end, gap.end, gap.found)]
            left += [p for p in parts if p.end - p.begin > allowed]
        self.gaps = left

    def trim(self, oldest: int, allowed: int) -> None:
        """Give up what lies before `oldest`."""
        for gap in self.gaps:
            if gap.begin < oldest:
                self.given_up += min(gap.end, oldest) - gap.begin
        self.remove(-(1 << 62), oldest, allowed)

    @property
    def missing(self) -> int:
        """µs without rows."""
        return sum(g.end - g.begin for g in self.gaps)
