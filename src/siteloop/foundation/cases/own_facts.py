"""What cases say of parties, sites and regions: steps in time, dispatches closed in time, dangers found and open."""

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from siteloop.foundation.authority.models import OrganisationKind as Kind
from siteloop.foundation.cases.facts import Fact, Key, Line, Period, good_if
from siteloop.foundation.cases.models import Case, CaseDuty, CaseEvent, CaseState, Finding
from siteloop.framework.language import term
from siteloop.framework.viewer import Viewer

ENTERPRISES = (
    Kind.BUILDER,
    Kind.CONTRACTOR,
    Kind.SUPERVISOR_FIRM,
    Kind.SURVEY,
    Kind.DESIGN,
    Kind.MONITORING,
    Kind.TESTING,
)
AUTHORITIES = (
    Kind.COUNTY_AUTHORITY,
    Kind.SUPERVISION_BODY,
    Kind.SITE_SUPERVISION,
    Kind.URBAN_MANAGEMENT,
    Kind.LAW_ENFORCEMENT,
)
OPEN = (CaseState.DISPOSING, CaseState.VERIFYING)
OF_UNITS = Q(organisation__kind__in=ENTERPRISES)


def _cases(viewer: Viewer) -> QuerySet[Case]:
    return Case.objects.visible_to(viewer).exclude(state=CaseState.CANCELLED)


def _duties(viewer: Viewer) -> QuerySet[CaseDuty]:
    held = CaseDuty.objects.filter(is_holder=True, organisation__isnull=False).order_by("-since", "-pk")
    if viewer.is_system:
        return held.exclude(case__state=CaseState.CANCELLED)
    return held.filter(case__in=_cases(viewer).order_by().values("pk"))


def steps(viewer: Viewer, period: Period) -> QuerySet[Any]:
    """Steps that a unit was given in the period and that have ended or run over; good is what never ran over."""
    overran = CaseEvent.objects.filter(
        case=OuterRef("case"), kind="overdue", step=OuterRef("step"), at__gte=OuterRef("since")
    )
    rows = _duties(viewer).filter(period.within("since")).annotate(overran=Exists(overran))
    ended = Q(is_current=False) | Q(overran=True)
    return rows.filter(ended).annotate(is_good=good_if(Q(overran=False)))


def dispatches(viewer: Viewer, period: Period) -> QuerySet[Any]:
    """Dispatches of the period that were closed or ran over; good is what was closed and never ran over."""
    rows = _cases(viewer).filter(period.within("opened_at"))
    rows = rows.filter(Q(state=CaseState.CLOSED) | Q(is_overdue=True))
    return rows.annotate(is_good=good_if(Q(state=CaseState.CLOSED, is_overdue=False)))


def self_governed(viewer: Viewer, period: Period) -> QuerySet[Any]:
    """Cases closed in the period; good is what the site settled by itself."""
    rows = _cases(viewer).filter(period.within("closed_at"), state=CaseState.CLOSED)
    return rows.annotate(is_good=good_if(Q(circle="small")))


def dangers(viewer: Viewer, period: Period) -> QuerySet[Any]:
    """Dangers found in the period: every dispatch that was not cancelled; good is what is settled."""
    rows = _cases(viewer).filter(period.within("opened_at"))
    return rows.annotate(is_good=good_if(Q(state=CaseState.CLOSED)))


def duties_open(viewer: Viewer, period: Period) -> QuerySet[Any]:
    """Steps that are with a unit now; good is what has time left."""
    rows = _duties(viewer).filter(is_current=True, case__state__in=OPEN)
    in_time = Q(case__deadline__isnull=True) | Q(case__deadline__gt=timezone.now())
    return rows.annotate(is_good=good_if(in_time & Q(case__is_overdue=False)))


def duties_overdue(viewer: Viewer, period: Period) -> QuerySet[Any]:
    """Of these the ones past a deadline."""
    return duties_open(viewer, period).filter(is_good=False)


def late_cases(viewer: Viewer, period: Period) -> QuerySet[Any]:
    """Open dispatches that ran over or are past their deadline now; none is good."""
    late = Q(is_overdue=True) | Q(deadline__lte=timezone.now())
    return _cases(viewer).filter(late, state__in=OPEN).annotate(is_good=good_if(Q(pk__in=[])))


def recurred(viewer: Viewer, period: Period) -> QuerySet[Any]:
    """Dispatches of the period whose fault came back; none is good."""
    rows = _cases(viewer).filter(period.within("opened_at"), recurrences__gt=0)
    return rows.annotate(is_good=good_if(Q(pk__in=[])))


def warnings(viewer: Viewer, period: Period) -> QuerySet[Any]:
    """Red and orange findings that last now; none is good."""
    rows = Finding.objects.visible_to(viewer).filter(
        cleared_at__isnull=True, shadow=False, severity__in=("red", "orange")
    )
    return rows.annotate(is_good=good_if(Q(pk__in=[])))


def of_finding(row: Finding) -> Line:
    """A warning as a line."""
    return Line(
        timezone.localdate(row.since),
        str(row),
        f"/cases/findings/{row.pk}/",
        term(row.get_severity_display()),
    )


def of_case(row: Case) -> Line:
    """A case as a line."""
    note = " · ".join(
        filter(None, (term(row.get_state_display()), term(row.get_circle_display()), row.words))
    )
    return Line(timezone.localdate(row.opened_at), str(row), f"/cases/cases/{row.pk}/", note)


def of_duty(row: CaseDuty) -> Line:
    """A step of a case as a line."""
    note = f"{row.title} · {row.account or row.organisation}"
    return Line(timezone.localdate(row.since), str(row.case), f"/cases/cases/{row.case_id}/", note)


IN_TIME = ("按期", "in time")
LATE = ("逾期", "late")
AT_SITE, AT_REGION = Key("site_id", "region_code"), Key()
BY_UNIT = Key("organisation_id", "case__region_code", OF_UNITS)
DUTY = ("case", "organisation", "account")

FACTS = (
    Fact(
        "steps",
        "办理环节按期完成",
        "Steps done in time",
        steps,
        of_duty,
        {
            "party": BY_UNIT,
            "site": Key("case__site_id", "case__region_code", OF_UNITS),
            "region": Key("", "case__region_code", Q(organisation__kind__in=AUTHORITIES)),
        },
        IN_TIME,
        LATE,
        DUTY,
    ),
    Fact(
        "dispatches",
        "派单按期闭环",
        "Dispatches closed in time",
        dispatches,
        of_case,
        {"site": AT_SITE, "region": AT_REGION},
        IN_TIME,
        LATE,
    ),
    Fact(
        "self_governed",
        "小闭环自治",
        "Settled by the site itself",
        self_governed,
        of_case,
        {"site": AT_SITE, "region": AT_REGION},
        ("工地自治", "by the site"),
        ("升级处置", "raised"),
    ),
    Fact(
        "dangers",
        "发现隐患",
        "Dangers found",
        dangers,
        of_case,
        {"site": AT_SITE, "region": AT_REGION},
        ("已闭环", "settled"),
        ("未闭环", "open"),
    ),
    Fact(
        "duties_open",
        "在办派单",
        "Open dispatches",
        duties_open,
        of_duty,
        {"party": BY_UNIT},
        ("期限内", "in time"),
        LATE,
        DUTY,
        is_stock=True,
    ),
    Fact(
        "duties_overdue",
        "逾期派单",
        "Overdue dispatches",
        duties_overdue,
        of_duty,
        {"party": BY_UNIT},
        ("期限内", "in time"),
        LATE,
        DUTY,
        is_stock=True,
    ),
    Fact(
        "late_cases",
        "逾期未闭环派单",
        "Overdue open dispatches",
        late_cases,
        of_case,
        {"site": AT_SITE, "region": AT_REGION},
        bad=LATE,
        is_stock=True,
        at="opened_at",
    ),
    Fact(
        "recurred",
        "问题复发",
        "Faults that came back",
        recurred,
        of_case,
        {"site": AT_SITE, "region": AT_REGION},
        bad=("复发", "came back"),
        at="opened_at",
    ),
    Fact(
        "warnings",
        "红色、橙色预警未恢复",
        "Red and orange warnings now",
        warnings,
        of_finding,
        {"site": AT_SITE, "region": AT_REGION},
        bad=("未恢复", "lasting"),
        is_stock=True,
        at="since",
    ),
)
