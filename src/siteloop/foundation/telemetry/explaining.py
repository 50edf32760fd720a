"""What a refused message says and why it was refused, judged again by today's codec and settings. The fast plane judges, we ask."""

import datetime as dt
from collections.abc import Callable
from functools import partial

from siteloop.foundation.registry import publish
from siteloop.foundation.registry.models import Device
from siteloop.foundation.telemetry.ledger import reason_title
from siteloop.foundation.telemetry.models import Quarantine
from siteloop.framework.action import Refused
from siteloop.framework.language import pick
from siteloop.kernel import quirks
from siteloop.kernel.explanation import Explanation
from siteloop.kernel.registry import DeviceEntry
from siteloop.kernel.times import to_us

WHY = "the port judges a message by every registered device, and so must its explanation"
DeviceOf = Callable[[str], DeviceEntry | None]
#: (bytes, listener, received µs, device by its code, the device that had proven itself) -> what the port would say
Explainer = Callable[[bytes, str, int, DeviceOf, DeviceEntry | None], Explanation]
#: filled by the room that knows both planes
EXPLAINERS: list[Explainer] = []


def explain(row: Quarantine) -> Explanation:
    """Pure: nothing is stored, sent or counted. Raises Refused 503 where no fast plane was joined."""
    device = row.device if row.device_id else None
    return explain_frame(row.bytes, row.listener, row.received_at, device, row.peer)


def explain_frame(
    raw: bytes, listener: str, received_at: dt.datetime, device: Device | None, peer: str = ""
) -> Explanation:
    """The same for bytes from the archive; `device` is the one that had proven itself."""
    if not EXPLAINERS:
        raise Refused("本服务未接入报文解析", status=503)
    proven = publish.entry(device) if device is not None else None
    return EXPLAINERS[0](raw, listener, to_us(received_at), partial(_device_of, peer=peer), proven)


def sentence(found: Explanation) -> str:
    """Why it would be refused today: CRC 校验错误（CRC 校验应为 BC81，实为 BEEF）."""
    failed = next((c for c in found.checks if c.ok is False), None)
    if failed is None or not failed.expected:
        return reason_title(found.reason)
    told = pick(
        f"{failed.title}应为 {failed.expected}，实为 {failed.found or '空'}",
        f"{failed.title_en}: expected {failed.expected}, found {failed.found or 'nothing'}",
    )
    return f"{reason_title(found.reason)}（{told}）"


def _device_of(code: str, peer: str) -> DeviceEntry | None:
    known = Device.objects.unscoped(WHY).exclude(state="retired")
    found = list(known.filter(code=code)[:1])
    if not found and quirks.is_nameless(code) and peer:
        found = list(known.filter(quirks__contains=[quirks.address_of(peer)])[:2])
    return publish.entry(found[0]) if len(found) == 1 else None
