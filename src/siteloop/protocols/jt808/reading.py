"""From a location to rows of the profile `vehicle`."""

import struct
from collections.abc import Mapping

import msgspec

from siteloop.kernel.quality import Quality
from siteloop.kernel.reasons import Reason
from siteloop.protocols.jt808 import messages
from siteloop.protocols.jt808.frame import Packet
from siteloop.protocols.jt808.messages import Id, Location
from siteloop.protocols.rows import NoReading, Reading, row

#: item behind a location -> (field, layout, factor to the profile's unit); 8.18 table of additional information
EXTRAS: dict[int, tuple[str, struct.Struct, float]] = {
    0x01: ("mileage", struct.Struct(">I"), 0.1),
    0x02: ("fuel", struct.Struct(">H"), 0.1),
    0x03: ("recorder_speed", struct.Struct(">H"), 0.1),
    0x30: ("signal", struct.Struct(">B"), 1.0),
    0x31: ("satellites", struct.Struct(">B"), 1.0),
}
FIXED, ENCRYPTED = 1 << 1, 1 << 5
POSITION = ("lon", "lat", "altitude", "speed", "heading")
#: messages that carry rows
CARRIERS = frozenset({Id.LOCATION, Id.LOCATION_ANSWER, Id.BATCH})


class Found(msgspec.Struct, frozen=True):
    """One row of a message; `is_late` when it was stored out of coverage. `raw` is what it came from: the packet, or its
    piece of a batch.
    """

    row: Reading
    is_late: bool
    raw: bytes


def reading(found: Location, scale: Mapping[str, float]) -> Reading:
    """One row. A position without a fix is the last one known: kept and flagged SUSPECT; an encrypted one is left out."""
    said: dict[str, float | None] = {
        "lon": found.lon,
        "lat": found.lat,
        "altitude": found.altitude,
        "speed": found.speed,
        "heading": found.heading,
        "load_state": found.status >> 8 & 3,
        "status_low": found.status & 0xFFFF,
        "status_high": found.status >> 16,
        "alarm_low": found.alarm & 0xFFFF,
        "alarm_high": found.alarm >> 16,
    }
    for number, (field, layout, factor) in EXTRAS.items():
        value = found.extras.get(number, b"")
        if len(value) == layout.size:
            said[field] = layout.unpack(value)[0] * factor
    if found.status & ENCRYPTED:
        said["lon"] = said["lat"] = None
    flags = {} if found.status & FIXED else dict.fromkeys(POSITION, Quality.SUSPECT)
    return row("vehicle", said, found.at, scale=scale, flags=flags)


def readings(packet: Packet, scale: Mapping[str, float]) -> list[Found]:
    """A row for every location of a whole message. Raises NoReading for a message that carries none.

    One broken location of a batch spoils the batch: it is refused whole and kept, nothing is guessed.
    """
    if packet.encryption:
        raise NoReading(Reason.UNSUPPORTED, f"encrypted body, kind {packet.encryption}")
    if packet.id == Id.LOCATION:
        return [Found(reading(messages.location(packet.body), scale), False, packet.raw)]
    if packet.id == Id.LOCATION_ANSWER:
        return [Found(reading(messages.location(packet.body[2:]), scale), False, packet.raw)]
    if packet.id == Id.BATCH:
        is_stored, bodies = messages.batch(packet.body)
        if not bodies:
            raise NoReading(Reason.NO_VALUES, "a batch of no locations")
        return [Found(reading(messages.location(body), scale), is_stored, body) for body in bodies]
    raise NoReading(Reason.UNSUPPORTED, f"message {packet.id:04X}")
