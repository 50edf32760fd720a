"""Counts of each day as bars: heights in percent of a round top, the lines of the scale, and as many dates as fit."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

MOST_LABELS, MOST_NUMBERS = 8, 14
LINES = 4  # of the scale above zero, at most


def bars(days: Sequence[tuple[str, int, int]]) -> dict[str, Any]:
    """`days` = (date, today's, tried) in order. {} where every count is zero."""
    most = max((max(today, tried) for _, today, tried in days), default=0)
    if not most:
        return {}
    step = _round(most / LINES)
    top = -(-most // step) * step
    every = -(-len(days) // MOST_LABELS)
    return {
        "lines": [{"n": n, "at": round(100 * n / top, 2)} for n in range(0, top + 1, step)],
        "has_numbers": len(days) <= MOST_NUMBERS,
        "days": [
            {
                "day": dt.date.fromisoformat(day),
                "label": f"{day[5:]}" if i % every == 0 else "",
                "today": today,
                "tried": tried,
                "today_height": round(100 * today / top, 2),
                "tried_height": round(100 * tried / top, 2),
            }
            for i, (day, today, tried) in enumerate(days)
        ],
    }


def _round(least: float) -> int:
    """The smallest of 1, 2, 5, 10, 20, 50 … that is not below."""
    size = 1
    while True:
        for times in (1, 2, 5):
            if size * times >= least:
                return size * times
        size *= 10
