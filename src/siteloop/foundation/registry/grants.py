"""Which projects an account sees by its place in them."""

from collections.abc import Collection
from typing import Any

from siteloop.foundation.authority.models import Account
from siteloop.foundation.authority.viewers import employers
from siteloop.foundation.registry.models import Party, Project, ProjectPost
from siteloop.framework.viewer import Viewer


def projects_of(account: Account) -> set[int]:
    """Projects in which the account holds a post. (Its organisation's projects come by the organisation scope.)"""
    posts = ProjectPost.objects.unscoped("rights are worked out from all posts").filter(account=account)
    return set(posts.values_list("project_id", flat=True))


def projects_of_units(organisations: Collection[int]) -> Any:
    """Subquery: projects of which one of the organisations is a party. What is kept of them is theirs to see."""
    parties = Party.objects.unscoped("a unit's projects are found before its files are")
    return parties.filter(organisation__in=organisations).values("project_id")


def works_on(viewer: Viewer, project: Project) -> bool:
    """Whether the viewer has a place in the project: works for one of its units or holds a key post. An authority has none."""
    if viewer.is_system:
        return True
    if viewer.user is None:
        return False
    units = {*viewer.organisations, *employers(viewer.user)}
    return (
        project.parties.filter(organisation__in=units).exists()
        or project.posts.filter(account=viewer.user).exists()
    )


def people_on_projects() -> dict[int, str]:
    """Person id -> the post held in a project that is not completed: their data are still needed."""
    posts = (
        ProjectPost.objects.unscoped("the term of personal data looks at every post")
        .filter(person__isnull=False)
        .exclude(project__state="completed")
        .select_related("project")
    )
    return {p.person_id: f"{p.project.name}{p.get_kind_display()}" for p in posts if p.person_id is not None}
