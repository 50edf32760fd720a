"""How long a person's data are kept: while something needs them, then for the region's term, then not at all.

Higher rooms say what needs a person, how long the term is, and what else of a person they hold.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from siteloop.foundation.people.models import Person, Retention

WHY = "the term of every person's data is looked at"
#: () -> person id -> why that person's data are still needed
NEEDS: list[Callable[[], dict[int, str]]] = []
#: region code -> days the data are kept after they are no longer needed; None where no term is stated
TERMS: list[Callable[[str], int | None]] = []
#: what else holds personal data of a person: erases it, inside the act that erases the person
ERASERS: list[Callable[[Person], None]] = []
#: days a due row stands on the list, for an officer to look at, before the program erases it by itself
GRACE_DAYS = 30


@dataclass(frozen=True)
class Standing:
    """Where one person's data stand on a day."""

    retention: Retention
    needed_for: str
    unneeded_since: dt.date | None
    due_on: dt.date | None


def needs() -> dict[int, str]:
    """Person id -> why the data are needed, all rooms together."""
    with_account = Person.objects.unscoped(WHY).filter(account__is_active=True).values_list("pk", flat=True)
    found = dict.fromkeys(with_account, "账号在用")
    for need in NEEDS:
        for person, words in need().items():
            found[person] = f"{found[person]}；{words}" if person in found else words
    return found


def term(region_code: str) -> int | None:
    """The shortest stated term, days; None when nobody states one: then only an explicit date ends the keeping."""
    stated = [days for days in (find(region_code) for find in TERMS) if days is not None]
    return min(stated, default=None)


def stands(row: dict[str, Any], need: str, today: dt.date, days: int | None) -> Standing:
    """`row` holds keep_until and unneeded_since. An explicit date counts before the term; a need counts before both."""
    if need:
        return Standing(Retention.NEEDED, need[:200], None, None)
    since = row["unneeded_since"] or today
    due = row["keep_until"] or (since + dt.timedelta(days=days) if days is not None else None)
    is_due = due is not None and due <= today
    return Standing(Retention.DUE if is_due else Retention.RUNNING, "", since, due)


def mark(today: dt.date | None = None) -> Counter[str]:
    """Bring every row's standing up to date; returns how many stand where. Nothing is deciphered for it."""
    day = today or timezone.localdate()
    needed, terms = needs(), dict[str, int | None]()
    counted: Counter[str] = Counter()
    fields = ("pk", "region_code", "keep_until", "retention", "needed_for", "unneeded_since", "due_on")
    for row in Person.objects.unscoped(WHY).filter(erased_at__isnull=True).values(*fields):
        region = row["region_code"]
        if region not in terms:
            terms[region] = term(region)
        now = stands(row, needed.get(row["pk"], ""), day, terms[region])
        counted[now.retention] += 1
        fresh = {
            "retention": now.retention.value,
            "needed_for": now.needed_for,
            "unneeded_since": now.unneeded_since,
            "due_on": now.due_on,
        }
        if any(row[name] != value for name, value in fresh.items()):
            Person.objects.unscoped(WHY).filter(pk=row["pk"]).update(**fresh)
    return counted
