"""Parts of the device page that are asked for one by one: rows of a period, one row's frame decoded, reported data, commands."""

import datetime as dt
from typing import Any

from django.core.paginator import Paginator
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from siteloop.foundation.registry.models import Device
from siteloop.foundation.telemetry import commands, quarantine, readings, reported
from siteloop.foundation.telemetry.explaining import explain_frame
from siteloop.foundation.telemetry.models import Event
from siteloop.framework.action import Refused
from siteloop.framework.language import pick
from siteloop.framework.viewer import Viewer
from siteloop.kernel.bits import in_words
from siteloop.kernel.profiles import PROFILES, Field
from siteloop.kernel.quality import TITLES, Quality
from siteloop.kernel.times import SHANGHAI, to_us

ROWS = 12
HOURS = 2  # rows shown when no time is asked for
EVENTS = 10
#: these measure nothing: what they have to say are events
PUSHING = ("camera", "gate")
LONGEST = dt.timedelta(days=7)
HISTORY = {
    "realtime": ("实时数据", "real-time data", dt.timedelta(days=1)),
    "minute": ("分钟数据", "minute data", dt.timedelta(days=7)),
    "hour": ("小时数据", "hour data", dt.timedelta(days=31)),
    "day": ("日数据", "day data", dt.timedelta(days=366)),
}
#: how a value's flag is coloured: sent so by the device, or doubted by us
FLAG_COLOURS = {
    Quality.NORMAL: "green",
    Quality.OUT_OF_PHYSICS: "red",
    Quality.SUSPECT: "red",
    Quality.FAULT: "red",
}


def latest_events(device: Device, viewer: Viewer) -> dict[str, Any]:
    """What a page of a device that pushes events shows in place of readings; nothing of people to whom may not see events."""
    pushes, may = device.profile in PUSHING, viewer.may("telemetry.event.view")
    found = Event.objects.visible_to(viewer).filter(device=device)[:EVENTS] if pushes and may else []
    return {"pushes_events": pushes, "may_events": may, "events": found}


def rows(request: HttpRequest, device: Device) -> HttpResponse:
    """?part=rows&from=&to=&page=: stored rows with every flag in words, each leading to the frame it came from."""
    start, end = _period(request, dt.timedelta(hours=HOURS), LONGEST)
    found = readings.stored(device, start, end)
    leaf = Paginator(list(reversed(found)), ROWS).get_page(request.GET.get("page"))
    fields = {f.name: f for f in PROFILES[device.profile].fields}
    shown = [
        {
            "at": row.at,
            "received_at": row.received_at,
            "late": row.received_at is not None
            and row.received_at - row.at > dt.timedelta(seconds=3 * device.interval_s),
            "cells": [
                _cell(device.profile, fields[n], row.values.get(n), Quality[q.upper()])
                for n, q in row.quality.items()
            ],
        }
        for row in leaf.object_list
    ]
    context = {"device": device, "rows": shown, "leaf": leaf, "start": start, "end": end}
    return render(request, "places/parts/rows.html", context)


def words_of(profile: str, field: Field, value: float | None) -> str:
    """A set of bits in words, "" for a number."""
    titles = in_words(profile, field.name, value)
    return pick("、", ", ").join(pick(*title) for title in titles) if titles else ""


def _cell(profile: str, field: Field, value: float | None, flag: Quality) -> dict[str, Any]:
    return {
        "field": field,
        "value": value,
        "words": words_of(profile, field, value),
        "flag": pick(*TITLES[flag]),
        "colour": FLAG_COLOURS.get(flag, "orange"),
        "normal": flag is Quality.NORMAL,
    }


def frame(request: HttpRequest, device: Device) -> HttpResponse:
    """?part=frame&at=: the frame a row came from: its bytes, and what today's codec makes of it."""
    at = _moment(request.GET.get("at", ""), None)
    found = readings.raw_frame(device, at)
    if found is None:
        raise Refused("没有保存该报文：可能已过保存期限", status=404)
    raw = bytes.fromhex(found["hex"])
    told = explain_frame(raw, found["listener"], found["received_at"], device)
    context = {
        "device": device,
        "at": at,
        "received_at": found["received_at"],
        "explained": quarantine.shown(told),
        "bytes": quarantine.bytes_of(raw, is_cut=False),
    }
    return render(request, "places/parts/frame.html", context)


def reported_data(request: HttpRequest, device: Device) -> HttpResponse:
    """?part=reported&kind=minute|hour|day&to=: the device's own aggregates next to ours."""
    kind = request.GET.get("kind", "minute")
    end = _moment(request.GET.get("to", ""), timezone.now())
    found = reported.compare(device, kind, end - reported.SPANS.get(kind, LONGEST), end)
    leaf = Paginator(found, ROWS).get_page(request.GET.get("page"))
    context = {
        "device": device,
        "leaf": leaf,
        "kind": kind,
        "kinds": [(c, pick(*HISTORY[c][:2])) for c in reported.KINDS],
        "span": reported.SPANS[kind].days,
        "notable": f"{reported.NOTABLE:.0%}",
    }
    return render(request, "places/parts/reported.html", context)


def followed(request: HttpRequest, device: Device) -> HttpResponse:
    """?part=commands: the newest commands with the steps they took, fetched again whenever one moves."""
    return render(request, "places/parts/commands.html", {"commands": latest_commands([device.number])})


def latest_commands(devices: list[int], most: int = 8) -> list[dict[str, Any]]:
    """Newest commands first, each with its trail of (state in words, time, detail). Two queries."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.id, c.device, d.code, c.command, c.state, c.reason, c.issued_at, c.expires_at, c.tries, c.result ->> 'detail'"
            " FROM fast.command c JOIN registry_device d ON d.number = c.device WHERE c.device = ANY(%s)"
            " ORDER BY c.issued_at DESC LIMIT %s",
            [devices, most],
        )
        found = cursor.fetchall()
        names = (
            "id",
            "device",
            "code",
            "command",
            "state",
            "reason",
            "issued_at",
            "expires_at",
            "tries",
            "detail",
        )
        cursor.execute(
            "SELECT command, state, at, detail FROM fast.command_trail WHERE command = ANY(%s) ORDER BY id",
            [[row[0] for row in found]],
        )
        steps: dict[str, list[dict[str, Any]]] = {}
        for command, state, at, detail in cursor.fetchall():
            steps.setdefault(command, []).append({"title": state_title(state), "at": at, "detail": detail})
    return [
        dict(zip(names, row, strict=True))
        | {"title": command_title(row[3]), "state_title": state_title(row[4]), "steps": steps.get(row[0], [])}
        for row in found
    ]


COMMANDS_EN = {
    "spray_on": "Spray on",
    "spray_off": "Spray off",
    "set_time": "Set the clock",
    "read_time": "Read the clock",
    "set_interval": "Set the interval",
    "request_history": "Send history again",
}
STATES = {
    "queued": ("待发送", "queued"),
    "sent": ("已发送", "sent"),
    "accepted": ("设备已接收", "accepted"),
    "refused": ("设备拒绝", "refused"),
    "done": ("执行完成", "done"),
    "failed": ("执行失败", "failed"),
    "expired": ("超时未应答", "no answer in time"),
}


def command_title(code: str) -> str:
    """How a command is called."""
    return pick(commands.TITLES.get(code, code), COMMANDS_EN.get(code, code))


def state_title(code: str) -> str:
    """How a command's state is called."""
    return pick(*STATES.get(code, (code, code)))


def give(viewer: Viewer, device: Device, posted: Any) -> str:
    """Issue the command that was posted; returns its title. Raises Refused 422 for arguments that make no sense."""
    name = posted.get("command", "")
    if name not in commands.TITLES:
        raise Refused("没有该指令", status=404)
    args: dict[str, Any] = _history(posted) if name == "request_history" else {}
    commands.issue(viewer, device, name, args, posted.get("reason", "").strip() or "页面下发")
    return command_title(name)


def _history(posted: Any) -> dict[str, Any]:
    kind = posted.get("kind", "minute")
    if kind not in HISTORY:
        raise Refused("数据类别有误", status=422)
    now = timezone.now()
    end = _moment(posted.get("to", ""), now)
    start = _moment(posted.get("from", ""), end - dt.timedelta(hours=1))
    longest = HISTORY[kind][2]
    if not start < end <= now + dt.timedelta(minutes=1):
        raise Refused("起止时间有误：须先后有序，且不晚于现在", status=422)
    if end - start > longest:
        raise Refused(f"{HISTORY[kind][0]}一次最多补传 {longest.days} 天", status=422)
    return {"kind": kind, "from_us": to_us(start), "to_us": to_us(end)}


def _period(
    request: HttpRequest, usual: dt.timedelta, longest: dt.timedelta
) -> tuple[dt.datetime, dt.datetime]:
    end = _moment(request.GET.get("to", ""), timezone.now())
    start = _moment(request.GET.get("from", ""), end - usual)
    if not dt.timedelta() < end - start <= longest:
        raise Refused(f"起止时间有误：须先后有序，且不超过 {longest.days} 天", status=422)
    return start, end


def _moment(text: str, default: dt.datetime | None) -> dt.datetime:
    if not text and default is not None:
        return default
    try:
        moment = dt.datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError as wrong:
        raise Refused(f"时间“{text[:30]}”有误", status=422) from wrong
    return moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)
