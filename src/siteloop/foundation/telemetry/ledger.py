"""The intake ledger: received = stored + control + rejected by reason, per listener and device, in the viewer's scope."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from siteloop.foundation.registry.models import Device
from siteloop.foundation.telemetry.models import UNKNOWN
from siteloop.framework.language import pick
from siteloop.framework.viewer import Viewer
from siteloop.kernel.reasons import TITLES as REASONS
from siteloop.kernel.reasons import Reason

BY = {"listener": "listener", "device": "device", "day": "day"}
#: where messages come in; a frame let out of quarantine is counted again, on a line of its own
LISTENERS: dict[str, tuple[str, str]] = {
    "hj212": ("HJ 212", "HJ 212"),
    "mqtt": ("MQTT", "MQTT"),
    "http": ("HTTP", "HTTP"),
    "jt808": ("JT/T 808 车载终端", "JT/T 808 vehicles"),
    "lifting": ("塔机与升降机", "Cranes and hoists"),
    "events": ("事件推送", "Event push"),
    "modbus": ("Modbus TCP", "Modbus TCP"),
    "weighbridge": ("地磅", "Weighbridges"),
    "release": ("隔离放行", "Released"),
}


@dataclass
class Line:
    """Counts of one listener, device or day (`key`), or of all; one frame is one message."""

    key: Any
    received: int = 0
    stored: int = 0
    control: int = 0  # answers, heartbeats, notices: messages without a reading
    flagged: int = 0  # values kept but doubted by us; not part of the sum
    replayed: int = (
        0  # rows put right later from their raw frames; no messages, so not part of the sum either
    )
    rejected: dict[str, int] = field(default_factory=dict)  # by kernel.reasons code
    code: str = ""
    title: str = ""

    @property
    def refused(self) -> int:
        """All rejected, whatever the reason."""
        return sum(self.rejected.values())

    @property
    def difference(self) -> int:
        """received - stored - control - rejected: zero, or messages are missing."""
        return self.received - self.stored - self.control - self.refused

    @property
    def balanced(self) -> bool:
        """Whether the line adds up."""
        return self.difference == 0


@dataclass(frozen=True)
class Asked:
    """What part of the ledger is wanted: days inclusive, one listener or all, devices whose code or name holds `search`."""

    start: dt.date
    end: dt.date
    listener: str = ""
    search: str = ""


def listener_title(code: str) -> str:
    """How a listener is called on screen."""
    return pick(*LISTENERS.get(code, (code.upper(), code.upper())))


def reason_title(code: str) -> str:
    """How a reject reason is called on screen."""
    return pick(*REASONS[Reason(code)]) if code in set(Reason) else code


def sees_unknown(viewer: Viewer) -> bool:
    """Whether messages of devices nobody registered are shown to the viewer."""
    return viewer.is_system or viewer.may(UNKNOWN)


def lines(viewer: Viewer, asked: Asked, by: str) -> list[Line]:
    """One line for each listener, device or day (`by`), in the viewer's scope, in the order of the key. Three queries."""
    column = BY[by]
    devices = _devices(viewer, asked.search)
    scope: list[Any] = [asked.start, asked.end, list(devices), asked.listener, asked.listener]
    where = "WHERE day BETWEEN %s AND %s AND device = ANY(%s) AND (%s = '' OR listener = %s)"
    found: dict[Any, Line] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {column}, sum(received), sum(stored), sum(control), sum(flagged), sum(replayed) FROM fast.ledger {where}"  # noqa: S608 - one of BY
            f" GROUP BY {column} ORDER BY {column}",
            scope,
        )
        for key, received, stored, control, flagged, replayed in cursor.fetchall():
            found[key] = Line(key, int(received), int(stored), int(control), int(flagged), int(replayed))
        cursor.execute(
            f"SELECT {column}, reason, sum(n) FROM fast.ledger_rejected {where} GROUP BY {column}, reason"  # noqa: S608 - one of BY
            " ORDER BY 3 DESC",
            scope,
        )
        for key, reason, n in cursor.fetchall():
            found.setdefault(key, Line(key)).rejected[reason] = int(n)
    if by == "device":
        for line in found.values():
            line.code, line.title = devices[line.key]
    return list(found.values())


def total(many: Iterable[Line]) -> Line:
    """The sum of lines."""
    made = Line(None)
    for line in many:
        for name in ("received", "stored", "control", "flagged", "replayed"):
            setattr(made, name, getattr(made, name) + getattr(line, name))
        for reason, n in line.rejected.items():
            made.rejected[reason] = made.rejected.get(reason, 0) + n
    made.rejected = dict(sorted(made.rejected.items(), key=lambda pair: -pair[1]))
    return made


def _devices(viewer: Viewer, search: str = "") -> dict[int, tuple[str, str]]:
    """Number -> (code, name) of the devices whose lines the viewer sees; 0 stands for messages of no registered device."""
    rows = Device.objects.visible_to(viewer)
    if search:
        rows = rows.filter(
            Q(code__icontains=search) | Q(title__icontains=search) | Q(site__name__icontains=search)
        )
    found = {n: (code, title or code) for n, code, title in rows.values_list("number", "code", "title")}
    if sees_unknown(viewer) and not search:
        found[0] = ("", "")
    return found


def ledger(viewer: Viewer, start: dt.date | None = None, end: dt.date | None = None) -> dict[str, Any]:
    """Totals and lines of the days [start, end] (default: today). Lines of unknown devices only for all-seeing viewers."""
    start = start or timezone.localdate()
    end = end or start
    found: list[dict[str, Any]] = []
    whole = Line(None)
    for listener in [line.key for line in lines(viewer, Asked(start, end), "listener")]:
        part = lines(viewer, Asked(start, end, listener), "device")
        whole = total([whole, *part])
        found += [{"listener": listener, "device": line.code, **_told(line)} for line in part]
    return {
        "from": start.isoformat(),
        "to": end.isoformat(),
        **_told(whole),
        "balanced": whole.balanced,
        "lines": found,
    }


def _told(line: Line) -> dict[str, Any]:
    names = ("received", "stored", "control", "flagged", "replayed", "rejected")
    return {name: getattr(line, name) for name in names}


def quarantine(viewer: Viewer, page: int = 1, page_size: int = 50) -> dict[str, Any]:
    """Refused messages with their bytes, newest first."""
    numbers = list(Device.objects.visible_to(viewer).values_list("number", flat=True))
    if sees_unknown(viewer):
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
