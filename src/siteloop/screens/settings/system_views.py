"""How this installation is set up, read-only: doors, channels, keeping, what the fast plane knows. No secret is shown."""

import dataclasses
import shutil
from collections.abc import Callable, Sequence
from typing import Any, Protocol
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from siteloop.foundation.notice.ports.choosing import channels
from siteloop.foundation.packs import ladder, wording
from siteloop.foundation.packs.models import PackValue
from siteloop.foundation.telemetry.ledger import LISTENERS, listener_title
from siteloop.framework.language import pick
from siteloop.framework.perform import require
from siteloop.framework.screen import screen
from siteloop.framework.viewer import viewer_of

PERMISSION = "settings.system.view"
KEEPING = ("keep", "retention")  # keys of pack values that say how long something is kept


class Line(Protocol):
    """One check of the installation; `mend` is empty for a thing that is in order."""

    @property
    def name(self) -> str:
        """What was looked at."""
        ...

    @property
    def found(self) -> str:
        """How it stands."""
        ...

    @property
    def mend(self) -> str:
        """What to do."""
        ...


#: the self-examination; the room that knows all puts it here
EXAMINERS: list[Callable[[], Sequence[Line]]] = []


@screen
def page(request: HttpRequest) -> HttpResponse:
    """GET /settings/system/."""
    viewer = viewer_of(request)
    require(viewer, PERMISSION)
    context = {
        "doors": _doors(),
        "engines": _engines(),
        "channels": [_channel(c) for c in channels()],
        "keeping": _keeping(),
        "fast": _fast(),
        "checks": [line for examine in EXAMINERS for line in examine()],
        "disk": shutil.disk_usage(settings.ENV.data),
    }
    return render(request, "settings/system.html", context)


def _doors() -> list[tuple[str, str, str]]:
    """(title, address, variable) of every door, the closed ones too."""
    env, closed = settings.ENV, pick("未开放", "closed")
    intake = f"{env.http}/api/v1/intake/{{profile}}"
    doors = [
        (pick("网页与接口", "Pages and API"), env.http, "SITELOOP_HTTP"),
        (pick("HTTP 数据接入", "HTTP intake"), intake, "SITELOOP_HTTP"),
    ]
    ports = {
        f.name: getattr(env, f.name)
        for f in dataclasses.fields(env)
        if f.name in LISTENERS and f.name != "http"
    }
    return doors + [(listener_title(n), at or closed, f"SITELOOP_{n.upper()}") for n, at in ports.items()]


def _engines() -> list[tuple[str, str]]:
    """Where the engines are; user names and passwords are left out."""
    env = settings.ENV
    return [
        ("PostgreSQL", _address(env.database_url) or pick("内置", "embedded")),
        ("NATS JetStream", _address(env.nats_url) or pick("内置", "embedded")),
        (pick("数据目录", "Data folder"), str(env.data)),
    ]


def _address(place: str) -> str:
    """Host, port and database of an engine, whether it is given as a URL or as `host=… dbname=…`; nothing else of it is shown."""
    if not place:
        return ""
    if "://" not in place or place.startswith("postgres"):
        try:
            known = conninfo_to_dict(place)
        except ProgrammingError:
            return ""
        return " ".join(f"{n}={known[n]}" for n in ("host", "port", "dbname") if known.get(n))
    parts = urlsplit(place)
    return f"{parts.scheme}://{parts.hostname or ''}" + (f":{parts.port}" if parts.port else "")


def _channel(channel: Any) -> dict[str, Any]:
    return {
        "title": pick(channel.title, channel.title_en),
        "state": "closed" if channel.port is None else "recorded" if channel.is_recorded else "open",
        "trouble": channel.trouble,
    }


def _keeping() -> list[dict[str, Any]]:
    found = ladder.standings(PackValue, "", timezone.localdate())
    return [
        {"row": s.row, "words": wording.value(s.row)}
        for s in found
        if isinstance(s.row, PackValue) and any(word in s.key for word in KEEPING)
    ]


def _fast() -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT version, published_at FROM fast.registry")
        registry = cursor.fetchone() or (0, None)
        cursor.execute("SELECT max(version) FROM fast.schema_version")
        schema = cursor.fetchone()[0]
        cursor.execute("SELECT consumer, seq FROM fast.position ORDER BY consumer")
        positions = cursor.fetchall()
        cursor.execute("SELECT count(*) FROM fast.status WHERE connected")
        connected = cursor.fetchone()[0]
        cursor.execute(
            "SELECT min(received_from), max(received_to), coalesce(sum(size), 0), coalesce(sum(frames), 0) FROM telemetry.raw_chunk"
        )
        raw = dict(zip(("since", "until", "size", "frames"), cursor.fetchone(), strict=True))
        cursor.execute(
            "SELECT min(day), max(day), coalesce(sum(bytes), 0), coalesce(sum(rows), 0), count(*) FILTER (WHERE state = 'leaving')"
            " FROM telemetry.archived_day"
        )
        archive = dict(zip(("since", "until", "size", "rows", "leaving"), cursor.fetchone(), strict=True))
    return {
        "version": registry[0],
        "published_at": registry[1],
        "schema": schema,
        "positions": positions,
        "connected": connected,
        "raw": raw,
        "archive": archive,
    }
