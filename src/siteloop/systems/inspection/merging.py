"""Several people fill one inspection, some of them without a network: lines are merged one by one, never overwritten unseen.

Each line tells the judgement that was seen when it was judged (`base`, null = none yet). A line that somebody else judged
differently meanwhile is a conflict; both judgements are told and nothing of the request is recorded.
"""

from decimal import Decimal, InvalidOperation
from typing import Any

from siteloop.framework.action import Changed
from siteloop.framework.models import TrailEntry
from siteloop.systems.inspection.models import Inspection, InspectionLine

WHY = "the lines of an inspection that is at hand"
NAMES = ("result", "deducted", "problem", "demand", "fixed_on_spot")


def judgement(line: InspectionLine) -> dict[str, Any]:
    """What was judged, as a phone shows it."""
    return {
        "result": line.result,
        "deducted": f"{line.deducted.normalize():f}",
        "problem": line.problem,
        "demand": line.demand,
        "fixed_on_spot": line.fixed_on_spot,
    }


def unless_judged_otherwise(inspection: Inspection, stated: list[dict[str, Any]]) -> None:
    """Raises Changed with every line that now reads otherwise than both what was seen and what is stated."""
    told = {s["item"]: s for s in stated if "base" in s and isinstance(s.get("item"), int)}
    if not told:
        return
    held = (
        InspectionLine.objects.unscoped(WHY)
        .filter(inspection=inspection, item__in=told)
        .select_related("item", "item__table")
    )
    lines = [
        {
            "item": line.item_id,
            "title": f"{line.item.table.title}·{line.item.title}",
            "mine": {name: told[line.item_id].get(name) for name in NAMES},
            "theirs": judgement(line),
        }
        for line in held
        if not _same(line, told[line.item_id]["base"]) and not _same(line, told[line.item_id])
    ]
    if lines:
        raise Changed(
            f"有 {len(lines)} 项已由他人作出不同的记录", {"kind": "lines", "lines": lines, **_who(inspection)}
        )


def _same(line: InspectionLine, stated: Any) -> bool:
    """Whether both judged alike; only what counts for the result is compared."""
    if not isinstance(stated, dict):
        return False
    if line.result != stated.get("result"):
        return False
    if line.result != "failed":
        return True
    try:
        deducted = Decimal(str(stated.get("deducted") or 0))
    except InvalidOperation:
        return False
    return (line.deducted, line.problem, line.demand, line.fixed_on_spot) == (
        deducted,
        stated.get("problem") or "",
        stated.get("demand") or "",
        bool(stated.get("fixed_on_spot")),
    )


def _who(inspection: Inspection) -> dict[str, str]:
    """Who recorded last, and when."""
    entry = (
        TrailEntry.objects.unscoped("who fills an inspection sees who filled it before")
        .filter(model="inspection.inspection", object_id=inspection.pk, action="inspection.inspection.record")
        .order_by("-pk")
        .first()
    )
    return {"by": entry.actor_name, "at": entry.at.isoformat()} if entry else {"by": "", "at": ""}
