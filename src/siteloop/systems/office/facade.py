"""What the office tells the screens: what waits for a person, who is on duty and who is away, how feedback is going."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Avg, Count, Q
from django.utils import timezone

from siteloop.framework.viewer import Viewer
from siteloop.systems.office.models import (
    DutyShift,
    LeaveRequest,
    LeaveState,
    Ticket,
    TicketKind,
    TicketState,
)
from siteloop.systems.office.shown import with_absence
from siteloop.systems.office.waiting import Item, items

__all__ = ("Feedback", "Item", "away_today", "feedback", "items", "to_decide", "week")


def week(viewer: Viewer, days: int = 7) -> list[DutyShift]:
    """Duty of the next days within the viewer's sight."""
    today = timezone.localdate()
    until = today + dt.timedelta(days=days - 1)
    found = with_absence(DutyShift.objects.visible_to(viewer)).filter(on__range=(today, until))
    return list(found.select_related("account", "organisation").order_by("on", "organisation", "slot")[:60])


def away_today(viewer: Viewer) -> list[LeaveRequest]:
    """Who is away today within the viewer's sight."""
    today = timezone.localdate()
    found = LeaveRequest.objects.visible_to(viewer).filter(
        state=LeaveState.APPROVED, from_on__lte=today, ends_on__gte=today
    )
    return list(found.select_related("account", "organisation").order_by("ends_on")[:60])


def to_decide(viewer: Viewer) -> list[tuple[str, str, int, str]]:
    """(title, English, how many, the list) of what only some may decide: leave asked for, feedback without an owner."""
    found = []
    if viewer.may("office.leaverequest.decide"):
        asked = LeaveRequest.objects.visible_to(viewer).filter(state=LeaveState.ASKED)
        count = asked.exclude(account_id=viewer.user or 0).count()
        found.append(("请假待审批", "Leave to decide", count, "/office/leaves/?state=asked"))
    if viewer.may("office.ticket.assign"):
        count = Ticket.objects.visible_to(viewer).filter(state=TicketState.REPORTED).count()
        found.append(("问题待分派", "Feedback to assign", count, "/office/tickets/?state=reported"))
    return found


@dataclass(frozen=True)
class Feedback:
    """How feedback of one kind is going; `hours` from report to answer and `rating` of 1..5 are None without any."""

    kind: str
    title: str
    total: int
    open: int
    late: int
    solved: int
    hours: float | None
    rating: float | None


def feedback(viewer: Viewer) -> list[Feedback]:
    """A line a kind, over the tickets within the viewer's sight."""
    today = timezone.localdate()
    open_now = Q(state__in=(TicketState.REPORTED, TicketState.ASSIGNED))
    rows = (
        Ticket.objects.visible_to(viewer)
        .order_by()
        .values("kind")
        .annotate(
            total=Count("pk"),
            open=Count("pk", filter=open_now),
            late=Count("pk", filter=Q(state=TicketState.ASSIGNED, due_on__lt=today)),
            solved=Count("pk", filter=Q(state=TicketState.SOLVED)),
            mean=Avg("rating"),
        )
    )
    known = {r["kind"]: r for r in rows}
    hours = _hours(viewer)
    return [
        Feedback(
            kind.value,
            str(kind.label),
            known[kind]["total"],
            known[kind]["open"],
            known[kind]["late"],
            known[kind]["solved"],
            hours.get(kind.value),
            known[kind]["mean"],
        )
        for kind in TicketKind
        if kind in known
    ]


def _hours(viewer: Viewer) -> dict[str, float]:
    """Mean hours from report to the last answer, a kind."""
    spans: dict[str, list[float]] = {}
    answered = Ticket.objects.visible_to(viewer).filter(answered_at__isnull=False)
    for kind, reported, done in answered.values_list("kind", "reported_at", "answered_at"):
        if done is not None:
            spans.setdefault(kind, []).append((done - reported).total_seconds() / 3600)
    return {kind: sum(found) / len(found) for kind, found in spans.items()}
