"""决策中心: what to look at first and why, how often to inspect what, open problems by enterprise, indicators (CTR-04, CTR-10)."""

import datetime as dt
from collections import Counter
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_date

from siteloop.foundation.cases.facts import Period
from siteloop.framework import exporting
from siteloop.framework.action import Refused
from siteloop.framework.language import pick
from siteloop.framework.screen import screen
from siteloop.framework.viewer import Viewer
from siteloop.screens.centres import asking
from siteloop.systems.evaluation import facade

TABS = (
    ("first", "优先关注", "Look first"),
    ("watch", "差异化监管", "By level"),
    ("enterprises", "企业问题", "Enterprises"),
    ("indicators", "指标", "Indicators"),
)
AGAINST = (("year", "去年同期", "a year earlier"), ("before", "上一时段", "the days before"))


@screen
def page(request: HttpRequest) -> HttpResponse:
    """GET /centres/decision/?tab=first|watch|enterprises|indicators&region=&level=&from=&to=&against=&page=."""
    viewer, tab, region = _said(request)
    context: dict[str, Any] = {
        "tab": tab,
        "tabs": asking.choices(TABS),
        "said": asking.asked(request, "level") | {"region": region},
        "regions": asking.regions(viewer),
        "may_scores": True,
        "may_export": viewer.may("evaluation.scorecard.export"),
    }
    context |= {
        "first": _first,
        "watch": _watch,
        "enterprises": _enterprises,
        "indicators": _indicators,
    }[tab](request, viewer, region)
    return render(request, f"centres/{tab}.html", context)


def _said(request: HttpRequest) -> tuple[Viewer, str, str]:
    viewer = asking.allowed(request, "evaluation.scorecard.view")
    tab = request.GET.get("tab", TABS[0][0])
    return viewer, tab if tab in {t for t, _, _ in TABS} else TABS[0][0], asking.region_of(request)


def _basis(key: str, region: str, viewer: Viewer) -> Any:
    """The pack's row in the region asked for, else in the viewer's first."""
    return facade.stated(key, region or (viewer.regions[0] if viewer.regions else ""))


def _first(request: HttpRequest, viewer: Viewer, region: str) -> dict[str, Any]:
    rows = facade.ranked(viewer, region)
    return {"leaf": asking.leaf(rows, request), "basis": _basis("decision.weights", region, viewer)}


def _watch(request: HttpRequest, viewer: Viewer, region: str) -> dict[str, Any]:
    everything = facade.watched(viewer, "", region)
    level = request.GET.get("level", "")
    rows = [w for w in everything if level in ("", w.card.level)]
    counts, due = (
        Counter(w.card.level for w in everything),
        Counter(w.card.level for w in everything if w.is_due),
    )
    basis = _basis("decision.frequency", region, viewer)
    return {
        "leaf": asking.leaf(rows, request),
        "levels": [
            (code, title, counts[code], due[code], basis.value.get(code) if basis else None)
            for code, title in facade.LEVELS
        ],
        "month": facade.newest_month(viewer),
        "basis": basis,
    }


def _enterprises(request: HttpRequest, viewer: Viewer, region: str) -> dict[str, Any]:
    rows = facade.enterprises(viewer, _today(), region)
    return {
        "leaf": asking.leaf(rows, request),
        "heads": [p.title for p in rows[0].parts] if rows else [],
        "may_units": viewer.may("authority.organisation.view"),
    }


def _indicators(request: HttpRequest, viewer: Viewer, region: str) -> dict[str, Any]:
    question, against = _question(request, viewer, region)
    return {
        "kpis": facade.kpis(question),
        "period": question.period,
        "before": question.before,
        "against": against,
        "against_choices": asking.choices(AGAINST),
        "last_day": question.period.end - dt.timedelta(days=1),
        "before_last": question.before.end - dt.timedelta(days=1),
    }


def _today() -> Period:
    day = timezone.localdate()
    return Period(day, day + dt.timedelta(days=1))


def _question(request: HttpRequest, viewer: Viewer, region: str) -> tuple[facade.Asked, str]:
    """This year to today unless asked otherwise; `to` is the last day, included."""
    today = timezone.localdate()
    start = _day(request, "from", today.replace(month=1, day=1))
    last = _day(request, "to", today)
    if last < start:
        raise Refused("结束日期早于开始日期", status=422, errors={"to": ["不能早于开始日期"]})
    period = Period(start, last + dt.timedelta(days=1))
    against = "before" if request.GET.get("against") == "before" else "year"
    before = period.before if against == "before" else period.year_before
    return facade.Asked(viewer, period, before, region), against


def _day(request: HttpRequest, name: str, default: dt.date) -> dt.date:
    words = request.GET.get(name, "").strip()
    if not words:
        return default
    try:
        day = parse_date(words)
    except ValueError:
        day = None
    if day is None or not 2000 <= day.year <= 2100:
        raise Refused("日期有误", status=422, errors={name: ["须为日期，如 2026-01-31"]})
    return day


@screen
def export(request: HttpRequest) -> StreamingHttpResponse:
    """GET /centres/decision/export with the page's own parameters."""
    viewer, tab, region = _said(request)
    heads: list[str]
    lines: list[list[object]]
    if tab == "first":
        heads = [pick("工地", "Site"), pick("分值", "Points"), pick("原因", "Reasons")]
        lines = [
            [r.name, r.points, "；".join(f"{w.title} {w.n}（{w.points}）" for w in r.reasons)]
            for r in facade.ranked(viewer, region)
        ]
    elif tab == "watch":
        heads = [
            pick(*t)
            for t in (
                ("工地", "Site"),
                ("等级", "Level"),
                ("得分", "Score"),
                ("建议间隔（天）", "Every (days)"),
                ("上次检查", "Last"),
                ("应检查", "Due"),
            )
        ]
        lines = [
            [w.card.name, w.card.level, w.card.score, w.every, w.last, w.due]
            for w in facade.watched(viewer, request.GET.get("level", ""), region)
        ]
    elif tab == "enterprises":
        rows = facade.enterprises(viewer, _today(), region)
        heads = [pick("企业", "Enterprise"), *([p.title for p in rows[0].parts] if rows else [])]
        lines = [[e.name, *(p.n for p in e.parts)] for e in rows]
    else:
        heads = [
            pick(*t)
            for t in (
                ("编号", "No."),
                ("指标", "Indicator"),
                ("数值", "Value"),
                ("算式", "Formula"),
                ("组成", "Numbers"),
            )
        ]
        lines = [
            [k.code, k.title, k.shown, k.formula, "；".join(f"{p.title} {p.n}" for p in k.parts)]
            for k in facade.kpis(_question(request, viewer, region)[0])
        ]
    title = dict(asking.choices(TABS))[tab]
    return exporting.table(viewer, "evaluation.scorecard.export", title, heads, lines)
