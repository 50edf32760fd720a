"""Dust figures that can be counted (KPI-11, KPI-12); each names the list of records it was counted from."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Q, Sum

from siteloop.foundation.cases.models import Case, CaseState, Enforcement, EnforcementKind
from siteloop.framework.viewer import Viewer
from siteloop.systems.dust.cases import LOOPS

LOOP = LOOPS[0].code


@dataclass(frozen=True)
class Enforced:
    """KPI-12: dispatches, devices added, sites filed, fines."""

    dispatches: int
    closed: int
    small: int
    medium: int
    large: int
    overdue: int
    devices_added: int
    sites_filed: int
    fine_sum: Decimal

    @property
    def closure_rate(self) -> float | None:
        """Closed ÷ dispatched, 0..1; None before the first dispatch."""
        return self.closed / self.dispatches if self.dispatches else None


def enforced(viewer: Viewer) -> Enforced:
    """Counted over the cases and enforcement results the viewer may see. Four queries at most."""
    cases = Case.objects.visible_to(viewer).filter(loop=LOOP)
    count = cases.aggregate(
        dispatches=Count("pk"),
        closed=Count("pk", filter=Q(state=CaseState.CLOSED)),
        small=Count("pk", filter=Q(circle="small")),
        medium=Count("pk", filter=Q(circle="medium")),
        large=Count("pk", filter=Q(circle="large")),
        overdue=Count("pk", filter=Q(is_overdue=True)),
    )
    results = Enforcement.objects.visible_to(viewer).filter(case__loop=LOOP)
    sums = results.aggregate(
        devices_added=Sum("devices", filter=Q(kind=EnforcementKind.DEVICES_ADDED)),
        sites_filed=Count("case__site", distinct=True, filter=Q(kind=EnforcementKind.FILED)),
        fine_sum=Sum("amount", filter=Q(kind=EnforcementKind.FINED)),
    )
    return Enforced(
        **count,
        devices_added=sums["devices_added"] or 0,
        sites_filed=sums["sites_filed"],
        fine_sum=sums["fine_sum"] or Decimal(0),
    )
