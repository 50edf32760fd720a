"""Rights worked out a moment ago serve who only reads.

Six queries, and most of the processor time of a small answer, go into the question what somebody may see. So the answer is kept for `RIGHTS_KEPT_S`
seconds, for requests that write nothing: a writing one always works the rights out anew, and its end forgets all that is kept, so
that nobody waits for what a write in this process gave. What another process gives or takes shows in a reader's pages after that
time at the latest. An account that is stopped or signed out is not kept alive by it: who asks is looked up for every request.
"""

import time
from dataclasses import replace
from threading import Lock

from django.conf import settings
from django.http import HttpRequest

from siteloop.foundation.authority.models import Account
from siteloop.foundation.authority.viewers import viewer_for
from siteloop.framework.viewer import NOBODY, Viewer

READING = ("GET", "HEAD", "OPTIONS")
MOST = 10_000  # accounts


class _Kept:
    """Viewers by account with the moment until which they count."""

    def __init__(self) -> None:
        self._viewers: dict[int, tuple[float, Viewer]] = {}
        self._turn = 0
        self._lock = Lock()

    def viewer(self, account: Account, request: HttpRequest) -> Viewer:
        now, turn = time.monotonic(), self._turn
        until, viewer = self._viewers.get(account.pk, (0.0, NOBODY))
        if now < until:
            return replace(
                viewer,
                name=account.display_name or account.username,
                language=account.language,
                address=request.META.get("REMOTE_ADDR", ""),
            )
        viewer = viewer_for(account, request)
        with self._lock:
            # what was read before a write ended may be older than the write
            if turn == self._turn and settings.RIGHTS_KEPT_S:
                if len(self._viewers) >= MOST:
                    self._viewers.clear()
                self._viewers[account.pk] = (now + settings.RIGHTS_KEPT_S, viewer)
        return viewer

    def forget(self) -> None:
        with self._lock:
            self._turn += 1
            self._viewers.clear()


_kept = _Kept()


def viewer_of(account: Account, request: HttpRequest) -> Viewer:
    """The viewer an account is for this request."""
    if request.method in READING and account.is_active:
        return _kept.viewer(account, request)
    return viewer_for(account, request)


def written(request: HttpRequest) -> None:
    """A request has ended: what it wrote may have changed anybody's rights."""
    if request.method not in READING:
        forget()


def forget() -> None:
    """Work everybody's rights out anew."""
    _kept.forget()
