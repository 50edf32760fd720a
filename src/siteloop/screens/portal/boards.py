"""The electronic notice board of a site (电子公示牌): what the board at its gate says, who answers for it, what it measures now.

Organisations are named, persons are not: no source we hold asks for their names in public here.
"""

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from siteloop.foundation.regions.names import full_name
from siteloop.foundation.registry.models import Party, PartyKind, Site, WorkState
from siteloop.framework.language import term
from siteloop.framework.viewer import system_viewer
from siteloop.screens.portal.doors import public
from siteloop.systems.dust import facade as dust

WHY = "the notice board of a site under construction stands in public view"
SHOWN = (("pm25", "PM2.5", "µg/m³"), ("pm10", "PM10", "µg/m³"), ("noise", "噪声", "dB(A)"))
LONGEST = 40


@dataclass(frozen=True)
class Monitor:
    """One monitor's newest row as the board shows it: values of trustworthy fields only."""

    reading: dust.Reading
    values: list[tuple[str, str, float]]


@public()
def boards(request: HttpRequest) -> HttpResponse:
    """GET /portal/boards/?q=: find a site under construction by name, project or road; without words the newest ones."""
    words = request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST]
    newest, total = ([], 0) if words else dust.newest_sites()
    context = {"words": words, "sites": dust.sites_like(words) if words else newest, "total": total}
    return render(request, "portal/boards.html", context)


@public()
def board(request: HttpRequest, pk: int) -> HttpResponse:
    """GET /portal/boards/<site>/: 404 for a site that is not under construction."""
    rows = Site.objects.unscoped(WHY).filter(state=WorkState.UNDER_CONSTRUCTION)
    site = rows.select_related("project").filter(pk=pk).first()
    if site is None:
        raise Http404
    context = {
        "site": site,
        "project": site.project,
        "place": full_name(site.region_code),
        "units": _units(site),
        "monitors": [_monitor(r) for r in dust.readings(system_viewer("公众门户"), site.pk)],
        "limit": dust.pm25_limit(site.region_code),
    }
    return render(request, "portal/board.html", context)


def _units(site: Site) -> list[tuple[str, str]]:
    """Title and name of each responsible unit, in the order of the five parties."""
    order = [kind.value for kind in PartyKind]
    rows: Any = Party.objects.unscoped(WHY).filter(project=site.project_id).select_related("organisation")
    found = sorted(rows, key=lambda p: (order.index(p.kind), p.pk))
    return [(term(p.get_kind_display()), p.organisation.name) for p in found]


def _monitor(reading: dust.Reading) -> Monitor:
    told = [
        (title, unit, value)
        for name, title, unit in SHOWN
        if name in reading.normal and (value := reading.values.get(name)) is not None
    ]
    return Monitor(reading, told if reading.is_online else [])
