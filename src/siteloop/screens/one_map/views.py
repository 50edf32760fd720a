"""One map: every site and monitor in scope with its live colour, over an offline base map."""

import msgspec
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from siteloop.foundation.cases.models import Case
from siteloop.foundation.registry.models import Site, WorkState
from siteloop.framework.language import pick, term
from siteloop.framework.perform import require
from siteloop.framework.screen import screen
from siteloop.framework.viewer import Viewer, viewer_of
from siteloop.kernel.times import SHANGHAI
from siteloop.systems.dust import facade as dust

#: state, its sign on the map (colour is never alone), words
LEGEND = (
    ("red", "!", "PM2.5 超限", "PM2.5 over the limit"),
    ("yellow", "~", "接近限值", "near the limit"),
    ("green", "✓", "正常", "normal"),
    ("grey", "–", "离线或未开工", "offline or not started"),
)
STATES = {state.value: str(state.label) for state in WorkState}


@screen
def page(request: HttpRequest) -> HttpResponse:
    """GET /one_map/: the map with its legend, totals and the list of the worst."""
    viewer = viewer_of(request)
    require(viewer, "registry.site.view")
    context = {
        "overview": dust.overview(viewer),
        "legend": [(state, sign, pick(zh, en)) for state, sign, zh, en in LEGEND],
        "boundaries": f"/regions/boundaries.json?in={','.join(_codes(viewer))}",
        "may_import": viewer.may("regions.boundary.import_boundaries"),
    }
    return render(request, "one_map/one_map.html", context)


def _codes(viewer: Viewer) -> list[str]:
    """Divisions whose borders are drawn: the viewer's own, else those his sites lie in."""
    if viewer.regions:
        return [code for code in viewer.regions if code]
    codes = Site.objects.visible_to(viewer).values_list("region_code", flat=True).distinct()
    return sorted({code[:6] for code in codes})


@login_required
def points(request: HttpRequest) -> HttpResponse:
    """GET /one_map/points.json: GeoJSON of the sites in scope; four queries however many sites there are."""
    viewer = viewer_of(request)
    if not viewer.may("registry.site.view"):
        return JsonResponse({"title": "没有权限", "status": 403}, status=403)
    spots = dust.spots(viewer)
    cases = set(
        Case.objects.visible_to(viewer)
        .filter(state__in=["disposing", "verifying"])
        .order_by()
        .values_list("site_id", flat=True)
        .distinct()
    )
    sites = Site.objects.visible_to(viewer).exclude(lon=None).exclude(lat=None).order_by("pk")
    told = sites.values_list("pk", "name", "lon", "lat", "state")
    features = [_feature(*site, spots.get(site[0]), site[0] in cases) for site in told]
    # thousands of features: the general JSON writer takes ten times as long
    written = msgspec.json.encode({"type": "FeatureCollection", "features": features})
    return HttpResponse(written, content_type="application/json")


def _feature(
    pk: int,
    name: str,
    lon: float | None,
    lat: float | None,
    state: str,
    spot: dust.Spot | None,
    has_case: bool,
) -> dict[str, object]:
    is_building = state == WorkState.UNDER_CONSTRUCTION
    return {
        "type": "Feature",
        "id": pk,
        "geometry": {"type": "Point", "coordinates": (lon, lat)},
        "properties": {
            "id": pk,
            "title": name,
            "state": term(STATES[state]),
            "colour": spot.colour if spot and is_building else "grey",
            "pm25": spot.pm25 if spot else None,
            "pm10": spot.pm10 if spot else None,
            "noise": spot.noise if spot else None,
            "at": f"{spot.at.astimezone(SHANGHAI):%m-%d %H:%M:%S}" if spot and spot.at else "",
            "case": has_case,
            "link": f"/places/sites/{pk}/",
        },
    }
