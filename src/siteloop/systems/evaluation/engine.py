"""Scorecards of a month: every fact is counted once for all subjects, then each subject is settled by its region's formula."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import asdict

from django.db import transaction
from django.utils import timezone

from siteloop.foundation.authority.models import Organisation
from siteloop.foundation.cases import facts
from siteloop.foundation.cases.facts import Counted, Period, Subject
from siteloop.foundation.packs import resolve
from siteloop.foundation.regions import names
from siteloop.foundation.registry.models import Site, WorkState
from siteloop.framework import trail
from siteloop.framework.viewer import Viewer, system_viewer
from siteloop.systems.evaluation.models import Scorecard, ScoreItem
from siteloop.systems.evaluation.scoring import Formula, Measured, settle

WHY = "scores are counted from all records, whoever looks"
ENGINE = system_viewer("评价计算")
BATCH = 2_000
CARD_FIELDS = ("name", "region_code", "score", "level", "formula", "counted_at")
ITEM_FIELDS = ("title", "n", "good", "worth", "points", "order")


def formula(kind: str, region_code: str) -> Formula | None:
    """What the region's pack states; None when it states none."""
    row = resolve.row(f"evaluation.{kind}", region_code)
    if row is None:
        return None
    return Formula.of(row.value, row.clause, row.clause_verified)


@transaction.atomic
def count_month(day: dt.date, viewer: Viewer = ENGINE) -> int:
    """(Re)count the month that holds the day; returns how many cards were written. What an appeal set aside stays aside."""
    period, written = Period.month(day), 0
    with resolve.reading():
        for kind in facts.KINDS:
            written += _count(kind, period)
    trail.record(
        viewer,
        "evaluation.scorecard.count_month",
        None,
        f"{viewer.name}计算{period.start:%Y-%m}评价得分 {written} 个",
    )
    return written


def _count(kind: str, period: Period) -> int:
    told = {
        code: facts.counted(fact, kind, ENGINE, period)
        for code, fact in facts.known().items()
        if kind in fact.keys and not fact.is_stock
    }
    places = _places(kind, {subject for by_subject in told.values() for subject in by_subject})
    known = {c.subject: c for c in _cards(kind, period)}
    voids = set(
        ScoreItem.objects.unscoped(WHY)
        .filter(card__in=known.values())
        .exclude(void_why="")
        .values_list("card_id", "fact")
    )
    now, formulas = timezone.now(), dict[str, Formula | None]()
    cards: list[Scorecard] = []
    items: list[ScoreItem] = []
    for subject, (name, region) in places.items():
        if region[: facts.COUNTY] not in formulas:
            formulas[region[: facts.COUNTY]] = formula(kind, region)
        by = formulas[region[: facts.COUNTY]]
        if by is None:
            continue
        old = known.get(str(subject))
        measured = [
            _measured(code, subject, told, (old.pk if old else 0, code) in voids) for code in by.codes
        ]
        lines, score = settle(by, measured)
        card = Scorecard(
            subject=str(subject),
            kind=kind,
            name=name,
            organisation_id=subject.key if kind == "party" else None,
            site_id=subject.key if kind == "site" else None,
            region_code=region,
            month=period.start,
            score=score,
            level=by.level(score),
            formula=asdict(by),
            counted_at=now,
        )
        cards.append(card)
        items += [_item(card, line, n) for n, line in enumerate(lines)]
    _write(cards, items)
    return len(cards)


def _cards(kind: str, period: Period) -> Iterable[Scorecard]:
    return Scorecard.objects.unscoped(WHY).filter(kind=kind, month=period.start).only("pk", "subject")


def _measured(
    code: str, subject: Subject, told: dict[str, dict[Subject, Counted]], is_void: bool
) -> Measured:
    found = told.get(code, {}).get(subject, Counted())
    return Measured(code, found.n, found.good, is_void)


def _item(card: Scorecard, line: Measured, order: int) -> ScoreItem:
    title = facts.get(line.code).title if line.code in facts.known() else line.code
    return ScoreItem(
        card=card,
        fact=line.code,
        title=title,
        n=line.n,
        good=line.good,
        worth=line.worth,
        points=line.points,
        order=order,
    )


def _write(cards: list[Scorecard], items: list[ScoreItem]) -> None:
    Scorecard.objects.bulk_create(
        cards,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=("subject", "month"),
        update_fields=CARD_FIELDS,
    )
    for item in items:
        item.card_id = item.card.pk
    ScoreItem.objects.bulk_create(
        items,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=("card", "fact"),
        update_fields=ITEM_FIELDS,
    )


def _places(kind: str, subjects: set[Subject]) -> dict[Subject, tuple[str, str]]:
    """Subject -> (name, region). Of sites those under construction, counted or not."""
    if kind == "region":
        return {s: (names.name(s.region), s.region) for s in sorted(subjects, key=str)}
    if kind == "party":
        wanted = Organisation.objects.unscoped(WHY).filter(pk__in={s.key for s in subjects})
        titles = dict(wanted.values_list("pk", "name"))
        return {s: (titles[s.key], s.region) for s in sorted(subjects, key=str) if s.key in titles}
    sites = Site.objects.unscoped(WHY).filter(state=WorkState.UNDER_CONSTRUCTION).order_by("pk")
    return {
        Subject("site", pk): (name, region)
        for pk, name, region in sites.values_list("pk", "name", "region_code")
    }


def resettle(card: Scorecard) -> None:
    """Work the score of one card out anew from its measures, by the formula it was made with."""
    by = Formula.of(card.formula, str(card.formula.get("clause", "")), bool(card.formula.get("verified")))
    rows = list(card.items.order_by("order"))
    lines, score = settle(by, [Measured(r.fact, r.n, r.good, bool(r.void_why)) for r in rows])
    for row, line in zip(rows, lines, strict=True):
        row.worth, row.points = line.worth, line.points
        row.save(update_fields=["worth", "points"])
    card.score, card.level, card.counted_at = score, by.level(score), timezone.now()
    card.save(update_fields=["score", "level", "counted_at"])
