"""事件中心: warnings and to-dos of the region, by level, kind and age; the filters stay until they are cleared (CTR-01)."""

from typing import Any

from django.db.models import Count, F, Q, QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone

from siteloop.foundation.cases import catalogue
from siteloop.foundation.cases.models import Case, Finding
from siteloop.foundation.cases.titles import titles
from siteloop.framework import exporting
from siteloop.framework.language import pick, term
from siteloop.framework.screen import screen
from siteloop.framework.viewer import Viewer
from siteloop.screens.centres import asking

FILTERS = ("what", "level", "kind", "age", "mine", "search")
KEPT = "centres.events"
OPEN = ("disposing", "verifying")


@screen
def home(request: HttpRequest) -> HttpResponse:
    """/centres/ opens on the events."""
    return redirect("/centres/events/")


@screen
def page(request: HttpRequest) -> HttpResponseBase:
    """GET /centres/events/?what=warning|todo&level=&kind=&age=&region=&mine=1&search=&page=; bare, the kept filters."""
    viewer = asking.allowed(request, "cases.case.view")
    if "clear" in request.GET:
        request.session.pop(KEPT, None)
        return redirect(f"/centres/events/?what={_what(request)}")
    if not request.GET and request.session.get(KEPT):
        return redirect(f"/centres/events/?{request.session[KEPT]}")
    if request.GET:
        kept = request.GET.copy()
        kept.pop("page", None)
        request.session[KEPT] = kept.urlencode()
    said = asking.asked(request, *FILTERS) | {"what": _what(request), "region": asking.region_of(request)}
    everything = _rows(viewer, said | {"level": ""})
    by_level = dict(everything.order_by().values_list("severity").annotate(n=Count("pk", distinct=True)))
    leaf = asking.leaf(_rows(viewer, said), request)
    kinds = _kinds(viewer, said)
    context = {
        "leaf": leaf,
        "said": said,
        "rule_titles": kinds if said["what"] == "warning" else {},
        "levels": [(code, title, by_level.get(code, 0)) for code, title in asking.choices(asking.SEVERITIES)],
        "kinds": sorted(kinds.items(), key=lambda kind: kind[1]),
        "ages": asking.ages(),
        "regions": asking.regions(viewer),
        "now": timezone.now(),
        "is_filtered": any(said[n] for n in (*FILTERS[1:], "region")),
        "may_export": viewer.may(_export(said)),
        "may_scores": viewer.may("evaluation.scorecard.view"),
    }
    return render(request, "centres/events.html", context)


@screen
def export(request: HttpRequest) -> StreamingHttpResponse:
    """GET /centres/events/export with the page's own parameters."""
    viewer = asking.allowed(request, "cases.case.view")
    said = asking.asked(request, *FILTERS) | {"what": _what(request), "region": asking.region_of(request)}
    heads = [
        pick(*t)
        for t in (("等级", "Level"), ("事项", "What"), ("工地", "Site"), ("时间", "Since"), ("期限", "Due"))
    ]
    kinds = _kinds(viewer, said)
    lines = ([term(r.get_severity_display()), *_line(r, kinds)] for r in _rows(viewer, said).iterator(1000))
    title = pick("预警", "Warnings") if said["what"] == "warning" else pick("待办", "To-dos")
    return exporting.table(viewer, _export(said), title, heads, lines)


def _line(row: Case | Finding, kinds: dict[str, str]) -> list[object]:
    since = row.opened_at if isinstance(row, Case) else row.since
    due = row.deadline if isinstance(row, Case) else None
    what = str(row) if isinstance(row, Case) else f"{kinds.get(row.rule, row.rule)}：{row.message}"
    shown = [timezone.localtime(at).strftime("%Y-%m-%d %H:%M") if at else "" for at in (since, due)]
    return [what, row.site, *shown]


def _export(said: dict[str, str]) -> str:
    return "cases.finding.export" if said["what"] == "warning" else "cases.case.export"


def _what(request: HttpRequest) -> str:
    return "todo" if request.GET.get("what") == "todo" else "warning"


def _rows(viewer: Viewer, said: dict[str, str]) -> QuerySet[Any]:
    return _warnings(viewer, said) if said["what"] == "warning" else _todos(viewer, said)


def _common(said: dict[str, str], kind: str, since: str) -> Q:
    found = asking.aged(since, said["age"])
    if said["region"]:
        found &= Q(region_code__startswith=said["region"])
    if said["level"]:
        found &= Q(severity=said["level"])
    return found & (Q(**{kind: said["kind"]}) if said["kind"] else Q())


def _warnings(viewer: Viewer, said: dict[str, str]) -> QuerySet[Finding]:
    """Findings that last now; those of the shadow run are none."""
    rows = Finding.objects.visible_to(viewer).filter(
        _common(said, "rule", "since"), cleared_at__isnull=True, shadow=False
    )
    if not viewer.may("cases.finding.view"):
        rows = rows.none()
    if said["search"]:
        rows = rows.filter(Q(message__icontains=said["search"]) | Q(site__name__icontains=said["search"]))
    return rows.select_related("site", "device", "case").order_by("-since", "-pk")


def _todos(viewer: Viewer, said: dict[str, str]) -> QuerySet[Case]:
    """Open dispatches, the soonest deadline first; `mine` are those that the viewer or a unit of the viewer holds."""
    rows = Case.objects.visible_to(viewer).filter(_common(said, "loop", "opened_at"), state__in=OPEN)
    if said["mine"]:
        held = Q(duties__account_id=viewer.user or 0) | Q(
            duties__account=None, duties__organisation__posts__account_id=viewer.user or 0
        )
        mine = Case.objects.visible_to(viewer).filter(
            held, duties__is_current=True, duties__is_holder=True, state__in=OPEN
        )
        rows = rows.filter(pk__in=mine.order_by().values("pk"))
    if said["search"]:
        words = said["search"]
        rows = rows.filter(
            Q(number__icontains=words) | Q(title__icontains=words) | Q(site__name__icontains=words)
        )
    return rows.select_related("site").order_by(F("deadline").asc(nulls_last=True), "-opened_at", "-pk")


def _kinds(viewer: Viewer, said: dict[str, str]) -> dict[str, str]:
    if said["what"] == "todo":
        return {loop: title for loop, title in catalogue.choices()}
    rules = (
        _warnings(viewer, dict.fromkeys((*FILTERS, "region"), "")).order_by().values_list("rule", flat=True)
    )
    return titles(set(rules.distinct()))
