"""What the program does by itself: opens the reports that are owed, reminds, finds late ones, follows danger reports."""

import datetime as dt

from django.utils import timezone

from siteloop.foundation.authority.models import Account, Organisation
from siteloop.foundation.cases import inbox, matters
from siteloop.foundation.cases.deadlines import due
from siteloop.foundation.cases.engine import OPEN_STATES
from siteloop.foundation.cases.loop import Verdict
from siteloop.foundation.cases.models import Case, CaseEvent
from siteloop.foundation.cases.models import Finding as CaseFinding
from siteloop.foundation.cases.receivers import members
from siteloop.foundation.notice.send import notify
from siteloop.foundation.registry.models import Party, PartyKind, WorkState
from siteloop.framework.fields import term_end
from siteloop.framework.viewer import Viewer, system_viewer
from siteloop.kernel.finding import Severity
from siteloop.kernel.times import SHANGHAI
from siteloop.systems.supervisor_firms import cases, papers, settings
from siteloop.systems.supervisor_firms.models import (
    DangerReport,
    DangerState,
    ReportKind,
    ReportState,
    SupervisionReport,
)
from siteloop.systems.supervisor_firms.models.reports import OWED

WHY = "reports of supervisor firms run for everybody"
ENGINE = system_viewer("监理报告")
#: step of the danger loop -> state of the report
STATES = {
    "receive": DangerState.SENT,
    "receive_up": DangerState.SENT,
    "answer": DangerState.ANSWERING,
    "answer_up": DangerState.ANSWERING,
    "rectify": DangerState.RECTIFYING,
    "rectify_late": DangerState.RECTIFYING,
    "recheck": DangerState.CONFIRMING,
    "recheck_late": DangerState.CONFIRMING,
}
ON_AUTHORITY = ("receive", "receive_up", "answer", "answer_up")


def month_before(day: dt.date) -> dt.date:
    """First day of the month before the day's."""
    return (day.replace(day=1) - dt.timedelta(days=1)).replace(day=1)


def month_end(month: dt.date) -> dt.datetime:
    """The last moment of a month, Shanghai's."""
    following = (month.replace(day=28) + dt.timedelta(days=4)).replace(day=1)
    return dt.datetime.combine(following, dt.time(), SHANGHAI) - dt.timedelta(seconds=1)


def open_monthly(now: dt.datetime | None = None) -> int:
    """Owe last month's report for each project under construction that has a supervisor firm; returns how many are new."""
    at = now or timezone.now()
    month = month_before(at.astimezone(SHANGHAI).date())
    end = month_end(month)
    has = SupervisionReport.objects.unscoped(WHY).filter(kind=ReportKind.MONTHLY, month=month)
    parties = (
        Party.objects.unscoped(WHY)
        .filter(kind=PartyKind.SUPERVISOR_FIRM, project__state=WorkState.UNDER_CONSTRUCTION)
        .exclude(project__in=has.values("project"))
        .exclude(project__started_on__gt=end.date())
        .select_related("project", "organisation")
        .order_by("project_id", "pk")
    )
    first = {p.project_id: p for p in reversed(parties)}
    rows = [
        SupervisionReport(
            project=p.project,
            firm=p.organisation,
            kind=ReportKind.MONTHLY,
            month=month,
            title=f"{month:%Y年%m月}监理月报",
            due_at=due(end, settings.monthly_term(p.project)),
        )
        for p in first.values()
    ]
    # two runs at once owe a month only once
    SupervisionReport.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def people_of(row: SupervisionReport | DangerReport) -> list[Account]:
    """Whoever speaks for the firm."""
    return members(row.firm)


def remind(now: dt.datetime | None = None) -> int:
    """Tell firms of reports that end soon, once for each of the pack's days; returns how many were told now."""
    at, told = now or timezone.now(), 0
    rows = SupervisionReport.objects.unscoped(WHY).filter(state__in=OWED, due_at__gt=at)
    for row in rows.select_related("project", "firm"):
        assert row.due_at is not None, "only reports with a term are asked for"
        # a term of days ends at midnight: its last day is the one before
        last = (row.due_at - dt.timedelta(seconds=1)).astimezone(SHANGHAI).date()
        left = (last - at.astimezone(SHANGHAI).date()).days
        reached = [d for d in settings.remind_days(row.project) if left <= d]
        if reached:
            told += bool(
                notify(
                    people_of(row),
                    "supervision_report_due",
                    f"{row.title}还剩 {left} 天",
                    body=f"{row.project}，{last:%Y-%m-%d} 前报送主管部门。",
                    link=f"/supervisor_firms/reports/{row.pk}/",
                    level="yellow" if min(reached) > 1 else "orange",
                    subject=f"supervision_report:{row.pk}:{min(reached)}",
                )
            )
    return told


def find_late(now: dt.datetime | None = None) -> int:
    """Open the case of each report that is owed after its term; returns how many."""
    at, opened = now or timezone.now(), 0
    rows = SupervisionReport.objects.unscoped(WHY).filter(state__in=OWED, due_at__lte=at, case=None)
    for row in list(rows.select_related("project", "firm").order_by("pk")):
        assert row.due_at is not None, "only reports with a term are asked for"
        message = f"{row.firm}未按期报送“{row}”（{row.project}），期限 {term_end(row.due_at)}"
        told = matters.finding(
            cases.LATE, report_subject(row), row.due_at, Severity.YELLOW, message, project=row.project
        )
        inbox.offer(told, at)
        found = CaseFinding.objects.unscoped(WHY).filter(rule=cases.LATE, subject=report_subject(row))
        case = found.order_by("-pk").values_list("case_id", flat=True).first()
        if case is not None:
            row.case_id = case
            row.is_late = True
            row.save(update_fields=["case", "is_late"])
            opened += 1
    return opened


def report_subject(row: SupervisionReport) -> str:
    """What the case of a late report names as its subject."""
    return f"supervision_report:{row.pk}"


def raise_firm(organisation: Organisation, region: str, at: dt.datetime, message: str) -> Case:
    """Open or join the case of a firm below its level."""
    subject = f"supervisor_firm:{organisation.pk}"
    return matters.open_case(cases.SHORT, subject, at, Severity.ORANGE, message, region=region)


def report_there(case: Case) -> Verdict:
    """The machine's word on a late report: there or not."""
    row = SupervisionReport.objects.unscoped(WHY).filter(pk=matters.key(case)).first()
    if row is None or row.state == ReportState.CANCELLED:
        return Verdict(True, "该报告已取消")
    if row.submitted_at is not None and row.state not in OWED:
        return Verdict(True, f"{row}已于 {row.submitted_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M} 报送")
    return Verdict(False, f"{row}尚未报送，请先在“监理报告”中填写并报送")


def start_danger(row: DangerReport, now: dt.datetime) -> Case:
    """Put a danger report on the authority's clock."""
    severity = Severity.RED if row.level == "major" else Severity.ORANGE
    message = f"{row.firm}报告：{row.place}，{row.danger}。{row.get_conduct_display()}（{row.order_number}）"
    return matters.open_case(
        cases.DANGER, f"danger_report:{row.pk}", now, severity, message[:500], project=row.project
    )


def follow_danger(case: Case, step: str) -> None:
    """The report as its case now stands; receipt and answer are kept with whoever gave them."""
    row = (
        DangerReport.objects.unscoped(WHY)
        .select_for_update(of=("self",))
        .select_related("project", "firm")
        .filter(pk=matters.key(case))
        .first()
    )
    if row is None or row.closed_at is not None:
        return
    now = timezone.now()
    row.case, row.due_at = case, case.deadline if step in ON_AUTHORITY else None
    row.is_late = row.is_late or step.endswith("_up")
    event = case.events.filter(kind__in=("reply", "refuse")).order_by("-pk").first()
    if step.startswith("answer") and row.received_at is None:
        row.received_at = now
        papers.receipt(row, _as(event), now)
    if step in ("rectify", "") and row.answered_at is None:
        row.answered_at, row.answer = now, event.body if event is not None else ""
    if step:
        row.state = STATES[step]
    else:
        _close(row, case, now)
    row.save()


def _close(row: DangerReport, case: Case, now: dt.datetime) -> None:
    row.state = DangerState.UNFOUNDED if case.words == cases.UNFOUNDED else DangerState.CLOSED
    row.closed_at = now
    notify(
        people_of(row),
        "danger_report_closed",
        f"隐患报告{row.get_state_display()}：{row.place}",
        body=f"{row.project}。{row.answer}",
        link=f"/supervisor_firms/dangers/{row.pk}/",
        subject=f"danger_report:{row.pk}:closed",
    )


def _as(event: CaseEvent | None) -> Viewer:
    """The person behind a move of the case, acting through the loop."""
    if event is None or event.account is None:
        return ENGINE
    return Viewer(user=event.account.pk, name=event.account.display_name, is_system=True)


def running(case: Case | None) -> bool:
    """Whether a case is open."""
    return case is not None and case.state in OPEN_STATES
