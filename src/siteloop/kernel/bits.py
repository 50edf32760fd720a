"""Fields that hold sets of bits, in words: what a machine's limiter holds back, which of its sensors and alarms speak."""

from collections.abc import Mapping
from typing import NamedTuple

from siteloop.kernel import lifting, vehicle

Title = tuple[str, str]


class Meaning(NamedTuple):
    """What the bits of a field mean; the field's bit 0 is bit `first` of the table. `unsure` ones are not checked."""

    titles: Mapping[int, Title]
    first: int = 0
    unsure: frozenset[int] = frozenset()


def _of(titles: Mapping[lifting.B, Title]) -> Meaning:
    return Meaning({int(bit): title for bit, title in titles.items()})


#: (profile, field) -> meaning; `sensor_bits` of a hoist are the maker's own and have none
MEANINGS: Mapping[tuple[str, str], Meaning] = {
    ("tower_crane", "limit_bits"): _of(lifting.CRANE_LIMITS),
    ("tower_crane", "sensor_bits"): _of(lifting.CRANE_SENSORS),
    ("tower_crane", "warning_bits"): _of(lifting.CRANE_ALARMS),
    ("tower_crane", "alarm_bits"): _of(lifting.CRANE_ALARMS),
    ("hoist", "state_bits"): _of(lifting.HOIST_STATES),
    ("hoist", "warning_bits"): _of(lifting.HOIST_ALARMS),
    ("hoist", "alarm_bits"): _of(lifting.HOIST_ALARMS),
    ("vehicle", "status_low"): Meaning(vehicle.STATES),
    ("vehicle", "status_high"): Meaning(vehicle.STATES, 16),
    ("vehicle", "alarm_low"): Meaning(vehicle.ALARMS, 0, vehicle.UNSURE_ALARMS),
    ("vehicle", "alarm_high"): Meaning(vehicle.ALARMS, 16, vehicle.UNSURE_ALARMS),
}
NONE: Title = ("无", "none")


def in_words(profile: str, field: str, value: float | None) -> list[Title] | None:
    """Titles of the bits that are set, lowest first; [NONE] for no bit. None for a field or a value that is no set of bits.

    A bit without a meaning is told by its number, so that nothing a machine says is hidden.
    """
    meaning = MEANINGS.get((profile, field))
    if meaning is None or value is None or not 0 <= value < 1 << 32 or value != int(value):
        return None
    bits = [meaning.first + n for n in range(32) if int(value) >> n & 1]
    return [_title(meaning, bit) for bit in bits] or [NONE]


def _title(meaning: Meaning, bit: int) -> Title:
    zh, en = meaning.titles.get(bit, (f"第 {bit} 位", f"bit {bit}"))
    return (f"{zh}（未核实）", f"{en} (not checked)") if bit in meaning.unsure else (zh, en)
