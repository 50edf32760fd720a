"""Hikvision ISAPI `EventNotificationAlert`, the same fields in XML and in JSON (standards.md 7.3 [S])."""

import datetime as dt
import math
from collections.abc import Collection
from typing import Any

from siteloop.kernel.reasons import Reason
from siteloop.kernel.times import SHANGHAI, to_us
from siteloop.protocols.events.event import Event, Kind, NoEvent, Passage, Plate
from siteloop.protocols.events.kinds import accepted, kind_of
from siteloop.protocols.events.tree import child, many, number, text

MAKER = "hikvision"
ROOT = "EventNotificationAlert"
#: region coordinates are thousandths of the picture [M]; a point outside shows that a device counts otherwise
GRID = 1000
MOST_POINTS = 100
DIRECTIONS = {"checkin": "in", "checkout": "out"}


def is_it(tree: dict[str, Any]) -> bool:
    """Whether a body is one of these."""
    return ROOT in tree or "eventType" in tree or "AccessControllerEvent" in tree


def moment(value: str) -> int:
    """µs of an ISO 8601 time; without an offset it is Shanghai's. Raises NoEvent."""
    try:
        found = dt.datetime.fromisoformat(value)
        return to_us(found if found.tzinfo else found.replace(tzinfo=SHANGHAI))
    except (ValueError, OverflowError) as wrong:
        raise NoEvent(Reason.MALFORMED, f"dateTime {value[:40]!r}") from wrong


def event(tree: dict[str, Any], quirks: Collection[str] = ()) -> Event:
    """The event of a body. Raises NoEvent."""
    inner = child(tree, ROOT)
    body = inner if isinstance(inner, dict) else tree
    code = text(body, "eventType") or ("AccessControllerEvent" if "AccessControllerEvent" in body else "")
    if not code:
        raise NoEvent(Reason.MALFORMED, "no eventType")
    state = text(body, "eventState")
    kind = kind_of(MAKER, code, quirks)
    if code == "videoloss" and state == "inactive":
        kind = Kind.HEARTBEAT  # the camera's sign of life
    gate = child(body, "AccessControllerEvent")
    return Event(
        at=moment(text(body, "dateTime")),
        maker=MAKER,
        kind=kind,
        code=code,
        device=_device(body),
        channel=number(body, "channelID") or number(body, "dynChannelID"),
        state=state or "pulse",
        description=text(body, "eventDescription"),
        serial=text(gate, "serialNo") or text(body, "activePostCount"),
        is_replay=text(gate, "currentEvent") == "false",
        region=_regions(body),
        passage=_passage(gate, quirks) if isinstance(gate, dict) else None,
        plate=_plate(child(body, "ANPR")),
    )


def _device(body: Any) -> str:
    for name in ("deviceSerial", "devIndex", "deviceID", "macAddress", "ipAddress"):
        if found := text(body, name):
            return found
    return ""


def _passage(gate: dict[str, Any], quirks: Collection[str]) -> Passage:
    return Passage(
        person=text(gate, "employeeNoString") or text(gate, "employeeNo"),
        name=text(gate, "name"),
        card=text(gate, "cardNo"),
        direction=DIRECTIONS.get(text(gate, "attendanceStatus").lower(), ""),
        means=text(gate, "currentVerifyMode"),
        accepted=accepted(f"{number(gate, 'majorEventType')}.{number(gate, 'subEventType')}", quirks),
        door=number(gate, "doorNo"),
    )


def _plate(anpr: Any) -> Plate | None:
    if not text(anpr, "licensePlate"):
        return None
    return Plate(
        number=text(anpr, "licensePlate"),
        colour=text(anpr, "plateColor"),
        direction=text(anpr, "direction"),
        confidence=_percent(text(anpr, "confidenceLevel")),
        lane=number(anpr, "line"),
        vehicle=text(anpr, "vehicleType"),
    )


def _percent(value: str) -> float | None:
    try:
        found = float(value)
    except ValueError:
        return None
    return found if math.isfinite(found) and 0 <= found <= 100 else None


def _regions(body: Any) -> tuple[tuple[tuple[float, float], ...], ...]:
    found = []
    for entry in many(body, "DetectionRegionList", "DetectionRegionEntry")[:MOST_POINTS]:
        points = many(entry, "RegionCoordinatesList", "RegionCoordinates")[:MOST_POINTS]
        polygon = tuple((number(p, "positionX") / GRID, number(p, "positionY") / GRID) for p in points)
        if polygon and all(0 <= x <= 1 and 0 <= y <= 1 for x, y in polygon):
            found.append(polygon)
    return tuple(found)
