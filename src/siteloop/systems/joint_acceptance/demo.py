"""Demo: five departments with their bodies, a year of joint acceptances, and some at each step of the way. Fixed seed."""

import datetime as dt
import random
import struct
import zlib

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.utils import timezone

from siteloop.foundation.authority.demo import COUNTY
from siteloop.foundation.authority.models import Account, Organisation, OrganisationKind
from siteloop.foundation.documents import store
from siteloop.foundation.files.models import Evidence
from siteloop.foundation.files.store import keep
from siteloop.foundation.registry.models import PartyKind, Project, WorkState
from siteloop.framework import events
from siteloop.framework.viewer import system_viewer
from siteloop.systems.joint_acceptance import clock, documents, overdue, settings
from siteloop.systems.joint_acceptance.models import (
    Department,
    DepartmentOpinion,
    FindingState,
    JointApplication,
    JointFinding,
    JointPaper,
    OpinionState,
    SiteVisit,
    State,
    VisitState,
)

WHY = "the demo county is made once, by the program"
SEED = 20266
CONCLUDED = 16
LEAD = "平湖市住建局（演示）"
#: each has a demo account of its own: planning, county, fire, defence, archive
BODIES = {
    "planning": "平湖市自然资源和规划局（演示）",
    "construction": LEAD,
    "fire": "平湖市消防验收科（演示）",
    "civil_defence": "平湖市人防办公室（演示）",
    "archive": "平湖市城建档案馆（演示）",
}
PROBLEMS = {
    "planning": "西侧绿化面积与规划许可不符",
    "construction": "二层外窗淋水试验记录缺失",
    "fire": "3层防火门闭门器失效",
    "civil_defence": "防护密闭门启闭不灵活",
    "archive": "竣工图电子文件与纸质不一致",
}
#: applications on their way: extent, state, days since the acceptance, what the departments have done by then
RUNNING: tuple[tuple[str, State, int, dict[str, OpinionState]], ...] = (
    ("整个工程", State.DRAFT, 0, {}),
    ("整个工程", State.SUBMITTED, 0, {}),
    ("1号楼", State.CORRECTING, 0, {}),
    ("整个工程", State.EXAMINING, 1, {}),
    ("整个工程", State.EXAMINING, 3, {"archive": OpinionState.PASSED, "planning": OpinionState.CORRECTING}),
    ("2号楼", State.EXAMINING, 4, {"fire": OpinionState.RECHECKING, "archive": OpinionState.PASSED}),
    (
        "整个工程",
        State.EXAMINING,
        16,
        {
            "planning": OpinionState.PASSED,
            "construction": OpinionState.PASSED,
            "civil_defence": OpinionState.NOT_CONCERNED,
            "archive": OpinionState.PASSED,
        },
    ),
    ("整个工程", State.WITHDRAWN, 20, {}),
)
PROGRAM = system_viewer("演示数据")


@transaction.atomic
def load() -> None:
    """Departments, a year behind us, applications on their way; once."""
    if Department.objects.unscoped(WHY).exists():
        return
    lead = Organisation.objects.unscoped(WHY).filter(name=LEAD).first()
    projects = _finishing()
    county = Account.objects.filter(username="county").first()
    if lead is None or county is None or len(projects) < CONCLUDED + len(RUNNING):
        return
    departments = _departments()
    dice = random.Random(SEED)  # noqa: S311 - a fixed seed makes the county the same everywhere
    for n in range(CONCLUDED):
        accepted = timezone.now() - dt.timedelta(days=340 - 20 * n, hours=dice.randrange(8))
        _concluded(projects[n], lead, county, departments, accepted, dice, fails=n % 8 == 5)
    for n, (extent, state, days, done) in enumerate(RUNNING):
        row = _application(projects[CONCLUDED + n], extent, state, lead, days)
        if row.accepted_at is not None:
            _examining(row, departments, done)
    overdue.watch()


def _finishing() -> list[Project]:
    """Projects under way, the furthest first."""
    order = {"室外总体": 0, "装饰装修": 1, "二次结构": 2}
    rows = Project.objects.unscoped(WHY).filter(code__startswith="DEMO", state=WorkState.UNDER_CONSTRUCTION)
    found = list(rows.prefetch_related("parties__organisation").order_by("pk"))
    return sorted(found, key=lambda p: (order.get(p.progress, 3), p.pk))


def _departments() -> list[Department]:
    made = []
    for examiner in settings.examiners(COUNTY):
        name = BODIES.get(examiner.code, f"平湖市{examiner.title}（演示）")
        body = Organisation.objects.unscoped(WHY).filter(name=name).first()
        if body is None:
            body = Organisation(name=name, kind=OrganisationKind.GOVERNMENT_DEPARTMENT, region_code=COUNTY)
            body.save()
        one = Department(code=examiner.code, title=examiner.title, organisation=body, region_code=COUNTY)
        one.save()
        made.append(one)
    return made


def _builder(project: Project) -> Organisation:
    return next(p.organisation for p in project.parties.all() if p.kind == PartyKind.BUILDER)


def picture(shade: int) -> bytes:
    """A plain grey picture as PNG: the demo has no photos of anything."""
    width, height = 160, 120

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    lines = (b"\x00" + bytes([shade]) * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(lines))
        + chunk(b"IEND", b"")
    )


def _kept(project: Project, name: str, shade: int) -> Evidence:
    upload = SimpleUploadedFile(f"{name}（演示）.png", picture(shade), "image/png")
    return keep(PROGRAM, upload, project_id=project.pk, region_code=project.region_code)


def _application(
    project: Project, extent: str, state: State, lead: Organisation, days: int
) -> JointApplication:
    accepted = timezone.now() - dt.timedelta(days=days, hours=2) if days else None
    handed = accepted - dt.timedelta(days=1) if accepted else timezone.now() - dt.timedelta(hours=20)
    row = JointApplication(
        project=project,
        applicant=_builder(project),
        extent=extent,
        contact="演示联系人",
        state=state,
        submitted_at=None if state == State.DRAFT else handed,
        accepted_at=accepted,
        lead=lead if accepted else None,
    )
    if state == State.CORRECTING:
        row.correction, row.corrections = "竣工图补盖竣工图章\n补充1号楼竣工报告签章", 1
    if state == State.WITHDRAWN:
        row.withdrawn_why = "室外工程尚未完成，完成后重新申请"
    row.save()
    wanted = settings.papers(row.region_code)
    for title in wanted[:1] if state == State.DRAFT else wanted:
        kept = _kept(project, title, 235)
        JointPaper(application=row, title=title, evidence=kept, at=handed).save()
    return row


def _examining(row: JointApplication, departments: list[Department], done: dict[str, OpinionState]) -> None:
    assert row.accepted_at is not None, "only an accepted application is examined"
    for n, department in enumerate(departments):
        opinion = _begun(row, department)
        reached = OpinionState.VOID if row.state == State.WITHDRAWN else done.get(department.code)
        if reached is None:
            continue
        if reached in (OpinionState.CORRECTING, OpinionState.RECHECKING):
            _problem(opinion, reached)
        at = row.accepted_at + dt.timedelta(days=1, hours=5 * n)
        clock.stop(opinion, reached, at)
        if reached == OpinionState.RECHECKING:
            clock.start(opinion, reached, settings.recheck_within(row.project), timezone.now())
        elif reached == OpinionState.VOID:
            opinion.words = "申请已撤回"
        elif reached != OpinionState.CORRECTING:
            opinion.words, opinion.given_at = _words(reached), at
        opinion.save()
    if row.state == State.EXAMINING and not done:
        at = (timezone.localtime() + dt.timedelta(days=2)).replace(hour=9, minute=0, second=0, microsecond=0)
        SiteVisit(application=row, at=at, place="工地东大门", note="请各部门带本部门验收要点").save()


def _begun(row: JointApplication, department: Department) -> DepartmentOpinion:
    assert row.accepted_at is not None, "the clock begins with the acceptance"
    examiner = settings.examiner(department.code, row.region_code)
    opinion = DepartmentOpinion(application=row, department=department, began_at=row.accepted_at)
    clock.start(
        opinion, OpinionState.EXAMINING, examiner.term if examiner is not None else None, row.accepted_at
    )
    opinion.save()
    return opinion


def _words(state: OpinionState) -> str:
    return {
        OpinionState.PASSED: "经审查和现场核查，符合要求，同意通过",
        OpinionState.NOT_CONCERNED: "本工程不涉及本部门验收事项",
        OpinionState.FAILED: "整改未到位，不同意通过",
    }[state]


def _problem(opinion: DepartmentOpinion, reached: OpinionState) -> JointFinding:
    """A problem on its way to what the opinion has reached."""
    project, code = opinion.application.project, opinion.department.code
    one = JointFinding(
        opinion=opinion,
        kind="problem",
        content=PROBLEMS.get(code, "资料与现场不一致"),
        place="现场",
        state=FindingState.OPEN,
        raised_at=opinion.began_at + dt.timedelta(days=1),
    )
    if reached != OpinionState.CORRECTING:
        one.state = FindingState.CORRECTED
        one.correction, one.corrected_at = "已按要求整改，见照片", opinion.began_at + dt.timedelta(days=3)
    if reached in (OpinionState.PASSED, OpinionState.FAILED):
        passed = reached == OpinionState.PASSED
        one.state = FindingState.CLOSED if passed else FindingState.OPEN
        one.recheck = "整改到位" if passed else "整改未到位"
        one.rechecked_at = opinion.began_at + dt.timedelta(days=4)
        one.returns = 0 if passed else 1
    one.save()
    one.photos.set([_kept(project, "问题照片", 90)])
    if one.correction:
        one.correction_photos.set([_kept(project, "整改照片", 160)])
    return one


def _concluded(
    project: Project,
    lead: Organisation,
    county: Account,
    departments: list[Department],
    accepted: dt.datetime,
    dice: random.Random,
    *,
    fails: bool,
) -> None:
    """One that lies behind us: opinions with their days, a visit, perhaps a problem, the printed opinion."""
    days = (timezone.now() - accepted).days
    row = _application(project, "整个工程" if not fails else "1号楼", State.EXAMINING, lead, days)
    row.submitted_at, row.accepted_at = accepted - dt.timedelta(days=1), accepted
    ended = accepted
    for department in departments:
        verdict = OpinionState.PASSED
        if department.code == "fire" and fails:
            verdict = OpinionState.FAILED
        elif department.code == "civil_defence" and dice.random() < 0.3:
            verdict = OpinionState.NOT_CONCERNED
        ended = max(ended, _given(row, department, verdict, county, dice))
    _visit(row, accepted + dt.timedelta(days=2))
    row.state = State.FAILED if fails else State.PASSED
    row.conclusion = "消防验收不合格，综合结论为不通过" if fails else "各部门意见一致，同意通过联合验收"
    row.concluded_at = ended + dt.timedelta(hours=4)
    document = store.issue(
        PROGRAM,
        "joint_acceptance.opinion",
        documents.composed("opinion", row),
        authority=lead,
        region_code=row.region_code,
        project=project,
        subject=row,
        now=row.concluded_at,
        prints=False,
    )
    row.number = document.number
    row.save()
    if not fails:
        events.emit("joint_acceptance_passed", project=project.pk, number=row.number)


def _given(
    row: JointApplication,
    department: Department,
    verdict: OpinionState,
    county: Account,
    dice: random.Random,
) -> dt.datetime:
    opinion = _begun(row, department)
    slow = {"fire": 5.0, "planning": 3.5, "archive": 1.5}.get(department.code, 2.5)
    at = opinion.began_at + dt.timedelta(days=slow * dice.uniform(0.6, 2.6))
    if verdict == OpinionState.FAILED or (verdict == OpinionState.PASSED and dice.random() < 0.25):
        _problem(opinion, verdict)
        at = max(at, opinion.began_at + dt.timedelta(days=4, hours=1))
    clock.stop(opinion, verdict, at)
    opinion.words, opinion.given_at = _words(verdict), at
    opinion.given_by = county if department.organisation.name == LEAD else None
    opinion.save()
    return at


def _visit(row: JointApplication, at: dt.datetime) -> None:
    visit = SiteVisit(
        application=row,
        at=at,
        place="工地东大门",
        state=VisitState.HELD,
        people="住建 演示人员甲\n消防 演示人员乙\n规划 演示人员丙\n建设单位 演示联系人",
        summary="现场核查各专项内容，问题当场告知申请单位",
    )
    visit.save()
    visit.photos.set([_kept(row.project, "踏勘照片", 120)])
