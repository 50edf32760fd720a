"""What the region's packs say about the life cycle: order of the stages, papers, parts of the works."""

from typing import Any

from siteloop.foundation.packs import resolve
from siteloop.foundation.registry.models import Project

PARTS = "project_stages.parts"
OF_PROJECTS = frozenset({PARTS})  # a bridge is not built in the parts of a house


def _table(key: str, region_code: str) -> dict[str, Any]:
    stated = resolve.value(key, region_code)
    return stated if isinstance(stated, dict) else {}


def needs(stage: str, region_code: str) -> list[str]:
    """Stages that must have passed before this one is handed in."""
    return [str(s) for s in _table("project_stages.needs", region_code).get(stage, [])]


def papers(stage: str, region_code: str) -> list[str]:
    """Names of the papers a record of this stage must have."""
    return [str(s) for s in _table("project_stages.papers", region_code).get(stage, [])]


def parts(project: Project) -> list[str]:
    """Parts of the works that visible progress is told by, in their order: the project's own, else its region's."""
    stated = resolve.for_project(PARTS, project)
    return [str(s) for s in stated] if isinstance(stated, list) else []


def open_cases_block(region_code: str) -> bool:
    """Whether a project with open cases cannot be completed; yes unless a pack says no."""
    return resolve.value("project_stages.completion_needs_closed_cases", region_code) is not False
