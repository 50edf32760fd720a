"""Bodies of the messages a terminal sends, and of the platform's answers (JT/T 808-2013 clause 8 [S], 2019 layouts [S2])."""

import struct
from enum import IntEnum

import msgspec

from siteloop.kernel.reasons import Reason
from siteloop.protocols.clock import as_bcd, bcd_time
from siteloop.protocols.jt808.frame import Packet
from siteloop.protocols.rows import NoReading


class Id(IntEnum):
    """Message ids."""

    TERMINAL_ANSWER = 0x0001
    HEARTBEAT = 0x0002
    LOGOUT = 0x0003
    REGISTER = 0x0100
    AUTHENTICATE = 0x0102
    LOCATION = 0x0200
    LOCATION_ANSWER = 0x0201
    BATCH = 0x0704
    PLATFORM_ANSWER = 0x8001
    RESEND = 0x8003
    REGISTER_ANSWER = 0x8100
    ASK_LOCATION = 0x8201


class Result(IntEnum):
    """Result of a general answer (8.2)."""

    OK = 0
    FAILED = 1
    WRONG = 2
    UNSUPPORTED = 3


class Registered(IntEnum):
    """Result of a registration (8.6)."""

    OK = 0
    VEHICLE_TAKEN = 1
    NO_VEHICLE = 2
    TERMINAL_TAKEN = 3
    NO_TERMINAL = 4


class Registration(msgspec.Struct, frozen=True):
    """What a terminal says of itself and its vehicle (8.5)."""

    province: int
    city: int
    maker: str
    model: str
    terminal: str
    plate_colour: (
        int  # JT/T 415: 0 none (then `plate` is the VIN), 1 blue, 2 yellow, 3 black, 4 white, 9 other
    )
    plate: str


class Location(msgspec.Struct, frozen=True):
    """A position with its state (8.18): degrees WGS-84, metres, km/h, degrees; `extras` are the items behind, by number."""

    alarm: int
    status: int
    lon: float
    lat: float
    altitude: int
    speed: float
    heading: int
    at: int  # µs
    extras: dict[int, bytes]


BASIC = struct.Struct(">IIIIhHH6s")


def text(data: bytes) -> str:
    """A STRING: GBK, padded with NUL."""
    return data.split(b"\0", 1)[0].decode("gbk", "replace").strip()


def registration(packet: Packet) -> Registration:
    """Body of 0x0100 in the layout of 2019, 2013 or 2011, by version mark and length. Raises NoReading."""
    body = packet.body
    maker, model, terminal = (11, 30, 30) if packet.is_2019 else (5, 20, 7) if len(body) >= 37 else (5, 8, 7)
    least = 4 + maker + model + terminal + 1
    if len(body) < least:
        raise NoReading(Reason.MALFORMED, f"registration of {len(body)} bytes, {least} are the least")
    province, city = struct.unpack_from(">HH", body)
    at = 4 + maker
    return Registration(
        province=province,
        city=city,
        maker=text(body[4:at]),
        model=text(body[at : at + model]),
        terminal=text(body[at + model : at + model + terminal]),
        plate_colour=body[least - 1],
        plate=text(body[least:]),
    )


def authentication(packet: Packet) -> str:
    """The authentication code of 0x0102 (2019: length, code, IMEI, software). Raises NoReading."""
    body = packet.body
    if not packet.is_2019:
        return text(body)
    if not body or len(body) < 1 + body[0]:
        raise NoReading(Reason.MALFORMED, "authentication shorter than it says")
    return text(body[1 : 1 + body[0]])


def location(body: bytes) -> Location:
    """Body of 0x0200. Items behind that do not fit their length end the list. Raises NoReading."""
    if len(body) < BASIC.size:
        raise NoReading(Reason.MALFORMED, f"location of {len(body)} bytes, {BASIC.size} are the least")
    alarm, status, lat, lon, altitude, speed, heading, clock = BASIC.unpack_from(body)
    try:
        at = bcd_time(clock)
    except ValueError as wrong:
        raise NoReading(Reason.MALFORMED, f"time {clock.hex()}: {wrong}") from wrong
    extras: dict[int, bytes] = {}
    place = BASIC.size
    while place + 2 <= len(body) and place + 2 + body[place + 1] <= len(body):
        size = body[place + 1]
        extras.setdefault(body[place], body[place + 2 : place + 2 + size])
        place += 2 + size
    return Location(
        alarm=alarm,
        status=status,
        lon=lon / 1e6 * (-1 if status & 8 else 1),
        lat=lat / 1e6 * (-1 if status & 4 else 1),
        altitude=altitude,
        speed=speed / 10,
        heading=heading,
        at=at,
        extras=extras,
    )


def batch(body: bytes) -> tuple[bool, list[bytes]]:
    """(stored while out of coverage, location bodies) of 0x0704. Raises NoReading when a body is cut short."""
    if len(body) < 3:
        raise NoReading(Reason.MALFORMED, f"batch of {len(body)} bytes")
    count, kind = struct.unpack_from(">HB", body)
    found: list[bytes] = []
    at = 3
    for _ in range(count):
        size = int.from_bytes(body[at : at + 2], "big")
        if at + 2 + size > len(body) or len(body) < at + 2:
            raise NoReading(Reason.MALFORMED, f"batch says {count} locations, holds {len(found)}")
        found.append(body[at + 2 : at + 2 + size])
        at += 2 + size
    return kind == 1, found


# ---- what the platform says


def general_answer(packet: Packet, result: int) -> bytes:
    """Body of 0x8001 (8.2)."""
    return struct.pack(">HHB", packet.serial, packet.id, result)


def registration_answer(packet: Packet, result: int, code: str = "") -> bytes:
    """Body of 0x8100 (8.6): the authentication code only when the terminal is registered."""
    body = struct.pack(">HB", packet.serial, result)
    return body + code.encode("gbk") if result == Registered.OK else body


def resend(first_serial: int, parts: list[int], is_2019: bool) -> bytes:
    """Body of 0x8003 (8.4): part numbers to send again; the count is a byte in 2013, a word in 2019."""
    count = struct.pack(">H" if is_2019 else ">B", min(len(parts), 65_535 if is_2019 else 255))
    return struct.pack(">H", first_serial) + count + b"".join(p.to_bytes(2, "big") for p in parts)


def answered(body: bytes) -> tuple[int, int, int] | None:
    """(serial, id, result) of a general answer, either way; None when it is cut short."""
    return struct.unpack(">HHB", body[:5]) if len(body) >= 5 else None


# ---- what a terminal says (simulators, tests)


def location_body(
    *,
    lon: float,
    lat: float,
    at: int,
    altitude: int = 0,
    speed: float = 0.0,
    heading: int = 0,
    alarm: int = 0,
    status: int = 3,
    extras: dict[int, bytes] | None = None,
) -> bytes:
    """Body of 0x0200; the signs of the position set status bits 2 and 3."""
    status |= (4 if lat < 0 else 0) | (8 if lon < 0 else 0)
    body = BASIC.pack(
        alarm,
        status,
        round(abs(lat) * 1e6),
        round(abs(lon) * 1e6),
        altitude,
        round(speed * 10),
        heading,
        as_bcd(at),
    )
    return body + b"".join(bytes((n, len(v))) + v for n, v in (extras or {}).items())


def batch_body(locations: list[bytes], is_stored: bool = False) -> bytes:
    """Body of 0x0704."""
    head = struct.pack(">HB", len(locations), is_stored)
    return head + b"".join(len(one).to_bytes(2, "big") + one for one in locations)


def registration_body(said: Registration, is_2019: bool = False) -> bytes:
    """Body of 0x0100."""
    maker, model, terminal = (11, 30, 30) if is_2019 else (5, 20, 7)
    return (
        struct.pack(">HH", said.province, said.city)
        + said.maker.encode("gbk")[:maker].ljust(maker, b"\0")
        + said.model.encode("gbk")[:model].ljust(model, b"\0")
        + said.terminal.encode("gbk")[:terminal].ljust(terminal, b"\0")
        + bytes((said.plate_colour,))
        + said.plate.encode("gbk")
    )


def authentication_body(code: str, is_2019: bool = False, imei: str = "", software: str = "") -> bytes:
    """Body of 0x0102."""
    told = code.encode("gbk")
    if not is_2019:
        return told
    return (
        bytes((len(told),))
        + told
        + imei.encode()[:15].ljust(15, b"\0")
        + software.encode()[:20].ljust(20, b"\0")
    )
