"""The table of the project figures, on screen and as a file."""

from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from siteloop.foundation.regions.names import name as region_name
from siteloop.foundation.registry.models import Project, WorkState
from siteloop.framework import exporting
from siteloop.framework.action import Refused
from siteloop.framework.language import pick, term
from siteloop.framework.perform import require
from siteloop.framework.screen import screen
from siteloop.framework.viewer import Viewer, viewer_of
from siteloop.screens.project_figures.counting import COUNTY, GROUPINGS, Grouping, counted


def _asked(request: HttpRequest, permission: str) -> tuple[Viewer, Grouping, str]:
    """Who looks, by what, where. Raises Refused 403, 422."""
    viewer = viewer_of(request)
    require(viewer, permission)
    wanted, region = request.GET.get("by", GROUPINGS[0].code), request.GET.get("region", "").strip()
    by = next((g for g in GROUPINGS if g.code == wanted), None)
    if by is None:
        raise Refused("没有这种统计方式", status=422, errors={"by": ["、".join(g.code for g in GROUPINGS)]})
    if region and not (region.isdigit() and region.isascii()):
        raise Refused("区划代码有误", status=422, errors={"region": ["须为数字"]})
    return viewer, by, region


def _counties(viewer: Viewer) -> list[tuple[str, str]]:
    codes = Project.objects.visible_to(viewer).order_by().values_list("region_code", flat=True).distinct()
    return [(c, region_name(c)) for c in sorted({code[:COUNTY] for code in codes})]


@require_GET
@screen
def page(request: HttpRequest) -> HttpResponse:
    """GET /project_figures/?by=town|county|kind|investment|standard&region=."""
    viewer, by, region = _asked(request, "registry.project.view")
    rows, total = counted(viewer, by, region)
    context = {
        "rows": rows,
        "total": total,
        "by": by,
        "title": pick(by.title, by.title_en),
        "choices": [(g.code, pick(g.title, g.title_en)) for g in GROUPINGS],
        "states": [term(str(s.label)) for s in WorkState],
        "counties": _counties(viewer),
        "region": region,
        "without": total.all.n - sum(r.all.n for r in rows),
        "may_export": viewer.may("registry.project.export"),
    }
    return render(request, "project_figures/page.html", context)


@require_GET
@screen
def export(request: HttpRequest) -> StreamingHttpResponse:
    """GET /project_figures/export with the page's own parameters."""
    viewer, by, region = _asked(request, "registry.project.export")
    rows, total = counted(viewer, by, region)
    heads = [
        pick(by.title, by.title_en),
        *(term(str(s.label)) for s in WorkState),
        pick("合计", "Total"),
        pick("建筑面积（㎡）", "Floor area (m²)"),
        pick("造价（万元）", "Cost (10,000 yuan)"),
    ]

    def lines() -> Iterator[list[str]]:
        for row in (*rows, total):
            title = row.title or pick("合计", "Total")
            yield [
                title,
                *map(str, row.states.values()),
                str(row.all.n),
                str(row.all.area),
                str(row.all.cost),
            ]

    return exporting.table(
        viewer, "registry.project.export", pick("项目统计", "Project figures"), heads, lines()
    )
