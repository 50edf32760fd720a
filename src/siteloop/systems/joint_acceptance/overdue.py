"""Departments whose time has run out: seen by the clock, moved by the case engine, settled by the opinion itself."""

import datetime as dt

from django.utils import timezone

from siteloop.foundation.cases import engine, matters
from siteloop.foundation.cases.loop import Outcome, Owner, Verdict
from siteloop.foundation.cases.models import Case, CaseState
from siteloop.foundation.cases.receivers import Receiver
from siteloop.framework.action import Act, Action
from siteloop.framework.fields import term_end
from siteloop.framework.perform import perform
from siteloop.framework.scope import ScopedQuerySet
from siteloop.framework.viewer import system_viewer
from siteloop.kernel.finding import Severity
from siteloop.systems.joint_acceptance import cases
from siteloop.systems.joint_acceptance.models import WITH_DEPARTMENT, DepartmentOpinion

WHY = "the clock runs for every department"
CLOCK = system_viewer("联合验收时限")


def _rows() -> ScopedQuerySet[DepartmentOpinion]:
    return DepartmentOpinion.objects.unscoped(WHY).select_related(
        "application__project", "application__lead", "department__organisation", "case"
    )


def watch(now: dt.datetime | None = None) -> int:
    """Open a case for every turn that has run out and has none yet; returns how many."""
    moment = now or timezone.now()
    late = _rows().filter(state__in=WITH_DEPARTMENT, due_at__lte=moment, is_overdue=False)
    rows = list(late.order_by("due_at"))
    for row in rows:
        perform(_run_out, CLOCK, row)
    return len(rows)


def _do_run_out(act: Act) -> str:
    row: DepartmentOpinion = act.obj
    assert row.due_at is not None, "only a turn with a deadline runs out"
    until = term_end(row.due_at)
    said = f"{row.department}应于 {until} 前对“{row.application}”出具意见，逾期未出具"
    row.case = matters.open_case(
        cases.OVERDUE,
        f"joint_opinion:{row.pk}",
        row.due_at,
        Severity.ORANGE,
        said,
        project=row.application.project,
        now=timezone.now(),
    )
    row.is_overdue = row.was_late = True
    row.save()
    return f"期限 {until} 已过"


_run_out = Action(
    "run_out",
    "逾期",
    "Run out",
    DepartmentOpinion,
    _do_run_out,
    available=lambda row, viewer: viewer.is_system,
    log="{actor}：{obj}逾期未出具",
    event="joint_opinion_overdue",
)


def settle(act: Act, row: DepartmentOpinion) -> None:
    """The department's turn is over: its case, if one runs, goes to the machine's check and closes."""
    case = row.case
    if case is None:
        return
    held = Case.objects.unscoped(WHY).select_for_update().get(pk=case.pk)
    if held.state == CaseState.DISPOSING:
        engine.outcome(held, Outcome.REPLY, act.viewer, body=f"{row.get_state_display()}：{row.words}"[:300])


def _of(case: Case) -> DepartmentOpinion | None:
    return _rows().filter(pk=matters.key(case)).first()


def check(case: Case) -> Verdict:
    """Machine check of the loop: whether the department's turn is over."""
    row = _of(case)
    if row is None or row.state not in WITH_DEPARTMENT:
        return Verdict(
            True, f"部门已办理：{row.get_state_display()}" if row is not None else "部门意见已不存在"
        )
    return Verdict(False, "部门尚未在联合验收中出具意见，请在“部门意见”中办理")


def department(owner: Owner, case: Case) -> Receiver:
    """Receiver: the department that is late."""
    row = _of(case)
    return Receiver(owner.title, row.department.organisation if row is not None else None)


def lead(owner: Owner, case: Case) -> Receiver:
    """Receiver: the body that accepted the application."""
    row = _of(case)
    return Receiver(owner.title, row.application.lead if row is not None else None)
