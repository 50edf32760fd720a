"""Leave: asked, decided by somebody else, ended early. Draws, allocation and rosters ask `away`; nothing is copied."""

import datetime as dt

from django.utils import timezone

from siteloop.foundation.notice.send import notify
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.framework.viewer import Viewer
from siteloop.systems.office import desks
from siteloop.systems.office.models import DutyShift, LeaveKind, LeaveRequest, LeaveState

WHY = "whoever plans work asks who is away"
DECIDE = "office.leaverequest.decide"
COUNTS = (LeaveState.ASKED, LeaveState.APPROVED)


def away(accounts: set[int], from_on: dt.date, to_on: dt.date) -> set[int]:
    """Accounts with approved leave on one of the days (foundation.authority.absence)."""
    found = LeaveRequest.objects.unscoped(WHY).filter(
        account__in=accounts, state=LeaveState.APPROVED, from_on__lte=to_on, ends_on__gte=from_on
    )
    return set(found.values_list("account_id", flat=True))


def link(row: LeaveRequest) -> str:
    """Where a request is opened."""
    return f"/office/leaves/{row.pk}/"


def _ask(act: Act) -> str:
    account = desks.account_of(act.viewer)
    _refuse_overlap(account.pk, act.data["from_on"], act.data["to_on"])
    desk = desks.desk_of(account)
    row = LeaveRequest(
        account=account,
        organisation=desk,
        kind=act.data["kind"],
        from_on=act.data["from_on"],
        to_on=act.data["to_on"],
        ends_on=act.data["to_on"],
        reason=act.data["reason"] or "",
    )
    desks.write(act, row)
    deciders = [a for a in desks.deciders(desk, DECIDE) if a.pk != account.pk]
    notify(
        deciders, "leave", f"请假待审批：{row}", body=row.reason, link=link(row), subject=f"leave:{row.pk}"
    )
    who = "、".join(str(a) for a in deciders[:5])
    return f"已提交，待{who}审批" if who else "已提交；本单位未登记审批人，请联系管理员"


def _refuse_overlap(account: int, from_on: dt.date, to_on: dt.date) -> None:
    other = (
        LeaveRequest.objects.unscoped(WHY)
        .filter(account=account, state__in=COUNTS, from_on__lte=to_on, ends_on__gte=from_on)
        .first()
    )
    if other is not None:
        raise Refused(
            "填写有误",
            status=422,
            errors={
                "from_on": [
                    f"与已有请假重叠：{other.from_on} 至 {other.ends_on}（{other.get_state_display()}）"
                ]
            },
        )


ask = Action(
    "ask",
    "申请请假",
    "Ask for leave",
    LeaveRequest,
    _ask,
    fields=(
        Input("kind", "类别", "Kind", kind="choice", required=True, choices=tuple(LeaveKind.choices)),
        Input("from_on", "自", "From", kind="date", required=True),
        Input("to_on", "至", "To", kind="date", required=True, help="含当日"),
        Input("reason", "事由", "Reason", kind="multiline"),
    ),
    on_register=True,
    log="{actor}申请请假：{from_on} 至 {to_on}",
    permission="office.leaverequest.create",
)


def _decides(row: LeaveRequest, viewer: Viewer) -> bool:
    return row.state == LeaveState.ASKED and row.account_id != viewer.user


def _decide(act: Act, state: LeaveState) -> None:
    row: LeaveRequest = act.obj
    row.state, row.decided_by_id, row.decided_at = state, act.viewer.user, timezone.now()
    row.opinion = (act.data["opinion"] or "")[:300]
    row.save()
    notify(
        [row.account],
        "leave",
        f"请假{row.get_state_display()}：{row.from_on} 至 {row.to_on}",
        body=row.opinion,
        link=link(row),
        level="blue" if state == LeaveState.APPROVED else "yellow",
        subject=f"leave:{row.pk}:decided",
    )


def shifts_of(row: LeaveRequest) -> list[DutyShift]:
    """Duty that falls into the leave."""
    found = DutyShift.objects.unscoped(WHY).filter(
        account=row.account_id, on__range=(row.from_on, row.ends_on)
    )
    return list(found.select_related("account", "organisation").order_by("on"))


def _approve(act: Act) -> str:
    _decide(act, LeaveState.APPROVED)
    row: LeaveRequest = act.obj
    shifts = shifts_of(row)
    if not shifts:
        return "已批准"
    days = "、".join(f"{s.on:%m-%d} {s.get_slot_display()}" for s in shifts)
    keepers = desks.deciders(shifts[0].organisation, "office.dutyshift.change")
    notify(
        [row.account, *keepers],
        "duty",
        f"请假期间有值班，须换班：{row.account}",
        body=days,
        link=f"/office/shifts/{shifts[0].pk}/",
        level="orange",
        subject=f"leave:{row.pk}:duty",
    )
    return f"已批准；期间有 {len(shifts)} 个值班须换班：{days}"


approve = Action(
    "approve",
    "批准",
    "Approve",
    LeaveRequest,
    _approve,
    fields=(Input("opinion", "审批意见", "Opinion", kind="multiline"),),
    available=_decides,
    log="{actor}批准{obj}",
    permission=DECIDE,
    event="leave_approved",
)


def _refuse(act: Act) -> str:
    _decide(act, LeaveState.REFUSED)
    return "已答复不予批准"


refuse = Action(
    "refuse",
    "不批准",
    "Refuse",
    LeaveRequest,
    _refuse,
    fields=(Input("opinion", "理由", "Reason", kind="multiline", required=True),),
    available=_decides,
    log="{actor}不批准{obj}：{opinion}",
    permission=DECIDE,
)


def _withdraws(row: LeaveRequest, viewer: Viewer) -> bool:
    future = row.state == LeaveState.APPROVED and row.from_on > timezone.localdate()
    return row.account_id == viewer.user and (row.state == LeaveState.ASKED or future)


def _withdraw(act: Act) -> str:
    act.obj.state = LeaveState.WITHDRAWN
    act.obj.save()
    return "已撤回"


withdraw = Action(
    "withdraw",
    "撤回请假",
    "Withdraw",
    LeaveRequest,
    _withdraw,
    available=_withdraws,
    confirm="撤回后按在岗对待，可能被抽取或排班。确定吗？",
    log="{actor}撤回{obj}",
    permission="office.leaverequest.create",
)


def _is_away_now(row: LeaveRequest, viewer: Viewer) -> bool:
    running = row.state == LeaveState.APPROVED and row.from_on <= timezone.localdate() <= row.ends_on
    return running and (row.account_id == viewer.user or viewer.may(DECIDE))


def _return(act: Act) -> str:
    row: LeaveRequest = act.obj
    back: dt.date = act.data["back_on"]
    if not row.from_on < back <= row.ends_on:
        words = f"返岗日期须在 {row.from_on + dt.timedelta(days=1)} 至 {row.ends_on} 之间"
        raise Refused("填写有误", status=422, errors={"back_on": [words]})
    row.ends_on = back - dt.timedelta(days=1)
    row.save()
    return f"已销假，自 {back} 起按在岗对待"


come_back = Action(
    "come_back",
    "销假",
    "Come back early",
    LeaveRequest,
    _return,
    fields=(Input("back_on", "返岗日期", "Back on", kind="date", required=True),),
    available=_is_away_now,
    log="{actor}为{obj}销假，{back_on} 返岗",
    permission="office.leaverequest.create",
)
