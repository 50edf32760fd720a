"""Paths for our own processes and for those who watch over the installation."""

import hmac
import os

import psycopg
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from siteloop.foundation.authority.models import Account
from siteloop.foundation.authority.viewers import viewer_for
from siteloop.foundation.registry.models import Site
from siteloop.framework.rest import tokens
from siteloop.framework.viewer import Viewer


def _viewer(request: HttpRequest) -> Viewer | None:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer" and token:
        account = tokens.account_of(token)
        return viewer_for(account, request) if account is not None else None
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
    if not viewer.may("telemetry.reading.view"):
        return JsonResponse({"user": viewer.user, "regions": [], "sites": []})
    # a viewer of regions hears by region; one of projects or organisations by site
    is_regional = bool(viewer.regions) and not viewer.projects and not viewer.organisations
    sites = [] if is_regional else list(Site.objects.visible_to(viewer).values_list("pk", flat=True))
    return JsonResponse({"user": viewer.user, "regions": list(viewer.regions), "sites": sites})


def healthz(request: HttpRequest) -> HttpResponse:
    """GET /healthz: this process answers."""
    return HttpResponse("ok", content_type="text/plain")


def readyz(request: HttpRequest) -> JsonResponse:
    """GET /readyz: database, migrations and registry are there; 503 with what is missing otherwise."""
    state: dict[str, object] = {}
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT coalesce(max(version), 0) FROM fast.schema_version")
            state["schema"] = cursor.fetchone()[0]
            cursor.execute("SELECT coalesce(max(version), 0) FROM fast.registry")
            state["registry"] = cursor.fetchone()[0]
    except (psycopg.Error, connection.Database.Error) as wrong:
        return JsonResponse({"ready": False, "database": str(wrong)[:200]}, status=503)
    ready = bool(state["schema"])
    return JsonResponse({"ready": ready, **state}, status=200 if ready else 503)


def metrics(request: HttpRequest) -> HttpResponse:
    """GET /metrics: Prometheus text of the web role and the ledger's totals; loopback only unless SITELOOP_METRICS=open."""
    if (
        request.META.get("REMOTE_ADDR") not in ("127.0.0.1", "::1")
        and os.environ.get("SITELOOP_METRICS") != "open"
    ):
        return HttpResponse(status=404)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(received), 0), coalesce(sum(stored), 0), coalesce(sum(control), 0) FROM fast.ledger"
        )
        received, stored, control = cursor.fetchone()
    own = f"siteloop_received_total {received}\nsiteloop_stored_total {stored}\nsiteloop_control_total {control}\n"
    return HttpResponse(generate_latest() + own.encode(), content_type=CONTENT_TYPE_LATEST)


urlpatterns = [
    path("internal/live-access", live_access),
    path("healthz", healthz),
    path("readyz", readyz),
    path("metrics", metrics),
]
