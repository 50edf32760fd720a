"""Transfers at every stage of the penalty procedure."""

import datetime as dt
from decimal import Decimal

from siteloop.foundation.authority.demo import COUNTY, WHY
from siteloop.foundation.authority.models import Organisation, OrganisationKind
from siteloop.foundation.cases.deadlines import Term, due
from siteloop.foundation.cases.models import Case, CaseDuty
from siteloop.foundation.packs import resolve
from siteloop.kernel.times import SHANGHAI
from siteloop.systems.inspection import cases
from siteloop.systems.inspection.demo.dispatches import numbered
from siteloop.systems.inspection.demo.papers import issued
from siteloop.systems.inspection.demo.story import Story
from siteloop.systems.inspection.demo.year import Year
from siteloop.systems.inspection.models import (
    Measure,
    Order,
    OrderState,
    Penalty,
    PenaltyState,
    Proof,
)


def transferred(year: Year, stories: list[Story]) -> None:
    """Eighteen transfers at every stage of the procedure."""
    moved = [s for s in stories if s.is_transferred]
    measure, fine = year.measures["transfer"], year.measures["fine_local"]
    orders = []
    for s in moved:
        orders.append(
            Order(
                measure=measure,
                parent=s.order,
                project=s.site.project,
                site=s.site,
                region_code=s.site.region_code,
                authority=year.body,
                addressee=s.order.addressee,
                items=[{**i, "demand": "移送行政处罚"} for i in s.items],
                issued_at=s.at + dt.timedelta(days=2),
                issued_by=s.order.issued_by,
                state=OrderState.MOVED,
            )
        )
    made = Order.objects.bulk_create(orders)
    with resolve.reading():
        papers = issued(year, [("inspection.transfer", o.issued_at, o) for o in made])
    for order, document in zip(made, papers, strict=True):
        order.document, order.number = document, document.number
    Order.objects.unscoped(WHY).bulk_update(made, ["document", "number"])
    rows = Penalty.objects.bulk_create([penalty_of(year, o, fine) for o in made])
    rules = [case_of_penalty(year, p) for p in rows]
    numbered(year, rules)
    for penalty, case in zip(rows, Case.objects.bulk_create(rules), strict=True):
        penalty.case = case
    Penalty.objects.unscoped(WHY).bulk_update(rows, ["case"])
    authority = (
        Organisation.objects.unscoped(WHY)
        .filter(kind=OrganisationKind.COUNTY_AUTHORITY, region_code=COUNTY)
        .first()
    )
    CaseDuty.objects.bulk_create(
        CaseDuty(
            case=p.case,
            step=p.case.step,
            title="县级主管部门",
            organisation=authority,
            since=p.case.opened_at,
        )
        for p in rows
        if p.case is not None and p.case.state != "closed"
    )
    Proof.objects.bulk_create(p for penalty in rows for p in proofs_of(penalty))


def penalty_of(year: Year, order: Order, fine: Measure) -> Penalty:
    """As far as the days since its transfer bring it."""
    moved = order.issued_at.astimezone(SHANGHAI).date()
    today = year.now.astimezone(SHANGHAI).date()
    days = [moved + dt.timedelta(days=d) for d in (3, 20, 32, 36, 50)]
    reached = sum(d <= today for d in days)
    states = (
        PenaltyState.MOVED,
        PenaltyState.FILED,
        PenaltyState.TOLD,
        PenaltyState.DECIDED,
        PenaltyState.SERVED,
        PenaltyState.SETTLED,
    )
    done: list[dt.date | None] = [d if n < reached else None for n, d in enumerate(days)]
    return Penalty(
        order=order,
        project=order.project,
        region_code=order.region_code,
        party=order.addressee,
        cause="；".join(i["problem"] for i in order.items)[:300],
        state=states[reached],
        measure=fine if reached >= 3 else None,
        filed_on=done[0],
        told_on=done[1],
        decided_on=done[2],
        amount=Decimal(year.dice.choice([10_000, 15_000, 20_000, 30_000])) if reached >= 3 else None,
        served_on=done[3],
        settled_on=done[4],
        outcome="已缴纳（演示）" if reached == 5 else "",
    )


def case_of_penalty(year: Year, penalty: Penalty) -> Case:
    step, since = {
        PenaltyState.MOVED: ("accept", None),
        PenaltyState.FILED: ("decide", penalty.filed_on),
        PenaltyState.TOLD: ("decide", penalty.filed_on),
        PenaltyState.DECIDED: ("serve", penalty.decided_on),
        PenaltyState.SERVED: ("settle", penalty.served_on),
        PenaltyState.SETTLED: ("settle", penalty.served_on),
    }[PenaltyState(penalty.state)]
    opened = penalty.order.issued_at
    begun = dt.datetime.combine(since, dt.time(9), SHANGHAI).astimezone(dt.UTC) if since else opened
    key = {"decide": "inspection.penalty.decide", "serve": "inspection.penalty.serve"}.get(step, "")
    stated = resolve.value(key, COUNTY) if key else None
    is_settled = penalty.state == PenaltyState.SETTLED
    return Case(
        loop="inspection_penalty",
        title=f"行政处罚案件 · {penalty.order.site.name}",
        rule=cases.PENALTY,
        subject=f"inspection_penalty:{penalty.pk}",
        source="inspection",
        project=penalty.project,
        site=penalty.order.site,
        region_code=penalty.region_code,
        severity="orange",
        state="closed" if is_settled else "disposing",
        step=step,
        circle="large",
        words="已结案" if is_settled else "",
        opened_at=opened,
        step_since=begun,
        deadline=due(begun, Term.of(stated)) if stated is not None and not is_settled else None,
        closed_at=dt.datetime.combine(penalty.settled_on, dt.time(16), SHANGHAI).astimezone(dt.UTC)
        if penalty.settled_on
        else None,
    )


def proofs_of(penalty: Penalty) -> list[Proof]:
    """Each has its record; one still to be decided rests on a camera's record that nobody has reviewed."""
    rows = [Proof(penalty=penalty, kind="record", title="现场检查笔录（演示）")]
    if penalty.state in (PenaltyState.FILED, PenaltyState.TOLD):
        rows.append(Proof(penalty=penalty, kind="electronic", title="现场视频监控记录（演示）"))
    return rows
