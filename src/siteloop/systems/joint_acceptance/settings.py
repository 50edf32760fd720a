"""What the region's packs say about the joint acceptance: who examines, in how many days, which papers."""

from dataclasses import dataclass
from typing import Any

from siteloop.foundation.cases.deadlines import Term
from siteloop.foundation.packs import resolve
from siteloop.foundation.registry.models import Project

DEPARTMENTS = "joint_acceptance.departments"
PAPERS = "joint_acceptance.papers"
RECHECK = "joint_acceptance.recheck"
OF_PROJECTS = frozenset({RECHECK})


@dataclass(frozen=True)
class Examiner:
    """One department that examines: what it is called, what it looks at, and its time."""

    code: str
    title: str
    looks_at: str
    term: Term


def _examiner(stated: dict[str, Any]) -> Examiner:
    return Examiner(
        str(stated["code"]), str(stated["title"]), str(stated.get("looks_at", "")), Term.of(stated["term"])
    )


def examiners(region_code: str) -> list[Examiner]:
    """Departments of a place in the pack's order; empty when no pack states them."""
    stated = resolve.value(DEPARTMENTS, region_code)
    return [_examiner(one) for one in stated] if isinstance(stated, list) else []


def examiner(code: str, region_code: str) -> Examiner | None:
    """One of them."""
    return next((one for one in examiners(region_code) if one.code == code), None)


def papers(region_code: str) -> list[str]:
    """Papers an application must have."""
    stated = resolve.value(PAPERS, region_code)
    return [str(one) for one in stated] if isinstance(stated, list) else []


def recheck_within(project: Project) -> Term | None:
    """Time of a department to look again at what a project put right; None when no pack states it."""
    stated = resolve.for_project(RECHECK, project)
    return Term.of(stated) if stated else None
