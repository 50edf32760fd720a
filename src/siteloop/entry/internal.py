"""Paths for our own processes and for those who watch over the installation."""

import hmac
import os
from collections.abc import Callable
from urllib.parse import urlsplit

from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from prometheus_client import CONTENT_TYPE_LATEST

from siteloop.entry import environment, figures, migrating
from siteloop.entry.engines import processes
from siteloop.foundation.authority.models import Account
from siteloop.foundation.authority.viewers import viewer_for
from siteloop.foundation.registry.models import Site
from siteloop.framework.rest import tokens
from siteloop.framework.viewer import Viewer

_is_migrated = False
#: what an account must be allowed to see to hear a topic; notices are its own
TOPIC_RIGHTS = {
    "latest": "telemetry.reading.view",
    "finding": "telemetry.reading.view",
    "command": "telemetry.command.view",
    "case": "cases.case.view",
    "notice": "",
}


def _viewer(request: HttpRequest) -> Viewer | None:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer" and token:
        account = tokens.account_of(token)
        return viewer_for(account, request) if isinstance(account, Account) else None
    return viewer_for(request.user, request) if isinstance(request.user, Account) else None


def live_access(request: HttpRequest) -> HttpResponse:
    """GET /internal/live-access: scopes of the asker, for the live role only."""
    if not hmac.compare_digest(
        request.headers.get("X-Internal", ""), os.environ.get("SITELOOP_INTERNAL") or "-"
    ):
        return HttpResponse(status=404)
    viewer = _viewer(request)
    if viewer is None or viewer.user is None:
        return JsonResponse({}, status=401)
    topics = [topic for topic, needed in TOPIC_RIGHTS.items() if not needed or viewer.may(needed)]
    if topics == ["notice"]:
        return JsonResponse({"user": viewer.user, "regions": [], "sites": [], "topics": topics})
    # a viewer of regions hears by region; one of projects or organisations by site
    is_regional = bool(viewer.regions) and not viewer.projects and not viewer.organisations
    sites = [] if is_regional else list(Site.objects.visible_to(viewer).values_list("pk", flat=True))
    return JsonResponse(
        {"user": viewer.user, "regions": list(viewer.regions), "sites": sites, "topics": topics}
    )


def healthz(request: HttpRequest) -> HttpResponse:
    """GET /healthz: this process answers."""
    return HttpResponse("ok", content_type="text/plain")


def readyz(request: HttpRequest) -> JsonResponse:
    """GET /readyz: database, migrations, bus and registry are there; 503 with what is missing otherwise."""
    checks: dict[str, Callable[[], str]] = {
        "database": _database,
        "migrations": _migrations,
        "bus": _bus,
        "registry": _registry,
    }
    wrong = {}
    for name, check in checks.items():
        try:
            missing = check()
        except (Error, OSError) as failed:
            missing = type(failed).__name__
        if missing:
            wrong[name] = missing
    return JsonResponse({"ready": not wrong, **wrong}, status=503 if wrong else 200)


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return ""


def _migrations() -> str:
    global _is_migrated
    _is_migrated = _is_migrated or migrating.is_migrated(environment.read().database_url)
    if not _is_migrated:
        executor = MigrationExecutor(connection)
        waiting = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
        with connection.cursor() as cursor:
            cursor.execute("SELECT max(version) FROM fast.schema_version")
            waiting += cursor.fetchone()[0] is None
        if waiting:
            return f"{waiting} not applied"
        _is_migrated = True  # a running program's own migrations do not change
    return ""


def _bus() -> str:
    urls = [urlsplit(one) for one in environment.read().nats_url.split(",")]
    if not urls[0].hostname:
        return "no address"
    greeted = (processes.greeting(u.hostname or "", u.port or 4222) for u in urls)
    return "" if any(hello.startswith("INFO") for hello in greeted) else "no answer"


def _registry() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT version FROM fast.registry")
        return "" if cursor.fetchone() else "never published"


def metrics(request: HttpRequest) -> HttpResponse:
    """GET /metrics: every role's figures, labelled with the role; loopback only unless SITELOOP_METRICS=open."""
    is_near = request.META.get("REMOTE_ADDR") in ("127.0.0.1", "::1")
    if not is_near and os.environ.get("SITELOOP_METRICS") != "open":
        return HttpResponse(status=404)
    return HttpResponse(figures.everything(), content_type=CONTENT_TYPE_LATEST)


urlpatterns = [
    path("internal/live-access", live_access),
    path("healthz", healthz),
    path("readyz", readyz),
    path("metrics", metrics),
]
