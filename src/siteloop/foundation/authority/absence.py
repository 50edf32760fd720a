"""Who is away: one question for draws, allocation and rosters. The system that keeps leave answers it; nobody keeps a copy."""

import datetime as dt
from collections.abc import Callable, Iterable

#: functions (account ids, first day, last day) -> the accounts away on at least one of the days
PROVIDERS: list[Callable[[set[int], dt.date, dt.date], set[int]]] = []


def away(accounts: Iterable[int | None], from_on: dt.date, to_on: dt.date) -> set[int]:
    """Those of the accounts that are away on at least one of the days, both ends included."""
    asked = {a for a in accounts if a is not None}
    found: set[int] = set()
    for provider in PROVIDERS if asked else ():
        found |= provider(asked, from_on, to_on)
    return found
