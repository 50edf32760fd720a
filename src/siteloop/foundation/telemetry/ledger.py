"""The intake ledger: received = stored + control + rejected by reason, per listener and device, in the viewer's scope."""

import datetime as dt
from typing import Any

from django.db import connection
from django.utils import timezone

from siteloop.foundation.registry.models import Device
from siteloop.framework.viewer import Viewer


def ledger(viewer: Viewer, start: dt.date | None = None, end: dt.date | None = None) -> dict[str, Any]:
    """Totals and lines of the days [start, end] (default: today). Lines of unknown devices only for all-seeing viewers."""
    start = start or timezone.localdate()
    end = end or start
    codes = dict(Device.objects.visible_to(viewer).values_list("number", "code"))
    numbers = [
        *codes,
        *([0] if viewer.may("telemetry.quarantine.unknown") or "*" in viewer.permissions else []),
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT listener, device, sum(received), sum(stored), sum(control), sum(flagged) FROM fast.ledger"
            " WHERE day BETWEEN %s AND %s AND device = ANY(%s) GROUP BY listener, device ORDER BY listener, device",
            [start, end, numbers],
        )
        rows = cursor.fetchall()
        cursor.execute(
            "SELECT listener, device, reason, sum(n) FROM fast.ledger_rejected"
            " WHERE day BETWEEN %s AND %s AND device = ANY(%s) GROUP BY listener, device, reason",
            [start, end, numbers],
        )
        rejected: dict[tuple[str, int], dict[str, int]] = {}
        for listener, device, reason, n in cursor.fetchall():
            rejected.setdefault((listener, device), {})[reason] = int(n)
    lines = [
        {
            "listener": listener,
            "device": codes.get(device, ""),
            "received": int(received),
            "stored": int(stored),
            "control": int(control),
            "flagged": int(flagged),
            "rejected": rejected.get((listener, device), {}),
        }
        for listener, device, received, stored, control, flagged in rows
    ]
    return {"from": start.isoformat(), "to": end.isoformat(), **_total(lines), "lines": lines}


def _total(lines: list[dict[str, Any]]) -> dict[str, Any]:
    reasons: dict[str, int] = {}
    for line in lines:
        for reason, n in line["rejected"].items():
            reasons[reason] = reasons.get(reason, 0) + n
    total = {name: sum(line[name] for line in lines) for name in ("received", "stored", "control", "flagged")}
    balanced = total["received"] == total["stored"] + total["control"] + sum(reasons.values())
    return {**total, "rejected": reasons, "balanced": balanced}


def quarantine(viewer: Viewer, page: int = 1, page_size: int = 50) -> dict[str, Any]:
    """Refused messages with their bytes, newest first."""
    numbers = list(Device.objects.visible_to(viewer).values_list("number", flat=True))
    if viewer.may("telemetry.quarantine.unknown") or "*" in viewer.permissions:
        numbers.append(0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM fast.quarantine WHERE device = ANY(%s)", [numbers])
        count = cursor.fetchone()[0]
        cursor.execute(
            "SELECT id, received_at, listener, device, device_code, peer, reason, detail, raw FROM fast.quarantine"
            " WHERE device = ANY(%s) ORDER BY id DESC LIMIT %s OFFSET %s",
            [numbers, page_size, (page - 1) * page_size],
        )
        rows = cursor.fetchall()
    names = ("id", "received_at", "listener", "device", "device_code", "peer", "reason", "detail", "raw")
    results = []
    for row in rows:
        found = dict(zip(names, row, strict=True))
        found["received_at"] = found["received_at"].isoformat()
        found["raw"] = bytes(found["raw"]).decode("utf-8", "replace")
        results.append(found)
    return {"count": count, "results": results}
