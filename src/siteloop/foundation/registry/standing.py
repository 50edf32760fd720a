"""An enterprise's standing in credit: the system that keeps credit answers here, the others ask here."""

from collections.abc import Callable, Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class Standing:
    """One organisation's grade, A (best) to D, and why in one sentence."""

    grade: str
    why: str = ""


#: functions organisation ids -> {id: Standing}; the first that knows an organisation counts
PROVIDERS: list[Callable[[Collection[int]], dict[int, Standing]]] = []


def of(organisations: Collection[int]) -> dict[int, Standing]:
    """Standing of those that are graded; the others are missing."""
    found: dict[int, Standing] = {}
    for provider in PROVIDERS:
        for organisation, standing in provider(organisations).items():
            found.setdefault(organisation, standing)
    return found
