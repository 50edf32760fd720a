"""Downloads: the national tables, filled or empty."""

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from siteloop.foundation.registry.models import Project
from siteloop.framework import trail
from siteloop.framework.import_template import EXCEL
from siteloop.framework.perform import require
from siteloop.framework.screen import screen
from siteloop.framework.viewer import viewer_of
from siteloop.systems.project_stages import national
from siteloop.systems.project_stages.models import StageMark

RIGHT = "project_stages.stagemark.export"


def _file(body: bytes, name: str) -> HttpResponse:
    answer = HttpResponse(body, content_type=EXCEL)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@require_GET
@screen
def national_book(request: HttpRequest) -> HttpResponse:
    """GET /project_stages/national.xlsx[?project=pk]: reviewed records in the tables of the standard."""
    viewer = viewer_of(request)
    require(viewer, RIGHT)
    project, wanted = None, request.GET.get("project", "")
    if wanted:
        project = Project.objects.visible_to(viewer).filter(pk=int(wanted) if wanted.isdigit() else 0).first()
        if project is None:
            raise Http404
    body = national.book(viewer, project)
    with transaction.atomic():
        what = str(project) if project is not None else "管辖范围内全部项目"
        trail.record(viewer, RIGHT, project, f"{viewer.name}导出国家标准数据表：{what}", model=StageMark)
    return _file(body, f"national-tables-{timezone.localtime():%Y%m%d}.xlsx")


@require_GET
@screen
def national_template(request: HttpRequest) -> HttpResponse:
    """GET /project_stages/national-template.xlsx: the empty tables with the meaning of every column."""
    viewer = viewer_of(request)
    require(viewer, "project_stages.stagemark.view")
    return _file(national.template(), "national-tables-template.xlsx")
