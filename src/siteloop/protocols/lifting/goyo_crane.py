"""Tower cranes, family (a): `7E 7E 11 | func | len u16 | data | check | 7D 7D`, little-endian (standards.md 2.3 (a), [S]).

The check byte is not defined in any source we know and a widespread server ignores it, so it is not judged.
"""

import struct
from collections.abc import Collection, Mapping
from enum import IntEnum

import msgspec

from siteloop.kernel.lifting import CraneAlarm, CraneLimit, CraneSensor
from siteloop.kernel.quality import Quality
from siteloop.kernel.reasons import Reason
from siteloop.protocols.clock import as_bcd, bcd_time
from siteloop.protocols.framing import NotAFrame
from siteloop.protocols.lifting.bits import translate, untranslate
from siteloop.protocols.lifting.frame import CLOCK_OFF, Frame, blank, text
from siteloop.protocols.rows import NoReading, Reading, row

NAME = "goyo_crane"
HEAD, TAIL, VERSION = b"\x7e\x7e", b"\x7d\x7d", 0x11
REALTIME = struct.Struct("<8s18s6siiHHhHHhhHHB6sHHII")
#: quirk: a set bit of the sensor word means a fault (no source says what it means)
SENSOR_FAULT = "sensor_bit_is_fault"
FAULTY = {
    CraneSensor.LOAD: "load",
    CraneSensor.HEIGHT: "hook_height",
    CraneSensor.SLEWING: "slewing",
    CraneSensor.RADIUS: "radius",
    CraneSensor.WIND: "wind_speed",
    CraneSensor.TILT: "tilt_x",
}


class Func(IntEnum):
    """Function codes."""

    HEARTBEAT = 0
    REALTIME = 1
    AUTHENTICATION = 2
    OFFLINE = 3
    PARAMETERS = 4
    ADDRESS = 5
    LIMIT_CONTROL = 6
    RUN_TIME = 7


#: longest data area per function, generously; a length beyond it is no frame
LONGEST_DATA = 512


class CraneFrames:
    """The family for the scanner."""

    head = HEAD
    longest = 6 + LONGEST_DATA + 3

    def size(self, data: bytes, at: int) -> int:
        """Length by the declared data length."""
        if len(data) - at < 6:
            return 0
        if data[at + 2] != VERSION or data[at + 3] > max(Func):
            raise NotAFrame(Reason.UNSUPPORTED, f"version {data[at + 2]:02X} function {data[at + 3]:02X}")
        return 9 + int.from_bytes(data[at + 4 : at + 6], "little")

    def read(self, raw: bytes) -> Frame:
        """A frame that ends in 7D 7D. There is no check to judge by, so a frame inside that ends there, too, is believed instead."""
        if raw[-2:] != TAIL:
            raise NotAFrame(Reason.LENGTH, "the declared length does not end at 7D 7D")
        opened = HEAD + bytes((VERSION,))
        inner = raw.find(opened, 1)
        while inner >= 0:
            if inner + 9 + int.from_bytes(raw[inner + 4 : inner + 6], "little") == len(raw):
                raise NotAFrame(Reason.LENGTH, "a whole frame begins inside")
            inner = raw.find(opened, inner + 1)
        func, data = raw[3], raw[6:-3]
        code = text(data[:8]) if func != Func.AUTHENTICATION else ""
        spans = {Func.REALTIME: (14, 32), Func.OFFLINE: (14, 32), Func.AUTHENTICATION: (7, 25)}
        kept = blank(raw, spans[Func(func)]) if func in spans else raw
        return Frame(NAME, func, code, data, raw, kept)


def build(func: int, data: bytes) -> bytes:
    """A frame for the wire, check byte 0 as the known server sends it."""
    return HEAD + bytes((VERSION, func)) + len(data).to_bytes(2, "little") + data + b"\x00" + TAIL


def reading(frame: Frame, scale: Mapping[str, float], quirks: Collection[str] = ()) -> Reading:
    """The row of a realtime frame, or of stored data laid out like one. Raises NoReading."""
    if frame.command not in (Func.REALTIME, Func.OFFLINE) or len(frame.data) != REALTIME.size:
        raise NoReading(Reason.UNSUPPORTED, f"function {frame.command:02X} of {len(frame.data)} bytes")
    (_, _, clock, _, _, height, radius, slewing, load, wind, tilt_x, tilt_y, safe_moment, safe_load) = (
        fields := REALTIME.unpack(frame.data)
    )[:14]
    falls, _, limits, sensors, warnings, alarms = fields[14:]
    try:
        at = bcd_time(clock)
    except ValueError as wrong:
        raise NoReading(Reason.MALFORMED, f"time {clock.hex()}: {wrong}") from wrong
    moment = load / 100 * radius / 100
    dead = translate(sensors, "goyo_crane_sensor", CraneSensor) if SENSOR_FAULT in quirks else 0
    return row(
        "tower_crane",
        {
            "hook_height": height / 100,
            "radius": radius / 100,
            "slewing": slewing / 10 % 360,
            "load": load / 100,
            "load_percent": load / safe_load * 100 if safe_load else None,
            "moment": moment,
            "moment_percent": moment / (safe_moment / 10) * 100 if safe_moment else None,
            "wind_speed": wind / 100,
            "tilt_x": tilt_x / 100,
            "tilt_y": tilt_y / 100,
            "falls": falls or None,
            "limit_bits": translate(limits, "goyo_crane_limit", CraneLimit, quirks),
            "sensor_bits": translate(sensors, "goyo_crane_sensor", CraneSensor),
            "warning_bits": translate(warnings, "goyo_crane_alarm", CraneAlarm),
            "alarm_bits": translate(alarms, "goyo_crane_alarm", CraneAlarm),
        },
        at,
        scale=scale,
        flags={name: Quality.FAULT for bit, name in FAULTY.items() if dead >> bit & 1},
    )


def position(frame: Frame) -> tuple[float, float] | None:
    """(lon, lat) in degrees that a realtime frame carries, None when it says 0/0 or carries none."""
    if len(frame.data) != REALTIME.size:
        return None
    lon, lat = REALTIME.unpack(frame.data)[3:5]
    return (lon / 100_000, lat / 100_000) if lon or lat else None


class Parameters(msgspec.Struct, frozen=True):
    """What an installer set, as far as rules need it: metres, kilograms as sent (unit not documented), percent."""

    code: str
    falls: int
    #: (falls, largest load, its radius m, largest radius m, load there) for 4 and 2 falls
    charts: tuple[tuple[int, int, float, float, int], ...]
    base_x: int
    base_y: int
    jib: int
    counter_jib: int
    tower_height: int
    cap_height: int
    moment_slow_percent: int
    moment_cut_percent: int
    load_slow_percent: int
    load_cut_percent: int
    software: str


def parameters(frame: Frame) -> Parameters:
    """A parameter upload (func 04). Raises NoReading when it is another frame or too short."""
    data = frame.data
    if frame.command != Func.PARAMETERS or len(data) < 106:
        raise NoReading(Reason.UNSUPPORTED, f"function {frame.command:02X} of {len(data)} bytes")
    four = struct.unpack_from("<4H", data, 51)
    two = struct.unpack_from("<4H", data, 59)
    x, y, jib, counter, tower, cap = struct.unpack_from("<6H", data, 70)
    return Parameters(
        code=frame.code,
        falls=data[14],
        charts=tuple((n, c[0], c[1] / 10, c[2] / 10, c[3]) for n, c in ((4, four), (2, two))),
        base_x=x,
        base_y=y,
        jib=jib,
        counter_jib=counter,
        tower_height=tower,
        cap_height=cap,
        moment_slow_percent=data[102],
        moment_cut_percent=data[103],
        load_slow_percent=data[104],
        load_cut_percent=data[105],
        software=text(data[106:]),
    )


def answer(frame: Frame, now_us: int) -> bytes:
    """What the host says back, b"" where the format knows no answer.

    A heartbeat is told the time when its own is unreadable or more than a minute off.
    """
    if frame.command == Func.HEARTBEAT:
        try:
            is_right = abs(bcd_time(frame.data[8:14]) - now_us) <= CLOCK_OFF
        except ValueError:
            is_right = False
        return build(Func.HEARTBEAT, b"\x00" if is_right else b"\x01" + as_bcd(now_us))
    if frame.command == Func.OFFLINE:
        return build(Func.OFFLINE, b"")
    if frame.command in (Func.PARAMETERS, Func.RUN_TIME):
        return build(frame.command, b"\x01")
    return b""


def realtime(code: str, at_us: int, said: Mapping[str, float], quirks: Collection[str] = ()) -> bytes:
    """A realtime frame as a device sends it, from values in the profile's units (for simulators).

    Rated load and moment are sent in place of the percentages.
    """
    load, radius = said.get("load", 0.0), said.get("radius", 0.0)
    rated = load / said["load_percent"] * 100 if said.get("load_percent") else 0.0
    safe_moment = load * radius / said["moment_percent"] * 100 if said.get("moment_percent") else 0.0
    return build(
        Func.REALTIME,
        REALTIME.pack(
            code.encode("ascii")[:8],
            b"",
            as_bcd(at_us),
            0,
            0,
            round(said.get("hook_height", 0) * 100),
            round(radius * 100),
            round(said.get("slewing", 0) * 10),
            round(load * 100),
            round(said.get("wind_speed", 0) * 100),
            round(said.get("tilt_x", 0) * 100),
            round(said.get("tilt_y", 0) * 100),
            round(safe_moment * 10),
            round(rated * 100),
            int(said.get("falls", 0)),
            b"",
            untranslate(int(said.get("limit_bits", 0)), "goyo_crane_limit", CraneLimit, quirks),
            untranslate(int(said.get("sensor_bits", 0)), "goyo_crane_sensor", CraneSensor),
            untranslate(int(said.get("warning_bits", 0)), "goyo_crane_alarm", CraneAlarm),
            untranslate(int(said.get("alarm_bits", 0)), "goyo_crane_alarm", CraneAlarm),
        ),
    )


def heartbeat(code: str, at_us: int) -> bytes:
    """A heartbeat as a device sends it."""
    return build(Func.HEARTBEAT, code.encode("ascii")[:8].ljust(8, b"\x00") + as_bcd(at_us))
