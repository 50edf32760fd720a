"""Filling the check tables of an inspection at the desk: one page, line by line, with photos."""

import json
from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.datastructures import MultiValueDict
from django.views.decorators.http import require_http_methods

from siteloop.foundation.files.store import keep
from siteloop.framework.action import Refused
from siteloop.framework.language import pick, term
from siteloop.framework.perform import perform, require
from siteloop.framework.screen import screen
from siteloop.framework.viewer import Viewer, viewer_of
from siteloop.systems.inspection import actions
from siteloop.systems.inspection.models import (
    CheckItem,
    Inspection,
    InspectionLine,
    InspectionState,
    LineResult,
)


def _inspection(request: HttpRequest, pk: int) -> Inspection:
    viewer = viewer_of(request)
    require(viewer, "inspection.inspection.record")
    found = (
        Inspection.objects.visible_to(viewer)
        .select_related("site", "site__project", "project")
        .filter(pk=pk)
        .first()
    )
    if found is None:
        raise Http404
    return found


@require_http_methods(["GET", "POST"])
@screen
def fill(request: HttpRequest, pk: int) -> HttpResponseBase:
    """GET: every line of the tables with what was recorded; POST: record what was judged. Nothing typed is lost."""
    inspection = _inspection(request, pk)
    viewer = viewer_of(request)
    wrong, status = "", 200
    if request.method == "POST":
        try:
            stated = _typed(request, inspection, viewer)
            if stated:
                said = perform(actions.record, viewer, inspection, {"lines": json.dumps(stated)})
                messages.success(request, str(said))
            else:
                messages.info(request, pick("没有填写任何检查项", "No line was judged"))
            return redirect(f"/inspection/inspections/{pk}/")
        except Refused as no:
            if no.status in (403, 404):
                raise
            wrong, status = no.message, 422
            if no.errors.get("lines"):
                wrong = pick("；", "; ").join(no.errors["lines"])
    return _page(request, inspection, wrong, status)


def _typed(request: HttpRequest, inspection: Inspection, viewer: Viewer) -> list[dict[str, Any]]:
    """The judged lines of the form; a line left blank is left as it was."""
    found = []
    for item, _ in actions.open_items(inspection):
        result = request.POST.get(f"result-{item.pk}", "")
        if not result:
            continue
        found.append(
            {
                "item": item.pk,
                "result": result,
                "deducted": request.POST.get(f"deducted-{item.pk}", ""),
                "problem": request.POST.get(f"problem-{item.pk}", "").strip(),
                "demand": request.POST.get(f"demand-{item.pk}", "").strip(),
                "fixed_on_spot": f"fixed-{item.pk}" in request.POST,
                "photos": _kept(request.FILES, item, inspection, viewer) if result == "failed" else [],
            }
        )
    return found


def _kept(
    files: "MultiValueDict[str, UploadedFile[Any]]", item: CheckItem, inspection: Inspection, viewer: Viewer
) -> list[int]:
    return [
        keep(viewer, upload, project_id=inspection.project_id, region_code=inspection.region_code).pk
        for upload in files.getlist(f"photos-{item.pk}")
    ]


def _page(request: HttpRequest, inspection: Inspection, wrong: str, status: int) -> HttpResponse:
    lines = {
        x.item_id: x
        for x in InspectionLine.objects.unscoped("the lines of an inspection the viewer may fill")
        .filter(inspection=inspection)
        .select_related("order")
        .prefetch_related("photos")
    }
    typed = request.POST if request.method == "POST" else None
    tables: dict[int, dict[str, Any]] = {}
    for item, applies in actions.open_items(inspection):
        table = tables.setdefault(item.table_id, {"table": item.table, "rows": [], "judged": 0})
        row = _row(item, applies, lines.get(item.pk), typed)
        table["rows"].append(row)
        table["judged"] += bool(row["result"])
    context = {
        "inspection": inspection,
        "tables": list(tables.values()),
        "wrong": wrong,
        "is_open": inspection.state == InspectionState.OPEN,
        "results": [(r.value, term(str(r.label))) for r in LineResult],
    }
    return render(request, "inspection/fill.html", context, status=status)


def _row(item: CheckItem, applies: bool, line: InspectionLine | None, typed: Any) -> dict[str, Any]:
    row = {
        "item": item,
        "applies": applies,
        "line": line,
        "result": line.result if line else "" if applies else "absent",
        "deducted": f"{line.deducted.normalize():f}" if line and line.deducted else "",
        "problem": line.problem if line else "",
        "demand": line.demand if line else "",
        "fixed": bool(line and line.fixed_on_spot),
        "is_fixed": bool(line and line.order_id),  # in an order: not changed any more
        "photos": list(line.photos.all()) if line else [],
    }
    if typed is not None and not row["is_fixed"]:
        for name in ("result", "deducted", "problem", "demand"):
            row[name] = typed.get(f"{name}-{item.pk}", row[name])
        row["fixed"] = f"fixed-{item.pk}" in typed
    return row
