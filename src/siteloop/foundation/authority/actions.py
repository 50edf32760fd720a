"""What people do with their own account."""

from django.db import transaction
from django.utils import timezone

from siteloop.foundation.authority.models import Account, PastPassword
from siteloop.framework import trail
from siteloop.framework.viewer import Viewer


@transaction.atomic
def change_password(viewer: Viewer, account: Account, new: str) -> None:
    """Set a checked password; the hash before it is remembered so that it is not used again."""
    PastPassword.objects.create(account=account, password=account.password)
    account.set_password(new)
    account.must_change_password = False
    account.password_changed_at = timezone.now()
    account.save(update_fields=["password", "must_change_password", "password_changed_at"])
    trail.record(viewer, "authority.account.change_password", account, f"{viewer.name}修改了自己的密码")


@transaction.atomic
def record_ended(viewer: Viewer, account: Account, what: str, address: str) -> None:
    """Ending a sign-in is an act on one's own account."""
    words = f"{viewer.name}结束了自己的登录：{what} {address}".strip()
    trail.record(viewer, "authority.account.end_session", account, words)
