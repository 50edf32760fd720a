"""What the packs say about supervisor firms: a project's own word goes before its region's; a hearing is the region's."""

from typing import Any

from siteloop.foundation.cases.deadlines import Term
from siteloop.foundation.packs import resolve
from siteloop.foundation.registry.models import Project

MONTHLY = "supervisor_firms.monthly_due"
REMIND = "supervisor_firms.remind_days"
PROCESSES = "supervisor_firms.processes"
NEAR = "supervisor_firms.near_m"
PRESENCE = "supervisor_firms.presence_rate"
OF_PROJECTS = frozenset({MONTHLY, REMIND, PROCESSES, NEAR, PRESENCE})


def _term(stated: Any) -> Term:
    return Term.of(stated) if stated else Term(5, "day", "working")


def monthly_term(project: Project) -> Term:
    """Time to report after the end of a month."""
    return _term(resolve.for_project(MONTHLY, project))


def hear_term(region_code: str) -> Term:
    """Time to be heard before a bad behaviour is recorded."""
    return _term(resolve.value("supervisor_firms.hear_within", region_code))


def remind_days(project: Project) -> list[int]:
    """Days before the end of a report's term on which the firm is reminded, the farthest first."""
    stated = resolve.for_project(REMIND, project)
    return sorted((int(d) for d in stated if int(d) > 0), reverse=True) if isinstance(stated, list) else []


def processes(project: Project) -> list[str]:
    """Critical parts and processes that are stood beside; empty where no pack names them."""
    stated = resolve.for_project(PROCESSES, project)
    return [str(p) for p in stated] if isinstance(stated, list) else []


def near_m(project: Project) -> int:
    """Metres around a site's point that count as on site."""
    return int(resolve.for_project(NEAR, project) or 500)


def presence_rate(kind: str, project: Project) -> float | None:
    """Least share of the days owed on which a post must be there; None where no pack demands it."""
    stated = resolve.for_project(PRESENCE, project)
    share = stated.get(kind) if isinstance(stated, dict) else None
    return float(share) if share is not None else None
