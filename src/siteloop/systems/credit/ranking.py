"""Scores of many subjects at once by sums in the database, and of one explained line by line. They must agree."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Q, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from siteloop.foundation.authority.models import Organisation
from siteloop.foundation.packs import resolve
from siteloop.foundation.people.models import Person
from siteloop.systems.credit import scoring, settings
from siteloop.systems.credit.models import BlacklistEntry, CreditRecord, RuleKind

WHY = "a score is summed up from all records, whoever looks"
#: the two kinds of subjects, by the name of their column
FIELDS = ("organisation", "person")


@dataclass(frozen=True)
class Rank:
    """Where a subject stands on a day."""

    score: int
    grade: str
    demerits: int = 0
    merits: int = 0
    is_listed: bool = False
    lines: int = 0  # records in force; 0 = nothing is known, so nothing is graded


def in_force(day: dt.date) -> Q:
    """Records that count on a day."""
    return Q(counts_from__lte=day) & (Q(counts_until__isnull=True) | Q(counts_until__gt=day))


def on_list(day: dt.date) -> Q:
    """Entries whose dates put the subject on the blacklist that day."""
    return Q(listed_on__lte=day, until__gt=day) & (Q(ended_on__isnull=True) | Q(ended_on__gt=day))


def ranks(field: str, keys: Collection[int], day: dt.date | None = None) -> dict[int, Rank]:
    """Every key's rank on a day. A fixed number of queries."""
    on = day or timezone.localdate()
    wanted = {f"{field}__in": keys}
    demerit, merit = (Sum("signed", filter=Q(kind=kind)) for kind in (RuleKind.DEMERIT, RuleKind.MERIT))
    sums = {
        key: (-taken, given, lines)
        for key, taken, given, lines in CreditRecord.objects.unscoped(WHY)
        .filter(in_force(on), **wanted)
        .order_by()
        .values_list(f"{field}_id")
        .annotate(taken=Coalesce(demerit, 0), given=Coalesce(merit, 0), lines=Coalesce(Sum("points"), 0))
    }
    listed = set(
        BlacklistEntry.objects.unscoped(WHY)
        .filter(on_list(on), **wanted)
        .values_list(f"{field}_id", flat=True)
    )
    found = {}
    with resolve.reading():
        for key, region in _regions(field, keys).items():
            scale = settings.scale(region)
            taken, given, lines = sums.get(key, (0, 0, 0))
            score = scale.within(scale.base - taken + given)
            is_listed = key in listed
            found[key] = Rank(score, scale.grade(score, is_listed), taken, given, is_listed, lines)
    return found


def _regions(field: str, keys: Collection[int]) -> dict[int, str]:
    rows = (
        Organisation.objects.unscoped(WHY).filter(pk__in=keys)
        if field == "organisation"
        else Person.objects.unscoped(WHY).filter(pk__in=keys)
    )
    return dict(rows.values_list("pk", "region_code"))


def records(field: str, key: int) -> list[CreditRecord]:
    """All records that ever counted, the oldest first."""
    rows = CreditRecord.objects.unscoped(WHY).filter(counts_from__isnull=False, **{field: key})
    return list(rows.select_related("rule", "project").order_by("counts_from", "pk"))


def lines_of(rows: Collection[CreditRecord]) -> list[scoring.Line]:
    """Records as lines of a score."""
    return [scoring.Line(r.pk, str(r.rule), r.signed, r.counts_from, r.counts_until) for r in rows]


def explained(field: str, key: int, day: dt.date) -> list[scoring.Line]:
    """The score of one subject on a day, line by line."""
    region = _regions(field, [key]).get(key, "")
    return scoring.explain(lines_of(records(field, key)), day, settings.scale(region))
