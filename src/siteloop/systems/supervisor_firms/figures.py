"""What the program itself knows of a project's month: counted from records, never typed."""

import datetime as dt

from siteloop.foundation.cases.engine import OPEN_STATES
from siteloop.foundation.cases.models import Case
from siteloop.foundation.registry.models import PostKind, Project
from siteloop.kernel.times import SHANGHAI
from siteloop.systems.supervisor_firms import engine
from siteloop.systems.supervisor_firms.models import (
    DangerReport,
    DangerState,
    Presence,
    SideRecord,
    SideState,
)

WHY = "a monthly report counts the records of its project"
ENDED = (DangerState.CLOSED, DangerState.UNFOUNDED)


def of_month(project: Project, month: dt.date) -> dict[str, int]:
    """Figures of one month; open ones as they stand now."""
    start = dt.datetime.combine(month, dt.time(), SHANGHAI)
    end = engine.month_end(month)
    sides = SideRecord.objects.unscoped(WHY).filter(
        project=project, state=SideState.SIGNED, started_at__range=(start, end)
    )
    dangers = DangerReport.objects.unscoped(WHY).filter(project=project, sent_at__range=(start, end))
    orders = Case.objects.unscoped(WHY).filter(
        project=project, loop="inspection_order", opened_at__range=(start, end)
    )
    chief = Presence.objects.unscoped(WHY).filter(
        project=project, kind=PostKind.CHIEF_SUPERVISOR, day__range=(month, end.date())
    )
    return {
        "sides": sides.count(),
        "sides_problem": sides.exclude(problems="").count(),
        "dangers": dangers.count(),
        "dangers_open": dangers.exclude(state__in=ENDED).count(),
        "orders": orders.count(),
        "orders_open": orders.filter(state__in=OPEN_STATES).count(),
        "chief_days": chief.exclude(place="away").values("day").distinct().count(),
    }
