"""Judging messages of weighbridges and polled sensors again (see reparse.py): they carry neither name nor time."""

from siteloop.gateway.freshness import too_early_or_late
from siteloop.gateway.quarantine.reparse import Judged, _enabled, _refused, _unasked, _unread, _whole
from siteloop.gateway.settings import GatewaySettings
from siteloop.kernel.explanation import Check, Item
from siteloop.kernel.reasons import TITLES, Reason
from siteloop.kernel.registry import DeviceEntry
from siteloop.protocols.framing import Refusal
from siteloop.protocols.modbus import line
from siteloop.protocols.modbus.map import BadMap, load
from siteloop.protocols.rows import NoReading, Reading
from siteloop.protocols.weighbridge import xk3190


def judge_sensor(
    raw: bytes, listener: str, received_us: int, proven: DeviceEntry | None, settings: GatewaySettings
) -> Judged:
    """`proven` is the device that the message was booked on: the line named it, or the platform had asked it."""
    identity = Check(
        "identity",
        "身份（注册行或轮询地址）",
        "Identity (registration line or polled address)",
        proven is not None,
        "接收时已确认",
        proven.code if proven else "未经证明",
    )
    if proven is None:
        return Judged(
            _refused((identity, *_unasked()), Reason.UNKNOWN_DEVICE, "the sender was not named", (), None)
        )
    checks = (identity, _enabled(proven))
    try:
        row = _row(raw, listener, received_us, proven)
    except NoReading as no:
        return Judged(_unread(checks, no, (), proven))
    late = too_early_or_late(row.at, row.kind, received_us, settings)
    return _whole(checks, proven, (row,), late, received_us, settings, (Item("raw", repr(raw)[:120]),))


def _row(raw: bytes, listener: str, received_us: int, device: DeviceEntry) -> Reading:
    """Raises NoReading."""
    if listener == "modbus":
        try:
            found = load(device.registers)
        except BadMap as wrong:
            raise NoReading(Reason.UNSUPPORTED, str(wrong)) from wrong
        return line.reread(found, raw, received_us, device.scale)
    _, frames = xk3190.cut(raw)
    frame = frames[0] if frames else Refusal(Reason.LENGTH, raw, "the frame is not whole")
    if isinstance(frame, Refusal):
        raise NoReading(frame.reason, f"{TITLES[frame.reason][0]}：{frame.detail}")
    return xk3190.reading(frame, received_us, device.scale, None, xk3190.shown_by(device.quirks))
