"""One map: every site and monitor in scope with its live colour, over an offline base map."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from siteloop.foundation.cases.models import Case
from siteloop.foundation.registry.models import Site, WorkState
from siteloop.framework.action import Refused
from siteloop.framework.language import pick
from siteloop.framework.screen import screen
from siteloop.framework.viewer import Viewer
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
ORDER = {"red": 3, "yellow": 2, "green": 1, "grey": 0}


@screen
def page(request: HttpRequest) -> HttpResponse:
    """GET /one_map/: the map with its legend, totals and the list of the worst."""
    viewer: Viewer = request.viewer  # type: ignore[attr-defined]
    if not viewer.may("registry.site.view"):
        raise Refused("没有权限", status=403)
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
def points(request: HttpRequest) -> JsonResponse:
    """GET /one_map/points.json: GeoJSON of the sites in scope; three queries however many sites there are."""
    viewer: Viewer = request.viewer  # type: ignore[attr-defined]
    if not viewer.may("registry.site.view"):
        return JsonResponse({"title": "没有权限", "status": 403}, status=403)
    worst: dict[int, dust.Reading] = {}
    for reading in dust.readings(viewer):
        known = worst.get(reading.site)
        if known is None or ORDER[reading.colour] > ORDER[known.colour]:
            worst[reading.site] = reading
    cases = set(
        Case.objects.visible_to(viewer)
        .filter(state__in=["disposing", "verifying"])
        .values_list("site_id", flat=True)
    )
    sites = Site.objects.visible_to(viewer).exclude(lon=None).exclude(lat=None).order_by("pk")
    told = sites.values_list("pk", "name", "lon", "lat", "state").iterator(chunk_size=5_000)
    features = [_feature(*site, worst.get(site[0]), site[0] in cases) for site in told]
    return JsonResponse({"type": "FeatureCollection", "features": features})


def _feature(
    pk: int,
    name: str,
    lon: float | None,
    lat: float | None,
    state: str,
    reading: dust.Reading | None,
    has_case: bool,
) -> dict[str, object]:
    values = reading.values if reading else {}
    return {
        "type": "Feature",
        "id": pk,
        "geometry": {"type": "Point", "coordinates": [lon, lat]},
        "properties": {
            "id": pk,
            "title": name,
            "state": STATES[state],
            "colour": reading.colour if reading and state == WorkState.UNDER_CONSTRUCTION else "grey",
            "pm25": values.get("pm25"),
            "pm10": values.get("pm10"),
            "noise": values.get("noise"),
            "at": reading.at.astimezone(SHANGHAI).strftime("%m-%d %H:%M:%S")
            if reading and reading.at
            else "",
            "case": has_case,
            "link": f"/places/sites/{pk}/",
        },
    }
