"""What orders, inspections and penalties say of parties, sites and regions."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.db.models import DateField, F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from siteloop.foundation.cases.facts import Fact, Key, Line, Period, good_if
from siteloop.foundation.packs import in_query
from siteloop.foundation.registry.models import Site, WorkState
from siteloop.framework.language import term
from siteloop.framework.viewer import Viewer
from siteloop.systems.inspection.models import (
    Inspection,
    InspectionState,
    MeasureKind,
    Order,
    OrderState,
    Penalty,
    PenaltyState,
)

RUNNING = (OrderState.OPEN, OrderState.REPLIED)
TO_RECTIFY = (MeasureKind.ORDER, MeasureKind.STOP)
COVERED = (
    "inspection.coverage_days"  # pack value: a site counts as inspected that was visited within so many days
)
WHY = "whether a site was visited is asked of all visits"


def _issued(viewer: Viewer, period: Period) -> QuerySet[Order]:
    rows = Order.objects.visible_to(viewer).exclude(state=OrderState.WITHDRAWN)
    return rows.filter(period.within("issued_at"))


def issued(*kinds: str) -> Callable[[Viewer, Period], QuerySet[Any]]:
    """Orders of these kinds made in the period and not taken back; good is what is settled."""

    def rows(viewer: Viewer, period: Period) -> QuerySet[Any]:
        settled = Q(state__in=(OrderState.CLOSED, OrderState.DONE, OrderState.MOVED))
        return _issued(viewer, period).filter(measure__kind__in=kinds).annotate(is_good=good_if(settled))

    return rows


def settled(viewer: Viewer, period: Period) -> QuerySet[Any]:
    """Orders of the period that were settled or ran over; good is what never turned yellow or red."""
    rows = _issued(viewer, period).filter(measure__kind__in=TO_RECTIFY)
    rows = rows.exclude(Q(state__in=RUNNING, colour=""))
    return rows.annotate(is_good=good_if(Q(colour="", state=OrderState.CLOSED)))


def running(*colours: str) -> Callable[[Viewer, Period], QuerySet[Any]]:
    """Orders that are open now, of these colours; good is what is in its term."""

    def rows(viewer: Viewer, period: Period) -> QuerySet[Any]:
        found = Order.objects.visible_to(viewer).filter(state__in=RUNNING, measure__kind__in=TO_RECTIFY)
        if colours:
            found = found.filter(colour__in=colours)
        return found.annotate(is_good=good_if(Q(colour="")))

    return rows


def visits(viewer: Viewer, period: Period) -> QuerySet[Any]:
    """Inspections finished in the period; good is what was not judged 不合格."""
    rows = Inspection.objects.visible_to(viewer).filter(
        state=InspectionState.FINISHED, checked_on__gte=period.start, checked_on__lt=period.end
    )
    return rows.annotate(is_good=good_if(~Q(grade="failed")))


def graded(viewer: Viewer, period: Period) -> QuerySet[Any]:
    """Of these the ones that were given a grade."""
    return visits(viewer, period).exclude(grade="")


def covered(viewer: Viewer, period: Period) -> QuerySet[Any]:
    """Sites under construction where a term is stated; good is what was inspected within it before the period's end."""
    end = min(period.end, timezone.localdate() + dt.timedelta(days=1))
    last = (
        Inspection.objects.unscoped(WHY)
        .filter(site=OuterRef("pk"), state=InspectionState.FINISHED, checked_on__lt=end)
        .order_by("-checked_on")
        .values("checked_on")[:1]
    )
    rows = Site.objects.visible_to(viewer).filter(state=WorkState.UNDER_CONSTRUCTION)
    since = in_query.stated(COVERED, made=lambda days: end - dt.timedelta(days=int(days)), field=DateField())
    measured = rows.annotate(visited_on=Subquery(last), since=since).filter(since__isnull=False)
    return measured.annotate(is_good=good_if(Q(visited_on__gte=F("since"))))


def penalties(viewer: Viewer, period: Period) -> QuerySet[Any]:
    """Penalties decided in the period that stand; none is good."""
    rows = Penalty.objects.visible_to(viewer).exclude(state=PenaltyState.WITHDRAWN)
    rows = rows.filter(decided_on__gte=period.start, decided_on__lt=period.end)
    return rows.annotate(is_good=good_if(Q(pk__in=[])))


def of_order(row: Order) -> Line:
    """An order as a line."""
    note = " · ".join(filter(None, (term(row.get_state_display()), term(row.get_colour_display()))))
    return Line(timezone.localdate(row.issued_at), f"{row} {row.site}", f"/inspection/orders/{row.pk}/", note)


def of_visit(row: Inspection) -> Line:
    """An inspection as a line."""
    return Line(row.checked_on, str(row), f"/inspection/inspections/{row.pk}/", term(row.get_grade_display()))


def of_site(row: Site) -> Line:
    """A site as a line."""
    visited, since = getattr(row, "visited_on", None), getattr(row, "since", None)
    words = f"上次检查 {visited}" if visited else "未检查过"
    asked = f"，应在 {since} 后检查过" if since is not None else ""
    return Line(visited, str(row), f"/places/sites/{row.pk}/", words + asked)


def of_penalty(row: Penalty) -> Line:
    """A penalty as a line."""
    note = f"{row.amount:,.0f} 元" if row.amount is not None else term(row.get_state_display())
    return Line(row.decided_on, str(row), f"/inspection/penalties/{row.pk}/", note)


SITE, REGION = Key("site_id"), Key()
ORDER_KEYS = {"party": Key("addressee_id"), "site": SITE, "region": REGION}
SETTLED = ("已闭合", "settled"), ("未闭合", "open")
IN_TERM = ("期限内", "in its term"), ("黄色或红色", "yellow or red")


def _orders(code: str, title: str, title_en: str, *kinds: str) -> Fact:
    return Fact(
        code, title, title_en, issued(*kinds), of_order, ORDER_KEYS, *SETTLED, related=("measure", "site")
    )


def _running(code: str, title: str, title_en: str, *colours: str) -> Fact:
    return Fact(
        code,
        title,
        title_en,
        running(*colours),
        of_order,
        ORDER_KEYS,
        *IN_TERM,
        related=("measure", "site"),
        is_stock=True,
    )


FACTS = (
    Fact(
        "orders",
        "整改单按期闭合",
        "Orders settled in time",
        settled,
        of_order,
        ORDER_KEYS,
        ("按期闭合", "in time"),
        ("转黄转红", "turned yellow or red"),
        related=("measure", "site"),
    ),
    Fact(
        "inspections",
        "检查评定合格",
        "Inspections passed",
        graded,
        of_visit,
        {"site": SITE, "region": REGION},
        ("合格", "passed"),
        ("不合格", "failed"),
        related=("site",),
    ),
    Fact(
        "visits",
        "监督检查",
        "Inspections",
        visits,
        of_visit,
        {"site": SITE, "region": REGION},
        related=("site",),
        at="checked_on",
    ),
    Fact(
        "coverage",
        "在建工地检查覆盖",
        "Sites inspected within their term",
        covered,
        of_site,
        {"site": Key("pk"), "region": REGION},
        ("期限内检查过", "inspected"),
        ("期限内未检查", "not inspected"),
        fault=("在建工地期限内未检查", "Site not inspected within its term"),
    ),
    Fact(
        "penalties",
        "行政处罚",
        "Penalties",
        penalties,
        of_penalty,
        {"party": Key("party_id"), "region": REGION},
        bad=("已处罚", "penalised"),
        related=("party",),
    ),
    _orders("issued_rectify", "责令整改", "Orders to rectify", MeasureKind.ORDER),
    _orders("issued_stop", "停工", "Stop-work orders", MeasureKind.STOP),
    _orders("issued_transfer", "移交行政处罚", "Transfers to penalty", MeasureKind.TRANSFER),
    _orders("issued", "有效开单（整改、停工）", "Effective orders", *TO_RECTIFY),
    _running("orders_open", "整改中", "Orders open"),
    _running("orders_yellow", "黄色提醒", "Orders yellow", "yellow"),
    _running("orders_red", "红色锁定", "Orders red", "red"),
)
