"""The object library, worked out from the registry at the moment of asking: projects in, projects out, and why (DRAND-04)."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Q, Sum
from django.utils import timezone

from siteloop.foundation.cases.models import Case
from siteloop.foundation.packs.resolve import value as pack_value
from siteloop.foundation.registry import standing
from siteloop.foundation.registry.models import Party, PartyKind, Project, WorkState
from siteloop.systems.double_random.models import CheckTask, Demerit, Speciality, TaskState
from siteloop.systems.double_random.weights import Facts, Line, lines, weight

WHY = "the object library holds every project under construction, whoever looks"
REST_DAYS = 30  # where no pack states double_random.rest_days
YEAR = dt.timedelta(days=365)
OUT = {
    WorkState.NOT_STARTED: "未开工",
    WorkState.SUSPENDED: "停工",
}


@dataclass(frozen=True)
class Candidate:
    """One project of the library. `reason` set: it cannot be drawn, and that is why."""

    project: Project
    reason: str = ""
    lines: list[Line] = field(default_factory=list)
    needs: tuple[str, ...] = ()
    previous: tuple[str, ...] = ()  # library numbers of the group that judged it last
    parties: frozenset[int] = frozenset()

    @property
    def weight(self) -> int:
        """Sum of the lines."""
        return weight(self.lines)


def objects(region: str, needs: tuple[str, ...] = (), on: dt.date | None = None) -> list[Candidate]:
    """Every project of the region that is not completed, by project number. A fixed number of queries."""
    day = on or timezone.localdate()
    projects = list(
        Project.objects.unscoped(WHY)
        .filter(region_code__startswith=region)
        .exclude(state=WorkState.COMPLETED)
        .order_by("code")
    )
    keys = [p.pk for p in projects]
    parties: dict[int, set[int]] = {}
    contractor: dict[int, int] = {}
    for key, kind, organisation in (
        Party.objects.unscoped(WHY)
        .filter(project__in=keys)
        .order_by("pk")
        .values_list("project_id", "kind", "organisation_id")
    ):
        parties.setdefault(key, set()).add(organisation)
        if kind == PartyKind.CONTRACTOR:
            contractor.setdefault(key, organisation)
    known = _facts(keys, day)
    last = _last_tasks(keys)
    grades = standing.of(set(contractor.values()))
    table: dict[str, Any] = pack_value("double_random.weights", region, on=day) or {}
    rest = int(pack_value("double_random.rest_days", region, on=day) or REST_DAYS)
    by_kind = dict(Speciality.objects.unscoped(WHY).exclude(work_kind="").values_list("work_kind", "code"))
    found = []
    for project in projects:
        task = last.get(project.pk)
        grade = grades.get(contractor.get(project.pk, 0))
        facts = Facts(
            is_class_one=project.is_class_one,
            is_public_key=project.is_public_key,
            floor_area=int(project.floor_area or 0),
            was_checked=task is not None,
            last_had_problems=task is not None and task.conclusion == "problems",
            grade=grade.grade if grade else "",
            **known.get(project.pk, {}),
        )
        own = {*needs, *filter(None, [by_kind.get(project.work_kind)])}
        found.append(
            Candidate(
                project,
                _reason(project, task, day, rest),
                lines(facts, table),
                tuple(sorted(own)),
                tuple(sorted(i.code for i in task.inspectors.all())) if task else (),
                frozenset(parties.get(project.pk, ())),
            )
        )
    return found


def _reason(project: Project, task: CheckTask | None, day: dt.date, rest: int) -> str:
    """Why a project cannot be drawn; "" when it can."""
    if project.state in OUT:
        return OUT[WorkState(project.state)]
    if task is not None and task.checked_at is not None:
        past = (day - timezone.localdate(task.checked_at)).days
        if past < rest:
            return f"{rest} 天内已抽查"
    elif task is not None:
        return "上次抽取的检查尚未完成"
    return ""


def _facts(projects: list[int], day: dt.date) -> dict[int, dict[str, int]]:
    since = dt.datetime.combine(day, dt.time(), timezone.get_current_timezone()) - YEAR
    found: dict[int, dict[str, int]] = {}
    cases = (
        Case.objects.unscoped(WHY)
        .filter(project__in=projects, opened_at__gte=since)
        .values_list("project_id")
        .annotate(n=Count("pk"), late=Count("pk", filter=Q(is_overdue=True)))
        .order_by()
    )
    for project, n, late in cases:
        found.setdefault(project, {}).update(cases=n, overdue=late)
    points = (
        Demerit.objects.unscoped(WHY)
        .filter(project__in=projects, told_at__gte=since, withdrawn_at__isnull=True)
        .values_list("project_id")
        .annotate(n=Sum("points"))
        .order_by()
    )
    for project, n in points:
        found.setdefault(project, {}).update(demerits=n)
    return found


def _last_tasks(projects: list[int]) -> dict[int, CheckTask]:
    tasks = (
        CheckTask.objects.unscoped(WHY)
        .filter(project__in=projects)
        .exclude(state=TaskState.VOID)
        .prefetch_related("inspectors")
        .order_by("pk")
    )
    return {t.project_id: t for t in tasks}
