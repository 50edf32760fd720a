"""Dahua events: lines `Events[0].…=…`, `Code=…;action=…;index=…`, and the JSON of pushing devices (standards.md 7.3 [S])."""

import datetime as dt
import json
import re
from collections.abc import Collection
from typing import Any

from siteloop.kernel.reasons import Reason
from siteloop.kernel.times import SECOND, SHANGHAI, to_us
from siteloop.protocols.events.event import Event, Kind, NoEvent, Passage, Plate
from siteloop.protocols.events.kinds import kind_of
from siteloop.protocols.events.tree import MOST_TEXT

MAKER = "dahua"
#: coordinates count to 8191 over the picture [S]
GRID = 8192
MOST_EVENTS = 64
#: quirk: `UTC` is local time counted as if it were UTC (`RealUTC` is always the real one)
LOCAL_UTC = "dahua_utc_is_local"
OFFSET = 8 * 3600 * SECOND
_LINE = re.compile(r"Events\[(\d{1,4})\]\.([^=]{1,200})=(.*)")
_POINT = re.compile(r"DetectRegion\[(\d{1,2})\]\[([01])\]")
HEARTBEAT = "Heartbeat"
#: methods of passing that a gate names by number; only those two sources agree on
MEANS = {"1": "card", "6": "fingerprint", "15": "face"}
DIRECTIONS = {"Entry": "in", "Exit": "out"}
STATES = {"Start": "active", "Stop": "inactive", "Pulse": "pulse"}
Flat = dict[str, str]


def is_it(tree: dict[str, Any]) -> bool:
    """Whether a JSON body is one of these."""
    return "Events" in tree or "Code" in tree or "EventBaseInfo" in tree


def events(body: bytes, now_us: int, quirks: Collection[str] = ()) -> list[Event]:
    """The events of a text part. `now_us` stands in where the text says no time. Raises NoEvent."""
    if len(body) > MOST_TEXT:
        raise NoEvent(Reason.LENGTH, f"{len(body)} bytes of text")
    text = body.decode("utf-8", "replace").strip()
    if text == HEARTBEAT:
        return [Event(now_us, MAKER, Kind.HEARTBEAT, HEARTBEAT, state="pulse")]
    if text.startswith("Code="):
        return [_event(_from_manager(text), now_us, quirks)]
    groups: dict[int, Flat] = {}
    for line in text.splitlines():
        match = _LINE.fullmatch(line.strip())
        if match and (int(match[1]) in groups or len(groups) < MOST_EVENTS):
            groups.setdefault(int(match[1]), {}).setdefault(match[2], match[3].strip())
    if not groups:
        raise NoEvent(Reason.MALFORMED, "no line Events[n].name=value")
    return [_event(flat, now_us, quirks) for _, flat in sorted(groups.items())]


def from_tree(tree: dict[str, Any], now_us: int, quirks: Collection[str] = ()) -> list[Event]:
    """The events of a JSON body: one object, or `{"Events": [...]}`. Raises NoEvent."""
    found = tree.get("Events", [tree])
    if not isinstance(found, list) or not found:
        raise NoEvent(Reason.WRONG_TYPE, "Events is no list")
    return [_event(_flatten(one), now_us, quirks) for one in found[:MOST_EVENTS]]


def _from_manager(text: str) -> Flat:
    """`Code=VideoMotion;action=Start;index=0;data={…}`."""
    head, _, data = text.partition(";data=")
    named = dict(item.partition("=")[::2] for item in head.split(";"))
    flat: Flat = {}
    try:
        flat |= _flatten(json.loads(data)) if data else {}
    except (ValueError, RecursionError):
        flat["data"] = data[:500]
    flat["EventBaseInfo.Code"] = named.get("Code", "")
    flat["EventBaseInfo.Action"] = named.get("action", "")
    flat["EventBaseInfo.Index"] = named.get("index", "")
    return flat


def _flatten(tree: Any, prefix: str = "", depth: int = 0) -> Flat:
    if depth > 8:
        return {}
    if isinstance(tree, dict):
        pairs = [(f"{prefix}.{k}" if prefix else str(k), v) for k, v in list(tree.items())[:500]]
    elif isinstance(tree, list):
        pairs = [(f"{prefix}[{i}]", v) for i, v in enumerate(tree[:100])]
    else:
        return {prefix: "" if tree is None else str(tree)[:500]}
    flat: Flat = {}
    for name, value in pairs:
        flat |= _flatten(value, name, depth + 1)
    return flat


def _event(flat: Flat, now_us: int, quirks: Collection[str]) -> Event:
    code = flat.get("EventBaseInfo.Code") or flat.get("Code", "")
    if not code:
        raise NoEvent(Reason.MALFORMED, "no event code")
    action = flat.get("EventBaseInfo.Action") or flat.get("Action", "")
    channel = _whole(flat.get("Channel") or flat.get("EventBaseInfo.Index") or flat.get("Index", ""))
    return Event(
        at=_at(flat, now_us, quirks),
        maker=MAKER,
        kind=kind_of(MAKER, code, quirks),
        code=code[:100],
        device=flat.get("SerialNo") or flat.get("DeviceID", ""),
        channel=0 if channel is None else channel + 1,  # they count channels from 0
        state=STATES.get(action, "pulse"),
        description=flat.get("Name", "")[:500],
        serial=flat.get("RecNo") or flat.get("EventID", ""),
        region=_region(flat),
        passage=_passage(flat) if code == "AccessControl" else None,
        plate=_plate(flat),
    )


def _whole(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else None


def _at(flat: Flat, now_us: int, quirks: Collection[str]) -> int:
    """Real UTC, else UTC as seconds or as local text, else the time of receipt."""
    if real := _whole(flat.get("RealUTC", "")):
        return real * SECOND
    told = flat.get("UTC") or flat.get("CreateTime", "")
    if not told:
        return now_us
    if (seconds := _whole(told)) is not None:
        milliseconds = _whole(flat.get("UTCMS", "")) or 0
        return seconds * SECOND + milliseconds * 1000 - (OFFSET if LOCAL_UTC in quirks else 0)
    try:
        found = dt.datetime.fromisoformat(told)
        return to_us(found if found.tzinfo else found.replace(tzinfo=SHANGHAI))
    except (ValueError, OverflowError) as wrong:
        raise NoEvent(Reason.MALFORMED, f"UTC {told[:40]!r}") from wrong


def _passage(flat: Flat) -> Passage:
    status = flat.get("Status", "")
    return Passage(
        person=flat.get("UserID", ""),
        name=flat.get("CardName", ""),
        card=flat.get("CardNo", ""),
        direction=DIRECTIONS.get(flat.get("Type", ""), ""),
        means=MEANS.get(flat.get("Method", ""), flat.get("Method", "")),
        accepted={"1": True, "0": False}.get(status),
        door=_whole(flat.get("Door", "")) or 0,
    )


def _plate(flat: Flat) -> Plate | None:
    number = flat.get("TrafficCar.PlateNumber") or flat.get("PlateNumber", "")
    if not number:
        return None
    return Plate(
        number=number[:20],
        colour=flat.get("TrafficCar.PlateColor", ""),
        direction=flat.get("TrafficCar.DrivingDirection[0]", ""),
        lane=_whole(flat.get("TrafficCar.Lane") or flat.get("Lane", "")) or 0,
        vehicle=flat.get("Vehicle.Category", ""),
    )


def _region(flat: Flat) -> tuple[tuple[tuple[float, float], ...], ...]:
    box = [_whole(flat.get(f"Object.BoundingBox[{i}]", "")) for i in range(4)]
    if all(side is not None and side < GRID for side in box):
        left, top, right, bottom = (side / GRID for side in box if side is not None)
        return (((left, top), (right, top), (right, bottom), (left, bottom)),)
    points: dict[int, dict[str, float]] = {}
    for name, value in flat.items():
        match, whole = _POINT.fullmatch(name), _whole(value)
        if match and whole is not None and whole < GRID:
            points.setdefault(int(match[1]), {})[match[2]] = whole / GRID
    polygon = tuple((p["0"], p["1"]) for _, p in sorted(points.items()) if len(p) == 2)
    return (polygon,) if polygon else ()
