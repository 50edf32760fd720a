"""What enterprises and key persons were found to have done: systems that decide tell it, the system that keeps credit asks.

A system adds a function to `SOURCES`: moment -> facts decided, or taken back, since then. It may be asked for the same
facts again and again; `key` says which fact is which. The events of `EVENTS` mean that there is something new to ask for.
"""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass

#: emitted by the systems when a fact is decided or taken back
EVENTS = (
    "order_issued",
    "order_withdrawn",
    "penalty_decided",
    "penalty_withdrawn",
    "demerit_recorded",
    "demerit_withdrawn",
    "case_reopened",
)


@dataclass(frozen=True)
class Fact:
    """One decided fact. Liable is the organisation, the `person`, or with `post` whoever holds that post of the project."""

    source: str  # what kind of fact, e.g. "inspection.stop": rules of credit are chosen by it
    key: str  # e.g. "inspection.order:17"
    title: str  # of the record behind it, as a link reads
    link: str
    region_code: str
    project: int | None
    organisation: int | None
    on: dt.date
    reason: str
    clause: str = ""
    person: int | None = None
    post: str = ""
    points: int | None = None  # where the deciding paper states them
    decided_by: int | None = None  # account
    withdrawn: str = ""  # why it was taken back; "" = it stands


#: filled by the systems when the program starts
SOURCES: list[Callable[[dt.datetime], Iterable[Fact]]] = []


def since(moment: dt.datetime) -> list[Fact]:
    """Facts of all systems that were decided or taken back since then."""
    return [fact for source in SOURCES for fact in source(moment)]
