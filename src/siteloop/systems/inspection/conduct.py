"""What orders and penalties say of conduct, for whoever keeps credit."""

import datetime as dt
from collections.abc import Iterator

from django.db.models import Q
from django.utils import timezone

from siteloop.foundation.registry.conduct import Fact
from siteloop.systems.inspection.models import MeasureKind, Order, OrderState, Penalty, PenaltyState

WHY = "a decided order counts for credit, whoever asks"
#: measure kind -> source; orders to rectify count only once they run into the red lock
COUNTED = {
    MeasureKind.STOP: "inspection.stop",
    MeasureKind.NOTICE: "inspection.notice",
    MeasureKind.DEMERIT: "inspection.demerit",
}


def facts(since: dt.datetime) -> Iterator[Fact]:
    """Stop-work orders, criticism, demerits of project managers, and penalties, decided or taken back since then."""
    orders = (
        Order.objects.unscoped(WHY)
        .filter(Q(issued_at__gte=since) | Q(closed_at__gte=since, state=OrderState.WITHDRAWN))
        .filter(measure__kind__in=COUNTED)
        .select_related("measure")
        .order_by("pk")
    )
    for order in orders:
        yield _of_order(order)
    day = timezone.localdate(since)
    penalties = Penalty.objects.unscoped(WHY).filter(
        Q(decided_on__gte=day)
        | Q(decided_on__isnull=False, settled_on__gte=day, state=PenaltyState.WITHDRAWN)
    )
    for penalty in penalties.select_related("document", "measure").order_by("pk"):
        yield _of_penalty(penalty)


def _of_order(order: Order) -> Fact:
    is_person = order.measure.kind == MeasureKind.DEMERIT
    return Fact(
        source=COUNTED[MeasureKind(order.measure.kind)],
        key=f"inspection.order:{order.pk}",
        title=str(order),
        link=f"/inspection/orders/{order.pk}/",
        region_code=order.region_code,
        project=order.project_id,
        organisation=None if is_person else order.addressee_id,
        post="project_manager" if is_person else "",
        on=timezone.localdate(order.issued_at),
        reason="；".join(str(i.get("problem", "")) for i in order.items),
        clause=order.measure.basis,
        points=order.points,
        decided_by=order.issued_by_id,
        withdrawn="文书已撤回" if order.state == OrderState.WITHDRAWN else "",
    )


def _of_penalty(penalty: Penalty) -> Fact:
    assert penalty.decided_on is not None, "only decided ones are asked for"
    return Fact(
        source="inspection.penalty",
        key=f"inspection.penalty:{penalty.pk}",
        title=penalty.document.number if penalty.document else str(penalty),
        link=f"/inspection/penalties/{penalty.pk}/",
        region_code=penalty.region_code,
        project=penalty.project_id,
        organisation=penalty.party_id,
        on=penalty.decided_on,
        reason=penalty.cause,
        clause=penalty.measure.basis if penalty.measure else "",
        withdrawn=f"处罚已撤案：{penalty.outcome}" if penalty.state == PenaltyState.WITHDRAWN else "",
    )
