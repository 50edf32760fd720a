"""Which inspectors can be drawn, and which objects each must not judge."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q

from siteloop.foundation.authority import absence
from siteloop.foundation.packs.resolve import value as pack_value
from siteloop.systems.double_random.library import Candidate
from siteloop.systems.double_random.models import Inspector, Leave, Recusal, RecusalKind

WHY = "the inspector library is looked at for a draw, whoever asks"
FORMER_YEARS = 3  # where no pack states double_random.former_employer_years


@dataclass(frozen=True)
class Available:
    """An inspector of the library; `reason` set: cannot be drawn. `public` is what outsiders are told of it."""

    inspector: Inspector
    specialities: tuple[str, ...]
    reason: str = ""
    public: str = ""


def inspectors(region: str, from_on: dt.date, to_on: dt.date) -> list[Available]:
    """The region's library by number, judged for the days of the check."""
    away = set(
        Leave.objects.unscoped(WHY)
        .filter(from_on__lte=to_on, to_on__gte=from_on)
        .values_list("inspector_id", flat=True)
    )
    rows = list(
        Inspector.objects.unscoped(WHY)
        .filter(region_code__startswith=region, is_active=True)
        .select_related("organisation", "account")
        .prefetch_related("specialities")
        .order_by("code")
    )
    on_leave = absence.away((one.account_id for one in rows), from_on, to_on)
    found = []
    for one in rows:
        reason, public = "", ""
        if one.certificate_until is None or one.certificate_until < to_on:
            reason, public = "执法证不在有效期", "certificate"
        elif one.pk in away or one.account_id in on_leave:
            reason, public = "检查期间请假", "unavailable"
        elif one.account is not None and not one.account.is_active:
            reason, public = "账号已停用", "unavailable"
        found.append(Available(one, tuple(sorted(s.code for s in one.specialities.all())), reason, public))
    return sorted(found, key=lambda a: a.inspector.code)


def recusals(
    people: Iterable[Inspector], objects: Iterable[Candidate], region: str, on: dt.date
) -> list[tuple[str, str, str]]:
    """(inspector number, project number, "declared" | "last_time"), sorted, each pair once; declared goes first."""
    codes = {p.pk: p.code for p in people}
    years = int(pack_value("double_random.former_employer_years", region, on=on) or FORMER_YEARS)
    among = list(objects)
    pairs: dict[tuple[str, str], str] = {}
    declared = Recusal.objects.unscoped(WHY).filter(
        Q(valid_to__isnull=True) | Q(valid_to__gte=on), inspector__in=codes
    )
    for row in declared:
        if row.kind == RecusalKind.FORMER_EMPLOYER and not _still(row.left_on, years, on):
            continue
        for one in among:
            if row.project_id == one.project.pk or row.organisation_id in one.parties:
                pairs[codes[row.inspector_id], one.project.code] = "declared"
    for one in among:
        for code in set(one.previous) & set(codes.values()):
            pairs.setdefault((code, one.project.code), "last_time")
    return sorted((i, o, kind) for (i, o), kind in pairs.items())


def _still(left_on: dt.date | None, years: int, on: dt.date) -> bool:
    """Whether a former employer still bars: until the same day `years` later."""
    if left_on is None:
        return True
    day = 28 if (left_on.month, left_on.day) == (2, 29) else left_on.day
    return on < left_on.replace(year=left_on.year + years, day=day)
