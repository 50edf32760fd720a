"""An inspection that is still open passes to a colleague: the taker comes in the giver's place among the inspectors."""

from typing import Any

from siteloop.foundation.authority.belongings import Belonging
from siteloop.foundation.authority.models import Account
from siteloop.framework.action import Act
from siteloop.systems.inspection.models import Inspection, InspectionState

WHY = "a hand-over finds what lies with its giver"


def held(account: int) -> Any:
    """Open inspections the person takes part in."""
    mine = Inspection.inspectors.through.objects.filter(account=account).values("inspection")
    return Inspection.objects.unscoped(WHY).filter(pk__in=mine, state=InspectionState.OPEN)


def hand_on(act: Act, inspection: Inspection, giver: Account, taker: Account, why: str) -> None:
    """Raises Refused 422 where fewer than two inspectors would be left, as where the taker is one of them already."""
    inspection.inspectors.remove(giver)
    inspection.inspectors.add(taker)
    inspection.guard(act.viewer)


BELONGING = Belonging(
    "inspection.inspection",
    "监督检查",
    "Inspections",
    held,
    lambda row: f"/inspection/inspections/{row.pk}/",
    hand_on,
)
