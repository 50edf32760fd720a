"""What an authority puts in order: cases of one matter become one, a step goes to the unit that it concerns."""

from django.utils import timezone

from siteloop.foundation.cases import catalogue, engine, telling
from siteloop.foundation.cases.models import Case, CaseDuty
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.framework.viewer import Viewer

BODY = Input("body", "理由", "Reason", kind="multiline", required=True)


def _is_open(case: Case, viewer: Viewer) -> bool:
    return case.state in engine.OPEN_STATES


def _may_merge(case: Case, viewer: Viewer) -> bool:
    """A case that stands for another record (an order, a promise) cannot go up in a different one."""
    return _is_open(case, viewer) and catalogue.get(case.loop).moved is None


def _merge(act: Act) -> str:
    case: Case = act.obj
    wanted: Case = act.data["into"]
    target = Case.objects.unscoped("a merge locks both").select_for_update(of=("self",)).get(pk=wanted.pk)
    wrong = (
        "不能并入自身"
        if target.pk == case.pk
        else "只能并入在办的派单"
        if target.state not in engine.OPEN_STATES
        else "只能并入同一工地的派单"
        if target.site_id is None or target.site_id != case.site_id
        else ""
    )
    if wrong:
        raise Refused(wrong, status=422, errors={"into": [wrong]})
    now = timezone.now()
    moved = case.findings.update(case=target)
    case.merged_into, case.words = target, "已并案"
    Case.objects.unscoped("what was merged before follows").filter(merged_into=case).update(
        merged_into=target
    )
    engine.cancel(case, act.viewer, f"并入 {target.number}：{act.data['body']}", now)
    engine.note(
        target,
        "merged",
        act.viewer,
        now,
        body=f"{case.number} {case.title} 并入：{act.data['body']}",
        data={"case": case.pk, "findings": moved},
    )
    return f"已并入 {target.number}"


merge = Action(
    "merge",
    "并案",
    "Merge",
    Case,
    _merge,
    fields=(
        Input("into", "并入派单", "Into", kind="reference", reference="cases.Case", required=True),
        BODY,
    ),
    available=_may_merge,
    confirm="并入后本派单撤销，其预警归入目标派单一并处置。确定吗？",
    danger=True,
    log="{actor}将{obj}并入{into}：{body}",
    event="case_merged",
)


def _reassign(act: Act) -> str:
    case: Case = act.obj
    unit = act.data["organisation"]
    held = case.duties.filter(is_current=True, is_holder=True)
    if held.filter(organisation=unit, account=None).exists():
        raise Refused("本环节已由该单位办理", status=422, errors={"organisation": ["已由该单位办理"]})
    now = timezone.now()
    before = "、".join(str(d.account or d.organisation or d.title) for d in held)
    held.update(is_current=False)
    CaseDuty.objects.create(case=case, step=case.step, title="改派", organisation=unit, since=now)
    engine.note(
        case,
        "reassigned",
        act.viewer,
        now,
        body=f"由{before or '未登记'}改派至{unit}：{act.data['body']}",
        data={"organisation": unit.pk},
    )
    telling.reassigned(case, act.data["body"], now)
    return f"已改派至{unit}，期限不变"


reassign = Action(
    "reassign",
    "改派",
    "Reassign",
    Case,
    _reassign,
    fields=(
        Input(
            "organisation",
            "办理单位",
            "Unit",
            kind="reference",
            reference="authority.Organisation",
            required=True,
        ),
        BODY,
    ),
    available=_is_open,
    confirm="改派后由新单位办理本环节，期限不变。确定吗？",
    log="{actor}将{obj}改派至{organisation}：{body}",
    event="case_reassigned",
)
