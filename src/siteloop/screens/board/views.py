"""The monitoring board: every monitor in scope, worst first, installation by town, enforcement figures."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from siteloop.foundation.regions.names import name as region_name
from siteloop.framework.action import Refused
from siteloop.framework.screen import screen
from siteloop.framework.viewer import Viewer
from siteloop.systems.dust import facade as dust


@screen
def page(request: HttpRequest) -> HttpResponse:
    """GET /board/?colour=red&town=330482001&search=…; `?part=rows` the table alone for live refresh."""
    viewer: Viewer = request.viewer  # type: ignore[attr-defined]
    if not viewer.may("registry.device.view"):
        raise Refused("没有权限", status=403)
    rows = dust.readings(viewer)
    all_towns = sorted({r.region_code for r in rows})
    colour, town, search = (request.GET.get(n, "") for n in ("colour", "town", "search"))
    shown = [
        r
        for r in rows
        if (not colour or r.colour == colour)
        and (not town or r.region_code.startswith(town))
        and (not search or search in r.site_name or search in r.code)
    ]
    context = {
        "rows": shown,
        "total": len(rows),
        "colour": colour,
        "town": town,
        "search": search,
        "towns": [(code, region_name(code)) for code in all_towns],
    }
    if request.GET.get("part") == "rows":
        return render(request, "board/parts/rows.html", context)
    context |= {
        "overview": dust.overview(viewer),
        "rates": [(region_name(r.region_code), r) for r in dust.towns(viewer)],
        "sprayed": [(region_name(r.region_code), r) for r in dust.sprayed(viewer)],
        "enforced": dust.enforcement(viewer),
    }
    return render(request, "board/board.html", context)
