"""What the desk shows of the life cycle: on a record, on the ledger and on the page of a project (PROJ-09)."""

from typing import Any

from django.utils import timezone

from siteloop.foundation.registry.models import Device, DeviceState, Project
from siteloop.foundation.registry.panels import ProjectPanel
from siteloop.foundation.telemetry import readings
from siteloop.framework.language import term
from siteloop.framework.viewer import Viewer
from siteloop.kernel.profiles import PROFILES
from siteloop.systems.project_stages import engine, settings
from siteloop.systems.project_stages.models import (
    PlaceChange,
    RecordState,
    StageCode,
    StageMark,
    StagePaper,
    StageRecord,
    VisibleProgress,
)

LIFTING = ("tower_crane", "hoist")
#: what a crane or hoist shows at a glance, in this order
GLANCE = ("load_percent", "moment_percent", "load", "height", "persons", "wind_speed")
FRESH_S = 120


def papers(record: StageRecord, viewer: Viewer) -> dict[str, Any]:
    """Papers of a record, and what the region demands besides."""
    rows = StagePaper.objects.visible_to(viewer).filter(stage=record.stage, record=record.pk)
    return {
        "papers": list(rows.select_related("evidence").order_by("pk")),
        "missing": engine.missing_papers(record),
        "before": engine.missing_stages(record) if record.state != RecordState.PASSED else [],
    }


def holders(row: PlaceChange, viewer: Viewer) -> dict[str, Any]:
    """Who holds the place that is to change."""
    return {"row": row, "holders": engine.holders(row) if row.state != RecordState.PASSED else []}


def _stages(project: Project, viewer: Viewer) -> list[dict[str, Any]]:
    from siteloop.systems.project_stages.pages import REGISTERS

    marks = {m.stage: m for m in StageMark.objects.visible_to(viewer).filter(project=project)}
    found = []
    wanted = {n for stage in StageCode for n in settings.needs(stage, project.region_code)}
    for code in StageCode:
        mark = marks.get(code)
        if code == StageCode.JOINT_ACCEPTANCE and mark is None and code not in wanted:
            continue  # only where the region asks for it
        page = REGISTERS.get(code)
        link = ""
        if page is not None:
            tail = f"{mark.record}/" if mark is not None and mark.record else f"?project={project.pk}"
            link = f"/project_stages/{page.code}/{tail}"
        found.append({"code": code.value, "title": term(str(code.label)), "mark": mark, "link": link})
    return found


def stages(project: Project, viewer: Viewer) -> dict[str, Any] | None:
    """Panel: every stage with its state."""
    if not viewer.may("project_stages.stagemark.view"):
        return None
    return {"project": project, "stages": _stages(project, viewer), "may_export": _may_export(viewer)}


def stages_of_mark(mark: StageMark, viewer: Viewer) -> dict[str, Any]:
    """The same on a row of the ledger."""
    return {
        "project": mark.project,
        "stages": _stages(mark.project, viewer),
        "may_export": _may_export(viewer),
    }


def _may_export(viewer: Viewer) -> bool:
    return viewer.may("project_stages.stagemark.export")


def progress(project: Project, viewer: Viewer) -> dict[str, Any] | None:
    """Panel: how far each part of the works is, by the newest report that passed review, with its photos."""
    if not viewer.may("project_stages.visibleprogress.view"):
        return None
    rows = (
        VisibleProgress.objects.visible_to(viewer)
        .filter(project=project, state=RecordState.PASSED)
        .select_related("work")
        .order_by("reported_on", "pk")
    )
    newest = {(r.part, r.work_id): r for r in rows}
    order = {part: i for i, part in enumerate(settings.parts(project))}
    shown = sorted(newest.values(), key=lambda r: (order.get(r.part, 99), r.work_id or 0))
    photos: dict[int, list[StagePaper]] = {}
    kept = StagePaper.objects.visible_to(viewer).filter(
        stage=StageCode.PROGRESS,
        record__in=[r.pk for r in shown],
        evidence__content_type__startswith="image/",
    )
    for paper in kept.order_by("pk"):
        photos.setdefault(paper.record, []).append(paper)
    return {"rows": [{"row": r, "photos": photos.get(r.pk, [])[:4]} for r in shown], "project": project}


def cranes(project: Project, viewer: Viewer) -> dict[str, Any] | None:
    """Panel: registered cranes and hoists with what they said last."""
    if not viewer.may("registry.device.view"):
        return None
    devices = (
        Device.objects.visible_to(viewer)
        .filter(site__project=project, profile__in=LIFTING)
        .exclude(state=DeviceState.RETIRED)
        .order_by("profile", "code")
    )
    now, rows = timezone.now(), []
    for device in devices:
        row = readings.latest(device)
        fields = {f.name: f for f in PROFILES[device.profile].fields}
        values = [
            {"field": fields[n], "value": row.values[n]}
            for n in GLANCE
            if row is not None and n in fields and row.values.get(n) is not None
        ]
        fresh = row is not None and (now - row.at).total_seconds() <= max(FRESH_S, 3 * device.interval_s)
        rows.append({"device": device, "at": row.at if row else None, "fresh": fresh, "values": values[:4]})
    return {"rows": rows}


PROJECT_PANELS = (
    ProjectPanel("全过程", "Life cycle", "project_stages/parts/stages.html", stages, order=10),
    ProjectPanel("形象进度", "Visible progress", "project_stages/parts/progress.html", progress, order=20),
    ProjectPanel("起重机械", "Cranes and hoists", "project_stages/parts/cranes.html", cranes, order=30),
)
