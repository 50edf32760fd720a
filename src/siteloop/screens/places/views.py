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
from siteloop.foundation.packs import eligibility
from siteloop.foundation.registry.models import Device, Project, Site
from siteloop.foundation.telemetry.commands import issue
from siteloop.framework.action import Refused
from siteloop.framework.pages_found import page_for
from siteloop.framework.perform import permission_of, visible
from siteloop.framework.viewer import Viewer
from siteloop.kernel.profiles import PROFILES
from siteloop.kernel.quality import TITLES, Quality, unpack
from siteloop.systems.dust import facade as dust

COMMANDS = {
    "spray_on": "开启喷淋",
    "spray_off": "关闭喷淋",
    "set_time": "校时",
    "read_time": "读取时间",
    "request_history": "补传历史",
}
COMMAND_STATES = {
    "queued": "待发送",
    "sent": "已发送",
    "accepted": "设备已接收",
    "refused": "设备拒绝",
    "done": "执行完成",
    "failed": "执行失败",
    "expired": "超时未应答",
}
#: what the chart of a device page opens with
CHART_FIELDS = {
    "dust": "pm25,pm10,tsp",
    "sprayer": "running,flow",
    "tower_crane": "load_percent,moment_percent,wind_speed",
    "hoist": "load_percent,height,persons",
    "vehicle": "speed",
    "weighbridge": "gross,net",
}


def _one(model: type[Model], request: HttpRequest, pk: int, *related: str) -> Any:
    """The row if the viewer may see it; otherwise the same 404 as if it did not exist."""
    viewer: Viewer = request.viewer  # type: ignore[attr-defined]
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
    viewer: Viewer = request.viewer  # type: ignore[attr-defined]
    row = _one(Project, request, pk)
    sites = list(Site.objects.visible_to(viewer).filter(project=row).order_by("pk"))
    context = {
        "project": row,
        "decision": eligibility.decide(row),
        "sites": sites,
        "parties": row.parties.select_related("organisation").order_by("kind"),
        "posts": row.posts.select_related("account", "person", "organisation").order_by("kind"),
        "works": row.works.order_by("name"),
        "devices": Device.objects.visible_to(viewer)
        .filter(site__project=row)
        .select_related("site", "supplier"),
        "readings": [r for s in sites for r in dust.readings(viewer, s.pk)],
        "cases": _open_cases(viewer, Q(project=row)),
        "actions": _actions(row, viewer),
        "may_change": viewer.may("registry.project.change"),
    }
    return render(request, "places/project.html", context)


@login_required
def site(request: HttpRequest, pk: int) -> HttpResponse:
    """GET /places/sites/<pk>/: live readings, sprayers, cases and people of one site."""
    viewer: Viewer = request.viewer  # type: ignore[attr-defined]
    row = _one(Site, request, pk, "project")
    devices = list(
        Device.objects.visible_to(viewer)
        .filter(site=row)
        .select_related("supplier")
        .order_by("profile", "number")
    )
    context = {
        "site": row,
        "readings": dust.readings(viewer, row.pk),
        "devices": devices,
        "sprayers": [d for d in devices if d.profile == "sprayer"],
        "latest": {d.number: _latest(d) for d in devices},
        "commands": _commands([d.number for d in devices]),
        "findings": Finding.objects.visible_to(viewer).filter(site=row, shadow=False).order_by("-since")[:10],
        "cases": _open_cases(viewer, Q(site=row)),
        "posts": row.project.posts.select_related("account", "person").order_by("kind"),
        "actions": _actions(row, viewer),
        "may_command": viewer.may("telemetry.command.issue"),
    }
    return render(request, "places/site.html", context)


@login_required
def device(request: HttpRequest, pk: int) -> HttpResponse:
    """GET /places/devices/<pk>/: live chart with flags, raw frames, commands, upkeep, findings; `?part=raw` the raw frames."""
    viewer: Viewer = request.viewer  # type: ignore[attr-defined]
    row: Device = _one(Device, request, pk, "site", "site__project", "supplier")
    if request.GET.get("part") == "raw":
        return render(request, "places/parts/raw.html", {"device": row, "rows": _recent_rows(row)})
    today = timezone.localdate()
    inspections = row.annualinspections.order_by("-valid_until")
    context = {
        "device": row,
        "profile": PROFILES[row.profile],
        "latest": _latest(row),
        "chart_fields": CHART_FIELDS.get(row.profile, ""),
        "status": _status(row),
        "ledger": _ledger(row),
        "linked": row.linked.order_by("number"),
        "watched_by": row.watched_by.order_by("number"),
        "inspections": inspections[:5],
        "inspection_valid": inspections.filter(valid_until__gte=today, result="passed").exists(),
        "calibrations": row.calibrations.order_by("-done_on")[:5],
        "maintenances": row.maintenances.order_by("-at")[:8],
        "commands": _commands([row.number]),
        "findings": Finding.objects.visible_to(viewer)
        .filter(device=row, shadow=False)
        .order_by("-since")[:10],
        "cases": _open_cases(viewer, Q(device=row)),
        "actions": _actions(row, viewer),
        "may_command": viewer.may("telemetry.command.issue"),
        "may_raw": viewer.may("telemetry.raw.view"),
    }
    return render(request, "places/device.html", context)


@login_required
@require_POST
def command(request: HttpRequest, pk: int) -> HttpResponse:
    """POST /places/devices/<pk>/commands: issue one of the offered commands and go back to the page it came from."""
    viewer: Viewer = request.viewer  # type: ignore[attr-defined]
    row: Device = _one(Device, request, pk)
    name = request.POST.get("command", "")
    if name not in COMMANDS:
        raise Http404
    args: dict[str, Any] = {}
    if name == "request_history":
        now = int(timezone.now().timestamp() * 1e6)
        args = {"kind": "minute", "from_us": now - 3_600_000_000, "to_us": now}
    try:
        issue(viewer, row, name, args, "页面下发")
    except Refused as no:
        messages.error(request, no.message)
    else:
        messages.success(request, f"已下发：{COMMANDS[name]}")
    back = request.POST.get("next", "")
    return redirect(back if url_has_allowed_host_and_scheme(back, None) else f"/places/devices/{pk}/")


def _latest(row: Device) -> dict[str, Any] | None:
    """The newest row as (field, value, flag) lines."""
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT at, received_at, quality, "values" FROM telemetry.latest WHERE device = %s', [row.number]
        )
        found = cursor.fetchone()
    if found is None:
        return None
    fields = PROFILES[row.profile].fields
    flags = unpack(found[2], len(fields))
    lines = [
        {
            "field": f,
            "value": v,
            "quality": q.name.lower(),
            "flag": TITLES.get(q, ("", ""))[0],
            "normal": q is Quality.NORMAL,
        }
        for f, v, q in zip(fields, found[3], flags, strict=False)
        if q is not Quality.ABSENT
    ]
    return {"at": found[0], "received_at": found[1], "lines": lines}


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
    return {"received": received, "stored": stored, "rejected": rejected}


def _commands(devices: list[int]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.id, c.device, d.code, c.command, c.state, c.origin, c.reason, c.issued_at, c.finished_at, c.result ->> 'detail'"
            " FROM fast.command c JOIN registry_device d ON d.number = c.device WHERE c.device = ANY(%s)"
            " ORDER BY c.issued_at DESC LIMIT 12",
            [devices],
        )
        rows = cursor.fetchall()
    names = (
        "id",
        "device",
        "code",
        "command",
        "state",
        "origin",
        "reason",
        "issued_at",
        "finished_at",
        "detail",
    )
    return [
        dict(zip(names, r, strict=True))
        | {"title": COMMANDS.get(r[3], r[3]), "state_title": COMMAND_STATES.get(r[4], r[4])}
        for r in rows
    ]


def _recent_rows(row: Device) -> list[dict[str, Any]]:
    """The newest twenty rows with their flags."""
    profile = PROFILES[row.profile]
    names = ", ".join(f'"{f.name}"' for f in profile.fields)  # names of our own profile table, never input
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT at, received_at, quality, {names} FROM telemetry."{profile.code}" WHERE device = %s ORDER BY at DESC LIMIT 20',  # noqa: S608
            [row.number],
        )
        found = cursor.fetchall()
    rows = []
    for at, received_at, quality, *values in found:
        flags = unpack(quality, len(profile.fields))
        cells = [
            {"field": f, "value": v, "flag": TITLES.get(q, ("", ""))[0], "normal": q is Quality.NORMAL}
            for f, v, q in zip(profile.fields, values, flags, strict=True)
            if q is not Quality.ABSENT
        ]
        rows.append({"at": at, "received_at": received_at, "cells": cells})
    return rows
