"""From an account to a `Viewer`: posts valid today, their roles' permissions and scopes, and grants."""

import datetime as dt
from collections.abc import Callable

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from siteloop.foundation.authority.models import (
    Account,
    DepartmentGrant,
    GrantState,
    Organisation,
    Post,
    ProjectGrant,
    Sees,
)
from siteloop.framework.viewer import NOBODY, Viewer

WHY = "rights are worked out from all posts and grants"
#: functions account -> project ids; higher rooms add theirs (registry: parties and project posts)
PROJECT_PROVIDERS: list[Callable[[Account], set[int]]] = []


def _posts(account: int, day: dt.date) -> models.QuerySet[Post]:
    """Posts of an account valid on a day, in organisations that are active."""
    return Post.objects.unscoped(WHY).filter(
        Q(valid_from__isnull=True) | Q(valid_from__lte=day),
        Q(valid_to__isnull=True) | Q(valid_to__gte=day),
        account=account,
        organisation__is_active=True,
    )


def posts_of(account: Account, day: dt.date | None = None) -> list[Post]:
    """Posts valid on the day (default today), main post first."""
    found = _posts(account.pk, day or timezone.localdate())
    return list(found.select_related("role", "organisation").order_by("-is_main", "pk"))


def employers(account: int) -> models.QuerySet[Post, int]:
    """Keys of the organisations an account holds a post in today, that of its main post first."""
    found = _posts(account, timezone.localdate()).order_by("-is_main", "pk")
    return found.values_list("organisation", flat=True)


def works_for(viewer: Viewer, organisation: int) -> bool:
    """Whether the viewer acts in an organisation's name: the program, its people, those over it in its own house."""
    if viewer.is_system or organisation in viewer.organisations:
        return True
    return viewer.user is not None and organisation in employers(viewer.user)


def _subtree(roots: set[int]) -> set[int]:
    """The organisations and all below them."""
    found, edge = set(roots), set(roots)
    while edge:
        below = Organisation.objects.unscoped(WHY).filter(parent__in=edge).values_list("pk", flat=True)
        edge = set(below) - found
        found |= edge
    return found


def viewer_for(account: Account, request: HttpRequest | None = None) -> Viewer:
    """The viewer an account is today; nobody at all when it is not active."""
    if not account.is_active:
        return NOBODY
    posts = posts_of(account)
    day = timezone.localdate()
    permissions: set[str] = set()
    regions: set[str] = set()
    organisations: set[int] = set()
    projects: set[int] = set()
    for post in posts:
        permissions.update(post.role.permissions)
        if post.role.sees == Sees.REGION:
            # a post that names no region opens none; the whole nation is never opened by leaving a field empty
            regions.update(filter(None, [post.region_code or post.organisation.region_code]))
        if post.role.sees == Sees.ORGANISATION:
            organisations.add(post.organisation_id)
    organisations = _subtree(organisations)
    still = Q(valid_to__isnull=True) | Q(valid_to__gte=day)
    granted = ProjectGrant.objects.unscoped(WHY).filter(still, account=account)
    projects.update(granted.values_list("project_id", flat=True))
    for provider in PROJECT_PROVIDERS:
        projects |= provider(account)
    departments = DepartmentGrant.objects.unscoped(WHY).filter(
        still, organisation__in=[p.organisation_id for p in posts], state=GrantState.APPROVED
    )
    for grant in departments:
        regions.add(grant.region_code)
        permissions.update(p for p in grant.permissions if p.endswith((".view", ".export")))
    return Viewer(
        user=account.pk,
        name=account.display_name or account.username,
        permissions=frozenset(permissions),
        regions=tuple(sorted(regions)),
        projects=frozenset(projects),
        organisations=frozenset(organisations),
        language=account.language,
        address=request.META.get("REMOTE_ADDR", "") if request else "",
        on_behalf=posts[0].organisation.name if posts else "",
        roles=tuple(dict.fromkeys(p.role.code for p in posts)),
    )


def demands_second_factor(account: Account) -> bool:
    """Whether one of the account's roles must use a second factor (never in the demo, whose password is public)."""
    return not settings.DEMO and any(post.role.demands_mfa for post in posts_of(account))
