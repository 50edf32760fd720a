"""Commitments on their way: opened with the acceptance, followed as their case moves, reminded before the end."""

import datetime as dt
from collections.abc import Iterable

from django.utils import timezone

from siteloop.foundation.authority.models import Account
from siteloop.foundation.cases import locks, matters
from siteloop.foundation.cases.loop import Owner
from siteloop.foundation.cases.models import Case
from siteloop.foundation.cases.receivers import Receiver, members
from siteloop.foundation.notice.send import notify
from siteloop.framework.action import Act, Action, Input
from siteloop.framework.perform import perform
from siteloop.framework.viewer import system_viewer
from siteloop.kernel.finding import Severity
from siteloop.kernel.times import SHANGHAI
from siteloop.systems.acceptance import cases, settings
from siteloop.systems.acceptance.models import Commitment, CommitmentState, Officer

WHY = "the countdown of a promise runs for everybody"
ENGINE = system_viewer("承诺倒计时")
STATES = {
    "fulfil": CommitmentState.OPEN,
    "verify": CommitmentState.HANDED_IN,
    "locked": CommitmentState.OVERDUE,
    "verify_locked": CommitmentState.OVERDUE,
    "": CommitmentState.KEPT,
    cases.VOID: CommitmentState.VOID,
}


def start(row: Commitment, at: dt.datetime) -> Commitment:
    """Open the countdown: the days count from the acceptance."""
    application = row.application
    said = f"{application}：{row}，{row.promise}"
    matters.open_case(
        cases.COMMITMENT, f"commitment:{row.pk}", at, Severity.BLUE, said, project=application.project
    )
    return Commitment.objects.unscoped(WHY).get(pk=row.pk)


def _of(case: Case) -> Commitment | None:
    return (
        Commitment.objects.unscoped(WHY)
        .select_related("application__project", "application__applicant", "application__officer")
        .filter(pk=matters.key(case))
        .first()
    )


def applicant(owner: Owner, case: Case) -> Receiver:
    """Receiver: the unit that promised."""
    row = _of(case)
    return Receiver(owner.title, row.application.applicant if row is not None else None)


def officer(owner: Owner, case: Case) -> Receiver:
    """Receiver: who handles the application; where nobody does, the body of the place."""
    row = _of(case)
    if row is None:
        return Receiver(owner.title)
    account = row.application.officer
    known = Officer.objects.unscoped(WHY).filter(account=account).select_related("organisation").first()
    return Receiver(owner.title, known.organisation if known is not None else None, account)


def follow(case: Case, step: str, reason: str = "") -> None:
    """The promise as its case now stands; run out it locks, proven kept or cancelled for a reason it unlocks."""
    row = _of(case)
    if row is not None:
        perform(_follow, ENGINE, row, {"case": case.pk, "step": step}, reason)


def _do_follow(act: Act) -> str:
    row: Commitment = act.obj
    case = Case.objects.unscoped(WHY).get(pk=act.data["case"])
    step = act.data["step"] or ""
    row.case, row.state = case, STATES[step]
    if step == "fulfil" and row.due_at is None:
        row.due_at = case.deadline
    elif step == "fulfil" and case.deadline is not None:
        row.due_at = max(row.due_at or case.deadline, case.deadline)
    if step == "locked":
        _lock(row, case)
    if not step:
        row.kept_at = timezone.now()
        locks.lift(source_of(row), f"{row}已兑现并核验通过", row.kept_at)
    if step == cases.VOID:
        locks.lift(source_of(row), f"派单已撤销：{act.reason}")
    row.save()
    return str(row.get_state_display())


def source_of(row: Commitment) -> str:
    """Under what the lock of a promise is kept."""
    return f"acceptance.commitment:{row.pk}"


def _lock(row: Commitment, case: Case) -> None:
    application = row.application
    day = f"{row.due_at.astimezone(SHANGHAI) - dt.timedelta(minutes=1):%Y-%m-%d}" if row.due_at else "期限"
    locks.hold(
        source_of(row),
        f"{application.applicant}在“{application}”中承诺补交“{row.title}”，应于 {day} 前兑现，逾期未兑现",
        pack_key=settings.LOCK,
        region_code=application.region_code,
        project=application.project,
        organisation=application.applicant,
        case=case,
        remedy="在派单中提交兑现材料，经承办人核验通过后自动解锁",
    )
    notify(
        members(application.applicant),
        "business_locked",
        f"业务已锁定：{row}逾期未兑现",
        body=f"{application.project}，{application}。提交兑现材料并核验通过后自动解锁。",
        link=f"/cases/cases/{case.pk}/",
        level="red",
        subject=f"commitment:{row.pk}:locked",
    )


def days_left(row: Commitment, now: dt.datetime | None = None) -> int | None:
    """Whole days to the end, 0 on the last day, below zero when it is past; None while nothing runs."""
    if row.due_at is None or row.state in (CommitmentState.KEPT, CommitmentState.VOID):
        return None
    moment = (now or timezone.now()).astimezone(SHANGHAI)
    # a term of days ends at midnight: its last day is the one before
    last = (row.due_at - dt.timedelta(seconds=1)).astimezone(SHANGHAI).date()
    return (last - moment.date()).days


def remind(now: dt.datetime | None = None) -> int:
    """Tell applicants and officers of promises that end soon, once a day of the pack; returns how many were told now."""
    moment = now or timezone.now()
    rows: Iterable[Commitment] = (
        Commitment.objects.unscoped(WHY)
        .filter(state=CommitmentState.OPEN, due_at__gt=moment)
        .select_related("application__project", "application__applicant", "application__officer")
    )
    told = 0
    for row in rows:
        left = days_left(row, moment)
        days = settings.remind_days(row.application.project)
        reached = [d for d in days if left is not None and left <= d]
        if not reached:
            continue
        step = min(reached)
        people: list[Account] = members(row.application.applicant)
        if row.application.officer is not None:
            people.append(row.application.officer)
        new = notify(
            people,
            "commitment_due",
            f"承诺事项还剩 {left} 天：{row.title}",
            body=f"{row.application.project}，{row.application}。逾期未兑现将自动锁定业务。",
            link=f"/acceptance/commitments/{row.pk}/",
            level="orange" if step == min(days) else "yellow",
            subject=f"commitment:{row.pk}:{step}",
        )
        told += bool(new)
    return told


_follow = Action(
    "follow",
    "随派单更新",
    "Follow the case",
    Commitment,
    _do_follow,
    fields=(Input("case", "派单", "Case", required=True), Input("step", "环节", "Step")),
    log="{actor}更新{obj}",
)
