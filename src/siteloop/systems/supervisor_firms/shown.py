"""What the desk shows beside the records, and on the page of a project."""

from typing import Any

from django.utils import timezone

from siteloop.foundation.documents.models import Document
from siteloop.foundation.registry.grants import works_on
from siteloop.foundation.registry.models import Project
from siteloop.foundation.registry.panels import ProjectPanel
from siteloop.framework.language import pick, term
from siteloop.framework.scope import ScopedModel
from siteloop.framework.viewer import Viewer
from siteloop.systems.supervisor_firms import duty, engine
from siteloop.systems.supervisor_firms.documents.words import FIGURES
from siteloop.systems.supervisor_firms.models import (
    DangerReport,
    DangerState,
    DutyMonth,
    FirmCheck,
    FirmCheckLine,
    FirmFile,
    Presence,
    SideRecord,
    SideState,
    SupervisionReport,
)
from siteloop.systems.supervisor_firms.models.duty import name_of
from siteloop.systems.supervisor_firms.models.reports import OWED

ENDED = (DangerState.CLOSED, DangerState.UNFOUNDED, DangerState.WITHDRAWN)


def documents(row: ScopedModel, viewer: Viewer) -> dict[str, Any]:
    """Printed documents of a record, the oldest first."""
    found = Document.objects.visible_to(viewer).filter(subject_model=row._meta.label_lower, subject_id=row.pk)
    return {"documents": list(found.order_by("issued_at", "pk"))}


def figures(row: SupervisionReport, viewer: Viewer) -> dict[str, Any]:
    """Figures frozen with a monthly report, each leading to that month's records."""
    if row.month is None:
        return {"rows": []}
    span = f"{row.month:%Y-%m-%d}", f"{engine.month_end(row.month):%Y-%m-%d}"

    def within(register: str, moment: str, more: str = "") -> str:
        return f"{register}?project={row.project_id}&{moment}__from={span[0]}&{moment}__to={span[1]}{more}"

    sides = within("/supervisor_firms/sides/", "started_at", "&state=signed")
    dangers = within("/supervisor_firms/dangers/", "sent_at")
    orders = within("/cases/cases/", "opened_at", "&loop=inspection_order")
    where = {
        "sides": sides,
        "sides_problem": sides,
        "dangers": dangers,
        "dangers_open": dangers,
        "orders": orders,
        "orders_open": orders,
        "chief_days": within("/supervisor_firms/presences/", "day", "&kind=chief_supervisor"),
    }
    return {
        "rows": [
            {"title": FIGURES[k], "value": v, "link": where[k]} for k, v in row.figures.items() if k in where
        ]
    }


def photos(row: SideRecord, viewer: Viewer) -> dict[str, Any]:
    """Photos of a side record with their time and place."""
    return {"evidence": list(row.photos.order_by("pk"))}


def evidence(row: DangerReport, viewer: Viewer) -> dict[str, Any]:
    """What proves a danger."""
    return {"evidence": list(row.evidence.order_by("pk"))}


def presences(row: DutyMonth, viewer: Viewer) -> dict[str, Any]:
    """The days a month's sum was counted from."""
    days = Presence.objects.visible_to(viewer).filter(
        post=row.post_id, day__year=row.month.year, day__month=row.month.month
    )
    return {"rows": list(days.order_by("day")) if row.post_id else []}


def lines(row: FirmCheck, viewer: Viewer) -> dict[str, Any]:
    """Every line of one check, the failed ones first."""
    return {
        "rows": list(FirmCheckLine.objects.visible_to(viewer).filter(check_of=row).order_by("is_met", "pk"))
    }


def last_check(row: FirmFile, viewer: Viewer) -> dict[str, Any]:
    """The lines of a firm's newest check."""
    newest = FirmCheck.objects.visible_to(viewer).filter(file=row).order_by("-at", "-pk").first()
    return {"check": newest, "rows": lines(newest, viewer)["rows"] if newest is not None else []}


def lateness(row: SupervisionReport) -> str:
    """Column: late, or days left."""
    if row.is_overdue():
        return pick("逾期未报", "overdue")
    if row.is_late:
        return pick("逾期报送", "was late")
    if row.state in OWED and row.due_at is not None:
        left = (timezone.localtime(row.due_at) - timezone.localtime()).days
        return pick(f"剩 {left} 天", f"{left} days left")
    return ""


def clock(row: DangerReport) -> str:
    """Column: how the authority stands to its own term."""
    if row.due_at is not None:
        hours = (row.due_at - timezone.now()).total_seconds() / 3600
        if hours < 0:
            return pick("逾期", "overdue")
        if hours < 48:
            return pick(f"剩 {hours:.0f} 小时", f"{hours:.0f} h left")
        return pick(f"剩 {hours / 24:.0f} 天", f"{hours / 24:.0f} days left")
    return pick("曾逾期", "was late") if row.is_late else ""


def share(value: float | None) -> str:
    """A share as percent."""
    return f"{value:.0%}" if value is not None else "—"


def of_project(project: Project, viewer: Viewer) -> dict[str, Any] | None:
    """Panel: posts with this month's days, reports owed, open dangers, the newest side records."""
    if not viewer.may("supervisor_firms.supervisionreport.view"):
        return None
    month = timezone.localdate().replace(day=1)
    months = {m.post_id: m for m in DutyMonth.objects.visible_to(viewer).filter(project=project, month=month)}
    reports = SupervisionReport.objects.visible_to(viewer).filter(project=project)
    dangers = DangerReport.objects.visible_to(viewer).filter(project=project).exclude(state__in=ENDED)
    sides = SideRecord.objects.visible_to(viewer).filter(project=project, state=SideState.SIGNED)
    return {
        "project": project,
        "posts": [
            {"title": term(p.get_kind_display()), "name": name_of(p), "month": months.get(p.pk)}
            for p in duty.posts(project.pk)
        ],
        "reports": list(reports.order_by("-pk")[:3]),
        "dangers": list(dangers.order_by("-pk")[:5]),
        "sides": list(sides.order_by("-started_at")[:3]),
        "sides_count": sides.count(),
        # a change is asked for by a unit of the project, never by who oversees it
        "may_replace": viewer.may("project_stages.placechange.create") and works_on(viewer, project),
    }


PROJECT_PANEL = ProjectPanel(
    "监理", "Supervision by the firm", "supervisor_firms/parts/project.html", of_project, order=40
)
