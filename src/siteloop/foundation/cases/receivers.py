"""Who receives a case: from what a loop declares to an account or an organisation."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Q
from django.utils import timezone

from siteloop.foundation.authority.models import Account, Organisation, Post
from siteloop.foundation.cases.loop import Owner
from siteloop.foundation.cases.models import Case, CaseDuty
from siteloop.foundation.registry.models import Party, ProjectPost
from siteloop.framework.viewer import Viewer


@dataclass(frozen=True)
class Receiver:
    """Found receiver; both None means nobody is registered for it."""

    title: str
    organisation: Organisation | None = None
    account: Account | None = None

    @property
    def is_missing(self) -> bool:
        """Nobody to send it to."""
        return self.organisation is None and self.account is None

    def name(self) -> str:
        """As the timeline shows it."""
        who = self.account.display_name if self.account else ""
        where = self.organisation.name if self.organisation else ""
        return f"{self.title}（{'·'.join(filter(None, (where, who))) or '未登记'}）"


#: ways of finding that a system adds: `Owner.by` -> (owner, case) -> receiver
FINDERS: dict[str, Callable[[Owner, Case], Receiver]] = {}


def find(owner: Owner, case: Case) -> Receiver:
    """The receiver an `Owner` stands for in this case."""
    if owner.by in FINDERS:
        return FINDERS[owner.by](owner, case)
    if owner.by == "post":
        return _post(owner, case)
    if owner.by == "party":
        return _party(owner, case)
    return _department(owner, case)


def _post(owner: Owner, case: Case) -> Receiver:
    if case.project_id is None:
        return Receiver(owner.title)
    post = (
        ProjectPost.objects.unscoped("a case finds its receiver for the engine")
        .filter(project_id=case.project_id, kind=owner.kind)
        .select_related("account", "organisation")
        .order_by("account_id")
        .first()
    )
    if post is None:
        return Receiver(owner.title)
    return Receiver(owner.title, post.organisation, post.account)


def _party(owner: Owner, case: Case) -> Receiver:
    if case.project_id is None:
        return Receiver(owner.title)
    party = (
        Party.objects.unscoped("a case finds its receiver for the engine")
        .filter(project_id=case.project_id, kind=owner.kind)
        .select_related("organisation")
        .first()
    )
    return Receiver(owner.title, party.organisation if party else None)


def _department(owner: Owner, case: Case) -> Receiver:
    over = [case.region_code[:n] for n in (9, 6, 4, 2) if len(case.region_code) >= n]
    found = (
        Organisation.objects.unscoped("a case finds its receiver for the engine")
        .filter(kind=owner.kind, region_code__in=over, is_active=True)
        .order_by("pk")
    )
    nearest = max(found, key=lambda o: len(o.region_code), default=None)
    return Receiver(owner.title, nearest)


def members(organisation: Organisation, today: dt.date | None = None) -> list[Account]:
    """Accounts with a post in the organisation that is valid today."""
    day = today or timezone.localdate()
    posts = Post.objects.unscoped("a case tells the members of its holder").filter(
        Q(valid_to__isnull=True) | Q(valid_to__gte=day),
        Q(valid_from__isnull=True) | Q(valid_from__lte=day),
        organisation=organisation,
        account__is_active=True,
    )
    return [p.account for p in posts.select_related("account").order_by("account_id")]


def holds(case: Case, viewer: Viewer) -> bool:
    """Whether the viewer may act for the present step: named in person, or a member of the organisation that holds it."""
    if viewer.is_system:
        return True
    if viewer.user is None:
        return False
    for duty in CaseDuty.objects.filter(case=case, is_current=True, is_holder=True):
        if duty.account_id is not None:
            if duty.account_id == viewer.user:
                return True
        elif duty.organisation and any(a.pk == viewer.user for a in members(duty.organisation)):
            return True
    return False
