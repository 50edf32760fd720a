"""Judging a refused message of the machines' ports again: cranes and hoists, vehicle terminals (see reparse.py)."""

import msgspec

from siteloop.gateway.freshness import too_early_or_late
from siteloop.gateway.quarantine.reparse import (
    DeviceOf,
    Judged,
    _enabled,
    _refused,
    _unasked,
    _unread,
    _whole,
)
from siteloop.gateway.settings import GatewaySettings
from siteloop.kernel.explanation import Check, Explanation, Item
from siteloop.kernel.reasons import TITLES, Reason
from siteloop.kernel.registry import DeviceEntry
from siteloop.protocols.framing import Refusal
from siteloop.protocols.jt808 import frame as jt808_frame
from siteloop.protocols.jt808 import messages
from siteloop.protocols.jt808.frame import Packet
from siteloop.protocols.jt808.reading import reading, readings
from siteloop.protocols.lifting import stream
from siteloop.protocols.lifting.frame import Frame
from siteloop.protocols.rows import NoReading

SHORT_CODE = 6
VEHICLE = "vehicle"


def judge_machine(
    raw: bytes,
    listener: str,
    received_us: int,
    device_of: DeviceOf,
    proven: DeviceEntry | None,
    settings: GatewaySettings,
) -> Judged:
    """Judge a frame. `proven` is the device that a vehicle terminal's packet was booked on: it had authenticated."""
    _, found = stream.cut(raw) if listener != "jt808" else (0, [])
    frame = next((f for f in found if isinstance(f, Frame)), None)
    if frame is not None:
        return _lifting(frame, received_us, device_of, settings)
    if listener == "lifting":
        return Judged(_broken(next((f for f in found if isinstance(f, Refusal)), None)))
    return _jt808(raw, received_us, proven, settings)


def _broken(refusal: Refusal | None) -> Explanation:
    reason = refusal.reason if refusal else Reason.LENGTH
    detail = refusal.detail if refusal else "the frame is not whole"
    check = Check("frame", "帧", "Frame", False, "完整且校验正确", f"{TITLES[reason][0]}：{detail}"[:120])
    return _refused((check, *_unasked()), reason, detail, (), None)


def _frame_check() -> Check:
    return Check("frame", "帧", "Frame", True, "完整且校验正确", "正确")


def _registered(device: DeviceEntry | None, code: str) -> Check:
    return Check("identity", "设备编码", "Device code", device is not None, "已登记", code)


def _lifting(frame: Frame, received_us: int, device_of: DeviceOf, settings: GatewaySettings) -> Judged:
    device = device_of(frame.code) or device_of(frame.code[:SHORT_CODE])
    items = (Item("family", frame.family), Item("command", f"{frame.command:02X}"), Item("code", frame.code))
    checks = (_frame_check(), _registered(device, frame.code))
    if device is None:
        told = _refused(
            (*checks, *_unasked()), Reason.UNKNOWN_DEVICE, "code is not registered", items, None, frame.code
        )
        return Judged(told)
    judged_by = (*checks, _enabled(device))
    try:
        profile, row = stream.read(frame, device.profile, device.scale, device.quirks)
    except NoReading as no:
        return Judged(_unread(judged_by, no, items, device))
    late = too_early_or_late(row.at, row.kind, received_us, settings, stream.is_stored(frame))
    shown = msgspec.structs.replace(device, profile=profile)
    judged = _whole(judged_by, shown, (row,), late, received_us, settings, items)
    return msgspec.structs.replace(judged, device=device, profile=profile)


def _jt808(raw: bytes, received_us: int, proven: DeviceEntry | None, settings: GatewaySettings) -> Judged:
    if raw[:1] != jt808_frame.MARK:  # a location out of a batch
        packet = Packet(messages.Id.LOCATION, proven.code if proven else "", 0, raw, raw)
    else:
        _, found = jt808_frame.cut(raw)
        one = found[0] if found else None
        if not isinstance(one, Packet):
            return Judged(_broken(one))
        packet = one
    items = (
        Item("id", f"{packet.id:04X}"),
        Item("terminal", packet.terminal),
        Item("serial", str(packet.serial)),
    )
    identity = Check(
        "identity",
        "身份（终端鉴权）",
        "Identity (authentication)",
        proven is not None,
        "接收前已鉴权",
        "未经证明",
    )
    if proven is None:
        checks = (_frame_check(), identity, *_unasked())
        return Judged(
            _refused(checks, Reason.PASSWORD, "the terminal was not proven", items, None, packet.terminal)
        )
    checks = (_frame_check(), msgspec.structs.replace(identity, found=proven.code), _enabled(proven))
    try:
        if packet.total:
            raise NoReading(
                Reason.UNSUPPORTED,
                f"part {packet.index} of {packet.total}: only the whole message can be read",
            )
        if packet.raw is raw and raw[:1] != jt808_frame.MARK:
            rows = [(reading(messages.location(raw), proven.scale), True)]
        else:
            rows = [(f.row, f.is_late) for f in readings(packet, proven.scale)]
        if proven.profile != VEHICLE:
            raise NoReading(
                Reason.UNSUPPORTED, f"a vehicle's packet from a device registered as {proven.profile}"
            )
    except NoReading as no:
        return Judged(_unread(checks, no, items, proven))
    lates = [too_early_or_late(r.at, r.kind, received_us, settings, is_late) for r, is_late in rows]
    late = next((reason for reason in lates if reason is not None), None)
    worst = rows[lates.index(late)][0] if late is not None else rows[0][0]
    ordered = (worst, *(r for r, _ in rows if r is not worst))
    return _whole(checks, proven, ordered, late, received_us, settings, items)
