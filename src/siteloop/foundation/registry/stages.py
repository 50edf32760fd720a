"""The order of a project's stages: the system that keeps the life cycle answers here, the others ask here."""

from collections.abc import Callable

from siteloop.foundation.registry.models import Project

#: functions (stage code, project) -> sentences about the stages that must have passed first and have not
PROVIDERS: list[Callable[[str, Project], list[str]]] = []


def missing(stage: str, project: Project) -> list[str]:
    """What must have passed before the project may be handed in for this stage; empty when it is ready."""
    return [sentence for provider in PROVIDERS for sentence in provider(stage, project)]
