"""The monitoring board: every monitor in scope, worst first, installation by town, enforcement figures."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from siteloop.foundation.regions.names import name as region_name
from siteloop.framework.perform import require
from siteloop.framework.screen import screen
from siteloop.framework.viewer import Viewer, viewer_of
from siteloop.systems.dust import facade as dust

PER_PAGE = 100


@screen
def page(request: HttpRequest) -> HttpResponse:
    """GET /board/?colour=red&town=330482001&search=…&page=2; `?part=rows` the table alone, `?part=coverage` the cards beside it."""
    viewer = viewer_of(request)
    require(viewer, "registry.device.view")
    part = request.GET.get("part", "")
    if part == "coverage":
        return render(request, "board/parts/coverage.html", _coverage(viewer))
    context = _rows(request, viewer)
    if part == "rows":
        return render(request, "board/parts/rows.html", context)
    return render(request, "board/board.html", context | {"overview": dust.overview(viewer)})


def _rows(request: HttpRequest, viewer: Viewer) -> dict[str, object]:
    rows = dust.readings(viewer)
    colour, town, search = (request.GET.get(n, "") for n in ("colour", "town", "search"))
    shown = [
        r
        for r in rows
        if (not colour or r.colour == colour)
        and (not town or r.region_code.startswith(town))
        and (not search or search in r.site_name or search in r.code)
    ]
    return {
        "rows": Paginator(shown, PER_PAGE).get_page(request.GET.get("page")),
        "found": len(shown),
        "total": len(rows),
        "colour": colour,
        "town": town,
        "search": search,
        "towns": [(code, region_name(code)) for code in sorted({r.region_code for r in rows})],
    }


def _coverage(viewer: Viewer) -> dict[str, object]:
    """Installation and spray by town, dispatches and enforcement: counted over every project in scope, so fetched on their own."""
    return {
        "rates": [(region_name(r.region_code), r) for r in dust.towns(viewer)],
        "sprayed": [(region_name(r.region_code), r) for r in dust.sprayed(viewer)],
        "enforced": dust.enforcement(viewer),
    }
