"""Our own JSON event, for recognisers and gates that can be told what to send.

{"type": "no_helmet", "at": "2026-03-04T05:06:07+08:00", "device": "CAM-1", "channel": 1, "description": "…", "serial": "17",
 "region": [[[0.1, 0.2], [0.4, 0.2], [0.4, 0.6]]], "picture": "<base64>", "picture_type": "image/jpeg",
 "passage": {"person": "7", "direction": "in", "means": "face", "accepted": true}, "plate": {"number": "浙F12345"}}
"""

import binascii
import datetime as dt
from base64 import b64decode

import msgspec

from siteloop.kernel.reasons import Reason
from siteloop.kernel.times import to_us
from siteloop.protocols.events.event import Event, Kind, NoEvent, Passage, Picture, Plate, picture

MAKER = "plain"
MOST_PICTURE = 4 << 20
MOST_BODY = 6 << 20


class Body(msgspec.Struct, frozen=True):
    """What may be sent; anything else is refused by name and type."""

    type: str
    at: dt.datetime | None = None
    device: str = ""
    channel: int = 0
    state: str = "pulse"
    description: str = ""
    serial: str = ""
    region: list[list[tuple[float, float]]] = []
    passage: Passage | None = None
    plate: Plate | None = None
    picture: str = ""
    picture_type: str = "image/jpeg"


_decoder = msgspec.json.Decoder(Body)


def event(body: bytes, now_us: int) -> Event:
    """The event of a body; without `at` it happened when it came. Raises NoEvent."""
    if len(body) > MOST_BODY:
        raise NoEvent(Reason.LENGTH, f"{len(body)} bytes")
    try:
        told = _decoder.decode(body)
        kind = Kind(told.type)
        at = now_us if told.at is None else to_us(told.at)
    except msgspec.ValidationError as wrong:
        raise NoEvent(Reason.WRONG_TYPE, str(wrong)) from wrong
    except (msgspec.DecodeError, RecursionError) as wrong:
        raise NoEvent(Reason.MALFORMED, f"no JSON: {wrong}") from wrong
    except (ValueError, OverflowError) as wrong:
        raise NoEvent(Reason.WRONG_TYPE, f"type or at: {wrong}") from wrong
    if any(not (0 <= x <= 1 and 0 <= y <= 1) for polygon in told.region for x, y in polygon):
        raise NoEvent(Reason.WRONG_TYPE, "region is not in parts of the picture, 0 to 1")
    return Event(
        at=at,
        maker=MAKER,
        kind=kind,
        code=told.type,
        device=told.device[:100],
        channel=told.channel,
        state=told.state,
        description=told.description[:500],
        serial=told.serial[:100],
        region=tuple(tuple(polygon) for polygon in told.region),
        passage=told.passage,
        plate=told.plate,
        pictures=_pictures(told),
    )


def _pictures(told: Body) -> tuple[Picture, ...]:
    if not told.picture:
        return ()
    try:
        data = b64decode(told.picture, validate=True)
    except (binascii.Error, ValueError) as wrong:
        raise NoEvent(Reason.WRONG_TYPE, "picture is not base64") from wrong
    if len(data) > MOST_PICTURE:
        raise NoEvent(Reason.LENGTH, f"a picture of {len(data)} bytes")
    return (picture(told.picture_type, data),)
