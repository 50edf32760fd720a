"""How the register of refused messages shows one: its sender, its bytes, its checks and what would be stored."""

from typing import Any
from urllib.parse import urlencode

from siteloop.foundation.telemetry import details
from siteloop.foundation.telemetry.explaining import explain, sentence
from siteloop.foundation.telemetry.ledger import listener_title
from siteloop.foundation.telemetry.models import Quarantine
from siteloop.framework.language import pick
from siteloop.framework.viewer import Viewer
from siteloop.kernel.explanation import Explanation
from siteloop.kernel.profiles import PROFILES
from siteloop.kernel.quality import TITLES, Quality
from siteloop.kernel.reasons import Reason
from siteloop.kernel.times import from_us

WIDTH = 16  # bytes a line of the dump


def listener(row: Quarantine) -> str:
    """HJ 212, MQTT …"""
    return listener_title(row.listener)


def sender(row: Quarantine) -> Any:
    """The device, else what the sender calls itself, else that it did not say."""
    if row.device_id and row.device:
        return row.device
    return row.device_code or pick("未自称", "did not say")


def detail(row: Quarantine) -> str:
    """What the door found, in words: 没有帧头 ##."""
    return details.told(row.detail)


def dump(row: Quarantine, viewer: Viewer) -> dict[str, Any]:
    """Panel: the bytes as received."""
    return bytes_of(row.bytes, row.is_cut)


def bytes_of(raw: bytes, is_cut: bool) -> dict[str, Any]:
    """Lines of (offset, hex, text), and the whole as text."""
    lines = [
        (f"{at:04x}", raw[at : at + WIDTH].hex(" "), _dots(raw[at : at + WIDTH]))
        for at in range(0, len(raw), WIDTH)
    ]
    return {"lines": lines, "text": _text(raw), "size": len(raw), "is_cut": is_cut}


def explained(row: Quarantine, viewer: Viewer) -> dict[str, Any]:
    """Panel: checks with expected and found, the message's items, what would be stored today, and what can be done."""
    found = explain(row)
    return shown(found) | {"register": _registration(row, found, viewer)}


def shown(found: Explanation) -> dict[str, Any]:
    """An explanation in words and units."""
    fields = {f.name: f for f in PROFILES[found.profile].fields} if found.profile else {}
    quantities = fields or {f.name: f for f in PROFILES["dust"].fields}  # nobody knows yet what it is
    values = [
        {
            "field": fields[v.field],
            "value": v.value,
            "flag": pick(*TITLES[Quality(v.quality)]),
            "normal": v.quality == Quality.NORMAL,
        }
        for v in found.values
    ]
    return {
        "found": found,
        "sentence": sentence(found) if found.reason else "",
        "items": [(i.key, i.text, quantities.get(i.field)) for i in found.items],
        "values": values,
        "at": from_us(found.at_us) if found.at_us is not None else None,
    }


def _registration(row: Quarantine, found: Explanation, viewer: Viewer) -> str:
    """Where an unknown sender is registered, prefilled; "" when that is no longer the trouble, or not the viewer's right."""
    code = found.device_code or row.device_code
    if found.reason != Reason.UNKNOWN_DEVICE or not code or not viewer.may("registry.device.create"):
        return ""
    return "/registry/devices/new?" + urlencode({"code": code, "profile": "dust"})


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace").replace("\r\n", "⏎").replace("\x00", "␀")


def _dots(raw: bytes) -> str:
    return "".join(chr(b) if 32 <= b < 127 else "·" for b in raw)
