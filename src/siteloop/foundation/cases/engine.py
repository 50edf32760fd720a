"""The loop engine: opens, moves, times and closes cases. One engine, many declarations (`loop.py`).

Called inside a transaction. Every move writes one `CaseEvent`, renews the duties and the deadline, and tells the people.
"""

import datetime as dt
from functools import partial

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from siteloop.foundation.cases import catalogue, receivers, setting_aside, telling
from siteloop.foundation.cases.basis import basis_of
from siteloop.foundation.cases.deadlines import Term, due
from siteloop.foundation.cases.loop import Go, Loop, Outcome, Phase, Step, Verdict
from siteloop.foundation.cases.models import Case, CaseCounter, CaseDuty, CaseEvent, CaseState, Finding
from siteloop.foundation.packs.resolve import value as pack_value
from siteloop.framework import events
from siteloop.framework.action import Refused
from siteloop.framework.fields import term_end
from siteloop.framework.viewer import Viewer, system_viewer
from siteloop.kernel.times import SHANGHAI

ENGINE = system_viewer("规则引擎")
OPEN_STATES = (CaseState.DISPOSING, CaseState.VERIFYING)


def next_number(region_code: str, at: dt.datetime) -> str:
    """派单编号: county code, year, running number. Unique under concurrency by a row lock."""
    county, year = region_code[:6], at.astimezone(SHANGHAI).year
    CaseCounter.objects.get_or_create(county=county, year=year)
    counter = CaseCounter.objects.select_for_update().get(county=county, year=year)
    counter.last += 1
    counter.save(update_fields=["last"])
    return f"PD{county}-{year}-{counter.last:05d}"


def open_case(loop: Loop, finding: Finding, now: dt.datetime) -> Case:
    """A new case from a finding: dispatched to the loop's first owner."""
    case = Case(
        number=next_number(finding.region_code, now),
        loop=loop.code,
        title=f"{loop_title(loop, finding)}",
        rule=finding.rule,
        subject=finding.subject,
        project_id=finding.project_id,
        site_id=finding.site_id,
        device_id=finding.device_id,
        region_code=finding.region_code,
        severity=finding.severity,
        source=loop.source,
        opened_at=now,
        step_since=now,
        step=loop.first.code,
    )
    case.save()
    note(
        case,
        "found",
        ENGINE,
        now,
        body=finding.message,
        data={"finding": finding.pk, "clause": finding.clause},
    )
    finding.case = case
    finding.save(update_fields=["case"])
    enter(case, loop.first, now)
    events.emit("case_opened", case=case.pk, loop=loop.code, region=case.region_code, site=case.site_id)
    return case


def loop_title(loop: Loop, finding: Finding) -> str:
    """Title of a case: what is wrong, where."""
    from siteloop.foundation.cases.titles import RULE_TITLES

    what = RULE_TITLES.get(finding.rule, loop.title)
    return f"{what} · {finding.site.name}" if finding.site else what


def open_from_finding(finding: Finding, now: dt.datetime | None = None) -> Case | None:
    """Make, join or reopen the case of a finding. None when its rule opens no loop or only runs in the shadow."""
    loop = catalogue.for_rule(finding.rule)
    if loop is None or finding.shadow:
        return None
    now = now or timezone.now()
    same = Case.objects.unscoped("the engine joins findings to their case").filter(
        rule=finding.rule, subject=finding.subject
    )
    running = same.filter(state__in=OPEN_STATES).select_for_update().order_by("-pk").first() or _merged(same)
    if running is not None:
        finding.case = running
        finding.save(update_fields=["case"])
        note(running, "found_again", ENGINE, now, body=finding.message, data={"finding": finding.pk})
        return running
    ended = same.filter(state=CaseState.CLOSED).select_for_update().order_by("-closed_at").first()
    if ended is not None and _recurs(loop, ended, now):
        return reopen(ended, finding, now)
    return open_case(loop, finding, now)


def _merged(same: QuerySet[Case]) -> Case | None:
    """The open case that a case of the same matter went up in."""
    found = same.filter(merged_into__state__in=OPEN_STATES).order_by("-pk").first()
    if found is None:
        return None
    return (
        Case.objects.unscoped("the engine joins findings to their case")
        .select_for_update(of=("self",))
        .get(pk=found.merged_into_id or 0)
    )


def _recurs(loop: Loop, case: Case, now: dt.datetime) -> bool:
    asked = loop.recurs_within
    days = pack_value(asked, case.region_code, project=case.project_id) if asked else None
    return (
        bool(days)
        and case.closed_at is not None
        and now - case.closed_at <= dt.timedelta(days=float(str(days)))
    )


def reopen(case: Case, finding: Finding, now: dt.datetime) -> Case:
    """The readings show the fault again: the case stands up by itself, in the circle where it was closed."""
    loop = catalogue.get(case.loop)
    circle = case.circle
    step = next(s for s in loop.steps if s.phase is Phase.DISPOSE and s.circle == circle)
    case.recurrences += 1
    case.closed_at = None
    case.words = ""
    finding.case = case
    finding.save(update_fields=["case"])
    note(
        case,
        "recurred",
        ENGINE,
        now,
        body=f"问题复发，案件自动重开：{finding.message}",
        data={"finding": finding.pk},
    )
    enter(case, step, now)
    events.emit("case_reopened", case=case.pk, region=case.region_code, site=case.site_id)
    return case


def note(
    case: Case,
    kind: str,
    viewer: Viewer,
    now: dt.datetime,
    *,
    words: str = "",
    body: str = "",
    data: dict[str, object] | None = None,
) -> CaseEvent:
    """One line of the timeline."""
    return CaseEvent.objects.create(
        case=case,
        at=now,
        kind=kind,
        step=case.step,
        words=words,
        by=viewer.name,
        account_id=viewer.user,
        body=body,
        data=data or {},
    )


def term_of(step: Step, region_code: str, project: int | None = None) -> Term | None:
    """The step's deadline as the packs of the region, and of the project, state it."""
    if not step.deadline:
        return None
    stated = pack_value(step.deadline, region_code, project=project)
    return Term.of(stated) if stated is not None else None


def enter(case: Case, step: Step, now: dt.datetime, words: str = "", push_basis: bool = False) -> None:
    """Put the case on a step: owner, deadline, timeline, notices."""
    loop = catalogue.get(case.loop)
    case.step, case.circle = step.code, step.circle.value
    case.state = CaseState.VERIFYING if step.phase is Phase.VERIFY else CaseState.DISPOSING
    case.step_since = now
    term = term_of(step, case.region_code, case.project_id)
    case.deadline = due(_clock(case, step, now), term) + _granted(case, step) if term else None
    if words:
        case.words = words
    case.machine_passed, case.machine_message = None, ""
    case.save()
    duties = _renew_duties(case, loop, step, now)
    names = "、".join(d for d, holder in duties if holder)
    informed = "、".join(d for d, holder in duties if not holder)
    body = f"推送至{names}" + (f"，抄送{informed}" if informed else "")
    data: dict[str, object] = {"deadline": case.deadline.isoformat() if case.deadline else None}
    if push_basis:
        data["basis"] = [f"{b.instrument}{b.clause}：{b.text}" for b in basis_of(case)]
    note(case, "step", ENGINE, now, words=words, body=body, data=data)
    if loop.moved is not None:
        # before the people are told: the system may raise the colour
        loop.moved(case, step)
    telling.step_entered(case, step, push_basis)
    events.emit("case_moved", case=case.pk, step=step.code, region=case.region_code, site=case.site_id)


def _clock(case: Case, step: Step, now: dt.datetime) -> dt.datetime:
    return case.opened_at if step.clock == "case" else now


def _granted(case: Case, step: Step) -> dt.timedelta:
    """Time that extensions have added, for a deadline counted from the case's start."""
    if step.clock != "case":
        return dt.timedelta()
    spans = [
        dt.datetime.fromisoformat(str(e.data["to"])) - dt.datetime.fromisoformat(str(e.data["from"]))
        for e in case.events.filter(kind="extended")
    ]
    return sum(spans, dt.timedelta())


def _renew_duties(case: Case, loop: Loop, step: Step, now: dt.datetime) -> list[tuple[str, bool]]:
    CaseDuty.objects.filter(case=case, is_current=True).update(is_current=False)
    shown = []
    for owner, holder in [(step.owner, True), *[(o, False) for o in step.informed]]:
        receiver = receivers.find(owner, case)
        if receiver.is_missing and holder:
            # a case must never be lost because nobody is registered: the county authority gets it
            receiver = receivers.find(loop.fallback, case)
            note(case, "no_receiver", ENGINE, now, body=f"未登记{owner.title}，由{receiver.name()}代收")
        CaseDuty.objects.create(
            case=case,
            step=step.code,
            title=receiver.title,
            organisation=receiver.organisation,
            account=receiver.account,
            is_holder=holder,
            since=now,
        )
        shown.append((receiver.name(), holder))
    return shown


def outcome(
    case: Case,
    what: Outcome,
    viewer: Viewer,
    now: dt.datetime | None = None,
    body: str = "",
    data: dict[str, object] | None = None,
) -> CaseEvent:
    """Apply what happened to the present step. Raises Refused when the step knows no such outcome."""
    now = now or timezone.now()
    loop = catalogue.get(case.loop)
    if case.state not in OPEN_STATES:
        raise Refused("案件已结束，不能再办理")
    step = loop.step(case.step)
    go = step.on.get(what)
    if go is None:
        raise Refused(f"当前环节“{step.title}”不能做此操作")
    event = note(case, what.value, viewer, now, words=go.words, body=body, data=data)
    if what is Outcome.OVERDUE:
        case.is_overdue = True
    _follow(case, loop, go, now)
    if what is Outcome.REPLY:
        machine_check(case, now)
    return event


def _follow(case: Case, loop: Loop, go: Go, now: dt.datetime) -> None:
    if go.to is None:
        _close(case, go.words, now)
        return
    enter(case, loop.step(go.to), now, go.words, go.push_basis)


def _close(case: Case, words: str, now: dt.datetime) -> None:
    case.state, case.words, case.closed_at, case.deadline = CaseState.CLOSED, words, now, None
    case.save()
    CaseDuty.objects.filter(case=case, is_current=True).update(is_current=False)
    note(case, "closed", ENGINE, now, words=words, body=f"{case.get_circle_display()}完成，案件闭环")
    telling.closed(case)
    _end_findings(case, now)
    moved = catalogue.get(case.loop).moved
    if moved is not None:
        moved(case, None)
    events.emit("case_closed", case=case.pk, circle=case.circle, region=case.region_code, site=case.site_id)


def _end_findings(case: Case, now: dt.datetime) -> None:
    """What a person found lasts as long as its case; what a detector watches, it ends itself."""
    if not catalogue.get(case.loop).watched:
        mine = Finding.objects.unscoped("what was put right, or never was, is over")
        mine.filter(case=case, cleared_at=None).update(cleared_at=now)


def cancel(case: Case, viewer: Viewer, reason: str, now: dt.datetime | None = None) -> None:
    """End a case that should not be; its loop gives free what the case held. Raises Refused when it has ended."""
    if case.state not in OPEN_STATES:
        raise Refused("案件已结束")
    case.state, case.closed_at, case.deadline = CaseState.CANCELLED, now or timezone.now(), None
    case.save()
    CaseDuty.objects.filter(case=case, is_current=True).update(is_current=False)
    note(case, "cancelled", viewer, case.closed_at, body=reason)
    _end_findings(case, case.closed_at)
    cancelled = catalogue.get(case.loop).cancelled
    if cancelled is not None:
        cancelled(case, reason)


def extend(case: Case, until: dt.datetime, viewer: Viewer, reason: str) -> None:
    """Move the deadline of the present step; the span is kept, for deadlines counted from the case's start."""
    assert case.deadline is not None, "only a case with a deadline is extended"
    span: dict[str, object] = {"from": case.deadline.isoformat(), "to": until.isoformat()}
    case.deadline = until
    case.save()
    note(case, "extended", viewer, timezone.now(), body=reason, data=span)


def machine_check(case: Case, now: dt.datetime | None = None) -> Verdict | None:
    """Ask the machine whether the fault is gone; it may fail the check alone, and pass it alone where the loop says so."""
    loop = catalogue.get(case.loop)
    step = loop.step(case.step)
    if loop.check is None or step.phase is not Phase.VERIFY:
        return None
    now = now or timezone.now()
    verdict = loop.check(case)
    case.machine_passed, case.machine_message = verdict.passed, verdict.message[:500]
    case.save(update_fields=["machine_passed", "machine_message"])
    note(
        case,
        "machine_check",
        ENGINE,
        now,
        body=verdict.message,
        data={"passed": verdict.passed, "evidence": list(verdict.evidence)},
    )
    if verdict.passed is False and loop.machine_fails_alone:
        outcome(case, Outcome.FAIL, ENGINE, now, body=f"系统自动核查：{verdict.message}")
    elif verdict.passed and loop.machine_passes_alone:
        outcome(case, Outcome.PASS, ENGINE, now, body=f"系统自动核查：{verdict.message}")
    return verdict


def fire_deadlines(now: dt.datetime | None = None, limit: int = 200) -> int:
    """Let every case whose step has fallen due go where its loop says. Each in its own transaction; returns how many.

    A case whose move raises is set aside with the reason and left alone until an administrator settles it.
    """
    now = now or timezone.now()
    late = (
        Case.objects.unscoped("the clock looks at every case")
        .filter(state__in=OPEN_STATES, deadline__lte=now)
        .exclude(pk__in=setting_aside.waiting_cases())
    )
    fired = 0
    for key in list(late.order_by("deadline").values_list("pk", flat=True)[:limit]):
        with transaction.atomic():
            case = (
                Case.objects.unscoped("the clock looks at every case")
                .select_for_update(skip_locked=True)
                .filter(pk=key, state__in=OPEN_STATES, deadline__lte=now)
                .first()
            )
            if case is None:
                continue
            try:
                setting_aside.attempt(partial(_fall_due, case, now))
            except setting_aside.Failed as failed:
                setting_aside.deadline(
                    Case.objects.unscoped("the clock looks at every case").get(pk=key), failed, now
                )
                continue
            fired += 1
    return fired


def _fall_due(case: Case, now: dt.datetime) -> None:
    assert case.deadline is not None, "only a case with a deadline falls due"
    outcome(case, Outcome.OVERDUE, ENGINE, now, body=f"环节期限 {term_end(case.deadline)} 已过，未办结")
