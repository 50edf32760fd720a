"""Which projects an account sees by its place in them."""

from siteloop.foundation.authority.models import Account
from siteloop.foundation.registry.models import ProjectPost


def projects_of(account: Account) -> set[int]:
    """Projects in which the account holds a post. (Its organisation's projects come by the organisation scope.)"""
    posts = ProjectPost.objects.unscoped("rights are worked out from all posts").filter(account=account)
    return set(posts.values_list("project_id", flat=True))
