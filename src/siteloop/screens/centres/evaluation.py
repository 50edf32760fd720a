"""评价中心: scores of parties, sites and regions of a month; each opens its measures, each measure its records (CTR-03)."""

import datetime as dt

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_date

from siteloop.foundation.cases.facts import Period
from siteloop.framework.action import Refused
from siteloop.framework.language import pick
from siteloop.framework.screen import screen
from siteloop.screens.centres import asking
from siteloop.systems.evaluation import facade

KINDS = (
    ("party", "参建单位履职", "Parties"),
    ("site", "工地管理水平", "Sites"),
    ("region", "区域监管绩效", "Regions"),
)


@screen
def page(request: HttpRequest) -> HttpResponse:
    """GET /centres/evaluation/?kind=party|site|region&month=2026-11-01&level=A..D|none&region=&search=&page=."""
    viewer = asking.allowed(request, "evaluation.scorecard.view")
    said = asking.asked(request, "kind", "level", "search", "month") | {"region": asking.region_of(request)}
    said["kind"] = said["kind"] if said["kind"] in {k for k, _, _ in KINDS} else KINDS[0][0]
    months = facade.months(viewer)
    month = _month(said["month"], months)
    cards = facade.cards(viewer, said["kind"], month, said["region"])
    if said["level"]:
        cards = cards.filter(level="" if said["level"] == "none" else said["level"])
    if said["search"]:
        cards = cards.filter(name__icontains=said["search"])
    counts = facade.levels(viewer, said["kind"], month, said["region"])
    context = {
        "leaf": asking.leaf(cards, request),
        "said": said,
        "month": month,
        "is_running": month == Period.month(timezone.localdate()).start,
        "months": months,
        "kinds": asking.choices(KINDS),
        "levels": [(code, title, counts.get(code, 0)) for code, title in facade.LEVELS]
        + [("none", pick("未评分", "No score"), counts.get("", 0))],
        "regions": asking.regions(viewer),
        "may_scores": True,
        "is_filtered": any(said[n] for n in ("level", "search", "region")),
    }
    return render(request, "centres/evaluation.html", context)


def _month(said: str, months: list[dt.date]) -> dt.date:
    if not said:
        return months[0] if months else Period.month(timezone.localdate()).start
    try:
        found = parse_date(said)
    except ValueError:
        found = None
    if found is None:
        raise Refused("月份有误", status=422, errors={"month": ["须为日期，如 2026-11-01"]})
    return found.replace(day=1)
