"""The roster: filled in turn with those who are there, swapped by two people who both agree."""

import datetime as dt
from collections import Counter

from django.utils import timezone

from siteloop.foundation.authority import absence
from siteloop.foundation.authority.models import Account
from siteloop.foundation.cases.receivers import members
from siteloop.foundation.notice.send import notify
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.framework.viewer import Viewer
from siteloop.systems.office import desks
from siteloop.systems.office.models import DutyShift, DutySwap, Slot, SwapState

WHY = "a roster is planned over everybody of the organisation"
MOST_DAYS = 92


def _fill(act: Act) -> str:
    unit, slot = act.data["organisation"], act.data["slot"]
    from_on, to_on = act.data["from_on"], act.data["to_on"]
    days = (to_on - from_on).days + 1
    if not 1 <= days <= MOST_DAYS:
        raise Refused("填写有误", status=422, errors={"to_on": [f"一次排班 1 至 {MOST_DAYS} 天"]})
    people = members(unit)
    if not people:
        raise Refused("填写有误", status=422, errors={"organisation": ["该单位没有在岗人员"]})
    known = DutyShift.objects.unscoped(WHY).filter(organisation=unit, slot=slot)
    taken = set(known.filter(on__range=(from_on, to_on)).values_list("on", flat=True))
    month_before = known.filter(on__range=(from_on - dt.timedelta(days=30), to_on))
    done = Counter(month_before.values_list("account_id", flat=True))
    made, empty = 0, []
    for day in (from_on + dt.timedelta(days=n) for n in range(days)):
        if day in taken:
            continue
        who = _next(people, day, done)
        if who is None:
            empty.append(f"{day:%m-%d}")
            continue
        done[who.pk] += 1
        DutyShift(organisation=unit, on=day, slot=slot, account=who).save()
        made += 1
    told = f"已排 {made} 天" + (f"，已有排班的 {len(taken)} 天未动" if taken else "")
    return told + (f"；{'、'.join(empty)} 全员请假，须另行安排" if empty else "")


def _next(people: list[Account], day: dt.date, done: Counter[int]) -> Account | None:
    """Who has done the fewest shifts in the 30 days before and is there; equals in the order of the accounts."""
    away = absence.away((a.pk for a in people), day, day)
    there = [a for a in people if a.pk not in away]
    return min(there, key=lambda a: (done[a.pk], a.pk), default=None)


fill = Action(
    "fill",
    "轮流排班",
    "Fill in turn",
    DutyShift,
    _fill,
    fields=(
        Input(
            "organisation",
            "单位",
            "Unit",
            kind="reference",
            reference="authority.Organisation",
            required=True,
        ),
        Input("slot", "班次", "Slot", kind="choice", required=True, choices=tuple(Slot.choices)),
        Input("from_on", "自", "From", kind="date", required=True),
        Input("to_on", "至", "To", kind="date", required=True),
    ),
    on_register=True,
    confirm="按近 30 天值班次数由少到多轮流，跳过请假人员；已有排班的日期不动。",
    log="{actor}为{organisation}排班：{from_on} 至 {to_on}",
    permission="office.dutyshift.create",
)


def _swaps(row: DutyShift, viewer: Viewer) -> bool:
    return row.account_id == viewer.user and row.on >= timezone.localdate()


def _ask(act: Act) -> str:
    shift: DutyShift = act.obj
    taker, back = act.data["taker"], act.data["in_return"]
    if DutySwap.objects.unscoped(WHY).filter(shift=shift, state=SwapState.ASKED).exists():
        raise Refused("该班次已有待确认的换班，请先撤回")
    if taker.pk == act.viewer.user:
        raise Refused("填写有误", status=422, errors={"taker": ["请选择他人"]})
    if not any(a.pk == taker.pk for a in members(shift.organisation)):
        raise Refused("填写有误", status=422, errors={"taker": ["接班人须为本单位在岗人员"]})
    if back is not None and (back.account_id != taker.pk or back.on < timezone.localdate()):
        raise Refused("填写有误", status=422, errors={"in_return": ["换回的须为接班人今天以后的班次"]})
    _refuse_if_busy(shift, taker)
    row = DutySwap(
        organisation=shift.organisation,
        shift=shift,
        giver=shift.account,
        taker=taker,
        in_return=back,
        reason=act.data["reason"][:200],
    )
    desks.write(act, row)
    notify(
        [taker],
        "duty",
        f"请确认换班：{shift}",
        body=f"{row.reason}" + (f"；换回 {back}" if back else ""),
        link=f"/office/swaps/{row.pk}/",
        level="yellow",
        subject=f"swap:{row.pk}",
    )
    return f"已提出，待{taker}确认"


def _refuse_if_busy(shift: DutyShift, taker: Account) -> None:
    if absence.away([taker.pk], shift.on, shift.on):
        raise Refused(f"{taker}在 {shift.on} 请假，不能接班")
    if DutyShift.objects.unscoped(WHY).filter(on=shift.on, slot=shift.slot, account=taker).exists():
        raise Refused(f"{taker}在 {shift.on} {shift.get_slot_display()}已有值班")


swap = Action(
    "swap",
    "换班",
    "Swap",
    DutyShift,
    _ask,
    fields=(
        Input(
            "taker", "接班人", "Who takes it", kind="reference", reference="authority.Account", required=True
        ),
        Input("in_return", "换回其班次", "In return", kind="reference", reference="office.DutyShift"),
        Input("reason", "原因", "Reason", kind="multiline", required=True),
    ),
    available=_swaps,
    log="{actor}提出换班：{obj} → {taker}",
)


def _asked_of_me(row: DutySwap, viewer: Viewer) -> bool:
    return row.state == SwapState.ASKED and row.taker_id == viewer.user


def _answer(act: Act, state: SwapState, words: str) -> None:
    row: DutySwap = act.obj
    row.state, row.answered_at, row.words = state, timezone.now(), words[:200]
    row.save()
    keepers = desks.deciders(row.organisation, "office.dutyshift.change")
    people = [row.giver, *(keepers if state == SwapState.ACCEPTED else [])]
    notify(
        people,
        "duty",
        f"{row.get_state_display()}：{row.shift.on} {row.giver} → {row.taker}",
        body=words,
        link=f"/office/swaps/{row.pk}/",
        subject=f"swap:{row.pk}:answer",
    )


def _accept(act: Act) -> str:
    row: DutySwap = act.obj
    keys = [row.shift_id, *([row.in_return_id] if row.in_return_id else [])]
    held = {s.pk: s for s in DutyShift.objects.unscoped(WHY).select_for_update().filter(pk__in=keys)}
    shift, back = held[row.shift_id], held.get(row.in_return_id) if row.in_return_id else None
    if shift.account_id != row.giver_id or (back is not None and back.account_id != row.taker_id):
        raise Refused("班次已换给他人，请拒绝此换班")
    _refuse_if_busy(shift, row.taker)
    shift.account = row.taker
    shift.save()
    if back is not None:
        _refuse_if_busy(back, row.giver)
        back.account = row.giver
        back.save()
    _answer(act, SwapState.ACCEPTED, "")
    return f"已换班：{shift.on} 由{row.taker}值班" + (f"，{back.on} 由{row.giver}值班" if back else "")


accept = Action(
    "accept",
    "同意换班",
    "Accept",
    DutySwap,
    _accept,
    available=_asked_of_me,
    log="{actor}同意换班{obj}",
    permission="office.dutyshift.swap",
)


def _refuse(act: Act) -> str:
    _answer(act, SwapState.REFUSED, act.data["reason"])
    return "已答复不换"


refuse = Action(
    "refuse",
    "不同意",
    "Refuse",
    DutySwap,
    _refuse,
    fields=(Input("reason", "原因", "Reason", kind="multiline", required=True),),
    available=_asked_of_me,
    log="{actor}不同意换班{obj}：{reason}",
    permission="office.dutyshift.swap",
)


def _withdraw(act: Act) -> str:
    act.obj.state, act.obj.answered_at = SwapState.WITHDRAWN, timezone.now()
    act.obj.save()
    return "已撤回"


withdraw = Action(
    "withdraw",
    "撤回换班",
    "Withdraw",
    DutySwap,
    _withdraw,
    available=lambda row, viewer: row.state == SwapState.ASKED and row.giver_id == viewer.user,
    log="{actor}撤回换班{obj}",
    permission="office.dutyshift.swap",
)
