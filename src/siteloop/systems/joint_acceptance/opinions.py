"""What a department does in its own part: problems, correction, opinion, taking it back. Nobody does another's."""

from django.utils import timezone

from siteloop.foundation.cases.receivers import members
from siteloop.foundation.files.named import picked
from siteloop.foundation.notice.send import notify
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.framework.viewer import Viewer
from siteloop.systems.joint_acceptance import clock, departments, overdue, settings
from siteloop.systems.joint_acceptance.models import (
    GIVEN,
    WITH_DEPARTMENT,
    DepartmentOpinion,
    FindingKind,
    FindingState,
    JointFinding,
    OpinionState,
    State,
)


def _turn(row: DepartmentOpinion, viewer: Viewer) -> bool:
    return row.state in WITH_DEPARTMENT and departments.is_own(row, viewer)


def open_problems(row: DepartmentOpinion) -> int:
    """Problems of the department that are not yet settled."""
    return row.findings.filter(state__in=(FindingState.OPEN, FindingState.CORRECTED)).count()


def _raise(act: Act) -> str:
    row: DepartmentOpinion = act.obj
    kind = FindingKind(act.data["kind"])
    visit = act.data.get("visit")
    if visit is not None and visit.application_id != row.application_id:
        raise Refused("填写有误", status=422, errors={"visit": ["不是本次申请的联合踏勘"]})
    one = JointFinding(
        opinion=row,
        visit=visit,
        kind=kind,
        content=act.data["content"][:300],
        place=(act.data.get("place") or "")[:100],
        state=FindingState.OPEN if kind == FindingKind.PROBLEM else FindingState.NOTED,
        raised_at=timezone.now(),
        raised_by_id=act.viewer.user,
    )
    one.save()
    one.photos.set(picked(act, "photos", row.application.project_id, row.application.region_code))
    if kind == FindingKind.PROBLEM:
        return f"已记录问题：{one.content}。全部问题记录后，请“交由整改”"
    return f"已记录建议：{one.content}"


KINDS = tuple((kind.value, str(kind.label)) for kind in FindingKind)

raise_finding = Action(
    "raise_finding",
    "提出问题或建议",
    "Raise a finding",
    DepartmentOpinion,
    _raise,
    fields=(
        Input(
            "kind",
            "类别",
            "Kind",
            kind="choice",
            required=True,
            choices=KINDS,
        ),
        Input("content", "问题或建议", "Finding", kind="multiline", required=True),
        Input("place", "部位", "Place"),
        Input("visit", "联合踏勘", "Visit", kind="reference", reference="joint_acceptance.SiteVisit"),
        Input("photos", "照片", "Photos", kind="files"),
    ),
    available=_turn,
    log="{actor}在{obj}中提出：{content}",
)


def hand_over(row: DepartmentOpinion, act: Act) -> None:
    """The applicant's turn: the department's clock stands, and its case is settled."""
    clock.stop(row, OpinionState.CORRECTING, timezone.now())
    row.save()
    overdue.settle(act, row)
    notify(
        members(row.application.applicant),
        "joint_correction",
        f"联合验收待整改：{row.department}（{row.application.project}）",
        body="请逐项整改并上传整改情况，全部提交后由该部门复查",
        link=f"/joint_acceptance/opinions/{row.pk}/",
        level="orange",
        subject=f"joint_correction:{row.pk}:{row.used_s}",
    )


def _ask(act: Act) -> str:
    row: DepartmentOpinion = act.obj
    count = row.findings.filter(state=FindingState.OPEN).count()
    if not count:
        raise Refused("没有待整改的问题，请先“提出问题或建议”")
    if row.findings.filter(state=FindingState.CORRECTED).exists():
        raise Refused("尚有已整改的问题待复查，请先逐项复查")
    hand_over(row, act)
    return f"已将 {count} 项问题交由申请单位整改，本部门计时暂停"


ask_correction = Action(
    "ask_correction",
    "交由整改",
    "Ask for correction",
    DepartmentOpinion,
    _ask,
    available=_turn,
    confirm="问题将告知申请单位，整改期间本部门停止计时。",
    log="{actor}将{obj}的问题交由整改",
    event="joint_correction_asked",
)

VERDICTS = tuple((state.value, str(state.label)) for state in GIVEN)


def _give(act: Act) -> str:
    row: DepartmentOpinion = act.obj
    verdict = OpinionState(act.data["verdict"])
    waiting = open_problems(row)
    if waiting and verdict != OpinionState.FAILED:
        raise Refused(f"尚有 {waiting} 项问题未整改完毕，不能出具“{verdict.label}”意见")
    clock.stop(row, verdict, timezone.now())
    row.words, row.given_at, row.given_by_id = act.data["words"][:500], timezone.now(), act.viewer.user
    row.save()
    overdue.settle(act, row)
    _tell_lead(row)
    return f"已出具意见：{verdict.label}，本部门历时 {clock.days(row.used_s)} 天"


def _tell_lead(row: DepartmentOpinion) -> None:
    left = row.application.opinions.exclude(state__in=GIVEN).count()
    if left or row.application.lead is None:
        return
    notify(
        members(row.application.lead),
        "joint_opinion",
        f"各部门意见已齐：{row.application.project}",
        body="请出具联合验收意见书",
        link=f"/joint_acceptance/applications/{row.application_id}/",
        level="blue",
        subject=f"joint_application:{row.application_id}:complete:{row.given_at}",
    )


give = Action(
    "give",
    "出具意见",
    "Give the opinion",
    DepartmentOpinion,
    _give,
    fields=(
        Input("verdict", "结论", "Verdict", kind="choice", required=True, choices=VERDICTS),
        Input("words", "意见", "Opinion", kind="multiline", required=True),
    ),
    available=_turn,
    confirm="意见将写入联合验收意见书；办结前可以撤回重新出具。",
    log="{actor}对{obj}出具意见：{words}",
    event="joint_opinion_given",
)


def _take_back(act: Act) -> str:
    row: DepartmentOpinion = act.obj
    clock.start(
        row, OpinionState.RECHECKING, settings.recheck_within(row.application.project), timezone.now()
    )
    row.words, row.given_at, row.given_by_id = "", None, None
    row.save()
    return "意见已撤回，请重新办理"


take_back = Action(
    "take_back",
    "撤回意见",
    "Take back",
    DepartmentOpinion,
    _take_back,
    fields=(Input("reason", "撤回原因", "Reason", kind="multiline", required=True),),
    available=lambda row, viewer: (
        row.state in GIVEN and row.application.state == State.EXAMINING and departments.is_own(row, viewer)
    ),
    confirm="撤回后按复查期限重新计时。确定吗？",
    danger=True,
    log="{actor}撤回{obj}：{reason}",
)
