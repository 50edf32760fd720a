"""From what a device said, field by field, to one row of a profile: units, physics, quality."""

import math
from collections.abc import Mapping

from siteloop.kernel.block import Kind
from siteloop.kernel.profiles import PROFILES
from siteloop.kernel.quality import Quality
from siteloop.kernel.reasons import Reason
from siteloop.protocols.hj212.reading import LARGEST, NoReading, Reading

__all__ = ["NoReading", "Reading", "row"]


def row(
    profile: str,
    said: Mapping[str, float | None],
    at: int,
    *,
    kind: Kind = Kind.REALTIME,
    scale: Mapping[str, float] | None = None,
    flags: Mapping[str, Quality] | None = None,
) -> Reading:
    """One row. `said` maps field -> value in the profile's unit, None or missing = the device said nothing.

    `scale` is the device's own factor per field; `flags` says what the device
    itself thinks of a value, or why it is missing.
    Raises NoReading (NO_VALUES) when nothing of the profile was said.
    """
    fields = PROFILES[profile].fields
    values = [math.nan] * len(fields)
    quality = bytearray([Quality.ABSENT]) * len(fields)
    flagged = 0
    for index, field in enumerate(fields):
        value = said.get(field.name)
        if value is None:
            if flags and field.name in flags:
                quality[index] = flags[field.name]
            continue
        value *= (scale or {}).get(field.name, 1.0)
        if not math.isfinite(value):
            quality[index] = Quality.NO_VALUE
        else:
            values[index] = value if abs(value) < LARGEST else math.nan
            quality[index] = Quality.NORMAL if field.low <= value <= field.high else Quality.OUT_OF_PHYSICS
        if quality[index] != Quality.NORMAL:
            flagged += 1
        elif flags and field.name in flags:
            quality[index] = flags[field.name]
    if all(said.get(field.name) is None for field in fields):
        raise NoReading(Reason.NO_VALUES, f"nothing of profile {profile}")
    return Reading(at, int(kind), values, bytes(quality), flagged)
