"""The workbench opens on what needs me now: my cases by deadline, warnings, what falls due next."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.db.models import Count, F, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from siteloop.foundation.authority.models import Post
from siteloop.foundation.cases.models import Case, CaseDuty, CaseState, Finding
from siteloop.foundation.cases.titles import titles
from siteloop.foundation.notice.models import Notice
from siteloop.foundation.registry.models import AnnualInspection, MaintenanceReview, Project
from siteloop.framework.viewer import Viewer, viewer_of
from siteloop.systems.dust import facade as dust

#: list a figure leads to -> who may open it; nobody is shown a figure whose records are closed to him
OPENS = {
    "/registry/sites/": "registry.site.view",
    "/board/": "registry.device.view",
    "/cases/cases/": "cases.case.view",
}
OPEN = (CaseState.DISPOSING, CaseState.VERIFYING)


@dataclass(frozen=True)
class Due:
    """Something that falls due next."""

    on: dt.date
    title: str
    link: str


def home(request: HttpRequest) -> HttpResponse:
    """/ leads to the workbench."""
    return redirect("/workbench/")


def mine(viewer: Viewer) -> list[Case]:
    """Open cases the viewer holds in person or as a member of the holding organisation, soonest deadline first."""
    day = timezone.localdate()
    posts = Post.objects.unscoped("a person's own posts").filter(
        Q(valid_to__isnull=True) | Q(valid_to__gte=day), account_id=viewer.user or 0
    )
    held = Q(account_id=viewer.user or 0) | Q(
        account__isnull=True, organisation_id__in=posts.values("organisation_id")
    )
    duties = CaseDuty.objects.filter(held, is_current=True, is_holder=True)
    cases = (
        Case.objects.visible_to(viewer)
        .filter(pk__in=duties.values("case_id"), state__in=OPEN)
        .select_related("site")
    )
    return list(cases.order_by(F("deadline").asc(nulls_last=True), "-opened_at")[:30])


def worse(viewer: Viewer) -> list[dict[str, object]]:
    """Rules with more findings in the last day than in the day before."""
    if not viewer.may("cases.finding.view"):
        return []
    now = timezone.now()
    day = dt.timedelta(days=1)
    rows = (
        Finding.objects.visible_to(viewer)
        .filter(since__gte=now - 2 * day, shadow=False)
        .values("rule")
        .annotate(
            now=Count("pk", filter=Q(since__gte=now - day)), before=Count("pk", filter=Q(since__lt=now - day))
        )
        .order_by("-now")
    )
    return [dict(r) for r in rows if r["now"] > r["before"]][:6]


def due_next(viewer: Viewer) -> list[Due]:
    """Annual inspections of the next 30 days, upkeep reviews and data reviews that wait."""
    today = timezone.localdate()
    found: list[Due] = []
    if viewer.may("registry.annualinspection.view"):
        soon = AnnualInspection.objects.visible_to(viewer).filter(
            valid_until__range=(today, today + dt.timedelta(days=30)), device__state="active"
        )
        found += [
            Due(i.valid_until, f"{i.device} 年检到期", f"/places/devices/{i.device_id}/")
            for i in soon.select_related("device").order_by("valid_until")[:8]
        ]
    if viewer.may("registry.maintenancereview.view"):
        waiting = (
            MaintenanceReview.objects.visible_to(viewer).filter(state="waiting").select_related("project")
        )
        found += [
            Due(today, f"{r} 运维统计待审核", f"/registry/maintenance-reviews/{r.pk}/") for r in waiting[:5]
        ]
    if viewer.may("registry.project.review"):
        submitted = Project.objects.visible_to(viewer).filter(review_state="submitted")
        found += [Due(today, f"{p} 资料待审核", f"/places/projects/{p.pk}/") for p in submitted[:5]]
    return sorted(found, key=lambda d: d.on)


def figures(viewer: Viewer) -> dict[str, object]:
    """The row of figures, each with the records behind it."""
    overview = dust.overview(viewer) if viewer.may("registry.device.view") else None
    shown = tiles(overview) if overview else []
    return {"tiles": [one for one in shown if viewer.may(OPENS[one[4].split("?")[0]])]}


def to_do(viewer: Viewer) -> dict[str, object]:
    """My open cases, and what "soon" means for their colour."""
    now = timezone.now()
    return {"cases": mine(viewer), "now": now, "soon": now + dt.timedelta(hours=24)}


def warned(viewer: Viewer) -> dict[str, object]:
    """The newest findings that last."""
    if not viewer.may("cases.finding.view"):
        return {"warnings": []}
    lasting = Finding.objects.visible_to(viewer).filter(cleared_at__isnull=True, shadow=False)
    rows = list(lasting.select_related("site", "device").order_by("-since")[:12])
    return {"warnings": rows, "rule_titles": titles(row.rule for row in rows)}


def unread(viewer: Viewer) -> dict[str, object]:
    """The newest notices nobody has opened."""
    return {"notices": Notice.objects.visible_to(viewer).filter(read_at__isnull=True)[:6]}


#: what the open page fetches again when something happens
PARTS: dict[str, Callable[[Viewer], dict[str, object]]] = {
    "figures": figures,
    "cases": to_do,
    "warnings": warned,
    "notices": unread,
}


@login_required
def workbench(request: HttpRequest) -> HttpResponse:
    """GET /workbench/: the desk of the signed-in person; `?part=` renders one of PARTS alone for live refresh."""
    viewer = viewer_of(request)
    part = request.GET.get("part", "")
    if part in PARTS:
        return render(request, f"workbench/parts/{part}.html", PARTS[part](viewer))
    rising = worse(viewer)
    context: dict[str, object] = {"worse": rising, "due": due_next(viewer)}
    context["sees_warnings"] = viewer.may("cases.finding.view")
    context["sees_cases"] = viewer.may("cases.case.view")
    context["rising_titles"] = titles(str(one["rule"]) for one in rising)
    for told in PARTS.values():
        context |= told(viewer)
    return render(request, "workbench/workbench.html", context)


def tiles(o: dust.Overview) -> list[tuple[str, str, object, str, str, str]]:
    """(title, English, figure, note, link to the records behind it, colour)."""
    rate = f"{o.online_rate:.0%}" if o.online_rate is not None else "—"
    return [
        (
            "在建工地",
            "Sites under construction",
            o.sites,
            "",
            "/registry/sites/?state=under_construction",
            "",
        ),
        (
            "在线监测点",
            "Monitors online",
            f"{o.online}/{o.monitors}",
            rate,
            "/board/",
            "green" if o.online == o.monitors else "",
        ),
        ("当前超限", "Exceeding now", o.exceeding, "", "/board/", "red" if o.exceeding else ""),
        (
            "喷淋运行中",
            "Sprayers running",
            o.sprayers_running,
            "",
            "/board/",
            "blue" if o.sprayers_running else "",
        ),
        ("在办派单", "Open cases", o.open_cases, "", "/cases/cases/?state=disposing,verifying", ""),
        (
            "曾逾期在办",
            "Open and overdue",
            o.overdue_cases,
            "",
            "/cases/cases/?state=disposing,verifying&is_overdue=true",
            "red" if o.overdue_cases else "",
        ),
    ]
