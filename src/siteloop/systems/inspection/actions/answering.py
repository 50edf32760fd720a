"""Orders are answered: replied to, re-checked, given more time."""

from django.utils import timezone

from siteloop.foundation.cases import engine as case_engine
from siteloop.foundation.cases import receivers
from siteloop.foundation.cases.loop import Outcome
from siteloop.foundation.cases.models import Case
from siteloop.foundation.notice.requests import RequestState, decision
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.framework.viewer import Viewer
from siteloop.systems.inspection.actions.checking import files_of
from siteloop.systems.inspection.models import (
    Extension,
    Order,
    OrderState,
    Reply,
)


def case_of(order: Order) -> Case:
    """The order's case, locked. Raises Refused where the order has none."""
    if order.case_id is None:
        raise Refused("该文书无需整改回复")
    return (
        Case.objects.unscoped("the loop of an order the viewer holds")
        .select_for_update(of=("self",))
        .get(pk=order.case_id)
    )


def _is_held(order: Order, viewer: Viewer, state: str) -> bool:
    if order.case_id is None or order.state != state:
        return False
    return receivers.holds(
        Case.objects.unscoped("who holds the case of an order").get(pk=order.case_id), viewer
    )


def _reply(act: Act) -> str:
    before, after = files_of(act, "before"), files_of(act, "after")
    if not after:
        raise Refused("请上传整改后照片", status=422, errors={"after": ["请上传整改后照片"]})
    if {e.sha256 for e in before} & {e.sha256 for e in after}:
        raise Refused(
            "整改前后照片相同，请上传整改后实拍照片", status=422, errors={"after": ["与整改前照片相同"]}
        )
    reused = [e for e in after if e.reused_of_id is not None]
    reply = Reply(order=act.obj, at=timezone.now(), by_id=act.viewer.user, body=act.data["body"])
    reply.save()
    reply.before.set(before)
    reply.after.set(after)
    event = case_engine.outcome(case_of(act.obj), Outcome.REPLY, act.viewer, body=act.data["body"])
    event.evidence.set([*before, *after])
    act.obj.refresh_from_db()
    warned = f"（其中 {len(reused)} 张与此前上传的照片相同，已标记）" if reused else ""
    return f"整改回复已提交，待复查{warned}"


reply = Action(
    "reply",
    "整改回复",
    "Reply",
    Order,
    _reply,
    fields=(
        Input("body", "整改情况", "What was done", kind="multiline", required=True),
        Input("before", "整改前照片", "Before", kind="files"),
        Input("after", "整改后照片", "After", kind="files", help="必须上传；与已有照片相同的会被标记"),
    ),
    available=lambda o, v: _is_held(o, v, OrderState.OPEN),
    log="{actor}回复{obj}：{body}",
    event="order_replied",
)


def _verdict(act: Act, passed: bool) -> str:
    opinion = act.data["opinion"]
    for reply_row in act.obj.replies.filter(passed=None):
        reply_row.passed, reply_row.verdict = passed, opinion[:500]
        reply_row.checked_at, reply_row.checked_by_id = timezone.now(), act.viewer.user
        reply_row.save()
    event = case_engine.outcome(
        case_of(act.obj), Outcome.PASS if passed else Outcome.FAIL, act.viewer, body=opinion
    )
    event.evidence.set(files_of(act, "photos"))
    act.obj.refresh_from_db()
    if not passed:
        return "复查不合格，已退回重新整改"
    resumed = act.obj.resume_document
    return f"复查合格，已闭合{f'；复工通知书 {resumed.number} 已送达' if resumed else ''}"


OPINION = Input("opinion", "复查意见", "Opinion", kind="multiline", required=True)


RECHECK_PHOTOS = Input("photos", "复查照片", "Photos", kind="files")


recheck_pass = Action(
    "recheck_pass",
    "复查合格",
    "Re-check passed",
    Order,
    lambda act: _verdict(act, True),
    fields=(OPINION, RECHECK_PHOTOS),
    available=lambda o, v: _is_held(o, v, OrderState.REPLIED),
    log="{actor}复查{obj}合格",
    event="order_closed",
)


recheck_fail = Action(
    "recheck_fail",
    "复查不合格",
    "Re-check failed",
    Order,
    lambda act: _verdict(act, False),
    fields=(OPINION, RECHECK_PHOTOS),
    available=lambda o, v: _is_held(o, v, OrderState.REPLIED),
    log="{actor}复查{obj}不合格：{opinion}",
    event="order_recheck_failed",
)


def _ask(act: Act) -> str:
    until = act.data["until"]
    deadline = case_of(act.obj).deadline
    if deadline is None or until <= deadline:
        raise Refused("延期时间须晚于现有期限", status=422, errors={"until": ["须晚于现有期限"]})
    if act.obj.extensions.filter(state=RequestState.ASKED).exists():
        raise Refused("已有待审批的延期申请")
    Extension(order=act.obj, until=until, reason=act.data["reason"]).ask(act)
    return "延期申请已提交，待监督机构审批；批准前仍按原期限计"


ask_extension = Action(
    "ask_extension",
    "申请延期",
    "Ask for time",
    Order,
    _ask,
    fields=(
        Input("until", "延至", "Until", kind="datetime", required=True),
        Input("reason", "理由", "Reason", kind="multiline", required=True),
    ),
    available=lambda o, v: _is_held(o, v, OrderState.OPEN) and o.colour != "red",
    log="{actor}申请{obj}延期至{until}：{reason}",
)


def _extend(act: Act) -> str:
    extension: Extension = act.obj
    case = case_of(extension.order)
    if case.deadline is None or case.state not in case_engine.OPEN_STATES or extension.until <= case.deadline:
        raise Refused("整改已回复或期限已变，不能再延期")
    case_engine.extend(case, extension.until, act.viewer, extension.reason)
    return "已批准延期"


grant = decision(Extension, RequestState.GRANTED, ("同意延期", "Grant"), _extend)


deny = decision(Extension, RequestState.DENIED, ("不同意延期", "Deny"), lambda act: "已驳回延期申请")
