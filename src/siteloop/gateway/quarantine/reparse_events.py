"""Judging a refused push of a camera or a gate again (see reparse.py). It is only explained: its beginning alone was kept, and the
device sends again what was not confirmed."""

from siteloop.gateway.freshness import too_early_or_late
from siteloop.gateway.settings import GatewaySettings
from siteloop.kernel.block import Kind
from siteloop.kernel.explanation import Check, Explanation, Item
from siteloop.kernel.reasons import TITLES, Reason
from siteloop.kernel.registry import DeviceEntry
from siteloop.kernel.times import SHANGHAI, from_us
from siteloop.protocols.events.event import Event
from siteloop.protocols.events.reading import pushed
from siteloop.protocols.framing import Refusal


def explain_event(
    raw: bytes, received_us: int, proven: DeviceEntry | None, settings: GatewaySettings
) -> Explanation:
    """What the push says and why it was refused; never sound, so that nothing is let in from it."""
    identity = Check(
        "identity",
        "身份（设备编码与令牌）",
        "Identity (code and token)",
        proven is not None,
        "接收时令牌正确",
        proven.code if proven else "未经证明",
    )
    found = pushed(_content_type(raw), raw, received_us, proven.quirks if proven else ())
    first = found[0] if found else Refusal(Reason.MALFORMED, raw, "nothing in it")
    if isinstance(first, Refusal):
        words = f"{TITLES[first.reason][0]}：{first.detail}"[:120]
        body = Check("event", "事件内容", "Event", False, "可识别的事件", words)
        return Explanation((identity, body), reason=first.reason.value, detail=first.detail[:200])
    late = too_early_or_late(first.at, Kind.REALTIME, received_us, settings, first.is_replay)
    shown = f"{from_us(first.at).astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
    checks = (
        identity,
        Check("event", "事件内容", "Event", True, "可识别的事件", first.code[:60]),
        Check("time", "事件时间", "Time", late is None, "与接收时刻相近", shown),
    )
    reason = late or (Reason.UNSUPPORTED if proven else Reason.PASSWORD)
    return Explanation(
        checks,
        _items(first),
        device_code=proven.code if proven else "",
        at_us=first.at,
        reason=reason.value,
        detail="events are not released, the device sends them again",
    )


def _content_type(raw: bytes) -> str:
    """The boundary is the first line of a multipart body."""
    line = raw.split(b"\n", 1)[0].strip()
    if line.startswith(b"--") and len(line) > 2:
        return f"multipart/form-data; boundary={line[2:200].decode('latin-1')}"
    return ""


def _items(event: Event) -> tuple[Item, ...]:
    """Nothing of a person."""
    told = {"maker": event.maker, "code": event.code, "kind": event.kind.value, "channel": str(event.channel)}
    return tuple(Item(name, text[:60]) for name, text in told.items())
