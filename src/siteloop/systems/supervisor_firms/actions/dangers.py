"""Danger reports: the firm attaches and sends, the authority receives and answers through the case's own acts."""

from collections.abc import Callable

from django.utils import timezone

from siteloop.foundation.cases import actions as case_actions
from siteloop.foundation.cases.receivers import holds
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.framework.perform import perform
from siteloop.framework.viewer import Viewer
from siteloop.systems.supervisor_firms import engine, papers
from siteloop.systems.supervisor_firms.actions.evidence import FILES, given
from siteloop.systems.supervisor_firms.models import DangerReport, DangerState

BODY = Input("body", "意见", "Opinion", kind="multiline", required=True)


def _draft(row: DangerReport, viewer: Viewer) -> bool:
    return row.state == DangerState.DRAFT and row.speaks(viewer)


def _attach(act: Act) -> str:
    found = given(act)
    act.obj.evidence.add(*found)
    return f"已上传 {len(found)} 份"


attach = Action(
    "attach",
    "上传照片材料",
    "Add photos",
    DangerReport,
    _attach,
    fields=(FILES,),
    available=_draft,
    log="{actor}为{obj}上传照片材料",
)


def _send(act: Act) -> str:
    row: DangerReport = act.obj
    if not row.evidence.exists():
        raise Refused("请先上传现场照片和监理通知单，作为报告的证据")
    now = timezone.now()
    row.state, row.sent_at, row.sent_by_id = DangerState.SENT, now, act.viewer.user
    row.save()
    document = papers.issue(
        "danger",
        row,
        act.viewer,
        authority=row.firm,
        region_code=row.region_code,
        project=row.project,
        now=now,
        to=("builder_leader",),
    )
    case = engine.start_danger(row, now)
    row.refresh_from_db()
    until = f"，主管部门应于 {timezone.localtime(row.due_at):%m-%d %H:%M} 前签收" if row.due_at else ""
    return f"已报送主管部门：{document.number}，派单 {case.number}{until}"


send = Action(
    "send",
    "报送主管部门",
    "Send to the authority",
    DangerReport,
    _send,
    available=_draft,
    confirm="报送后不能修改；主管部门的签收和答复开始计时。",
    log="{actor}向主管部门报送隐患报告{obj}",
    event="danger_report_sent",
)


def _withdraw(act: Act) -> str:
    act.obj.state = DangerState.WITHDRAWN
    act.obj.save()
    return "草稿已作废"


withdraw = Action(
    "withdraw",
    "作废草稿",
    "Drop the draft",
    DangerReport,
    _withdraw,
    fields=(Input("reason", "原因", "Reason", required=True),),
    available=_draft,
    confirm="作废后不能恢复，可重新填写。",
    log="{actor}作废隐患报告草稿{obj}：{reason}",
)


def _on_step(steps: str) -> Callable[[DangerReport, Viewer], bool]:
    def available(row: DangerReport, viewer: Viewer) -> bool:
        case = row.case
        return (
            engine.running(case) and case is not None and case.step.startswith(steps) and holds(case, viewer)
        )

    return available


def _through(action: Action, words: str) -> Callable[[Act], str]:
    def run(act: Act) -> str:
        perform(action, act.viewer, act.obj.case, {"body": act.data["body"]})
        act.obj.refresh_from_db()
        return words

    return run


receive = Action(
    "receive",
    "签收",
    "Receive",
    DangerReport,
    _through(case_actions.reply, "已签收，回执已送达监理单位；答复期限开始计时"),
    fields=(BODY,),
    available=_on_step("receive"),
    log="{actor}签收{obj}：{body}",
)
answer = Action(
    "answer",
    "答复：责令整改",
    "Answer: to be put right",
    DangerReport,
    _through(case_actions.reply, "已答复，责令施工单位整改，监理单位复查"),
    fields=(BODY,),
    available=_on_step("answer"),
    log="{actor}答复{obj}，责令整改：{body}",
)
unfounded = Action(
    "unfounded",
    "答复：核实不成立",
    "Answer: unfounded",
    DangerReport,
    _through(case_actions.refuse, "已答复：核实不成立"),
    fields=(BODY,),
    available=_on_step("answer"),
    confirm="答复后隐患报告结束，施工单位不再整改。确定吗？",
    danger=True,
    log="{actor}答复{obj}，核实不成立：{body}",
)
