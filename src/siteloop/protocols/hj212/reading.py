"""From a message to one row of a profile: values in the profile's units, a quality for each, the time it holds for."""

import datetime as dt
import math
from functools import lru_cache

import msgspec

from siteloop.kernel.block import Kind
from siteloop.kernel.profiles import PROFILES, Field
from siteloop.kernel.quality import FLAG_LETTERS, Quality
from siteloop.kernel.reasons import Reason
from siteloop.kernel.times import SHANGHAI, to_us
from siteloop.protocols.hj212.factors import FACTORS, SENTINELS, VALUE_NAMES
from siteloop.protocols.hj212.message import Message

#: uploads that carry readings
KINDS = {"2011": Kind.REALTIME, "2051": Kind.MINUTE, "2061": Kind.HOUR, "2031": Kind.DAY}
#: status of equipment: a sprayer may report this way
STATUS = "2021"
NAN = math.nan
FLAG = 100  # role of an item that carries a flag
RUN_STATE = VALUE_NAMES.index("RS")
#: SBx-RS (0 off, 1 run, 2 calibrating, 3 maintenance, 4 alarm, 5 blow back) -> (running, quality)
RUN_STATES: dict[str, tuple[float, Quality]] = {
    "0": (0.0, Quality.NORMAL),
    "1": (1.0, Quality.NORMAL),
    "2": (0.0, Quality.CALIBRATION),
    "3": (0.0, Quality.MAINTENANCE),
    "4": (0.0, Quality.FAULT),
    "5": (1.0, Quality.NORMAL),
}
#: verdicts of ours, counted as flagged
OURS = frozenset({Quality.NO_VALUE, Quality.OUT_OF_PHYSICS})
#: beyond this a value does not fit the column (float32)
LARGEST = 3e38


class Reading(msgspec.Struct, frozen=True):
    """One row: `at` µs UTC, `values` and `quality` in the profile's field order; `flagged` counts our own doubts."""

    at: int
    kind: int
    values: list[float]
    quality: bytes
    flagged: int


class NoReading(ValueError):
    """The message carries no usable row; `reason` says why."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


@lru_cache(maxsize=65_536)
def data_time(text: str) -> int:
    """µs of a DataTime of 14 (or 17) digits in Asia/Shanghai. Raises ValueError."""
    if len(text) not in (14, 17) or not text.isdigit():
        raise ValueError(text)
    moment = dt.datetime(
        int(text[:4]),
        int(text[4:6]),
        int(text[6:8]),
        int(text[8:10]),
        int(text[10:12]),
        int(text[12:14]),
        tzinfo=SHANGHAI,
    )
    return to_us(moment) + (int(text[14:]) * 1000 if len(text) == 17 else 0)


@lru_cache(maxsize=8192)
def _place(profile: str, key: str) -> tuple[int, int]:
    """(field index, role) of an item's key: role 0.. = rank of a value name, FLAG, -1 = nothing to us."""
    name, _, sub = key.partition("-")
    field = FACTORS.get(profile, {}).get(name.upper())
    if field is None:
        return -1, -1
    index = PROFILES[profile].index(field)
    sub = sub.upper()
    if sub == "FLAG":
        return index, FLAG
    return (index, VALUE_NAMES.index(sub)) if sub in VALUE_NAMES else (-1, -1)


def _value(text: str, field: Field, scale: dict[str, float]) -> tuple[float, Quality]:
    """One value in the profile's unit, and our verdict on it."""
    try:
        value = float(text)
    except ValueError:
        return NAN, Quality.NO_VALUE
    if "_" in text:  # Python's own way to write numbers
        return NAN, Quality.NO_VALUE
    if not math.isfinite(value) or value in SENTINELS:
        return NAN, Quality.NO_VALUE
    value *= scale.get(field.name, 1.0)
    verdict = Quality.NORMAL if field.low <= value <= field.high else Quality.OUT_OF_PHYSICS
    return (value if abs(value) < LARGEST else NAN), verdict


def reading(message: Message, profile: str, scale: dict[str, float]) -> Reading:
    """One row from an upload. `scale` maps field -> factor to the profile's unit. Raises NoReading."""
    kind = Kind.REALTIME if message.cn == STATUS and profile == "sprayer" else KINDS.get(message.cn)
    if kind is None:
        raise NoReading(Reason.UNSUPPORTED, f"CN={message.cn}")
    fields = PROFILES[profile].fields
    items = message.items()
    try:
        at = data_time(items["DataTime"])
    except (KeyError, ValueError) as wrong:
        raise NoReading(Reason.MALFORMED, f"DataTime {wrong}") from wrong
    values = [NAN] * len(fields)
    quality = bytearray([Quality.ABSENT]) * len(fields)
    flags: dict[int, Quality] = {}
    flagged = 0
    for key, text in items.items():
        index, role = _place(profile, key)
        if index < 0:
            continue
        if role == FLAG:
            flags[index] = FLAG_LETTERS.get(text.upper(), Quality.UNKNOWN_FLAG)
        elif quality[index] == Quality.ABSENT:
            state = RUN_STATES.get(text) if role == RUN_STATE and fields[index].name == "running" else None
            values[index], verdict = state or _value(text, fields[index], scale)
            quality[index] = verdict
            flagged += verdict in OURS
    for index, flag in flags.items():
        if quality[index] == Quality.NORMAL:
            quality[index] = flag
    if all(q == Quality.ABSENT for q in quality):
        raise NoReading(Reason.NO_VALUES, "no factor of this profile")
    return Reading(at, int(kind), values, bytes(quality), flagged)
