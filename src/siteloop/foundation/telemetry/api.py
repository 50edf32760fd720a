"""REST of the telemetry: readings, raw frames, commands, ledger, quarantine (design §7)."""

import datetime as dt
from typing import Any  # the API library types its parameter markers as classes, hence the ignores below

import msgspec
from django.http import HttpResponse
from django.utils import timezone

from siteloop.foundation.registry.models import Device
from siteloop.foundation.telemetry import commands, rates, readings
from siteloop.foundation.telemetry.buckets import buckets_json
from siteloop.foundation.telemetry.ledger import ledger, quarantine
from siteloop.framework.action import Refused
from siteloop.framework.perform import require
from siteloop.framework.rest import Body, Query, Router, Schema
from siteloop.framework.viewer import viewer_of
from siteloop.kernel.times import SHANGHAI

router = Router(prefix="")


class Command(Schema):
    """A command to give."""

    device: str
    command: str
    args: dict[str, Any] = {}
    reason: str = ""


def _device(request: Any, code: str, permission: str) -> Device:
    require(viewer_of(request), permission)
    device = Device.objects.visible_to(viewer_of(request)).filter(code=code).first()
    if device is None:
        raise Refused("设备不存在", status=404)
    return device


def _moment(text: str | None, default: dt.datetime, name: str) -> dt.datetime:
    if not text:
        return default
    try:
        moment = dt.datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError as wrong:
        raise Refused("时间有误", status=422, errors={name: ["须为 ISO 8601 时间"]}) from wrong
    return moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)


def _row(row: readings.Row) -> dict[str, Any]:
    return {
        "at": row.at.astimezone(SHANGHAI).isoformat(),
        "received_at": row.received_at.astimezone(SHANGHAI).isoformat() if row.received_at else None,
        "values": row.values,
        "quality": row.quality,
        **({"replayed": True} if row.replayed else {}),
    }


@router.get("/telemetry/{code}/latest")
def latest(request: Any, code: str) -> dict[str, Any]:
    """The newest row of a device."""
    device = _device(request, code, "telemetry.latest.view")
    row = readings.latest(device)
    return {"device": device.code, "profile": device.profile, "latest": _row(row) if row else None}


@router.get("/telemetry/{code}/readings")
def series(
    request: Any,
    code: str,
    start: str = Query("", alias="from"),  # type: ignore[type-arg]
    end: str = Query("", alias="to"),  # type: ignore[type-arg]
    step: str = "",
) -> HttpResponse:
    """Rows over a time; `step` raw, 60, 900, 3600 or 86400."""
    device = _device(request, code, "telemetry.reading.view")
    until = _moment(end, timezone.now(), "to")
    since = _moment(start, until - dt.timedelta(hours=2), "from")
    step = readings.step_of(since, until, step)
    seconds = readings.STEPS[step]
    results: msgspec.Raw | list[dict[str, Any]]
    if seconds > readings.MINUTE_S:
        results = msgspec.Raw(buckets_json(device, since, until, seconds))
    else:
        rows = readings.minutes if seconds else readings.stored
        results = [_row(r) for r in rows(device, since, until)]
    found = {"device": device.code, "profile": device.profile, "step": step, "results": results}
    # thousands of numbers: the general way of writing JSON took longer than finding them
    return HttpResponse(msgspec.json.encode(found), content_type="application/json; charset=utf-8")


@router.get("/telemetry/{code}/raw")
def raw(request: Any, code: str, at: str) -> dict[str, Any]:
    """The frame a row came from, byte for byte."""
    device = _device(request, code, "telemetry.raw.view")
    found = readings.raw_frame(device, _moment(at, timezone.now(), "at"))
    if found is None:
        raise Refused("没有保存该报文", status=404)
    return {**found, "received_at": found["received_at"].astimezone(SHANGHAI).isoformat()}


@router.get("/telemetry-rates")
def rate(request: Any, by: str = "device", days: int = 1) -> dict[str, Any]:
    """Online, valid-data and fault rate per device, site or supplier."""
    require(viewer_of(request), "telemetry.reading.view")
    if by not in ("device", "site", "supplier") or not 1 <= days <= 366:
        raise Refused("参数有误", status=422, errors={"by": ["device、site、supplier"], "days": ["1–366"]})
    found = rates.rates(viewer_of(request), by, *rates.period(timezone.now(), days))
    return {"by": by, "days": days, "results": [vars(r) for r in found]}


@router.post("/commands")
def issue(
    request: Any,
    body: Command = Body(...),  # type: ignore[type-arg]  # noqa: B008
) -> dict[str, Any]:
    """Give a command; its fate is read from GET /commands/{id}."""
    require(viewer_of(request), "telemetry.command.issue")
    device = Device.objects.visible_to(viewer_of(request)).filter(code=body.device).first()
    if device is None:
        raise Refused("设备不存在", status=404)
    return {"id": commands.issue(viewer_of(request), device, body.command, body.args, body.reason)}


@router.get("/commands/{key}")
def command(request: Any, key: str) -> dict[str, Any]:
    """A command and how it fared."""
    require(viewer_of(request), "telemetry.command.view")
    return commands.read(viewer_of(request), key)


@router.get("/intake/ledger")
def intake_ledger(
    request: Any,
    start: str = Query("", alias="from"),  # type: ignore[type-arg]
    end: str = Query("", alias="to"),  # type: ignore[type-arg]
) -> dict[str, Any]:
    """received = stored + control + rejected by reason."""
    require(viewer_of(request), "telemetry.ledger.view")
    try:
        first = dt.date.fromisoformat(start) if start else None
        last = dt.date.fromisoformat(end) if end else None
    except ValueError as wrong:
        raise Refused("日期有误", status=422, errors={"from": ["须为 YYYY-MM-DD"]}) from wrong
    return ledger(viewer_of(request), first, last)


@router.get("/intake/quarantine")
def intake_quarantine(request: Any, page: int = 1, page_size: int = 50) -> dict[str, Any]:
    """Refused messages with their bytes."""
    require(viewer_of(request), "telemetry.quarantine.view")
    return quarantine(viewer_of(request), max(1, page), min(200, max(1, page_size)))
