"""Cranes and hoists, family (c): `A5 5A | type | crane no. | device no. (3) | data | sum | length | CC 33 C3 3C` ([S], frame [C]).

`sum` is the sum of all bytes before it modulo 256, `length` how many they are (both verified with a recorded work cycle of a
crane); big-endian, times in six binary bytes. The device calls itself by its number in six hexadecimal digits.
"""

import struct
from collections.abc import Mapping
from enum import IntEnum
from typing import Any

from siteloop.kernel.block import Kind
from siteloop.kernel.lifting import CraneAlarm, HoistAlarm, HoistState, mask
from siteloop.kernel.reasons import Reason
from siteloop.kernel.times import SECOND
from siteloop.protocols.clock import as_bcd, as_binary, binary_time
from siteloop.protocols.framing import NotAFrame
from siteloop.protocols.lifting.bits import of_code, of_pairs, tables
from siteloop.protocols.lifting.frame import Frame, blank
from siteloop.protocols.rows import NoReading, Reading, row

NAME = "a55a"
HEAD, TAIL = b"\xa5\x5a", b"\xcc\x33\xc3\x3c"
CRANE_REALTIME = struct.Struct(">B6sBhHHHHhBBBBBB")
CRANE_CYCLE = struct.Struct(">BB6s6sHHhhHHHHhHHh")
HOIST_REALTIME = struct.Struct(">6sHBBHBBHBHBBBH")
HOIST_CYCLE = struct.Struct(">6s6s6s32s18sHBHHHBBHHBH")
#: hoists send tilt with this zero, in hundredths of a degree
TILT_ZERO = 1500


class Type(IntEnum):
    """Frame types."""

    HELLO = 0x01
    HELLO_ANSWER = 0x02
    CRANE_REALTIME = 0x0C
    HOIST_REALTIME = 0x10
    HOIST_ALARM = 0x11
    DRIVER = 0x12
    HOIST_CYCLE = 0x13
    PICTURE_OR_ALARM = 0x20
    OBSTACLE = 0x2F
    BASIC = 0x31
    CALIBRATION = 0x33
    ALARM_SETTINGS = 0x35
    LIMIT_SETTINGS = 0x37
    CRANE_CYCLE = 0x3D
    REGISTER = 0x60
    REGISTER_ANSWER = 0x61
    HEARTBEAT = 0x80
    HEARTBEAT_ANSWER = 0x8E


class A55aFrames:
    """The family for the scanner. The length stands at the end, so the end is looked for, and counts where it fits."""

    head = HEAD
    longest = 2048

    def size(self, data: bytes, at: int) -> int:
        """Length up to the first end whose length byte fits."""
        end = data.find(TAIL, at + 9, at + self.longest)
        while end >= 0:
            if data[end - 1] == (end - 2 - at) % 256:
                return end + 4 - at
            end = data.find(TAIL, end + 1, at + self.longest)
        return 0

    def read(self, raw: bytes) -> Frame:
        """A frame whose sum fits."""
        if sum(raw[:-6]) % 256 != raw[-6]:
            raise NotAFrame(Reason.CRC, f"sum {raw[-6]:02X}, computed {sum(raw[:-6]) % 256:02X}", len(raw))
        # names, identity numbers and faces of drivers
        spans = {
            Type.DRIVER: (7, len(raw) - 6),
            Type.HOIST_CYCLE: (25, 75),
            Type.PICTURE_OR_ALARM: (7, len(raw) - 6),
        }
        kept = blank(raw, spans[Type(raw[2])]) if raw[2] in spans else raw
        return Frame(NAME, raw[2], raw[4:7].hex().upper(), raw[7:-6], raw, kept)


def build(kind: int, code: str, data: bytes, number: int = 0) -> bytes:
    """A frame for the wire. `code` is six hexadecimal digits, `number` the crane's number on its site."""
    body = HEAD + bytes((kind, number)) + bytes.fromhex(code) + data
    return body + bytes((sum(body) % 256, len(body) % 256)) + TAIL


def _unpack(layout: struct.Struct, frame: Frame) -> tuple[Any, ...]:
    if len(frame.data) != layout.size:
        raise NoReading(
            Reason.UNSUPPORTED, f"type {frame.command:02X} of {len(frame.data)} bytes, {layout.size} known"
        )
    return layout.unpack(frame.data)


def _at(clock: bytes) -> int:
    try:
        return binary_time(clock)
    except ValueError as wrong:
        raise NoReading(Reason.MALFORMED, f"time {clock.hex()}: {wrong}") from wrong


def crane_reading(frame: Frame, scale: Mapping[str, float]) -> Reading:
    """The row of a realtime frame 0C. Raises NoReading."""
    _, clock, _, height, radius, slewing, load, wind, tilt, load_part, moment_part, _, _, alarm, _ = _unpack(
        CRANE_REALTIME, frame
    )
    return row(
        "tower_crane",
        {
            "hook_height": height / 10,
            "radius": radius / 10,
            "slewing": slewing / 10 % 360,
            "load": load / 1000,
            "load_percent": load_part,
            "moment": load / 1000 * radius / 10,
            "moment_percent": moment_part,
            "wind_speed": wind / 10,
            "tilt_x": tilt / 10,
            "warning_bits": of_code(alarm, "a55a_crane_warning_code", CraneAlarm),
            "alarm_bits": of_code(alarm, "a55a_crane_alarm_code", CraneAlarm),
        },
        _at(clock),
        scale=scale,
    )


def crane_cycle(frame: Frame, scale: Mapping[str, float]) -> Reading:
    """The record of a work cycle 3D, at its beginning.

    The unit of its largest moment is not known: it is kept only where the device's scale names `max_moment_percent`.
    """
    fields = _unpack(CRANE_CYCLE, frame)
    begin, end = _span(fields[2], fields[3])
    load, moment, top, bottom, outer, inner, pick_a, pick_r, pick_h, drop_a, drop_r, drop_h = fields[4:]
    return row(
        "crane_cycle",
        {
            "duration": (end - begin) / SECOND,
            "max_load": load / 1000,
            "max_moment_percent": moment if "max_moment_percent" in scale else None,
            "max_height": top / 10,
            "min_height": bottom / 10,
            "max_radius": outer / 10,
            "min_radius": inner / 10,
            "pick_slewing": pick_a / 10 % 360,
            "pick_radius": pick_r / 10,
            "pick_height": pick_h / 10,
            "drop_slewing": drop_a / 10 % 360,
            "drop_radius": drop_r / 10,
            "drop_height": drop_h / 10,
        },
        begin,
        kind=Kind.CYCLE,
        scale=scale,
    )


def hoist_reading(frame: Frame, scale: Mapping[str, float]) -> Reading:
    """The row of a realtime or alarm frame 10 / 11. Raises NoReading."""
    clock, load, load_part, persons, height, _, motion, tilt_x, _, tilt_y, _, driver, doors, status = _unpack(
        HOIST_REALTIME, frame
    )
    warnings, alarms = of_pairs(status, "a55a_hoist_pairs", HoistAlarm)
    state = [HoistState.FRONT_DOOR_OPEN] if doors & 1 else []
    state += [HoistState.BACK_DOOR_OPEN] if doors & 2 else []
    state += [HoistState.DRIVER_VERIFIED] if driver else []
    return row(
        "hoist",
        {
            "load": load,
            "load_percent": load_part,
            "persons": persons,
            "direction": motion & 3,
            "height": height / 10,
            "speed": (motion >> 2) / 10,
            "tilt_x": (tilt_x - TILT_ZERO) / 100,
            "tilt_y": (tilt_y - TILT_ZERO) / 100,
            "state_bits": mask(*state),
            "warning_bits": warnings,
            "alarm_bits": alarms,
        },
        _at(clock),
        scale=scale,
    )


def hoist_cycle(frame: Frame, scale: Mapping[str, float]) -> Reading:
    """The record of a work cycle 13, at its beginning. The direction is that of the heights: sources disagree on the code."""
    fields = _unpack(HOIST_CYCLE, frame)
    begin, end = _span(fields[1], fields[2])
    load, load_part, low, high, travel, _, speed, _, _, persons, _ = fields[5:]
    return row(
        "hoist_cycle",
        {
            "duration": (end - begin) / SECOND,
            "load": load,
            "load_percent": load_part,
            "start_height": low / 10,
            "end_height": high / 10,
            "travel": travel / 10,
            "direction": 1 if high > low else 2 if high < low else 0,
            "mean_speed": speed / 10,
            "persons": persons,
        },
        begin,
        kind=Kind.CYCLE,
        scale=scale,
    )


def _span(first: bytes, last: bytes) -> tuple[int, int]:
    begin, end = _at(first), _at(last)
    if end < begin:
        raise NoReading(Reason.MALFORMED, "the cycle ends before it begins")
    return begin, end


def answer(frame: Frame, now_us: int) -> bytes:
    """The host's answer to hello and registration (the time, in packed decimal here), and to a heartbeat; b"" otherwise.

    The body of the heartbeat answer 8E is not in any source; it is sent empty.
    """
    number = frame.raw[3]
    if frame.command in (Type.HELLO, Type.REGISTER):
        return build(frame.command + 1, frame.code, b"\x01" + as_bcd(now_us) + b"\x0f", number)
    return build(Type.HEARTBEAT_ANSWER, frame.code, b"", number) if frame.command == Type.HEARTBEAT else b""


def crane_realtime(code: str, at_us: int, said: Mapping[str, float]) -> bytes:
    """A realtime frame 0C as a crane sends it, from values in the profile's units (for simulators)."""
    alarm = _code_of(int(said.get("alarm_bits", 0)), "a55a_crane_alarm_code") or _code_of(
        int(said.get("warning_bits", 0)), "a55a_crane_warning_code"
    )
    return build(
        Type.CRANE_REALTIME,
        code,
        CRANE_REALTIME.pack(
            0x02,
            as_binary(at_us),
            0x11,
            round(said.get("hook_height", 0) * 10),
            round(said.get("radius", 0) * 10),
            round(said.get("slewing", 0) * 10),
            round(said.get("load", 0) * 1000),
            round(said.get("wind_speed", 0) * 10),
            round(said.get("tilt_x", 0) * 10),
            round(said.get("load_percent", 0)),
            round(said.get("moment_percent", 0)),
            0,
            0,
            alarm,
            0,
        ),
    )


def _code_of(word: int, table: str) -> int:
    codes = tables()[table]["codes"]
    return next((int(code) for code, name in codes.items() if word >> CraneAlarm[name] & 1), 0)


def hoist_realtime(code: str, at_us: int, said: Mapping[str, float]) -> bytes:
    """A realtime frame 10 as a hoist sends it, from values in the profile's units (for simulators)."""
    state, alarms = int(said.get("state_bits", 0)), int(said.get("alarm_bits", 0))
    warnings, status = int(said.get("warning_bits", 0)), 0
    for low, name in tables()["a55a_hoist_pairs"]["pairs"].items():
        bit = HoistAlarm[name]
        status |= (2 if alarms >> bit & 1 else 1 if warnings >> bit & 1 else 0) << int(low)
    return build(
        Type.HOIST_REALTIME,
        code,
        HOIST_REALTIME.pack(
            as_binary(at_us),
            round(said.get("load", 0)),
            round(said.get("load_percent", 0)),
            round(said.get("persons", 0)),
            round(said.get("height", 0) * 10),
            0,
            round(said.get("speed", 0) * 10) << 2 | int(said.get("direction", 0)),
            TILT_ZERO + round(said.get("tilt_x", 0) * 100),
            0,
            TILT_ZERO + round(said.get("tilt_y", 0) * 100),
            0,
            state >> HoistState.DRIVER_VERIFIED & 1,
            state & 3,
            status,
        ),
    )
