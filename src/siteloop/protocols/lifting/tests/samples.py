"""Frames and small readers the lifting tests share."""

import datetime as dt
import math

from siteloop.kernel.profiles import PROFILES
from siteloop.kernel.quality import Quality
from siteloop.kernel.times import SHANGHAI, to_us
from siteloop.protocols.lifting import stream
from siteloop.protocols.lifting.frame import Frame
from siteloop.protocols.rows import Reading

# recorded frames quoted in the comments of public decoders; no person's data in them
HOIST_REALTIME = bytes.fromhex(
    "7A7A0102060132004C413030303231343300000000000000000000001710270800000000B80BAE00000004000000400003C11800000000000000D0DD7B7B"
)
HOIST_HEARTBEAT = bytes.fromhex("7A7A0102060000004C413030303031311703141647 12A5877B7B".replace(" ", ""))
HOIST_RUN_TIME = bytes.fromhex(
    "7A7A010206071C0031323334353637380A00000001000000000000000000000000000000 0ED97B7B".replace(" ", "")
)
CRANE_CYCLE = bytes.fromhex(
    "A55A3D0290F72F02111301080A1C211301080A1D2117D300C7012C008200000000000000000082000000000104B52DCC33C33C"
)
# the same kind of quotation, but its author changed three data bytes and not the sum
HOIST_CHANGED = bytes.fromhex("A55A10005B8D88120C070F13180000000002A7211005DC0005DC0000001314A91FCC33C33C")

AT = to_us(dt.datetime(2026, 3, 4, 5, 6, 7, tzinfo=SHANGHAI))


def one(raw: bytes) -> Frame:
    used, found = stream.cut(raw)
    assert used == len(raw)
    (frame,) = found
    assert isinstance(frame, Frame), frame
    return frame


def row_of(reading: Reading, profile: str) -> dict[str, float]:
    names = [f.name for f in PROFILES[profile].fields]
    return {
        n: v
        for n, v, q in zip(names, reading.values, reading.quality, strict=True)
        if q == Quality.NORMAL and not math.isnan(v)
    }


def crane_words(limits: int = 0, sensors: int = 0, warn: int = 0, alarm: int = 0) -> bytes:
    """A realtime frame by the byte offsets of standards.md 2.3 (a), written down one by one."""
    raw = bytearray(86)
    raw[0:6] = bytes.fromhex("7E7E11014D00")  # length 0x4D = 77
    raw[6:14] = b"TC000001"
    raw[14:32] = b"330102199001011234"
    raw[32:38] = bytes.fromhex("260304050607")  # 2026-03-04 05:06:07
    raw[38:42] = (12_073_456).to_bytes(4, "little")
    raw[42:46] = (3_075_123).to_bytes(4, "little")
    raw[46:48] = (3_550).to_bytes(2, "little")
    raw[48:50] = (2_000).to_bytes(2, "little")
    raw[50:52] = (-900).to_bytes(2, "little", signed=True)
    raw[52:54] = (400).to_bytes(2, "little")
    raw[54:56] = (520).to_bytes(2, "little")
    raw[56:58] = (-35).to_bytes(2, "little", signed=True)
    raw[58:60] = (12).to_bytes(2, "little")
    raw[60:62] = (1_600).to_bytes(2, "little")
    raw[62:64] = (500).to_bytes(2, "little")
    raw[64] = 4
    raw[71:73] = limits.to_bytes(2, "little")
    raw[73:75] = sensors.to_bytes(2, "little")
    raw[75:79] = warn.to_bytes(4, "little")
    raw[79:83] = alarm.to_bytes(4, "little")
    raw[84:86] = bytes.fromhex("7D7D")
    return bytes(raw)
