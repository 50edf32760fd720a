"""One project, one site, one device: everything known about it on one page, in the viewer's scope."""

import datetime as dt
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import connection
from django.db.models import Model, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from siteloop.foundation.cases.models import Case, Finding
from siteloop.foundation.cases.notes import against
from siteloop.foundation.packs import eligibility
from siteloop.foundation.registry import panels
from siteloop.foundation.registry.completeness import completeness
from siteloop.foundation.registry.models import Device, Project, Site
from siteloop.foundation.telemetry import readings
from siteloop.foundation.telemetry.ledger import reason_title
from siteloop.framework.action import Refused
from siteloop.framework.language import pick
from siteloop.framework.pages_found import page_for
from siteloop.framework.perform import permission_of
from siteloop.framework.scope import visible
from siteloop.framework.viewer import Viewer, viewer_of
from siteloop.kernel.profiles import PROFILES
from siteloop.kernel.quality import TITLES, Quality
from siteloop.screens.places import device_parts
from siteloop.systems.dust import facade as dust

PARTS = {
    "rows": ("telemetry.reading.view", device_parts.rows),
    "frame": ("telemetry.raw.view", device_parts.frame),
    "reported": ("telemetry.reading.view", device_parts.reported_data),
    "commands": ("registry.device.view", device_parts.followed),
}
#: what the chart of a device page opens with
CHART_FIELDS = {
    "dust": "pm25,pm10,tsp",
    "sprayer": "running,flow",
    "tower_crane": "load_percent,moment_percent,wind_speed",
    "hoist": "load_percent,height,persons",
    "vehicle": "speed",
    "weighbridge": "gross,net",
    "pit": "horizontal,vertical",
    "curing_room": "temperature,humidity",
    "energy_meter": "energy,power",
}


def _one(model: type[Model], request: HttpRequest, pk: int, *related: str) -> Any:
    """The row if the viewer may see it; otherwise the same 404 as if it did not exist."""
    viewer = viewer_of(request)
    row = None
    if viewer.may(permission_of(model, "view")):
        row = visible(model, viewer).filter(pk=pk).select_related(*related).first()
    if row is None:
        raise Http404
    return row


def _actions(row: Model, viewer: Viewer) -> list[Any]:
    page = page_for(type(row))
    if page is None:
        return []
    return [
        a
        for a in page.actions
        if not a.on_register
        and viewer.may(a.permission or permission_of(type(row), a.code))
        and a.available(row, viewer)
    ]


def _open_cases(viewer: Viewer, where: Q) -> list[Case]:
    if not viewer.may("cases.case.view"):
        return []
    return list(
        Case.objects.visible_to(viewer).filter(where).select_related("site").order_by("-opened_at")[:10]
    )


@login_required
def project(request: HttpRequest, pk: int) -> HttpResponse:
    """GET /places/projects/<pk>/ (PROJ-09): progress, information, parties, key posts, sites, devices, rectifications."""
    viewer = viewer_of(request)
    row = _one(Project, request, pk)
    sites = list(Site.objects.visible_to(viewer).filter(project=row).order_by("pk"))
    context = {
        "project": row,
        "notes": against(row, viewer),
        "decision": eligibility.decide(row),
        "sites": sites,
        "parties": row.parties.select_related("organisation").order_by("kind"),
        "posts": row.posts.select_related("account", "person", "organisation").order_by("kind"),
        "works": row.works.order_by("name"),
        "completeness": completeness(row),
        "devices": Device.objects.visible_to(viewer)
        .filter(site__project=row)
        .select_related("site", "supplier"),
        "readings": [r for s in sites for r in dust.readings(viewer, s.pk)],
        "cases": _open_cases(viewer, Q(project=row)),
        "panels": panels.of(row, viewer),
        "actions": _actions(row, viewer),
        "may_change": viewer.may("registry.project.change"),
    }
    return render(request, "places/project.html", context)


@login_required
def site(request: HttpRequest, pk: int) -> HttpResponse:
    """GET /places/sites/<pk>/: live readings, sprayers, cases and people of one site."""
    viewer = viewer_of(request)
    row = _one(Site, request, pk, "project")
    devices = list(
        Device.objects.visible_to(viewer)
        .filter(site=row)
        .select_related("supplier")
        .order_by("profile", "number")
    )
    context = {
        "site": row,
        "notes": against(row.project, viewer),
        "readings": dust.readings(viewer, row.pk),
        "pm25_limit": dust.pm25_limit(row.region_code),
        "devices": devices,
        "sprayers": [d for d in devices if d.profile == "sprayer"],
        "latest": {d.number: _latest(d) for d in devices},
        "commands": device_parts.latest_commands([d.number for d in devices], 12),
        "findings": Finding.objects.visible_to(viewer).filter(site=row, shadow=False).order_by("-since")[:10],
        "cases": _open_cases(viewer, Q(site=row)),
        "posts": row.project.posts.select_related("account", "person").order_by("kind"),
        "actions": _actions(row, viewer),
        "may_command": viewer.may("telemetry.command.issue"),
    }
    return render(request, "places/site.html", context)


@login_required
def device(request: HttpRequest, pk: int) -> HttpResponse:
    """GET /places/devices/<pk>/: live chart, commands, upkeep, findings; `?part=` rows, frame, reported or commands."""
    viewer = viewer_of(request)
    row: Device = _one(Device, request, pk, "site", "site__project", "supplier")
    part = request.GET.get("part", "")
    if part:
        return _part(request, row, part)
    today = timezone.localdate()
    inspections = row.annualinspections.order_by("-valid_until")
    context = {
        "device": row,
        "profile": PROFILES[row.profile],
        **device_parts.latest_events(row, viewer),
        "latest": _latest(row),
        "chart_fields": CHART_FIELDS.get(row.profile, ""),
        "pm25_limit": dust.pm25_limit(row.region_code),
        "status": _status(row),
        "ledger": _ledger(row),
        "linked": row.linked.order_by("number"),
        "watched_by": row.watched_by.order_by("number"),
        "inspections": inspections[:5],
        "inspection_valid": inspections.filter(valid_until__gte=today, result="passed").exists(),
        "calibrations": row.calibrations.order_by("-done_on")[:5],
        "maintenances": row.maintenances.order_by("-at")[:8],
        "commands": device_parts.latest_commands([row.number]),
        "history": [(c, pick(*t[:2])) for c, t in device_parts.HISTORY.items()],
        "findings": Finding.objects.visible_to(viewer)
        .filter(device=row, shadow=False)
        .order_by("-since")[:10],
        "cases": _open_cases(viewer, Q(device=row)),
        "actions": _actions(row, viewer),
        "may_command": viewer.may("telemetry.command.issue"),
        "may_quarantine": viewer.may("telemetry.quarantine.view"),
    }
    return render(request, "places/device.html", context)


def _part(request: HttpRequest, row: Device, part: str) -> HttpResponse:
    """One part of the device page; a refusal is told inside it."""
    viewer = viewer_of(request)
    if part not in PARTS:
        raise Http404
    permission, show = PARTS[part]
    try:
        if not viewer.may(permission):
            raise Refused(pick("没有权限查看这部分", "You may not see this part"), status=403)
        return show(request, row)
    except Refused as no:
        return render(request, "places/parts/refused.html", {"no": no}, status=no.status)


@login_required
@require_POST
def command(request: HttpRequest, pk: int) -> HttpResponse:
    """POST /places/devices/<pk>/commands: issue one of the offered commands and go back to the page it came from."""
    viewer = viewer_of(request)
    row: Device = _one(Device, request, pk)
    try:
        title = device_parts.give(viewer, row, request.POST)
    except Refused as no:
        if no.status == 404:
            raise Http404 from no
        messages.error(request, no.message)
    else:
        messages.success(request, pick(f"已下发：{title}，状态见设备指令", f"Sent: {title}"))
    back = request.POST.get("next", "")
    return redirect(back if url_has_allowed_host_and_scheme(back, None) else f"/places/devices/{pk}/")


def _latest(row: Device) -> dict[str, Any] | None:
    """The newest row as (field, value, flag) lines."""
    newest = readings.latest(row)
    if newest is None:
        return None
    lines = [
        {
            "field": field,
            "value": newest.values[field.name],
            "words": device_parts.words_of(row.profile, field, newest.values[field.name]),
            "quality": told,
            "flag": pick(*TITLES.get(Quality[told.upper()], ("", ""))),
            "normal": told == Quality.NORMAL.name.lower(),
        }
        for field in PROFILES[row.profile].fields
        if (told := newest.quality.get(field.name))
    ]
    return {"at": newest.at, "received_at": newest.received_at, "lines": lines}


def _status(row: Device) -> dict[str, Any] | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT connected, peer, since, last_seen FROM fast.status WHERE device = %s", [row.number]
        )
        found = cursor.fetchone()
    return dict(zip(("connected", "peer", "since", "last_seen"), found, strict=True)) if found else None


def _ledger(row: Device) -> dict[str, Any]:
    """The device's line of the intake ledger, last seven days."""
    since = timezone.localdate() - dt.timedelta(days=7)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(received), 0), coalesce(sum(stored), 0) FROM fast.ledger WHERE device = %s AND day >= %s",
            [row.number, since],
        )
        received, stored = cursor.fetchone()
        cursor.execute(
            "SELECT reason, sum(n) FROM fast.ledger_rejected WHERE device = %s AND day >= %s GROUP BY reason ORDER BY 2 DESC",
            [row.number, since],
        )
        rejected = cursor.fetchall()
    return {
        "received": received,
        "stored": stored,
        "rejected": [(reason, reason_title(reason), n) for reason, n in rejected],
    }
