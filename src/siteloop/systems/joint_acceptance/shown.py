"""What the desk shows beside an application, an opinion, a visit and a department, and on the page of a project."""

from typing import Any

from django.db.models import Avg, Count, Max, Q
from django.utils import timezone

from siteloop.foundation.documents.models import Document
from siteloop.foundation.registry import stages
from siteloop.foundation.registry.models import Project
from siteloop.foundation.registry.panels import ProjectPanel
from siteloop.framework.language import pick
from siteloop.framework.viewer import Viewer
from siteloop.systems.joint_acceptance import actions, clock, settings
from siteloop.systems.joint_acceptance.models import (
    GIVEN,
    OPEN,
    UNDECIDED,
    WITH_DEPARTMENT,
    Department,
    DepartmentOpinion,
    JointApplication,
    JointFinding,
    JointPaper,
    OpinionState,
    SiteVisit,
)

TONES = {
    OpinionState.PASSED: "bg-green-lt",
    OpinionState.NOT_CONCERNED: "bg-secondary-lt",
    OpinionState.FAILED: "bg-red-lt",
    OpinionState.CORRECTING: "bg-yellow-lt",
    OpinionState.VOID: "bg-secondary-lt",
}


def days_text(seconds: float | None) -> str:
    """Days to one place, "" where nothing was counted."""
    return "" if seconds is None else pick(f"{clock.days(seconds)} 天", f"{clock.days(seconds)} d")


def used(row: DepartmentOpinion) -> str:
    """Column: how long it has lain with the department."""
    return days_text(row.seconds())


def _line(row: DepartmentOpinion, most: int) -> dict[str, Any]:
    now = timezone.now()
    seconds = row.seconds(now)
    return {
        "row": row,
        "tone": TONES.get(OpinionState(row.state), "bg-azure-lt"),
        "seconds": seconds,
        "used": days_text(seconds),
        "share": round(100 * seconds / most) if most else 0,
        "is_late": row.state in WITH_DEPARTMENT and row.due_at is not None and row.due_at <= now,
        "problems": sum(f.kind == "problem" for f in row.findings.all()),
        "open": sum(f.state in ("open", "corrected") for f in row.findings.all()),
    }


def side_by_side(row: JointApplication, viewer: Viewer) -> dict[str, Any]:
    """Departments of an application side by side, the slowest marked."""
    rows = list(
        DepartmentOpinion.objects.visible_to(viewer)
        .filter(application=row)
        .select_related("department__organisation", "case")
        .prefetch_related("findings")
        .order_by("pk")
    )
    most = max((one.seconds() for one in rows), default=0)
    lines = [_line(one, most) for one in rows]
    slowest = max(lines, key=lambda line: line["seconds"], default=None)
    return {
        "lines": lines,
        "slowest": slowest["row"] if slowest is not None and most >= clock.DAY_S / 10 else None,
        "slowest_used": slowest["used"] if slowest is not None else "",
        "waiting": sum(one.state in UNDECIDED for one in rows),
        "given": sum(one.state in GIVEN for one in rows),
        "visits": list(SiteVisit.objects.visible_to(viewer).filter(application=row).order_by("at")),
    }


def papers(row: JointApplication, viewer: Viewer) -> dict[str, Any]:
    """Papers of an application, and what is missing before it can be handed in."""
    found = JointPaper.objects.visible_to(viewer).filter(application=row)
    is_open = row.state in OPEN
    return {
        "papers": list(found.select_related("evidence").order_by("pk")),
        "missing": actions.missing_papers(row) if is_open else [],
        "before": stages.missing("joint_acceptance", row.project) if is_open else [],
    }


def documents(row: JointApplication, viewer: Viewer) -> dict[str, Any]:
    """Printed documents of the application, the oldest first."""
    found = Document.objects.visible_to(viewer).filter(
        subject_model="joint_acceptance.jointapplication", subject_id=row.pk
    )
    return {"documents": list(found.order_by("issued_at", "pk"))}


def examined(row: DepartmentOpinion, viewer: Viewer) -> dict[str, Any]:
    """What a department needs to examine: project, papers, its problems, the visits."""
    application = row.application
    asked = settings.examiner(row.department.code, row.region_code)
    return {
        "row": row,
        "application": application,
        "project": application.project,
        "looks_at": asked.looks_at if asked is not None else "",
        "used": used(row),
        "findings": list(
            JointFinding.objects.visible_to(viewer)
            .filter(opinion=row)
            .prefetch_related("photos")
            .order_by("pk")
        ),
        "papers": list(
            JointPaper.objects.visible_to(viewer).filter(application=application).select_related("evidence")
        ),
        "visits": list(SiteVisit.objects.visible_to(viewer).filter(application=application).order_by("at")),
    }


def pictures(row: JointFinding, viewer: Viewer) -> dict[str, Any]:
    """A problem before and after."""
    return {"before": list(row.photos.order_by("pk")), "after": list(row.correction_photos.order_by("pk"))}


def visited(row: SiteVisit, viewer: Viewer) -> dict[str, Any]:
    """Photos of a visit, its people, and what the departments found on it."""
    found = JointFinding.objects.visible_to(viewer).filter(visit=row).select_related("opinion__department")
    return {
        "people": row.people.splitlines(),
        "photos": list(row.photos.order_by("pk")),
        "findings": list(found.order_by("pk")),
    }


def with_days(rows: Any) -> Any:
    """Days of every department: what is with it, what is late, how long its opinions took."""
    now = timezone.now()
    with_it = Q(opinions__state__in=WITH_DEPARTMENT)
    given = Q(opinions__state__in=GIVEN)
    return rows.annotate(
        waiting=Count("opinions", filter=with_it),
        overdue_now=Count("opinions", filter=with_it & Q(opinions__due_at__lte=now)),
        given=Count("opinions", filter=given),
        given_late=Count("opinions", filter=given & Q(opinions__was_late=True)),
        mean_s=Avg("opinions__used_s", filter=given),
        most_s=Max("opinions__used_s", filter=given),
    )


WITH_IT = ",".join(WITH_DEPARTMENT)


def opinions_of(row: Department, filters: str) -> str:
    """Where the opinions of a department stand that a figure counts."""
    return f"/joint_acceptance/opinions/?department={row.pk}&{filters}"


def department(row: Department, viewer: Viewer) -> dict[str, Any]:
    """Panel of a department: its figures, each opening its records, and its slowest opinions."""
    counted = with_days(Department.objects.visible_to(viewer).filter(pk=row.pk)).get()
    place = f"/joint_acceptance/opinions/?department={row.pk}"
    slowest = DepartmentOpinion.objects.visible_to(viewer).filter(department=row, state__in=GIVEN)
    return {
        "row": counted,
        "mean": days_text(counted.mean_s),
        "most": days_text(counted.most_s),
        "place": place,
        "with_it": WITH_IT,
        "slowest": [
            {"row": one, "used": used(one)}
            for one in slowest.select_related("application__project", "department").order_by("-used_s")[:5]
        ],
    }


def of_project(project: Project, viewer: Viewer) -> dict[str, Any] | None:
    """Card on the page of a project: its joint acceptances; none, no card."""
    rows = list(JointApplication.objects.visible_to(viewer).filter(project=project).select_related("project"))
    return {"rows": rows} if rows and viewer.may("joint_acceptance.jointapplication.view") else None


PROJECT_PANEL = ProjectPanel(
    "联合验收", "Joint acceptance", "joint_acceptance/parts/project.html", of_project, side=True, order=60
)
