"""Sign-ins at the desk: noted when they begin, seen now and then, ended by their owner from anywhere."""

import time
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.http import HttpRequest
from django.utils import timezone

from siteloop.foundation.authority.models import Account, SignIn

#: seconds between two notes that a session is in use
PAUSE_S = 60.0
_noted: dict[str, float] = {}


def watch() -> None:
    """Listen to Django's own signals, which every way of signing in sends."""
    user_logged_in.connect(_begin, dispatch_uid="authority.sign_in")
    user_logged_out.connect(_signed_out, dispatch_uid="authority.sign_out")


def _begin(sender: Any, request: HttpRequest | None, user: Any, **_: Any) -> None:
    """A token's sign-in has no session of its own and is not noted here."""
    session = getattr(request, "session", None)
    if request is None or session is None or session.get(SESSION_KEY) != str(user.pk):
        return
    if not session.session_key:
        session.create()
    now = timezone.now()
    found = {
        "account": user,
        "address": request.META.get("REMOTE_ADDR", "")[:64],
        "agent": request.META.get("HTTP_USER_AGENT", "")[:200],
        "at": now,
        "seen_at": now,
        "ended_at": None,
    }
    if not SignIn.objects.filter(session_key=session.session_key).update(**found):
        SignIn.objects.create(session_key=session.session_key, **found)


def _signed_out(sender: Any, request: HttpRequest | None, user: Any, **_: Any) -> None:
    key = getattr(getattr(request, "session", None), "session_key", None)
    if key:
        SignIn.objects.filter(session_key=key, ended_at=None).update(ended_at=timezone.now())


def seen(request: HttpRequest) -> None:
    """Note, at most once a minute, that the session is in use."""
    key = request.session.session_key
    if not key or time.monotonic() - _noted.get(key, -PAUSE_S) < PAUSE_S:
        return
    if len(_noted) > 10_000:
        _noted.clear()
    _noted[key] = time.monotonic()
    SignIn.objects.filter(session_key=key, ended_at=None).update(seen_at=timezone.now())


def open_ones(account: Account) -> list[SignIn]:
    """Sign-ins that are not over, the latest first. Those whose session ran out are closed in passing."""
    rows = list(SignIn.objects.filter(account=account, ended_at=None).order_by("-seen_at"))
    store = _store()
    alive = [row for row in rows if store().exists(row.session_key)]
    gone = [row.pk for row in rows if row not in alive]
    if gone:
        SignIn.objects.filter(pk__in=gone).update(ended_at=timezone.now())
    return alive


def past_ones(account: Account, most: int = 20) -> list[SignIn]:
    """Sign-ins that are over, the latest first."""
    return list(SignIn.objects.filter(account=account).exclude(ended_at=None).order_by("-at")[:most])


def end(row: SignIn) -> None:
    """Close the session behind a sign-in; whoever uses it is asked to sign in again."""
    _store()(row.session_key).flush()
    SignIn.objects.filter(pk=row.pk).update(ended_at=timezone.now())


def end_others(account: Account, keep: str | None) -> int:
    """Close all sessions but one, and every API token given out so far. Returns how many sessions were closed."""
    others = [row for row in open_ones(account) if row.session_key != keep]
    for row in others:
        end(row)
    Account.objects.filter(pk=account.pk).update(tokens_from=timezone.now())
    return len(others)


def renamed(before: str | None, after: str | None) -> None:
    """A changed password gives the session a new key; it is still the same sign-in."""
    if before and after and before != after:
        SignIn.objects.filter(session_key=before).update(session_key=after)


def _store() -> Any:
    return import_module(settings.SESSION_ENGINE).SessionStore
