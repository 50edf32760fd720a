"""The list of enterprises and the page of one."""

import datetime as dt

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from siteloop.foundation.cases.facts import Period
from siteloop.foundation.registry import standing
from siteloop.foundation.registry.models import PartyKind
from siteloop.framework.perform import require
from siteloop.framework.screen import screen
from siteloop.framework.viewer import Viewer, viewer_of
from siteloop.screens.parties import counting

ROWS = 50
RIGHT = "registry.party.view"


def _viewer(request: HttpRequest) -> Viewer:
    viewer = viewer_of(request)
    require(viewer, RIGHT)
    return viewer


@require_GET
@screen
def page(request: HttpRequest) -> HttpResponse:
    """GET /parties/?kind=&search=&page=: enterprises with a part in a project the viewer sees."""
    viewer = _viewer(request)
    kind, words = request.GET.get("kind", ""), request.GET.get("search", "").strip()
    kind = kind if kind in PartyKind.values else ""
    rows = counting.units(viewer, kind, words)
    context = {
        "leaf": Paginator(rows, ROWS).get_page(request.GET.get("page")),
        "kind": kind,
        "words": words,
        "kinds": PartyKind.choices,
        "is_filtered": bool(kind or words),
    }
    return render(request, "parties/page.html", context)


@require_GET
@screen
def party(request: HttpRequest, pk: int) -> HttpResponse:
    """GET /parties/<id>/: one enterprise, its conduct counted from 1 January to today."""
    viewer = _viewer(request)
    parts, unit = counting.parts(viewer, pk), counting.named(pk)
    if unit is None or not parts:
        raise Http404
    today = timezone.localdate()
    period = Period(today.replace(month=1, day=1), today + dt.timedelta(days=1))
    context = {
        "unit": unit,
        "parts": parts,
        "standing": standing.of([pk]).get(pk),
        "lines": counting.conduct(viewer, pk, period) if viewer.may("cases.case.view") else [],
        "period": period,
        "today": today,
    }
    return render(request, "parties/one.html", context)
