"""处置中心: open dispatches by loop and step, with their ages and what is late; every count opens its list (CTR-02)."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Min, Q, QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone

from siteloop.foundation.cases import catalogue
from siteloop.foundation.cases.models import Case
from siteloop.framework import exporting
from siteloop.framework.language import pick, term
from siteloop.framework.screen import screen
from siteloop.framework.viewer import Viewer
from siteloop.screens.centres import asking

FILTERS = ("loop", "step", "age", "late", "level", "search")
OPEN = ("disposing", "verifying")


@dataclass(frozen=True)
class Stand:
    """One step of a loop: how many cases stand there, how many are late or due within a day, their ages."""

    loop: str
    step: str
    loop_title: str
    step_title: str
    phase: str
    n: int
    late: int
    soon: int
    ages: tuple[tuple[str, int], ...]
    oldest: dt.datetime | None


@screen
def page(request: HttpRequest) -> HttpResponse:
    """GET /centres/disposal/?loop=&step=&age=&late=1|soon&level=&region=&search=&page=."""
    viewer = asking.allowed(request, "cases.case.view")
    said = asking.asked(request, *FILTERS) | {"region": asking.region_of(request)}
    stands = board(viewer, said["region"])
    context = {
        "stands": stands,
        "totals": {
            "n": sum(s.n for s in stands),
            "late": sum(s.late for s in stands),
            "soon": sum(s.soon for s in stands),
        },
        "leaf": asking.leaf(_rows(viewer, said), request),
        "said": said,
        "ages": asking.ages(),
        "levels": asking.choices(asking.SEVERITIES),
        "regions": asking.regions(viewer),
        "loops": catalogue.choices(),
        "step_titles": {f"{s.loop}.{s.step}": s.step_title for s in stands},
        "now": timezone.now(),
        "is_filtered": any(said.values()),
        "may_export": viewer.may("cases.case.export"),
        "may_scores": viewer.may("evaluation.scorecard.view"),
    }
    return render(request, "centres/disposal.html", context)


@screen
def export(request: HttpRequest) -> StreamingHttpResponse:
    """GET /centres/disposal/export with the page's own parameters."""
    viewer = asking.allowed(request, "cases.case.view")
    said = asking.asked(request, *FILTERS) | {"region": asking.region_of(request)}
    titles = ("派单编号", "No."), ("标题", "Title"), ("环节", "Step"), ("等级", "Level"), ("期限", "Due")
    rows = _rows(viewer, said).iterator(1000)
    lines = (
        [
            c.number,
            c.title,
            _titles(c.loop, c.step)[1],
            term(c.get_severity_display()),
            timezone.localtime(c.deadline).strftime("%Y-%m-%d %H:%M") if c.deadline else "",
        ]
        for c in rows
    )
    return exporting.table(
        viewer, "cases.case.export", pick("在办派单", "Open cases"), [pick(*t) for t in titles], lines
    )


def board(viewer: Viewer, region: str = "") -> list[Stand]:
    """Every step where a case stands, in the order of the loops. One query."""
    now = timezone.now()
    rows = _open(viewer, region).order_by().values("loop", "step")
    told = rows.annotate(
        n=Count("pk"),
        late=Count("pk", filter=_late(now)),
        soon=Count("pk", filter=_soon(now)),
        oldest=Min("step_since"),
        **{
            f"age_{code}": Count("pk", filter=asking.aged("step_since", code, now))
            for code, *_ in asking.AGES
        },
    )
    found = []
    for row in told:
        loop, step, phase, place = _place(row["loop"], row["step"])
        numbers: dict[str, Any] = dict(row)
        ages = tuple((code, numbers[f"age_{code}"]) for code, *_ in asking.AGES)
        stand = Stand(
            row["loop"],
            row["step"],
            loop,
            step,
            phase,
            row["n"],
            row["late"],
            row["soon"],
            ages,
            row["oldest"],
        )
        found.append((place, stand))
    return [stand for _, stand in sorted(found, key=lambda pair: pair[0])]


def _place(code: str, step_code: str) -> tuple[str, str, str, tuple[str, int]]:
    loop = next((catalogue.get(c) for c, _ in catalogue.choices() if c == code), None)
    if loop is None:
        return code, step_code, "", (code, 0)
    for n, step in enumerate(loop.steps):
        if step.code == step_code:
            return pick(loop.title, loop.title_en), pick(step.title, step.title_en), step.phase, (code, n)
    return pick(loop.title, loop.title_en), step_code, "", (code, len(loop.steps))


def _titles(loop: str, step: str) -> tuple[str, str]:
    return _place(loop, step)[:2]


def _open(viewer: Viewer, region: str) -> QuerySet[Case]:
    rows = Case.objects.visible_to(viewer).filter(state__in=OPEN)
    return rows.filter(region_code__startswith=region) if region else rows


def _late(now: dt.datetime) -> Q:
    return Q(deadline__lte=now) | Q(is_overdue=True)


def _soon(now: dt.datetime) -> Q:
    return Q(deadline__gt=now, deadline__lte=now + dt.timedelta(days=1), is_overdue=False)


def _rows(viewer: Viewer, said: dict[str, str]) -> QuerySet[Case]:
    now = timezone.now()
    rows = _open(viewer, said["region"]).filter(asking.aged("step_since", said["age"], now))
    if said["loop"]:
        rows = rows.filter(loop=said["loop"])
    if said["step"]:
        rows = rows.filter(step=said["step"])
    if said["level"]:
        rows = rows.filter(severity=said["level"])
    if said["late"]:
        rows = rows.filter(_soon(now) if said["late"] == "soon" else _late(now))
    if said["search"]:
        words = said["search"]
        rows = rows.filter(
            Q(number__icontains=words) | Q(title__icontains=words) | Q(site__name__icontains=words)
        )
    return rows.select_related("site").order_by(F("deadline").asc(nulls_last=True), "opened_at", "pk")
