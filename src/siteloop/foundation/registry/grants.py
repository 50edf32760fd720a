"""Which projects an account sees by its place in them."""

from collections.abc import Collection
from typing import Any

from siteloop.foundation.authority.models import Account
from siteloop.foundation.registry.models import Party, ProjectPost


def projects_of(account: Account) -> set[int]:
    """Projects in which the account holds a post. (Its organisation's projects come by the organisation scope.)"""
    posts = ProjectPost.objects.unscoped("rights are worked out from all posts").filter(account=account)
    return set(posts.values_list("project_id", flat=True))


def projects_of_units(organisations: Collection[int]) -> Any:
    """Subquery: projects of which one of the organisations is a party. What is kept of them is theirs to see."""
    parties = Party.objects.unscoped("a unit's projects are found before its files are")
    return parties.filter(organisation__in=organisations).values("project_id")


def people_on_projects() -> dict[int, str]:
    """Person id -> the post held in a project that is not completed: their data are still needed."""
    posts = (
        ProjectPost.objects.unscoped("the term of personal data looks at every post")
        .filter(person__isnull=False)
        .exclude(project__state="completed")
        .select_related("project")
    )
    return {p.person_id: f"{p.project.name}{p.get_kind_display()}" for p in posts if p.person_id is not None}
