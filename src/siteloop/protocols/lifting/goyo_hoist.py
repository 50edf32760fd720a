"""Hoists, family (b): `7A 7A | 01 02 06 | command | len u16 | data | CRC u16 | 7B 7B`, little-endian ([S], CRC [C]).

The CRC is CRC-16/XMODEM over the data, low byte first: four recorded frames verify. Some devices leave the length 0 and send
data all the same; then the frame ends where 7B 7B stands behind a CRC that fits.
"""

import struct
from collections.abc import Mapping
from enum import IntEnum

from siteloop.kernel.lifting import HoistAlarm
from siteloop.kernel.reasons import Reason
from siteloop.protocols.clock import as_bcd, bcd_time
from siteloop.protocols.framing import NotAFrame
from siteloop.protocols.lifting.bits import translate, untranslate
from siteloop.protocols.lifting.frame import CLOCK_OFF, Frame, blank, crc_xmodem, text
from siteloop.protocols.rows import NoReading, Reading, row

NAME = "goyo_hoist"
HEAD, TAIL, VERSION = b"\x7a\x7a", b"\x7b\x7b", b"\x01\x02\x06"
REALTIME = struct.Struct("<8sI8s6sHHHHBBHHBbBBHhh")
LONGEST_DATA = 512
#: longest data of a frame that leaves its length 0
LONGEST_UNDECLARED = 64


class Command(IntEnum):
    """Command words."""

    HEARTBEAT = 0
    REALTIME = 1
    AUTHENTICATION = 2
    OFFLINE = 3
    PARAMETERS = 4
    ADDRESS = 5
    LIMIT_CONTROL = 6
    RUN_TIME = 7
    CLOCK = 8
    POWER_DOWN = 9


#: commands the host confirms with an empty frame
CONFIRMED = frozenset({Command.OFFLINE, Command.PARAMETERS, Command.RUN_TIME, Command.POWER_DOWN})


class HoistFrames:
    """The family for the scanner."""

    head = HEAD
    longest = 8 + LONGEST_DATA + 4

    def size(self, data: bytes, at: int) -> int:
        """Length by the declared data length, or by the end where none is declared."""
        if len(data) - at < 8:
            return 0
        if data[at + 2 : at + 5] != VERSION or data[at + 5] > max(Command):
            raise NotAFrame(
                Reason.UNSUPPORTED, f"version {data[at + 2 : at + 5].hex()} command {data[at + 5]:02X}"
            )
        declared = int.from_bytes(data[at + 6 : at + 8], "little")
        return 12 + declared if declared else self._undeclared(data, at)

    def _undeclared(self, data: bytes, at: int) -> int:
        start, most = at + 8, at + 8 + LONGEST_UNDECLARED + 4
        end = data.find(TAIL, start + 2, most)
        while end >= 0:
            if int.from_bytes(data[end - 2 : end], "little") == crc_xmodem(data[start : end - 2]):
                return end + 2 - at
            end = data.find(TAIL, end + 1, most)
        if len(data) >= most:
            raise NotAFrame(Reason.LENGTH, "no length, and no end with a CRC that fits")
        return 0

    def read(self, raw: bytes) -> Frame:
        """A frame with its end and its CRC."""
        if raw[-2:] != TAIL:
            raise NotAFrame(Reason.LENGTH, "the declared length does not end at 7B 7B")
        data, sent = raw[8:-4], int.from_bytes(raw[-4:-2], "little")
        if crc_xmodem(data) != sent:
            raise NotAFrame(Reason.CRC, f"CRC {sent:04X}, computed {crc_xmodem(data):04X}", len(raw))
        # card, identity card, name and phone
        spans = {1: (20, 28), 3: (20, 28), 2: (18, len(raw) - 4)}
        kept = blank(raw, spans[raw[5]]) if raw[5] in spans else raw
        return Frame(NAME, raw[5], text(data[:8]), data, raw, kept)


def build(command: int, data: bytes) -> bytes:
    """A frame for the wire."""
    head = HEAD + VERSION + bytes((command,)) + len(data).to_bytes(2, "little")
    return head + data + crc_xmodem(data).to_bytes(2, "little") + TAIL


def reading(frame: Frame, scale: Mapping[str, float]) -> Reading:
    """The row of a realtime frame; stored data are laid out the same. Raises NoReading."""
    if frame.command not in (Command.REALTIME, Command.OFFLINE) or len(frame.data) != REALTIME.size:
        raise NoReading(Reason.UNSUPPORTED, f"command {frame.command:02X} of {len(frame.data)} bytes")
    fields = REALTIME.unpack(frame.data)
    (_, _, _, clock, load, rated, height, speed, floor, persons, sensors, alarm) = fields[:12]
    wind, tilt_x, tilt_y = fields[16:]
    try:
        at = bcd_time(clock)
    except ValueError as wrong:
        raise NoReading(Reason.MALFORMED, f"time {clock.hex()}: {wrong}") from wrong
    return row(
        "hoist",
        {
            "load": load,
            "load_percent": load / rated * 100 if rated else None,
            "persons": persons,
            "height": height / 10,
            "floor": floor,
            "speed": speed / 10,
            "tilt_x": tilt_x / 100,
            "tilt_y": tilt_y / 100,
            "wind_speed": wind / 100,
            "sensor_bits": sensors,
            "warning_bits": translate(alarm, "goyo_hoist_warning", HoistAlarm),
            "alarm_bits": translate(alarm, "goyo_hoist_alarm", HoistAlarm),
        },
        at,
        scale=scale,
    )


def answer(frame: Frame, now_us: int) -> bytes:
    """What the host says back, b"" where the format knows no answer; a wrong clock is set."""
    if frame.command in (Command.HEARTBEAT, Command.CLOCK):
        try:
            is_right = abs(bcd_time(frame.data[8:14]) - now_us) <= CLOCK_OFF
        except ValueError:
            is_right = False
        return build(frame.command, b"\x00" if is_right else b"\x01" + as_bcd(now_us))
    return build(frame.command, b"") if frame.command in CONFIRMED else b""


def realtime(code: str, at_us: int, said: Mapping[str, float]) -> bytes:
    """A realtime frame as a device sends it, from values in the profile's units (for simulators)."""
    load = said.get("load", 0.0)
    rated = load / said["load_percent"] * 100 if said.get("load_percent") else 0.0
    alarm = untranslate(int(said.get("warning_bits", 0)), "goyo_hoist_warning", HoistAlarm)
    alarm |= untranslate(int(said.get("alarm_bits", 0)), "goyo_hoist_alarm", HoistAlarm)
    return build(
        Command.REALTIME,
        REALTIME.pack(
            code.encode("ascii")[:8],
            0,
            b"",
            as_bcd(at_us),
            round(load),
            round(rated),
            round(said.get("height", 0) * 10),
            round(said.get("speed", 0) * 10),
            int(said.get("floor", 0)),
            int(said.get("persons", 0)),
            int(said.get("sensor_bits", 0)),
            alarm,
            0,
            0,
            0,
            0,
            round(said.get("wind_speed", 0) * 100),
            round(said.get("tilt_x", 0) * 100),
            round(said.get("tilt_y", 0) * 100),
        ),
    )


def heartbeat(code: str, at_us: int) -> bytes:
    """A heartbeat as a device sends it."""
    return build(Command.HEARTBEAT, code.encode("ascii")[:8].ljust(8, b"\x00") + as_bcd(at_us))
