"""Demo: how far each project of the synthetic county is, its visible progress, two changes asked for. From a fixed seed."""

import datetime as dt
import random
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from siteloop.foundation.authority.models import Account, Organisation
from siteloop.foundation.registry.models import Project, WorkState
from siteloop.systems.project_stages import settings
from siteloop.systems.project_stages.models import (
    Contract,
    DrawingReview,
    Permit,
    PlaceChange,
    RecordState,
    StageMark,
    StageRecord,
    SupervisionFiling,
    SurveyDesign,
    Tender,
    VisibleProgress,
)

WHY = "the demo county is made once, by the program"
SEED = 20264
#: parts of the works behind what the project says of itself
REACHED = {
    "基础施工": 1,
    "主体结构三层": 2,
    "主体结构封顶": 2,
    "二次结构": 2,
    "装饰装修": 3,
    "室外总体": 5,
}


@transaction.atomic
def load() -> None:
    """Everything, once; rows in bulk."""
    if StageMark.objects.unscoped(WHY).exists():
        return
    officer = Account.objects.filter(username="county").first()
    manager = Account.objects.filter(username="manager").first()
    projects = list(
        Project.objects.unscoped(WHY)
        .filter(code__startswith="DEMO")
        .prefetch_related("parties__organisation")
        .order_by("pk")
    )
    if not projects or officer is None:
        return
    dice = random.Random(SEED)  # noqa: S311 - a fixed seed makes the county the same everywhere
    rows: dict[type[StageRecord], list[StageRecord]] = {}
    for i, project in enumerate(projects):
        for row in _records(project, i, dice):
            row.reviewed_by = officer if row.state == RecordState.PASSED else None
            rows.setdefault(type(row), []).append(row)
    for model, made in rows.items():
        model.objects.bulk_create(made)
    newest = {(row.project_id, row.stage): row for made in rows.values() for row in made}
    StageMark.objects.bulk_create(
        StageMark(
            project=row.project,
            stage=row.stage,
            state=row.state,
            record=row.pk,
            at=row.reviewed_at or row.submitted_at or timezone.now(),
            title=str(row)[:200],
        )
        for row in newest.values()
        if row.state != RecordState.DRAFT
    )
    if manager is not None:
        _changes(projects, manager)


def _at(day: dt.date, hour: int = 10) -> dt.datetime:
    moment = dt.datetime.combine(day, dt.time(hour), timezone.get_current_timezone())
    return min(moment, timezone.now())


def _records(project: Project, i: int, dice: random.Random) -> list[StageRecord]:
    unit = {p.kind: p.organisation.name for p in project.parties.all()}
    permit_on = project.permit_date or timezone.localdate()
    money = project.contract_wan or Decimal(0)
    made: list[StageRecord] = [
        Tender(
            name=f"{project.name}施工总承包",
            number=f"{project.code}-BD-001",
            inner_number=f"{project.code}-BD-001",
            result_date=permit_on - dt.timedelta(days=60),
            money_wan=money,
            area=project.floor_area,
            size_text=project.size_text,
            winner_name=unit.get("contractor", ""),
        ),
        SurveyDesign(
            kind="design",
            unit_name=unit.get("design", "演示设计院"),
            finished_on=permit_on - dt.timedelta(days=120),
            size_text=project.size_text,
        ),
        Contract(
            name=f"{project.name}施工合同",
            inner_number=f"{project.code}-HZ-001",
            kind="301",
            money_wan=money,
            signed_on=permit_on - dt.timedelta(days=45),
            owner_name=unit.get("builder", ""),
            contractor_name=unit.get("contractor", ""),
        ),
        DrawingReview(
            number=f"{project.code}-TX-001",
            body_name="演示施工图审查中心",
            finished_on=permit_on - dt.timedelta(days=30),
            survey_name=unit.get("survey", ""),
            design_name=unit.get("design", ""),
            passed_first=dice.random() < 0.7,
        ),
    ]
    for row in made:
        _reviewed(row, project, permit_on - dt.timedelta(days=20))
    if project.state == WorkState.NOT_STARTED and i % 16 == 15:
        # a few wait for the permit: the county officer's to-do
        waiting = Permit(number=project.permit_number, issued_on=permit_on, contract_wan=money)
        waiting.project, waiting.state = project, RecordState.SUBMITTED
        waiting.submitted_at = timezone.now() - dt.timedelta(days=dice.randrange(1, 6))
        return [*made, waiting]
    permit = Permit(
        name=project.name,
        number=project.permit_number,
        issued_on=permit_on,
        contract_wan=money,
        area=project.floor_area,
        drawing_number=f"{project.code}-TX-001",
        contractor_name=unit.get("contractor", ""),
        supervisor_name=unit.get("supervisor_firm", ""),
    )
    filing = SupervisionFiling(quality_number=f"{project.code}-ZJ", filed_on=permit_on)
    for row in (permit, filing):
        _reviewed(row, project, permit_on)
    return [*made, permit, filing, *_progress(project, dice)]


def _reviewed(row: StageRecord, project: Project, day: dt.date) -> None:
    row.project, row.state, row.opinion = project, RecordState.PASSED, "资料齐全，符合要求"
    row.submitted_at, row.reviewed_at = _at(day - dt.timedelta(days=2)), _at(day)


def _progress(project: Project, dice: random.Random) -> list[VisibleProgress]:
    if project.state != WorkState.UNDER_CONSTRUCTION or project.started_on is None:
        return []
    parts = settings.parts(project)
    reached = min(REACHED.get(project.progress, 1), len(parts))
    today, made = timezone.localdate(), []
    step = max(1, (today - project.started_on).days // max(1, reached))
    for n, part in enumerate(parts[:reached]):
        last = n == reached - 1
        begun = project.started_on + dt.timedelta(days=n * step)
        told = today - dt.timedelta(days=dice.randrange(1, 20)) if last else begun + dt.timedelta(days=step)
        row = VisibleProgress(
            part=part,
            percent=dice.randrange(20, 95) if last else 100,
            begun_on=begun,
            reported_on=min(max(told, begun), today),
            note=project.progress if last else "",
        )
        _reviewed(row, project, row.reported_on)
        made.append(row)
    return made


def _changes(projects: list[Project], manager: Account) -> None:
    """One change of the contractor's manager waits for the authority, one was sent back."""
    other = Organisation.objects.unscoped(WHY).filter(name="演示监理公司02").first()
    if other is None:
        return
    now = timezone.now()
    mine = [p for p in projects if p.region_code == projects[0].region_code][:2]
    for project, state in zip(mine, (RecordState.SUBMITTED, RecordState.RETURNED), strict=False):
        row = PlaceChange(
            project=project,
            subject="party",
            kind="supervisor_firm",
            organisation=other,
            reason="监理合同到期，重新委托（演示）",
            state=state,
            submitted_at=now - dt.timedelta(days=3),
            submitted_by=manager,
        )
        if state == RecordState.RETURNED:
            row.reviewed_at, row.opinion = now - dt.timedelta(days=1), "请补充解除合同的证明"
        row.save()
