"""When a step falls due. Working days know the State Council's holidays and make-up days; the clock is Shanghai's."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import chinese_calendar

from siteloop.kernel.times import SHANGHAI


@dataclass(frozen=True)
class Term:
    """A deadline as a pack states it: 2 working days, 15 calendar days, 4 hours, 3 minutes."""

    amount: float
    unit: str = "day"  # minute | hour | day
    counts: str = "calendar"  # calendar | working (days only)

    @classmethod
    def of(cls, value: Any) -> "Term":
        """From a pack value. Raises ValueError when it is not a term."""
        try:
            term = cls(float(value["amount"]), value.get("unit", "day"), value.get("counts", "calendar"))
        except (TypeError, KeyError) as wrong:
            raise ValueError(f"not a deadline: {value!r}") from wrong
        if term.amount <= 0 or term.unit not in ("minute", "hour", "day"):
            raise ValueError(f"not a deadline: {value!r}")
        return term


def is_working_day(day: dt.date) -> bool:
    """Whether offices work; past the published calendar only weekends are known to be free."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5


def due(start: dt.datetime, term: Term) -> dt.datetime:
    """The moment a term that began at `start` (aware) ends, in UTC.

    Minutes and hours run through. A day term ends at 24:00 of its last day; the day of the start does not count
    (民法典 art. 201: the first day is not counted).
    """
    if term.unit == "minute":
        return start + dt.timedelta(minutes=term.amount)
    if term.unit == "hour":
        return start + dt.timedelta(hours=term.amount)
    day = start.astimezone(SHANGHAI).date()
    left = int(term.amount)
    while left:
        day += dt.timedelta(days=1)
        if term.counts != "working" or is_working_day(day):
            left -= 1
    midnight = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), SHANGHAI)
    return midnight.astimezone(dt.UTC)
