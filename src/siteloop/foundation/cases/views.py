"""The case page: what is wrong, whose turn it is, by when, on which basis, and the one timeline."""

import datetime as dt

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from siteloop.foundation.cases import actions, catalogue
from siteloop.foundation.cases.basis import basis_of
from siteloop.foundation.cases.loop import Circle, Loop
from siteloop.foundation.cases.models import Case, CaseDuty
from siteloop.foundation.cases.timeline import timeline
from siteloop.foundation.registry.models import Device
from siteloop.framework.opening import openable
from siteloop.framework.viewer import Viewer, viewer_of

CIRCLES = (
    (Circle.SMALL, "小闭环", "工地自治"),
    (Circle.MEDIUM, "中闭环", "政企协同"),
    (Circle.LARGE, "大闭环", "部门联动"),
)


def _visible(viewer: Viewer, pk: int) -> Case:
    if not viewer.may("cases.case.view"):
        raise Http404
    case = Case.objects.visible_to(viewer).select_related("project", "site", "device").filter(pk=pk).first()
    if case is None:
        raise Http404
    return case


def _progress(case: Case, loop: Loop) -> list[dict[str, object]]:
    """The three circles with their mark: passed through, present, not reached, or not part of this loop."""
    have = {s.circle for s in loop.steps}
    order = [c for c, _, _ in CIRCLES]
    here = order.index(Circle(case.circle))
    shown: list[dict[str, object]] = []
    for i, (circle, title, note) in enumerate(CIRCLES):
        if circle not in have:
            continue
        mark = (
            "done" if i < here or (i == here and case.state == "closed") else "now" if i == here else "ahead"
        )
        shown.append({"title": title, "note": note, "mark": mark})
    return shown


def case_page(request: HttpRequest, pk: int) -> HttpResponse:
    """GET /cases/cases/<pk>/: HTML; with HX-Request and ?part=timeline only the timeline, for live refresh."""
    viewer = viewer_of(request)
    case = _visible(viewer, pk)
    loop = catalogue.get(case.loop)
    monitors = (
        Device.objects.visible_to(viewer).filter(site_id=case.site_id, profile="dust").order_by("pk")
        if case.site_id
        else Device.objects.none()
    )
    watched = case.device if case.device and case.device.profile == "dust" else monitors.first()
    places = [one for one in (case.site, case.project, case.device) if one is not None]
    opening = openable(places, viewer)
    context = {
        "case": case,
        "loop": loop,
        "basis": basis_of(case),
        "step": loop.step(case.step),
        "progress": _progress(case, loop),
        "moments": timeline(case),
        "duties": CaseDuty.objects.filter(case=case, is_current=True).select_related(
            "organisation", "account"
        ),
        "actions": [
            a for a in actions.ALL if viewer.may(f"cases.case.{a.code}") and a.available(case, viewer)
        ],
        "findings": case.findings.order_by("-since")[:20],
        "enforcements": case.enforcements.order_by("-decided_on"),
        "monitor": watched if viewer.may("telemetry.reading.view") else None,
        "from": (case.opened_at - dt.timedelta(hours=2)).isoformat(),
        "opens": {type(one).__name__.lower() for one in places if (type(one), one.pk) in opening},
        "is_late": bool(case.deadline and case.deadline < timezone.now()),
    }
    part = request.GET.get("part")
    template = "cases/parts/timeline.html" if part == "timeline" else "cases/case.html"
    return render(request, template, context)
