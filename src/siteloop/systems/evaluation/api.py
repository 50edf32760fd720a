"""REST of the indicators; scores, appeals and accidents are registers and have theirs."""

import datetime as dt
from dataclasses import asdict
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from siteloop.foundation.cases.facts import Period
from siteloop.framework.action import Refused
from siteloop.framework.perform import require
from siteloop.framework.rest import Router
from siteloop.framework.viewer import viewer_of
from siteloop.systems.evaluation import deciding, kpis

router = Router(tags=["evaluation"])


def _asked(request: HttpRequest, start: dt.date, end: dt.date, against: str, region: str) -> kpis.Asked:
    viewer = viewer_of(request)
    require(viewer, "evaluation.scorecard.view")
    if end <= start:
        raise Refused("结束日期须晚于开始日期", status=422, errors={"end": ["须晚于开始日期"]})
    period = Period(start, end)
    return kpis.Asked(viewer, period, period.year_before if against == "year" else period.before, region)


@router.get("/kpis", summary="Indicators with the numbers of their formulas")
def list_kpis(
    request: HttpRequest, start: dt.date, end: dt.date, against: str = "year", region: str = ""
) -> list[dict[str, Any]]:
    """KPI-05…08 and 17 of the days from `start` to before `end`; `against` year | before."""
    return [asdict(k) | {"shown": k.shown} for k in kpis.kpis(_asked(request, start, end, against, region))]


@router.get("/enterprises", summary="Open problems by enterprise (KPI-21)")
def list_enterprises(request: HttpRequest, region: str = "") -> list[dict[str, Any]]:
    """The worst first."""
    today = timezone.localdate()
    viewer = _asked(request, today, today + dt.timedelta(days=1), "year", region).viewer
    return [asdict(e) for e in kpis.enterprises(viewer, deciding.lately(), region)]


@router.get("/ranking", summary="Sites to look at first, with the reasons")
def list_ranking(request: HttpRequest, region: str = "", limit: int = 50) -> list[dict[str, Any]]:
    """The most points first."""
    today = timezone.localdate()
    viewer = _asked(request, today, today + dt.timedelta(days=1), "year", region).viewer
    rows = deciding.ranked(viewer, region)[: max(1, min(limit, 200))]
    return [
        {"site": r.site, "name": r.name, "region_code": r.region_code, "points": r.points}
        | {"reasons": [{"title": w.title, "n": w.n, "points": w.points, "link": w.link} for w in r.reasons]}
        for r in rows
    ]
