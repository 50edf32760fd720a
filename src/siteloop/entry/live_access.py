"""Who may hear the live plane: asks the web role, over loopback with the installation's own secret."""

import asyncio
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Mapping

from siteloop.entry import environment, wiring
from siteloop.gateway.live import TOPICS, LiveViewer, Unreachable

_kept: dict[tuple[str, str], tuple[float, LiveViewer | None]] = {}
KEEP_S = 5


async def authorise(headers: Mapping[str, str], fresh: bool) -> LiveViewer | None:
    """The listener behind a session cookie or bearer token; None for nobody. Raises Unreachable."""
    key = (headers.get("cookie", ""), headers.get("authorization", ""))
    known = None if fresh else _kept.get(key)
    if known is not None and known[0] > time.monotonic():
        return known[1]
    found = await asyncio.to_thread(_ask, *key)
    if len(_kept) > 10_000:
        _kept.clear()
    _kept[key] = (time.monotonic() + KEEP_S, found)
    return found


def _ask(cookie: str, authorization: str) -> LiveViewer | None:
    door = os.environ.get("SITELOOP_WEB") or wiring.reachable(environment.read().http)
    request = urllib.request.Request(
        f"http://{door}/internal/live-access",
        headers={
            "Cookie": cookie,
            "Authorization": authorization,
            "X-Internal": os.environ["SITELOOP_INTERNAL"],
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
            body = json.loads(answer.read())
    except urllib.error.HTTPError as refused:
        if refused.code in (401, 403):
            return None
        raise Unreachable(str(refused)) from refused
    except (urllib.error.URLError, ValueError, OSError) as wrong:
        raise Unreachable(str(wrong)) from wrong
    topics = frozenset(body.get("topics", TOPICS))
    return LiveViewer(body["user"], tuple(body["regions"]), frozenset(body["sites"]), topics)
