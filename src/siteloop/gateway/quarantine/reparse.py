"""Judging a refused message again, by today's codec and settings: for the quarantine page, and for letting it in.

Pure. Its time is judged as of when it was received: a reading that was fresh then is not too old now.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from siteloop.gateway.freshness import too_early_or_late
from siteloop.gateway.settings import GatewaySettings
from siteloop.kernel.explanation import Check, Explanation, Item, Value
from siteloop.kernel.profiles import POSITION, PROFILES
from siteloop.kernel.quality import Quality
from siteloop.kernel.reasons import Reason
from siteloop.kernel.registry import DeviceEntry
from siteloop.kernel.times import SECOND, SHANGHAI, from_us
from siteloop.protocols import json_profile
from siteloop.protocols.hj212 import talk
from siteloop.protocols.hj212.explain import explain as explain_frame
from siteloop.protocols.hj212.reading import NoReading, Reading
from siteloop.protocols.hj212.reading import reading as read_message

DEFAULTS = GatewaySettings("", "", Path())
JSON_LISTENERS = ("mqtt", "http")
#: listeners of binary frames; judged in reparse_machines
MACHINES = ("jt808", "lifting")
#: and of what carries neither name nor time; judged in reparse_sensors
SENSORS = ("weighbridge", "modbus")
EVENTS = "events"
DeviceOf = Callable[[str], DeviceEntry | None]


class Judged(msgspec.Struct, frozen=True):
    """The explanation, and what would be taken in: nothing unless the explanation is sound.

    `profile` is that of the rows where it is not the device's own (a work cycle).
    """

    explanation: Explanation
    device: DeviceEntry | None = None
    rows: tuple[Reading, ...] = ()
    profile: str = ""


def is_machine(raw: bytes) -> bool:
    """Whether a message opens like a frame of the machines' ports."""
    return raw[:1] == b"~" or raw[:2] in (b"zz", b"\xa5\x5a")


def explain(
    raw: bytes, listener: str, received_us: int, device_of: DeviceOf, proven: DeviceEntry | None
) -> Explanation:
    """Only the explanation. `proven` is the device whose token was right when the message came (JSON listeners)."""
    return judge(raw, listener, received_us, device_of, proven).explanation


def judge(
    raw: bytes,
    listener: str,
    received_us: int,
    device_of: DeviceOf,
    proven: DeviceEntry | None,
    settings: GatewaySettings = DEFAULTS,
) -> Judged:
    """Judge a message of one of the listeners. A frame let out before and refused again is judged by what it looks like."""
    if listener in MACHINES or (listener == "release" and is_machine(raw)):
        from siteloop.gateway.quarantine.reparse_machines import judge_machine

        return judge_machine(raw, listener, received_us, device_of, proven, settings)
    if listener in SENSORS:
        from siteloop.gateway.quarantine.reparse_sensors import judge_sensor

        return judge_sensor(raw, listener, received_us, proven, settings)
    if listener == EVENTS:
        from siteloop.gateway.quarantine.reparse_events import explain_event

        return Judged(explain_event(raw, received_us, proven, settings))
    is_json = listener in JSON_LISTENERS or (listener == "release" and raw.lstrip()[:1] in (b"{", b"["))
    if is_json:
        return _json(raw, received_us, proven, settings)
    return _frame(raw, received_us, device_of, settings)


def _frame(raw: bytes, received_us: int, device_of: DeviceOf, settings: GatewaySettings) -> Judged:
    told = explain_frame(raw, device_of)
    known = told.known
    if known is None:
        why = told.unknown
        assert why is not None, "a frame is known or it is not"
        checks = (*told.checks, *_unasked())
        return Judged(_refused(checks, why.reason, why.detail, told.items, why.device, why.code))
    device, message = known.device, known.message
    enabled = _enabled(device)
    if message.cn in talk.ANSWERS | talk.NOTICES:
        check = Check("values", "监测数据", "Readings", False, "2011、2051、2061、2031…", f"CN={message.cn}")
        detail = "a control message carries no reading"
        return Judged(
            _refused((*told.checks, enabled, check), Reason.UNSUPPORTED, detail, told.items, device)
        )
    try:
        row = read_message(message, device.profile, device.scale, device.quirks)
    except NoReading as no:
        return Judged(_unread((*told.checks, enabled), no, told.items, device))
    late = too_early_or_late(row.at, row.kind, received_us, settings, message.is_refill)
    return _whole((*told.checks, enabled), device, (row,), late, received_us, settings, told.items)


def _json(raw: bytes, received_us: int, proven: DeviceEntry | None, settings: GatewaySettings) -> Judged:
    identity = Check(
        "identity",
        "身份（设备编码与令牌）",
        "Identity (code and token)",
        proven is not None,
        "接收时令牌正确",
        proven.code if proven else "未经证明",
    )
    if proven is None:
        # the token is not kept, so nobody can prove today who sent this
        return Judged(
            _refused((identity, *_unasked()), Reason.PASSWORD, "the sender was not proven", (), None)
        )
    try:
        found: Any = msgspec.json.decode(raw)
        wrong = ""
    except (msgspec.DecodeError, RecursionError, ValueError) as no:
        found, wrong = None, str(no)
    shape = Check("json", "JSON 格式", "JSON", not wrong, "对象或数组", wrong or type(found).__name__)
    checks = (identity, shape, _enabled(proven))
    if wrong:
        return Judged(_refused(checks, Reason.MALFORMED, wrong, (), proven))
    objects = found if isinstance(found, list) else [found]
    first = objects[0] if objects and isinstance(objects[0], dict) else {}
    profile = _profile_of(first, proven)
    names = {f.name for f in PROFILES[profile].fields}
    items = tuple(
        Item(str(k)[:60], str(v)[:60], k if k in names else "") for k, v in list(first.items())[:40]
    )
    try:
        rows = tuple(json_profile.reading(o, profile, proven.scale, received_us) for o in objects)
    except NoReading as no:
        return Judged(_unread(checks, no, items, proven))
    lates = [too_early_or_late(r.at, r.kind, received_us, settings) for r in rows]
    late = next((reason for reason in lates if reason is not None), None)
    if not rows:
        return Judged(_refused(checks, Reason.MALFORMED, "an empty array", items, proven))
    worst = rows[lates.index(late)] if late is not None else rows[0]
    ordered = (worst, *(r for r in rows if r is not worst))
    return _whole(checks, proven, ordered, late, received_us, settings, items, profile)


def _profile_of(first: dict[str, Any], device: DeviceEntry) -> str:
    """What a JSON message is about: where the device stands, when it says nothing else and the device measures no such thing."""
    told, own = set(first), {f.name for f in PROFILES[device.profile].fields}
    where = {f.name for f in POSITION.fields}
    return POSITION.code if told & where and not (told | where) & own else device.profile


def _whole(
    checks: tuple[Check, ...],
    device: DeviceEntry,
    rows: tuple[Reading, ...],
    late: Reason | None,
    received_us: int,
    settings: GatewaySettings,
    items: tuple[Item, ...],
    profile: str = "",
) -> Judged:
    row, profile = rows[0], profile or device.profile
    reason = Reason.DISABLED if not device.enabled else late
    shown = f"{from_us(row.at).astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
    window = f"接收时刻前 {settings.oldest_s // 86_400} 天至后 {settings.ahead_s // 60} 分钟"
    checks = (
        *checks,
        Check(
            "values",
            "监测数据",
            "Readings",
            True,
            "至少一个监测因子",
            f"{sum(q != 15 for q in row.quality)} 个",
        ),
        Check("time", "数据时间", "Time of the data", late is None, window, shown),
    )
    told = Explanation(
        checks,
        items,
        profile,
        device.code,
        row.at,
        row.kind,
        tuple(
            Value(f.name, None if v != v else v, q)
            for f, v, q in zip(PROFILES[profile].fields, row.values, row.quality, strict=True)
            if q != Quality.ABSENT
        ),
        reason.value if reason else "",
        f"off by {(row.at - received_us) / SECOND:.0f} s" if late else "",
    )
    return Judged(told, device, () if reason else rows, "" if profile == device.profile else profile)


def _enabled(device: DeviceEntry) -> Check:
    return Check(
        "enabled", "设备在用", "In use", device.enabled, "在用", "在用" if device.enabled else "停用"
    )


def _unasked() -> tuple[Check, ...]:
    """The checks an earlier failure leaves open."""
    return (
        Check("enabled", "设备在用", "In use", None),
        Check("values", "监测数据", "Readings", None),
        Check("time", "数据时间", "Time of the data", None),
    )


def _unread(
    checks: tuple[Check, ...], no: NoReading, items: tuple[Item, ...], device: DeviceEntry
) -> Explanation:
    check = Check("values", "监测数据", "Readings", False, "本类设备的监测因子与数值", no.detail[:120])
    return _refused((*checks, check), no.reason, no.detail, items, device)


def _refused(
    checks: tuple[Check, ...],
    reason: Reason,
    detail: str,
    items: tuple[Item, ...],
    device: DeviceEntry | None,
    code: str = "",
) -> Explanation:
    return Explanation(
        checks,
        items,
        device.profile if device else "",
        device.code if device else code,
        reason=reason.value,
        detail=detail[:200],
    )
