"""Messages without name or time judged again: weighbridge frames and polled registers."""

import msgspec

from siteloop.gateway.quarantine.reparse import judge
from siteloop.gateway.tests.test_modbus_poller import MAP
from siteloop.kernel.profiles import DUST, WEIGHBRIDGE
from siteloop.kernel.registry import DeviceEntry
from siteloop.protocols.weighbridge import xk3190

NOW = 1_772_424_000_000_000
SCALE = DeviceEntry(1, "WB1", "weighbridge", 1, "330482", quirks=("shows_net",))
SENSOR = DeviceEntry(2, "MB2", "dust", 1, "330482", polled_at="10.0.0.9", registers=MAP)


def _judge(raw: bytes, listener: str, device: DeviceEntry | None):
    return judge(raw, listener, NOW, {}.get, device)


def test_a_weight_is_read_by_todays_settings() -> None:
    judged = _judge(xk3190.continuous(18_200), "weighbridge", SCALE)
    assert judged.explanation.reason == "" and judged.rows[0].at == NOW
    assert judged.rows[0].values[WEIGHBRIDGE.index("net")] == 18_200
    assert _judge(xk3190.continuous(1)[:-1] + b"x", "weighbridge", SCALE).rows == ()


def test_registers_are_read_by_todays_map() -> None:
    raw = b'[["holding",0,[80,0,0,615]],["input",60,[200]]]'
    judged = _judge(raw, "modbus", SENSOR)
    assert judged.rows[0].values[DUST.index("noise")] == 61.5
    louder = msgspec.structs.replace(SENSOR, registers=MAP.replace("scale = 0.1", "scale = 0.2", 1))
    assert _judge(raw, "modbus", louder).rows[0].values[DUST.index("noise")] == 123
    assert _judge(raw, "modbus", msgspec.structs.replace(SENSOR, registers="")).rows == ()
    assert _judge(b"{", "modbus", SENSOR).rows == ()


def test_who_was_not_named_stays_a_stranger() -> None:
    judged = _judge(xk3190.continuous(5), "weighbridge", None)
    assert judged.rows == () and judged.explanation.reason == "unknown_device"
