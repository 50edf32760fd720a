"""One reading as JSON, for MQTT and HTTP devices: {"at": "2026-01-01T08:00:00+08:00", "pm25": 80.5, "flags": {"pm25": "N"}}.

`at` is ISO 8601 with an offset, or milliseconds since the epoch; field names and units are the profile's own.
"""

import datetime as dt
import math
from typing import Any

from siteloop.kernel.block import Kind
from siteloop.kernel.profiles import PROFILES
from siteloop.kernel.quality import FLAG_LETTERS, Quality
from siteloop.kernel.reasons import Reason
from siteloop.kernel.times import to_us
from siteloop.protocols.hj212.reading import LARGEST, NoReading, Reading


def reading(item: Any, profile: str, scale: dict[str, float], now_us: int) -> Reading:
    """One row from one JSON object; `at` defaults to the time of receipt. Raises NoReading with the reason."""
    if not isinstance(item, dict):
        raise NoReading(Reason.WRONG_TYPE, "not a JSON object")
    fields = PROFILES[profile].fields
    known = {f.name for f in fields} | {"at", "flags"}
    unknown = sorted(set(item) - known)
    if unknown:
        raise NoReading(Reason.WRONG_TYPE, f"unknown field {unknown[0]}")
    flags = item.get("flags", {})
    if not isinstance(flags, dict):
        raise NoReading(Reason.WRONG_TYPE, "flags is not an object")
    values = [math.nan] * len(fields)
    quality = bytearray([Quality.ABSENT]) * len(fields)
    flagged = 0
    for index, field in enumerate(fields):
        value = item.get(field.name)
        if value is None:
            continue
        number = _number(value)
        if number is None:
            raise NoReading(Reason.WRONG_TYPE, f"{field.name} is not a number")
        number *= scale.get(field.name, 1.0)
        values[index] = number if abs(number) < LARGEST else math.nan
        if field.low <= values[index] <= field.high:
            quality[index] = FLAG_LETTERS.get(str(flags.get(field.name, "N")).upper(), Quality.UNKNOWN_FLAG)
        else:
            quality[index] = Quality.OUT_OF_PHYSICS
            flagged += 1
    if all(q == Quality.ABSENT for q in quality):
        raise NoReading(Reason.NO_VALUES, "no field of this profile")
    return Reading(_at(item.get("at"), now_us), int(Kind.REALTIME), values, bytes(quality), flagged)


def _number(value: Any) -> float | None:
    """A finite number, or a truth value as 0 and 1; None for anything else."""
    if not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _at(value: Any, now_us: int) -> int:
    if value is None:
        return now_us
    if not isinstance(value, bool) and (number := _number(value)) is not None:
        return round(number * 1000)
    try:
        return to_us(dt.datetime.fromisoformat(str(value)))
    except (ValueError, OverflowError) as wrong:
        raise NoReading(Reason.WRONG_TYPE, f"at: {str(value)[:60]!r}") from wrong
