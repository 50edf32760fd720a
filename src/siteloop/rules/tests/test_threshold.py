"""Threshold: trigger, hold, recovery, late, duplicate, foreign device, storm, splitting and resuming."""

import zlib
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siteloop.kernel.block import Kind
from siteloop.kernel.finding import Act, Finding
from siteloop.kernel.quality import Quality
from siteloop.kernel.times import MINUTE
from siteloop.rules.tests.support import (
    MIDNIGHT,
    NOON,
    acts,
    comparable,
    feed,
    monitor,
    registry,
    row,
    rule,
)
from siteloop.rules.threshold import Threshold

HIGH = rule("dust.pm25_high", "threshold", field="pm25", on=75, off=65)


def made(*rules, devices=None):
    detector = Threshold()
    rules = rules or (HIGH,)
    detector.configure(registry(devices or [monitor(1), monitor(2)], rules), rules)
    return detector


def series(device, values, start=NOON, field="pm25"):
    return [row(device, start + i * MINUTE, **{field: v}) for i, v in enumerate(values)]


@pytest.mark.requirement("DUST-26")
def test_strictly_above_raises_and_the_recovery_value_clears():
    detector = made()
    assert feed(detector, series(1, [75.0])) == []
    (raised,) = feed(detector, series(1, [75.5], NOON + MINUTE))
    assert (raised.act, raised.value, raised.limit, raised.since) == (Act.RAISE, 75.5, 75, NOON + MINUTE)
    assert raised.site == 101 and raised.region == "330411001" and raised.clause == "示例条款"
    assert (
        "75.5 µg/m³" in raised.message
        and "限值 75 µg/m³" in raised.message
        and "03-02 12:01" in raised.message
    )
    assert feed(detector, series(1, [70], NOON + 90_000_000)) == []  # between off and on: still open
    (cleared,) = feed(detector, series(1, [65], NOON + 3 * MINUTE))
    assert cleared.act is Act.CLEAR and cleared.key == raised.key and "已恢复" in cleared.message


def test_float_noise_of_the_wire_is_no_excess():
    detector = made(rule("r", "threshold", field="pm25", on=70.1))
    assert feed(detector, series(1, [70.1])) == []
    assert acts(feed(detector, series(1, [70.2], NOON + MINUTE))) == ["raise"]


def test_hold_must_last_and_names_its_start():
    detector = made(rule("r", "threshold", field="pm25", on=75, hold_s=120))
    assert feed(detector, series(1, [80, 80])) == []
    (raised,) = feed(detector, series(1, [80], NOON + 2 * MINUTE))
    assert raised.since == NOON and raised.count == 3
    assert (
        feed(made(rule("r", "threshold", field="pm25", on=75, hold_s=120)), series(1, [80, 80, 70, 80, 80]))
        == []
    )


def test_a_silence_breaks_a_hold():
    detector = made(rule("r", "threshold", field="pm25", on=75, hold_s=600))
    assert feed(detector, series(1, [80]) + series(1, [80], NOON + 60 * MINUTE)) == []


def test_recovery_may_be_held():
    detector = made(rule("r", "threshold", field="pm25", on=75, recover_s=120, update_s=86400))
    assert acts(feed(detector, series(1, [80, 70, 80, 70, 70, 70]))) == ["raise", "clear"]


def test_late_duplicate_flagged_and_aggregate_rows_do_not_count():
    detector = made()
    assert feed(detector, series(1, [60])) == []
    assert feed(detector, series(1, [99], NOON - MINUTE)) == []  # late
    assert feed(detector, series(1, [99])) == []  # duplicate
    assert feed(detector, [row(1, NOON + MINUTE, pm25=99, flags={"pm25": Quality.CALIBRATION})]) == []
    assert feed(detector, [row(1, NOON + 2 * MINUTE, pm25=99, kind=Kind.HOUR)]) == []
    assert feed(detector, [row(77, NOON + 2 * MINUTE, pm25=99)]) == []  # not registered
    assert acts(feed(detector, [row(1, NOON + 2 * MINUTE, pm25=99)])) == ["raise"]
    assert feed(detector, [row(1, NOON + MINUTE, pm25=1), row(1, NOON + 2 * MINUTE, pm25=1)]) == []
    # inside one block too: the second row is older than the first
    said = feed(detector, [row(1, NOON + 9 * MINUTE, pm25=60), row(1, NOON + 8 * MINUTE, pm25=99)])
    assert acts(said) == ["clear"]


def test_a_flagged_value_neither_feeds_nor_ends_an_episode():
    detector = made()
    feed(detector, series(1, [99]))
    assert feed(detector, [row(1, NOON + MINUTE, pm25=0, flags={"pm25": Quality.FAULT})]) == []
    assert acts(feed(detector, series(1, [10], NOON + 2 * MINUTE))) == ["clear"]


def test_one_device_cannot_clear_another():
    detector = made()
    feed(detector, series(1, [99]))
    assert feed(detector, series(2, [10, 10], NOON + MINUTE)) == []
    assert acts(feed(detector, series(1, [10], NOON + MINUTE))) == ["clear"]


def test_a_storm_is_one_finding_with_a_count_told_once_a_minute():
    detector = made(devices=[monitor(1, interval_s=1)])
    rows = [row(1, NOON + i * 1_000_000, pm25=80 + i % 7) for i in range(181)]
    said = feed(detector, rows)
    assert acts(said) == ["raise", "update", "update", "update"]
    assert len({s.key for s in said}) == 1
    assert said[-1].count == 181 and said[-1].value == 86 and "累计181条" in said[-1].message


def test_the_nearest_region_decides_and_can_switch_off():
    wide = rule("r", "threshold", "", field="pm25", on=75)
    county = rule("r", "threshold", "330411", field="pm25", on=50)
    off = rule("r", "off", "330482")
    devices = [monitor(1), monitor(2, region="330482001"), monitor(3, region="520100001")]
    detector = made(wide, county, off, devices=devices)
    rows = [row(n, NOON, pm25=60) for n in (1, 2, 3)]
    assert [s.device for s in feed(detector, rows)] == [1]
    rows = [row(n, NOON + MINUTE, pm25=90) for n in (1, 2, 3)]
    assert sorted(s.device for s in feed(detector, rows) if s.act is Act.RAISE) == [3]


@pytest.mark.requirement("DUST-26")
def test_hours_of_the_day_wrap_midnight_and_end_an_episode():
    night = rule("r", "threshold", field="noise", on=70, from_minute=1320, to_minute=360)
    detector = made(night)
    ten = MIDNIGHT + 22 * 60 * MINUTE
    assert feed(detector, series(1, [80], ten - MINUTE, "noise")) == []
    (raised,) = feed(detector, series(1, [80], ten, "noise"))
    assert "22:00–06:00" in raised.message
    (cleared,) = feed(detector, series(1, [80], ten + 8 * 60 * MINUTE, "noise"))
    assert cleared.act is Act.CLEAR and "时段结束" in cleared.message


def test_below_a_limit():
    detector = made(rule("r", "threshold", field="humidity", on=20, off=30, direction="below"))
    assert acts(feed(detector, series(1, [25, 19, 25, 31], field="humidity"))) == ["raise", "update", "clear"]


def test_an_unusable_rule_is_left_out_and_the_others_go_on():
    detector = made(rule("broken", "threshold", field="radon", on=1), HIGH)
    assert [s.rule for s in feed(detector, series(1, [99]))] == ["dust.pm25_high"]


def test_new_snapshot_keeps_state_and_closes_what_has_gone():
    detector = made()
    feed(detector, series(1, [99]) + series(2, [99]))
    detector.configure(registry([monitor(1), monitor(3)], (HIGH,)), (HIGH,))
    said = detector.tick(NOON)
    assert [(s.act, s.device) for s in said] == [(Act.CLEAR, 2)]
    assert acts(feed(detector, series(1, [10], NOON + MINUTE))) == ["clear"]


def test_leaving_the_trial_starts_a_real_episode():
    shadow = msgspec.structs.replace(HIGH, shadow=True)
    detector = made(shadow)
    assert feed(detector, series(1, [99]))[0].shadow
    detector.configure(registry([monitor(1)], (HIGH,)), (HIGH,))
    said = feed(detector, series(1, [99], NOON + MINUTE))
    assert [(s.act, s.shadow) for s in said] == [(Act.CLEAR, True), (Act.RAISE, False)]


def test_a_state_may_be_loaded_before_the_registry_is_known():
    detector = made()
    feed(detector, series(1, [99]))
    fresh = Threshold()
    fresh.load(detector.dump())
    assert fresh.dump() == detector.dump()
    fresh.configure(registry([monitor(1), monitor(2), monitor(3)], (HIGH,)), (HIGH,))
    assert feed(fresh, series(1, [99])) == []  # known already: a duplicate
    assert acts(feed(fresh, series(1, [10], NOON + MINUTE))) == ["clear"]


def test_foreign_bytes_are_refused():
    with pytest.raises(zlib.error):
        made().load(b"nonsense")
    with pytest.raises(msgspec.DecodeError):
        made().load(zlib.compress(b"nonsense"))


ROWS = st.lists(
    st.tuples(
        st.integers(1, 3),
        st.integers(0, 30),
        st.sampled_from([10.0, 66.0, 70.0, 76.0, 90.0]),
        st.sampled_from([Quality.NORMAL, Quality.NORMAL, Quality.FAULT]),
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(ROWS, st.lists(st.integers(0, 40), max_size=5), st.booleans())
def test_any_splitting_and_resuming_gives_the_same_findings(drawn, cuts, resume):
    rules = (
        HIGH,
        rule("held", "threshold", field="pm25", on=75, off=68, hold_s=180, recover_s=120),
    )
    rows = [row(d, NOON + m * MINUTE, pm25=v, flags={"pm25": q}) for d, m, v, q in drawn]
    devices = [monitor(n) for n in (1, 2, 3)]
    whole = feed(made(*rules, devices=devices), rows)
    detector, parts = made(*rules, devices=devices), []
    edges = sorted({0, len(rows), *(c for c in cuts if c < len(rows))})
    for start, stop in pairwise(edges):
        parts += feed(detector, rows[start:stop])
        if resume:
            data, detector = detector.dump(), made(*rules, devices=devices)
            detector.load(data)
    assert comparable(whole) == comparable(parts)
    opened = [f for f in whole if isinstance(f, Finding)]
    assert all(f.value is None or f.act is Act.CLEAR or f.value > 75 for f in opened)
