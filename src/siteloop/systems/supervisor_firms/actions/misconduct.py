"""Bad behaviour: told, heard, decided by another, published for its term; withdrawn with a reason."""

import datetime as dt

from django.utils import timezone

from siteloop.foundation.cases.deadlines import due
from siteloop.foundation.cases.receivers import members
from siteloop.foundation.notice.send import notify
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.framework.viewer import Viewer
from siteloop.systems.supervisor_firms import papers, settings
from siteloop.systems.supervisor_firms.models import Misconduct, MisconductState

OPINION = Input("opinion", "认定意见", "Opinion", kind="multiline", required=True)


def _tell(act: Act) -> str:
    row: Misconduct = act.obj
    now = timezone.now()
    row.state, row.told_at, row.told_by_id = MisconductState.TOLD, now, act.viewer.user
    row.clause = row.behaviour.basis
    row.hear_until = due(now, settings.hear_term(row.region_code))
    row.save()
    document = papers.issue(
        "telling",
        row,
        act.viewer,
        authority=papers.authority_of(row.region_code),
        region_code=row.region_code,
        project=row.project,
        now=now,
        to=("chief_supervisor",) if row.project is not None else (),
    )
    _notify(row, f"不良行为告知：{row.behaviour}", "orange", f"{document.number}，可在期限内陈述申辩。")
    return f"已告知：{document.number}"


tell = Action(
    "tell",
    "告知当事人",
    "Tell the subject",
    Misconduct,
    _tell,
    available=lambda row, viewer: row.state == MisconductState.PROPOSED,
    confirm="将制作告知书，当事人可在期限内陈述申辩。",
    log="{actor}告知{obj}",
)


def _own(row: Misconduct, viewer: Viewer) -> bool:
    person = row.person.account_id if row.person is not None else None
    return row.firm_id in viewer.organisations or (person is not None and person == viewer.user)


def _may_speak(row: Misconduct, viewer: Viewer) -> bool:
    return (
        row.state == MisconductState.TOLD
        and row.hear_until is not None
        and row.hear_until > timezone.now()
        and (_own(row, viewer) or viewer.is_system)
    )


def _state(act: Act) -> str:
    act.obj.statement = act.data["statement"].strip()
    act.obj.save()
    return "陈述申辩已提交，由认定人复核"


state_case = Action(
    "state_case",
    "陈述申辩",
    "Speak to it",
    Misconduct,
    _state,
    fields=(Input("statement", "陈述申辩意见", "Statement", kind="multiline", required=True),),
    available=_may_speak,
    log="{actor}就{obj}陈述申辩",
)


def _decides(row: Misconduct, viewer: Viewer) -> bool:
    """Whoever told does not decide; the subject never does."""
    other = viewer.is_system or (row.told_by_id != viewer.user and not _own(row, viewer))
    return row.state == MisconductState.TOLD and other


def _publish(act: Act) -> str:
    row: Misconduct = act.obj
    now = timezone.now()
    if not row.statement and row.hear_until is not None and row.hear_until > now:
        raise Refused(
            f"陈述申辩期限至 {timezone.localtime(row.hear_until):%Y-%m-%d %H:%M}，期满或收到意见后方可认定"
        )
    row.state, row.published_at = MisconductState.PUBLISHED, now
    row.public_until = months_after(timezone.localdate(now), row.behaviour.months)
    _decided(act)
    _notify(row, f"不良行为已认定并公布：{row.behaviour}", "red", f"公布至 {row.public_until:%Y-%m-%d}。")
    return f"已认定，公众门户公布至 {row.public_until:%Y-%m-%d}"


def _decided(act: Act) -> None:
    act.obj.decided_at, act.obj.decided_by_id = timezone.now(), act.viewer.user
    act.obj.opinion = act.data["opinion"][:500]
    act.obj.save()


def months_after(day: dt.date, months: int) -> dt.date:
    """The same day so many months later, the month's last where it has no such day."""
    year, month = divmod(day.month - 1 + months, 12)
    first = dt.date(day.year + year, month + 1, 1)
    last = ((first.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(days=1)).day
    return first.replace(day=min(day.day, last))


publish = Action(
    "publish",
    "认定并公布",
    "Record and publish",
    Misconduct,
    _publish,
    fields=(OPINION,),
    available=_decides,
    confirm="认定后在公众门户公布，并计入信用。确定吗？",
    danger=True,
    log="{actor}认定{obj}：{opinion}",
    event="demerit_recorded",
)


def _drop(act: Act) -> str:
    act.obj.state = MisconductState.DROPPED
    _decided(act)
    _notify(act.obj, f"不予记录：{act.obj.behaviour}", "blue", act.obj.opinion)
    return "不予记录"


drop = Action(
    "drop",
    "不予记录",
    "Do not record",
    Misconduct,
    _drop,
    fields=(OPINION,),
    available=_decides,
    log="{actor}决定不予记录{obj}：{opinion}",
)


def _withdraw(act: Act) -> str:
    row: Misconduct = act.obj
    row.state, row.ended_at, row.ended_reason = (
        MisconductState.WITHDRAWN,
        timezone.now(),
        act.data["reason"][:300],
    )
    row.save()
    _notify(row, f"不良行为记录已撤销：{row.behaviour}", "blue", row.ended_reason)
    return "已撤销，公众门户不再显示"


withdraw = Action(
    "withdraw",
    "撤销记录",
    "Withdraw",
    Misconduct,
    _withdraw,
    fields=(Input("reason", "撤销原因", "Reason", kind="multiline", required=True),),
    available=lambda row, viewer: row.state == MisconductState.PUBLISHED and not _own(row, viewer),
    confirm="撤销后公众门户不再显示，信用记录一并撤销。确定吗？",
    danger=True,
    log="{actor}撤销{obj}：{reason}",
    event="demerit_withdrawn",
)


def _notify(row: Misconduct, title: str, level: str, body: str) -> None:
    people = members(row.firm)
    if row.person is not None and row.person.account is not None:
        people.append(row.person.account)
    notify(
        people,
        "supervisor_misconduct",
        title,
        body=body,
        link=f"/supervisor_firms/misconducts/{row.pk}/",
        level=level,
        subject=f"supervisor_misconduct:{row.pk}:{row.state}",
    )
