"""From a message to one row of a profile: values in the profile's units, a quality for each, the time it holds for."""

import datetime as dt
import math
from collections.abc import Collection
from functools import lru_cache

import msgspec

from siteloop.kernel.block import Kind
from siteloop.kernel.profiles import PROFILES, Field
from siteloop.kernel.quality import FLAG_LETTERS, Quality
from siteloop.kernel.quirks import Quirk
from siteloop.kernel.quirks import sentinels as own_sentinels
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
    if len(text) not in (14, 17) or not (text.isascii() and text.isdigit()):
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


def _value(
    text: str, field: Field, scale: dict[str, float], sentinels: frozenset[float] = SENTINELS
) -> tuple[float, Quality]:
    """One value in the profile's unit, and our verdict on it."""
    try:
        value = float(text)
    except ValueError:
        return NAN, Quality.NO_VALUE
    if "_" in text:  # Python's own way to write numbers
        return NAN, Quality.NO_VALUE
    if not math.isfinite(value) or value in sentinels:
        return NAN, Quality.NO_VALUE
    value *= scale.get(field.name, 1.0)
    verdict = Quality.NORMAL if field.low <= value <= field.high else Quality.OUT_OF_PHYSICS
    return (value if abs(value) < LARGEST else NAN), verdict


def _flag(key: str, text: str, profile: str, last: int) -> int:
    """The field a loose flag speaks of: `Flag=D` of its own, or `NOIS=N`; -1 for any other item."""
    if key.upper() == "FLAG":
        return last
    return -1 if "-" in key or text.upper() not in FLAG_LETTERS else _field(profile, key)


def _field(profile: str, key: str) -> int:
    """Index of the field a key's factor names, -1 for a foreign one."""
    field = FACTORS.get(profile, {}).get(key.partition("-")[0].upper())
    return -1 if field is None else PROFILES[profile].index(field)


def _at(message: Message, quirks: Collection[str]) -> int:
    any_case = Quirk.ANY_CASE in quirks
    told = next(
        (t for k, t in message.pairs() if k == "DataTime" or (any_case and k.upper() == "DATATIME")), ""
    )
    try:
        return data_time(told)
    except ValueError as wrong:
        raise NoReading(Reason.MALFORMED, f"DataTime {wrong}") from wrong


class _Row:
    """A row in the making: values, their verdicts, and the flags that came with them."""

    def __init__(self, profile: str, scale: dict[str, float], no_value: frozenset[float]) -> None:
        self.profile, self.scale, self.no_value = profile, scale, no_value
        self.fields = PROFILES[profile].fields
        self.values = [NAN] * len(self.fields)
        self.quality = bytearray([Quality.ABSENT]) * len(self.fields)
        self.flags: dict[int, Quality] = {}
        self.flagged = 0
        self._last = -1  # field of the item before, which a loose flag speaks of

    def take(self, key: str, text: str) -> None:
        """One item of the data area."""
        index, role = _place(self.profile, key)
        if index < 0:
            loose = _flag(key, text, self.profile, self._last)
            if loose >= 0:
                self.flags.setdefault(loose, FLAG_LETTERS.get(text.upper(), Quality.UNKNOWN_FLAG))
            elif "-" in key:
                self._last = _field(self.profile, key)
            return
        self._last = index
        if role == FLAG:
            self.flags[index] = FLAG_LETTERS.get(text.upper(), Quality.UNKNOWN_FLAG)
        elif self.quality[index] == Quality.ABSENT:
            field = self.fields[index]
            state = RUN_STATES.get(text) if role == RUN_STATE and field.name == "running" else None
            self.values[index], verdict = state or _value(text, field, self.scale, self.no_value)
            self.quality[index] = verdict
            self.flagged += verdict in OURS

    def finish(self, is_zero_dead: bool) -> None:
        """Put the flags on the normal values. Raises NoReading when no factor was of this profile."""
        for index, flag in self.flags.items():
            if self.quality[index] == Quality.NORMAL:
                self.quality[index] = flag
        present = [i for i, q in enumerate(self.quality) if q != Quality.ABSENT]
        if not present:
            raise NoReading(Reason.NO_VALUES, "no factor of this profile")
        if is_zero_dead and all(self.values[i] == 0 for i in present):
            for i in present:
                self.quality[i] = Quality.FAULT


def reading(message: Message, profile: str, scale: dict[str, float], quirks: Collection[str] = ()) -> Reading:
    """One row from an upload. `scale` maps field -> factor to the profile's unit, `quirks` are the device's.

    Raises NoReading.
    """
    kind = Kind.REALTIME if message.cn == STATUS and profile == "sprayer" else KINDS.get(message.cn)
    if kind is None:
        raise NoReading(Reason.UNSUPPORTED, f"CN={message.cn}")
    at = _at(message, quirks)
    row = _Row(profile, scale, SENTINELS | own_sentinels(quirks) if quirks else SENTINELS)
    seen: set[str] = set()
    for key, text in message.pairs():
        if key in seen and key.upper() != "FLAG":
            continue  # the first one counts
        seen.add(key)
        row.take(key, text)
    row.finish(Quirk.DEAD_ZERO in quirks)
    return Reading(at, int(kind), row.values, bytes(row.quality), row.flagged)
