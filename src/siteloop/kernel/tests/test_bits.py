"""Sets of bits in words."""

import pytest

from siteloop.kernel.bits import MEANINGS, NONE, in_words
from siteloop.kernel.lifting import CraneLimit, CraneSensor, mask
from siteloop.kernel.profiles import PROFILES


@pytest.mark.requirement("TC-16")
def test_what_a_limiter_holds_back_is_named() -> None:
    held = mask(CraneLimit.RIGHT_SLOW, CraneLimit.UP, CraneLimit.LOCKED)
    assert in_words("tower_crane", "limit_bits", float(held)) == [
        ("右减速", "right slow-down"),
        ("上限位", "up limit"),
        ("锁机", "locked"),
    ]
    assert in_words("tower_crane", "limit_bits", 0.0) == [NONE]


@pytest.mark.requirement("TC-14")
def test_a_sensor_is_named() -> None:
    assert in_words("tower_crane", "sensor_bits", float(mask(CraneSensor.WIND))) == [("风速仪", "anemometer")]


def test_halves_of_a_word_a_bit_without_a_name_and_one_not_checked() -> None:
    assert in_words("vehicle", "status_high", 3.0) == [("门 4 开", "door 4 open"), ("门 5 开", "door 5 open")]
    assert in_words("vehicle", "alarm_high", 1.0) == [("胎压预警（未核实）", "tyre pressure (not checked)")]
    assert in_words("tower_crane", "alarm_bits", float(1 << 30)) == [("第 30 位", "bit 30")]


@pytest.mark.parametrize("value", [None, -1.0, 0.5, float(1 << 32), float("inf"), float("nan")])
def test_what_is_no_set_of_bits_has_no_words(value: float | None) -> None:
    assert in_words("tower_crane", "alarm_bits", value) is None


def test_only_fields_there_are_have_meanings_and_no_other_field_has_words() -> None:
    for profile, field in MEANINGS:
        assert PROFILES[profile].index(field) >= 0
    assert in_words("dust", "pm25", 3.0) is None
