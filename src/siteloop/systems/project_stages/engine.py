"""What follows from a review: the ledger, the facts a project takes over, changed places, and the end of a project."""

from django.utils import timezone

from siteloop.foundation.cases.models import Case, CaseState
from siteloop.foundation.registry import actions as registry_actions
from siteloop.foundation.registry.models import Party, Project, ProjectPost, WorkState
from siteloop.framework.action import Refused
from siteloop.framework.perform import change, create, perform
from siteloop.framework.viewer import Viewer, system_viewer
from siteloop.systems.project_stages import settings
from siteloop.systems.project_stages.models import (
    Completion,
    FormerPlace,
    Permit,
    PlaceChange,
    RecordState,
    StageCode,
    StageMark,
    StagePaper,
    StageRecord,
    SupervisionFiling,
    VisibleProgress,
)

WHY = "the life cycle of a project counts for everybody, whoever reviews"
RUNNING = (WorkState.UNDER_CONSTRUCTION, WorkState.SUSPENDED)


def _engine(viewer: Viewer) -> Viewer:
    """The program, acting on what that person decided."""
    return system_viewer(f"项目全过程（{viewer.name}）")


def state_of(project: Project) -> dict[str, str]:
    """Stage -> state of the stages a project has reached."""
    marks = StageMark.objects.unscoped(WHY).filter(project=project)
    return {m.stage: m.state for m in marks}


def missing_before(stage: str, project: Project) -> list[str]:
    """Sentences about the stages that must have passed before this one and have not."""
    reached = state_of(project)
    states = dict(RecordState.choices)
    return [
        f"{StageCode(code).label}（{states[reached[code]] if code in reached else '未办理'}）"
        for code in settings.needs(stage, project.region_code)
        if code in StageCode.values and reached.get(code) != RecordState.PASSED
    ]


def missing_stages(record: StageRecord) -> list[str]:
    """Sentences about the stages that must have passed before this record."""
    return missing_before(record.stage, record.project)


def papers(record: StageRecord) -> list[StagePaper]:
    """Papers of a record, in the order they came."""
    rows = StagePaper.objects.unscoped(WHY).filter(stage=record.stage, record=record.pk)
    return list(rows.select_related("evidence").order_by("pk"))


def missing_papers(record: StageRecord) -> list[str]:
    """Names of the papers the region demands that are not there."""
    had = {p.title for p in papers(record)}
    return [title for title in settings.papers(record.stage, record.project.region_code) if title not in had]


def mark(record: StageRecord) -> None:
    """Write the ledger; a stage that has passed stays passed while a further record of it is on its way."""
    row = StageMark.objects.unscoped(WHY).filter(project=record.project, stage=record.stage).first()
    if row is None:
        row = StageMark(project=record.project, stage=record.stage)
    elif row.state == RecordState.PASSED and record.state != RecordState.PASSED:
        return
    row.state, row.record, row.at, row.title = record.state, record.pk, timezone.now(), str(record)[:200]
    row.save()


def passed(record: StageRecord, viewer: Viewer) -> str:
    """Take the reviewed facts over into the project, so that nobody types them again. Returns what else happened."""
    project, engine = record.project, _engine(viewer)
    if isinstance(record, Permit):
        facts = {
            "permit_number": record.number,
            "permit_date": record.issued_on,
            "contract_wan": record.contract_wan or project.contract_wan,
            "land_permit_number": record.land_permit_number or project.land_permit_number,
            "plan_permit_number": record.plan_permit_number or project.plan_permit_number,
        }
        change(project, engine, facts, reason=str(record))
        return "，许可证编号和发证日期已写入项目库"
    if isinstance(record, SupervisionFiling):
        change(project, engine, {"supervision_number": record.quality_number}, reason=str(record))
        return "，监督编号已写入项目库"
    if isinstance(record, VisibleProgress):
        place = f"{record.work.name} " if record.work is not None else ""
        change(project, engine, {"progress": f"{place}{record}"}, reason=str(record))
        return "，项目形象进度已更新"
    if isinstance(record, Completion):
        return _complete(record, engine)
    return ""


def why_not_complete(project: Project) -> str:
    """What stands against the completion of a project, "" when nothing does."""
    if project.state not in RUNNING:
        return f"项目状态为“{project.get_state_display()}”，不能竣工"
    if not settings.open_cases_block(project.region_code):
        return ""
    cases = Case.objects.unscoped(WHY).filter(
        project=project, state__in=(CaseState.DISPOSING, CaseState.VERIFYING)
    )
    numbers = list(cases.order_by("pk").values_list("number", flat=True)[:5])
    return f"尚有 {cases.count()} 件派单未闭环（{'、'.join(numbers)}），闭环后方可竣工" if numbers else ""


def _complete(record: Completion, engine: Viewer) -> str:
    wrong = why_not_complete(record.project)
    if wrong:
        raise Refused(wrong)
    change(record.project, engine, {"finished_on": record.finished_on}, reason=str(record))
    perform(registry_actions.complete, engine, record.project, {"reason": str(record)})
    return "，项目已竣工：设备停用、岗位解除、不再接收数据和资料，档案保留"


def completed(object: int) -> None:
    """A project is completed, however that came: its key posts are let go and kept with their dates."""
    project = Project.objects.unscoped(WHY).get(pk=object)
    if project.state != WorkState.COMPLETED:
        return
    engine = system_viewer("项目全过程")
    for post in ProjectPost.objects.unscoped(WHY).filter(project=project).order_by("pk"):
        _keep(post, None, "项目竣工，岗位解除")
        perform_delete(post, engine)


def perform_delete(post: ProjectPost, engine: Viewer) -> None:
    """Take a post out of the register; the former holder is kept by the caller."""
    from siteloop.framework.perform import delete

    delete(post, engine, reason="项目竣工，岗位解除；任职经历保留在“历任单位人员”")


def _keep(holder: Party | ProjectPost, by: PlaceChange | None, why: str) -> None:
    former = FormerPlace.objects.unscoped(WHY).filter(project=holder.project, kind=holder.kind)
    before = former.order_by("-to_on").first()
    FormerPlace(
        project=holder.project,
        subject="party" if isinstance(holder, Party) else "post",
        kind=holder.kind,
        organisation=holder.organisation,
        person=holder.person if isinstance(holder, ProjectPost) else None,
        account=holder.account if isinstance(holder, ProjectPost) else None,
        from_on=before.to_on if before is not None else holder.project.started_on,
        to_on=by.effective_on if by is not None else timezone.localdate(),
        why=why[:300],
        change=by,
    ).save()


def holders(row: PlaceChange) -> list[Party | ProjectPost]:
    """Who holds the place now."""
    if row.subject == "party":
        parties = Party.objects.unscoped(WHY).filter(project=row.project, kind=row.kind)
        return list(parties.select_related("organisation").order_by("pk"))
    posts = ProjectPost.objects.unscoped(WHY).filter(project=row.project, kind=row.kind)
    return list(posts.select_related("organisation", "person", "account").order_by("pk"))


def replace(row: PlaceChange, viewer: Viewer) -> str:
    """The approved change comes into the registry; the holder before is kept with its dates."""
    engine, now = _engine(viewer), holders(row)
    data: dict[str, object] = {"organisation": row.organisation}
    if row.subject == "post":
        data |= {"person": row.person, "account": row.account}
    for holder in now[:1]:
        _keep(holder, row, row.reason)
        change(holder, engine, data, reason=row.reason)
    if not now:
        create(
            Party if row.subject == "party" else ProjectPost,
            engine,
            {"project": row.project, "kind": row.kind, **data},
            reason=row.reason,
        )
        return "，已登记（此前无人登记）"
    return "，登记已更新，原单位或人员保留在“历任单位人员”"


def jointly_accepted(project: int, number: str = "") -> None:
    """A joint acceptance has passed: it is a stage of the project."""
    row, _ = StageMark.objects.unscoped(WHY).get_or_create(
        project_id=project,
        stage=StageCode.JOINT_ACCEPTANCE,
        defaults={"state": RecordState.PASSED, "at": timezone.now()},
    )
    row.state, row.at, row.title = RecordState.PASSED, timezone.now(), f"联合验收 {number}".strip()
    row.save()
