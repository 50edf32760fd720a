"""What others may ask of credit: standings for the draw, and what the public may see. Persons are masked."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils import timezone

from siteloop.foundation.registry.standing import Standing
from siteloop.framework.language import term
from siteloop.systems.credit import ranking
from siteloop.systems.credit.models import (
    BlacklistEntry,
    CreditRecord,
    EntryState,
    RecordState,
    RuleKind,
)

WHY = "the public sees what is published, whoever asks"
#: what the portal shows, in this order
KINDS: tuple[tuple[str, str, str], ...] = (
    ("blacklist", "黑名单", "Blacklist"),
    ("bad", "不良行为", "Bad behaviour"),
    ("good", "守信激励", "Good behaviour"),
)


@dataclass(frozen=True)
class PublicLine:
    """One published entry or record."""

    name: str  # enterprise by name, person masked
    is_person: bool
    kind: str  # of the enterprise: 施工单位, 监理单位…
    what: str
    basis: str
    since: dt.date
    until: dt.date
    points: int = 0  # signed; 0 for an entry
    project: str = ""


def standings(organisations: Collection[int]) -> dict[int, Standing]:
    """Grades for whoever asks (registry.standing). Enterprises of whom nothing is known are left out."""
    return {
        key: Standing(
            rank.grade,
            "已列入黑名单"
            if rank.is_listed
            else f"信用分 {rank.score}（有效扣分 {rank.demerits}，加分 {rank.merits}）",
        )
        for key, rank in ranking.ranks("organisation", organisations).items()
        if rank.lines or rank.is_listed
    }


def needs() -> dict[int, str]:
    """Persons whose data are still needed because a record counts or an entry runs (people.retention)."""
    day = timezone.localdate()
    found: dict[int, str] = {}
    rows: tuple[Any, ...] = (
        CreditRecord.objects.unscoped(WHY).filter(Q(state=RecordState.PROPOSED) | ranking.in_force(day)),
        BlacklistEntry.objects.unscoped(WHY).filter(
            Q(state__in=(EntryState.PROPOSED, EntryState.TOLD, EntryState.HEARD)) | ranking.on_list(day)
        ),
    )
    for query in rows:
        for person in query.filter(person__isnull=False).values_list("person_id", flat=True):
            found[person] = "信用记录或黑名单在有效期内"
    return found


def _entries(day: dt.date) -> Any:
    return BlacklistEntry.objects.unscoped(WHY).filter(
        ranking.on_list(day), state=EntryState.LISTED, suspended=False
    )


def _records(kind: RuleKind, day: dt.date) -> Any:
    return CreditRecord.objects.unscoped(WHY).filter(
        ranking.in_force(day),
        state=RecordState.IN_FORCE,
        kind=kind,
        is_public=True,
        suspended=False,
        reverses__isnull=True,
    )


def _rows(what: str, words: str, day: dt.date) -> Any:
    rows = (
        _entries(day)
        if what == "blacklist"
        else _records(RuleKind.DEMERIT if what == "bad" else RuleKind.MERIT, day)
    )
    return rows.filter(organisation__name__icontains=words) if words else rows


def count(what: str, words: str = "", on: dt.date | None = None) -> int:
    """How many lines of a kind are published; `words` looks for an enterprise by name."""
    return int(_rows(what, words, on or timezone.localdate()).count())


def published(
    what: str, start: int = 0, most: int = 20, words: str = "", on: dt.date | None = None
) -> list[PublicLine]:
    """Published lines of a kind, the newest first. One query."""
    day = on or timezone.localdate()
    related = ("organisation", "person__organisation")
    if what == "blacklist":
        rows = _rows(what, words, day).select_related(*related).order_by("-listed_on", "-pk")
        return [_entry(row) for row in rows[start : start + most]]
    rows = _rows(what, words, day).select_related(*related, "rule", "project")
    return [_record(row) for row in rows.order_by("-counts_from", "-pk")[start : start + most]]


def _kind(row: Any) -> str:
    unit = row.organisation or row.person.organisation
    return term(unit.get_kind_display()) if unit is not None else ""


def _entry(row: BlacklistEntry) -> PublicLine:
    assert row.listed_on is not None and row.until is not None, "only listed entries are asked for"
    return PublicLine(
        row.subject_name,
        row.person_id is not None,
        _kind(row),
        row.cause,
        row.basis_shown,
        row.listed_on,
        row.until,
    )


def _record(row: CreditRecord) -> PublicLine:
    assert row.counts_from is not None and row.counts_until is not None, "only records in force are asked for"
    return PublicLine(
        row.subject_name,
        row.person_id is not None,
        _kind(row),
        str(row.rule),
        row.clause,
        row.counts_from,
        row.counts_until,
        row.signed,
        row.project.name if row.project is not None else "",
    )
