"""What the page of a project shows of its orders."""

from siteloop.foundation.cases.notes import Note
from siteloop.foundation.registry.models import Project
from siteloop.framework.viewer import Viewer
from siteloop.systems.inspection.models import MeasureKind, Order, OrderState

RUNNING = (OrderState.OPEN, OrderState.REPLIED)


def noted(project: Project, viewer: Viewer) -> list[Note]:
    """Open orders, stop-work first, then the reddest."""
    if not viewer.may("inspection.order.view"):
        return []
    rows = (
        Order.objects.visible_to(viewer)
        .filter(project=project, state__in=RUNNING)
        .select_related("measure", "case")
        .order_by("pk")
    )
    shown = sorted(
        rows, key=lambda o: (o.measure.kind != MeasureKind.STOP, o.colour != "red", o.colour != "yellow")
    )
    return [
        Note(
            "red"
            if o.colour == "red"
            else "orange"
            if o.measure.kind == MeasureKind.STOP
            else o.colour or "blue",
            f"{o.measure}{'·' + o.get_colour_display() if o.colour else ''}",
            f"{o.measure.title_en}{' · ' + o.colour if o.colour else ''}",
            f"{o.number}，{len(o.items)} 项问题，{o.get_state_display()}",
            f"/inspection/orders/{o.pk}/",
        )
        for o in shown[:10]
    ]
