"""What the page of a project shows besides its own facts: each system adds the panels it can fill with real rows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from siteloop.foundation.registry.models import Project
from siteloop.framework.language import pick
from siteloop.framework.viewer import Viewer


@dataclass(frozen=True)
class ProjectPanel:
    """One card: `template` rendered with `panel` = what `context` gives; None leaves the card out for that viewer."""

    title: str
    title_en: str
    template: str
    context: Callable[[Project, Viewer], dict[str, Any] | None]
    side: bool = False  # in the narrow column
    order: int = 100


@dataclass(frozen=True)
class Shown:
    """A panel with its content."""

    title: str
    template: str
    content: dict[str, Any]
    side: bool


#: filled by the systems when the program starts
PROJECT_PANELS: list[ProjectPanel] = []


def of(project: Project, viewer: Viewer) -> list[Shown]:
    """Panels of one project, in order."""
    found = []
    for panel in sorted(PROJECT_PANELS, key=lambda p: p.order):
        content = panel.context(project, viewer)
        if content is not None:
            found.append(Shown(pick(panel.title, panel.title_en), panel.template, content, panel.side))
    return found
