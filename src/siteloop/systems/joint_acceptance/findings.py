"""A problem on its way: put right by the applicant, looked at again by the department that found it."""

from django.utils import timezone

from siteloop.foundation.cases.receivers import members
from siteloop.foundation.files.named import picked
from siteloop.foundation.notice.send import notify
from siteloop.foundation.registry.grants import works_on
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.framework.viewer import Viewer
from siteloop.systems.joint_acceptance import clock, departments, opinions, settings
from siteloop.systems.joint_acceptance.models import (
    DepartmentOpinion,
    FindingState,
    JointFinding,
    OpinionState,
)


def _corrects(row: JointFinding, viewer: Viewer) -> bool:
    """Whoever belongs to a unit of the project; a department never puts right what it found."""
    return (
        row.state == FindingState.OPEN
        and row.opinion.state == OpinionState.CORRECTING
        and works_on(viewer, row.opinion.application.project)
    )


def _correct(act: Act) -> str:
    row: JointFinding = act.obj
    photos = picked(act, "photos", row.opinion.application.project_id, row.opinion.application.region_code)
    if not photos:
        raise Refused("填写有误", status=422, errors={"photos": ["请上传整改照片"]})
    row.correction, row.corrected_at = act.data["correction"][:500], timezone.now()
    row.state = FindingState.CORRECTED
    row.save()
    row.correction_photos.set(photos)
    left = row.opinion.findings.filter(state=FindingState.OPEN).count()
    if left:
        return f"已提交整改，该部门还有 {left} 项待整改"
    _back_to_department(act, row.opinion)
    return "已提交整改，该部门的问题已全部提交，等待复查"


def _back_to_department(act: Act, opinion: DepartmentOpinion) -> None:
    clock.start(
        opinion, OpinionState.RECHECKING, settings.recheck_within(opinion.application.project), timezone.now()
    )
    opinion.save()
    notify(
        members(opinion.department.organisation),
        "joint_opinion",
        f"联合验收待复查：{opinion.application.project}",
        body="申请单位已提交全部整改，请逐项复查",
        link=f"/joint_acceptance/opinions/{opinion.pk}/",
        level="blue",
        subject=f"joint_recheck:{opinion.pk}:{opinion.turn_at}",
    )


correct = Action(
    "correct",
    "提交整改",
    "Put right",
    JointFinding,
    _correct,
    fields=(
        Input("correction", "整改情况", "What was done", kind="multiline", required=True),
        Input("photos", "整改照片", "Photos", kind="files", required=True),
    ),
    available=_corrects,
    log="{actor}提交{obj}的整改：{correction}",
)


def _rechecks(row: JointFinding, viewer: Viewer) -> bool:
    return (
        row.state == FindingState.CORRECTED
        and row.opinion.state == OpinionState.RECHECKING
        and departments.is_own(row.opinion, viewer)
    )


def _confirm(act: Act) -> str:
    row: JointFinding = act.obj
    row.state, row.rechecked_at = FindingState.CLOSED, timezone.now()
    row.recheck = (act.data.get("words") or "整改到位")[:300]
    row.save()
    return _after(act, row) or "复查通过"


def _return(act: Act) -> str:
    row: JointFinding = act.obj
    row.state, row.rechecked_at, row.returns = FindingState.OPEN, timezone.now(), row.returns + 1
    row.recheck = act.data["words"][:300]
    row.save()
    return _after(act, row) or "复查不通过"


def _after(act: Act, row: JointFinding) -> str:
    """When all were looked at: what is still open goes back to the applicant by itself."""
    findings = row.opinion.findings
    if findings.filter(state=FindingState.CORRECTED).exists():
        return ""
    if findings.filter(state=FindingState.OPEN).exists():
        opinions.hand_over(row.opinion, act)
        return "复查完毕，未通过的问题已退回申请单位继续整改"
    return "复查完毕，问题已全部整改，请出具意见"


confirm = Action(
    "confirm",
    "复查通过",
    "Accept the correction",
    JointFinding,
    _confirm,
    fields=(Input("words", "复查意见", "Words", kind="multiline"),),
    available=_rechecks,
    log="{actor}复查通过{obj}",
)
send_back = Action(
    "send_back",
    "复查不通过",
    "Send back",
    JointFinding,
    _return,
    fields=(Input("words", "不通过的原因", "Why", kind="multiline", required=True),),
    available=_rechecks,
    log="{actor}复查不通过{obj}：{words}",
)
