"""What the region's packs say about the acceptance of business."""

from dataclasses import dataclass
from typing import Any

from siteloop.foundation.cases.deadlines import Term
from siteloop.foundation.packs import resolve
from siteloop.foundation.registry.models import Project

TERM = "acceptance.commitment"
VERIFY = "acceptance.verify"
LOCK = "acceptance.lock"
DECIDE = "acceptance.decide_within"
REMIND = "acceptance.remind_days"
OF_PROJECTS = frozenset({DECIDE, REMIND})


@dataclass(frozen=True)
class Material:
    """One line of the list: its name, and whether it may be promised for later."""

    title: str
    may_promise: bool


def materials(kind: str, region_code: str) -> list[Material]:
    """The list of one kind of business."""
    stated = resolve.value("acceptance.materials", region_code)
    rows: list[dict[str, Any]] = stated.get(kind, []) if isinstance(stated, dict) else []
    return [Material(str(r["title"]), bool(r.get("may_promise"))) for r in rows]


def decide_within(project: Project) -> Term | None:
    """Time to decide from the acceptance on; None when no pack states it."""
    stated = resolve.for_project(DECIDE, project)
    return Term.of(stated) if stated else None


def remind_days(project: Project) -> list[int]:
    """Days before the end of a commitment on which its applicant is reminded, the farthest first."""
    stated = resolve.for_project(REMIND, project)
    days = [int(d) for d in stated] if isinstance(stated, list) else []
    return sorted((d for d in days if d > 0), reverse=True)


def check_share(kind: str, region_code: str) -> int:
    """Per cent of granted applications of a kind that are drawn for an after-check; 0 where no pack states any."""
    stated = resolve.value("acceptance.check_share", region_code)
    return int(stated.get(kind, 0)) if isinstance(stated, dict) else 0
