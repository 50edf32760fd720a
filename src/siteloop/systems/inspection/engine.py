"""Orders: issued with document, delivery and case in one act; followed as their case moves.

order = issue(viewer, measure, site, items, inspection=…)
follow(case, step)      # called by the loop: colour, lock, resume of work, closing
"""

import datetime as dt
from typing import Any

from django.utils import timezone

from siteloop.foundation.authority.models import Account, Organisation
from siteloop.foundation.cases import inbox, locks
from siteloop.foundation.cases.models import Case
from siteloop.foundation.documents import store
from siteloop.foundation.documents.authorities import issuing_for
from siteloop.foundation.documents.models import Document, DocumentState
from siteloop.foundation.registry import actions as registry_actions
from siteloop.foundation.registry.models import Party, PartyKind, Site, WorkState
from siteloop.framework import events
from siteloop.framework.action import Refused
from siteloop.framework.perform import perform
from siteloop.framework.viewer import Viewer, system_viewer
from siteloop.kernel.finding import Act as FindingAct
from siteloop.kernel.finding import Finding as KernelFinding
from siteloop.kernel.finding import Severity
from siteloop.kernel.times import to_us
from siteloop.systems.inspection import cases, documents
from siteloop.systems.inspection.models import (
    Inspection,
    InspectionLine,
    Measure,
    MeasureKind,
    Order,
    OrderState,
    Penalty,
    PenaltyState,
    Reply,
)

WHY = "an order finds its units and posts for whoever issues it"
ENGINE = system_viewer("监督检查")
#: who gets an order besides the unit it names
RECEIVERS = ("project_manager", "safety_officer", "chief_supervisor", "builder_leader")
COLOURS = {"yellow": "yellow", "recheck_yellow": "yellow", "red": "red", "recheck_red": "red"}
RUNNING = (OrderState.OPEN, OrderState.REPLIED)
ENDED = (PenaltyState.SETTLED, PenaltyState.DROPPED, PenaltyState.WITHDRAWN)


def authority_of(viewer: Viewer, region_code: str) -> Organisation:
    """Who signs what an inspector gives; where nobody's post says it, the supervision body."""
    return issuing_for(viewer, region_code, "supervision_body")


def addressee_of(site: Site) -> Organisation:
    """The contractor; where none is registered, the builder. Raises Refused 422."""
    parties = Party.objects.unscoped(WHY).filter(
        project=site.project_id, kind__in=(PartyKind.CONTRACTOR, PartyKind.BUILDER)
    )
    found = sorted(
        parties.select_related("organisation"), key=lambda p: (p.kind != PartyKind.CONTRACTOR, p.pk)
    )
    if not found:
        raise Refused("项目未登记施工单位或建设单位，请先在项目库补录责任主体", status=422)
    return found[0].organisation


def issue(
    viewer: Viewer,
    measure: Measure,
    site: Site,
    items: list[dict[str, str]],
    *,
    inspection: Inspection | None = None,
    parent: Order | None = None,
    part: str = "",
    points: int | None = None,
    addressee: Organisation | None = None,
    now: dt.datetime | None = None,
) -> Order:
    """Order, number, document, delivery and case together; nothing of it without the rest. Raises Refused 422."""
    at = now or timezone.now()
    _check(measure, items, part, points)
    order = Order(
        measure=measure,
        inspection=inspection,
        parent=parent,
        project=site.project,
        site=site,
        region_code=site.region_code,
        authority=authority_of(viewer, site.region_code),
        addressee=addressee or addressee_of(site),
        part=part,
        items=items,
        points=points,
        issued_at=at,
        issued_by_id=viewer.user,
    )
    order.save()
    order.document = _print(viewer, order, measure.document_kind, at)
    order.number = order.document.number
    if measure.kind in (MeasureKind.ORDER, MeasureKind.STOP):
        order.save()
        _open_case(order, at)
    elif measure.kind == MeasureKind.TRANSFER:
        order.state = OrderState.MOVED
        order.save()
        _open_penalty(order, at)
    else:
        order.state, order.closed_at = OrderState.DONE, at
        order.save()
    if measure.code == "stop_full":
        _project(order, registry_actions.suspend, (WorkState.UNDER_CONSTRUCTION,))
    order.refresh_from_db()
    return order


def _check(measure: Measure, items: list[dict[str, str]], part: str, points: int | None) -> None:
    if measure.kind == MeasureKind.FINE or not measure.document_kind:
        raise Refused(f"“{measure}”须经行政处罚程序决定，不能直接开具", status=422)
    if not items or not all(i.get("problem") for i in items):
        raise Refused("请写明存在的问题", status=422, errors={"problem": ["必填"]})
    if measure.code == "stop_partial" and not part:
        raise Refused("局部停工须写明停工部位", status=422, errors={"part": ["请写明停工部位"]})
    if measure.kind == MeasureKind.DEMERIT and not points:
        raise Refused("扣分须写明分值", status=422, errors={"points": ["请写明分值"]})


def _print(viewer: Viewer, order: Order, kind: str, at: dt.datetime) -> Document:
    document = store.issue(
        viewer,
        kind,
        documents.composed(kind, order),
        authority=order.authority,
        region_code=order.region_code,
        project=order.project,
        subject=order,
        now=at,
    )
    store.deliver(document, viewer, RECEIVERS, at)
    return document


def _found(order: Order, rule: str, subject: str, severity: Severity, at: dt.datetime) -> Case:
    problems = "；".join(i["problem"] for i in order.items)
    row = inbox.apply(
        KernelFinding(
            act=FindingAct.RAISE,
            rule=rule,
            subject=subject,
            since=to_us(at),
            at=to_us(at),
            site=order.site_id,
            project=order.project_id,
            region=order.region_code,
            severity=severity,
            message=f"{order}：{problems}",
            clause=order.measure.basis,
            count=len(order.items),
        ),
        at,
    )
    assert row is not None and row.case is not None, "the loops of this system open on these rules"
    return row.case


def _open_case(order: Order, at: dt.datetime) -> None:
    is_stop = order.measure.kind == MeasureKind.STOP
    rule, severity = (cases.STOP, Severity.ORANGE) if is_stop else (cases.RECTIFY, Severity.BLUE)
    order.case = _found(order, rule, subject_of(order), severity, at)
    order.save(update_fields=["case"])


def _open_penalty(order: Order, at: dt.datetime) -> None:
    penalty = Penalty(
        order=order,
        project=order.project,
        region_code=order.region_code,
        party=order.addressee,
        cause="；".join(i["problem"] for i in order.items)[:300],
    )
    penalty.save()
    penalty.case = _found(order, cases.PENALTY, f"inspection_penalty:{penalty.pk}", Severity.ORANGE, at)
    penalty.save(update_fields=["case"])


def subject_of(order: Order) -> str:
    """What the case of an order names as its subject."""
    return f"inspection_order:{order.pk}"


def follow(case: Case, step: str) -> None:
    """The order as its case now stands: colour by the step, red locks, a passed re-check closes and unlocks."""
    order = (
        Order.objects.unscoped("the loop follows its order")
        .select_for_update(of=("self",))
        .select_related("measure", "project", "site", "addressee")
        .filter(pk=int(case.subject.rpartition(":")[2]))
        .first()
    )
    if order is None or order.state not in RUNNING:
        return
    now = timezone.now()
    order.colour = COLOURS.get(step, order.colour if not step else "")
    order.state = (
        OrderState.REPLIED if step.startswith("recheck_") else OrderState.OPEN if step else OrderState.CLOSED
    )
    if step.startswith("recheck_"):
        _note_reply(order, case, now)
    if step == "red":
        _lock(order, case, now)
    if not step:
        _close(order, case, now)
    order.save()
    if order.colour and case.severity != order.colour and step:
        case.severity = order.colour
        case.save(update_fields=["severity"])


def cancelled(case: Case, reason: str) -> None:
    """A cancelled case takes its order back: document void, lock lifted, work goes on."""
    order = (
        Order.objects.unscoped("the loop follows its order")
        .select_for_update(of=("self",))
        .select_related("measure", "project", "site", "addressee", "document", "case")
        .filter(case=case, state__in=RUNNING)
        .first()
    )
    if order is not None:
        withdraw(order, reason)


def penalty_cancelled(case: Case, reason: str) -> None:
    """A cancelled case ends its penalty: transfer and decision are void, credit counts it no more."""
    penalty = (
        Penalty.objects.unscoped("the loop ends its penalty")
        .select_for_update(of=("self",))
        .select_related("document", "order__document", "order__measure", "order__project")
        .filter(case=case)
        .exclude(state__in=ENDED)
        .first()
    )
    if penalty is None:
        return
    penalty.state, penalty.settled_on = PenaltyState.WITHDRAWN, timezone.localdate()
    penalty.outcome = reason[:300]
    penalty.save()
    _void(penalty.document, reason)
    withdraw(penalty.order, reason)
    events.emit("penalty_withdrawn", object=penalty.pk)


def _note_reply(order: Order, case: Case, now: dt.datetime) -> None:
    """A reply made on the case's own page is kept beside the others."""
    if order.replies.filter(passed=None).exists():
        return
    event = case.events.filter(kind="reply").order_by("-at", "-pk").first()
    if event is not None:
        Reply(order=order, at=now, by=event.account, body=event.body).save()


def _lock(order: Order, case: Case, now: dt.datetime) -> None:
    locks.hold(
        subject_of(order),
        f"{order}逾期未完成整改，红色锁定",
        pack_key="inspection.lock",
        region_code=order.region_code,
        project=order.project,
        organisation=order.addressee,
        case=case,
        clause="逾期未完成整改红色锁定",
        remedy="完成整改并经监督机构复查合格",
        now=now,
    )


def _close(order: Order, case: Case, now: dt.datetime) -> None:
    order.closed_at = now
    passed = case.events.filter(kind="pass").order_by("-at", "-pk").first()
    for reply in order.replies.filter(passed=None):
        reply.passed, reply.checked_at = True, now
        reply.checked_by = passed.account if passed else None
        reply.verdict = (passed.body if passed else "")[:500]
        reply.save()
    locks.lift(subject_of(order), f"{order}复查合格", now)
    if order.measure.kind == MeasureKind.STOP:
        by = passed.account if passed is not None and passed.account is not None else None
        order.resume_document = _print(_as(by), order, "inspection.resume", now)
        if order.measure.code == "stop_full":
            _project(order, registry_actions.resume, (WorkState.SUSPENDED,))


def _as(account: Account | None) -> Viewer:
    """The person who passed the re-check, acting through the loop."""
    if account is None:
        return ENGINE
    return Viewer(user=account.pk, name=account.display_name or account.username, is_system=True)


def _project(order: Order, action: Any, states: tuple[WorkState, ...]) -> None:
    """Work stops and resumes in the register too, unless another order still holds it."""
    if action is registry_actions.resume:
        others = Order.objects.unscoped("another stop order may still hold").filter(
            project=order.project, measure__code="stop_full", state__in=RUNNING
        )
        if others.exclude(pk=order.pk).exists():
            return
    order.project.refresh_from_db()
    if order.project.state in states:
        perform(action, ENGINE, order.project, {"reason": str(order)})


def unordered(inspection: Inspection) -> list[InspectionLine]:
    """Failed lines that nothing has been done about: neither put right on the spot nor in an order."""
    rows = InspectionLine.objects.unscoped("the lines of an inspection that is at hand").filter(
        inspection=inspection, result="failed", fixed_on_spot=False, order=None
    )
    return list(rows.select_related("item", "item__table").order_by("item__table__order", "item__number"))


def items_of(lines: list[InspectionLine]) -> list[dict[str, str]]:
    """The problems of failed lines as an order lists them."""
    return [
        {
            "problem": line.problem,
            "basis": line.item.clause or line.item.table.standard,
            "demand": line.demand or "立即整改，并举一反三开展自查",
        }
        for line in lines
    ]


def withdraw(order: Order, reason: str) -> None:
    """An order given by mistake: its document is void, its lock lifted, work may go on."""
    order.state, order.closed_at, order.colour = OrderState.WITHDRAWN, timezone.now(), ""
    order.save()
    _void(order.document, reason)
    locks.lift(subject_of(order), f"{order}已撤回")
    if order.measure.code == "stop_full":
        _project(order, registry_actions.resume, (WorkState.SUSPENDED,))


def _void(document: Document | None, reason: str) -> None:
    if document is not None and document.state == DocumentState.IN_FORCE:
        store.end(document, DocumentState.VOID, reason)
