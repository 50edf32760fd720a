"""What stands against a project and must be seen where it is opened: locks, open orders. Systems add theirs."""

from collections.abc import Callable
from dataclasses import dataclass

from siteloop.foundation.registry.models import Project
from siteloop.framework.language import pick
from siteloop.framework.viewer import Viewer


@dataclass(frozen=True)
class Note:
    """One line: risk colour, what it is, why, and where it leads."""

    colour: str
    title: str
    title_en: str
    words: str
    link: str = ""

    @property
    def shown(self) -> str:
        """Title in the active language."""
        return pick(self.title, self.title_en)


#: functions (project, viewer) -> notes
NOTES: list[Callable[[Project, Viewer], list[Note]]] = []


def against(project: Project, viewer: Viewer) -> list[Note]:
    """All notes, in the order of their givers."""
    return [note for find in NOTES for note in find(project, viewer)]
