"""The score of one subject on a day: a base, the lines in force, and what the limits cut. Pure; numbers come from the pack.

A line counts from its first day (included) to its last day (excluded). A withdrawn line stays: a second line of the
opposite points cancels it from the day of the withdrawal on, so the score of an earlier day never changes.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

GRADES = ("A", "B", "C", "D")
#: what counts where no pack states the scale; the shipped pack states it (credit.scale)
DEFAULT: Mapping[str, int] = {"base": 100, "lowest": 0, "highest": 150, "a": 110, "b": 90, "c": 70}


@dataclass(frozen=True)
class Line:
    """One line: the record's key (0 for base and limit), what it says, its signed points, and when it counts."""

    key: int
    title: str
    points: int
    start: dt.date | None = None
    end: dt.date | None = None  # first day on which it no longer counts; None = never ends

    def counts_on(self, day: dt.date) -> bool:
        """Whether the line is in force on a day."""
        return (self.start is None or self.start <= day) and (self.end is None or day < self.end)


@dataclass(frozen=True)
class Scale:
    """Base, limits and the lowest scores of the grades A, B and C."""

    base: int
    lowest: int
    highest: int
    a: int
    b: int
    c: int

    @classmethod
    def of(cls, stated: Mapping[str, int] | None) -> "Scale":
        """From a pack's table; what it leaves out is the default."""
        table = {**DEFAULT, **(stated or {})}
        return cls(**{name: int(table[name]) for name in DEFAULT})

    def within(self, total: int) -> int:
        """Cut to the limits."""
        return max(self.lowest, min(self.highest, total))

    def grade(self, score: int, is_listed: bool = False) -> str:
        """A to D; who is on the blacklist is D whatever the score."""
        if is_listed:
            return "D"
        return "A" if score >= self.a else "B" if score >= self.b else "C" if score >= self.c else "D"


def explain(lines: Iterable[Line], day: dt.date, scale: Scale) -> list[Line]:
    """Base, every line in force on that day, and what the limits cut; their sum is the score."""
    found = [Line(0, "基础分", scale.base), *(line for line in lines if line.counts_on(day))]
    total = sum(line.points for line in found)
    cut = scale.within(total) - total
    if cut:
        found.append(Line(0, f"分值限定在 {scale.lowest}–{scale.highest}", cut))
    return found


def score(explained: Iterable[Line]) -> int:
    """Sum of the explained lines."""
    return sum(line.points for line in explained)


def months_later(day: dt.date, months: int) -> dt.date:
    """The same day so many months on; the month's last day where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = (dt.date(year + (month == 11), (month + 1) % 12 + 1, 1) - dt.timedelta(days=1)).day
    return dt.date(year, month + 1, min(day.day, last))
