"""How long readings stay in the tables and raw frames are kept: values of the packs, and the nightly work that follows from them.

A day's partition holds the rows of every region, so of the terms in force the longest counts.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from siteloop.foundation.packs import resolve
from siteloop.foundation.packs.models import PackValue
from siteloop.kernel.profiles import PROFILES

RAW = "retention.raw_days"
LEAST_DAYS = 7  # below this a typing error would empty the tables


@dataclass(frozen=True)
class Terms:
    """Days. A profile without a term stays for ever; `raw` None keeps raw frames for ever."""

    rows: dict[str, int]
    raw: int | None


#: archives what is past these terms, returns what it did as JSON-ready data; filled by the room that knows both planes
ARCHIVERS: list[Callable[[Terms], dict[str, Any]]] = []


def key_of(profile: str) -> str:
    """Key of the pack value of a profile."""
    return f"retention.{profile}.rows_days"


def terms() -> Terms:
    """What counts today."""
    with resolve.reading() as book:
        today = timezone.localdate()
        packs = [p.pk for p in book.packs() if resolve.in_force(p, today)]
        stated: dict[str, list[int]] = {}
        for row in book.newest(PackValue, packs, today):
            if row.key.startswith("retention.") and _is_term(row.value):
                stated.setdefault(row.key, []).append(row.value)
    rows = {p: max(stated[key_of(p)]) for p in PROFILES if key_of(p) in stated}
    return Terms(rows, max(stated[RAW]) if RAW in stated else None)


def _is_term(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= LEAST_DAYS


def leave() -> dict[str, Any]:
    """Archive what is past its term now; {} where no fast plane was joined."""
    return ARCHIVERS[0](terms()) if ARCHIVERS else {}
