"""The truth checks: what each finds, in which words, and that it equals the plain row-by-row reference."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siteloop.kernel.finding import Act, Command, Finding
from siteloop.kernel.quality import Quality
from siteloop.kernel.times import HOUR, MINUTE, SECOND
from siteloop.rules.beside_neighbours import BesideNeighbours
from siteloop.rules.clock_drift import ClockDrift
from siteloop.rules.out_of_physics import OutOfPhysics
from siteloop.rules.position_moved import PositionMoved
from siteloop.rules.silent_at_work import SilentAtWork
from siteloop.rules.spray_effect import SprayEffect
from siteloop.rules.tests import naive
from siteloop.rules.tests.support import MIDNIGHT, NOON, acts, comparable, feed, monitor, registry, row, rule
from siteloop.rules.twin_streams import TwinStreams
from siteloop.rules.whereabouts import metres_between, neighbours

WRONG = {"pressure": Quality.OUT_OF_PHYSICS}


def made(kind, *devices, **params):
    detector, one = kind(), rule("truth", kind.name, **params)
    detector.configure(registry(devices or [monitor(1), monitor(2)], [one]), [one])
    return detector


def short(said):
    """(act, device, at) of the raises and clears."""
    return [(s.act.value, s.device, s.at) for s in said if isinstance(s, Finding) and s.act is not Act.UPDATE]


# ---- out of physics


@pytest.mark.requirement("SEC-09", "DUST-17")
def test_impossible_values_again_and_again_are_a_finding_with_the_value():
    detector = made(OutOfPhysics, min_count=3)
    rows = [row(1, NOON + i * MINUTE, pm25=50, pressure=0, flags=WRONG) for i in range(3)]
    assert feed(detector, rows[:2]) == []
    (raised,) = feed(detector, rows[2:])
    assert (raised.act, raised.since, raised.value, raised.limit) == (Act.RAISE, NOON, 0.0, 40)
    assert "气压 0.0 kPa" in raised.message and "40–120" in raised.message
    good = [row(1, NOON + i * MINUTE, pm25=50, pressure=101) for i in range(3, 6)]
    assert acts(feed(detector, good)) == ["clear"]


def test_one_impossible_value_is_an_accident():
    detector = made(OutOfPhysics, min_count=2)
    for i in range(6):
        flags = WRONG if i % 2 else {}
        assert feed(detector, [row(1, NOON + i * MINUTE, pressure=0, flags=flags)]) == []


# ---- clock drift


@pytest.mark.requirement("SEC-09")
def test_a_slow_clock_is_told_with_both_times_and_set_right_when_allowed():
    detector = made(ClockDrift, correct=1, hold_s=120)
    rows = [row(1, NOON + i * MINUTE, pm25=1, late=10 * MINUTE + i * SECOND) for i in range(6)]
    raised, order = feed(detector, rows)
    assert raised.value == pytest.approx(604)
    assert "慢 10分钟" in raised.message and "12:04:00" in raised.message and "12:14:04" in raised.message
    assert isinstance(order, Command) and (order.command, order.device) == ("set_time", 1)
    back = [row(1, NOON + HOUR + i * MINUTE, pm25=1, late=SECOND) for i in range(3)]
    assert acts(feed(detector, back)) == ["clear"]


def test_a_backlog_is_no_wrong_clock():
    detector = made(ClockDrift)
    rows = [row(1, NOON + i * MINUTE, pm25=1, late=3 * HOUR - i * MINUTE) for i in range(170)]
    assert feed(detector, rows) == []


def test_a_fast_clock_is_seen_too():
    detector = made(ClockDrift)
    rows = [row(1, NOON + i * MINUTE, pm25=1, late=-5 * MINUTE) for i in range(12)]
    (raised,) = feed(detector, rows)
    assert "快 5分钟" in raised.message and raised.value == -300


# ---- position


POSITION = {"profile": "position"}
HERE = {"lon": 120.75, "lat": 30.75}


@pytest.mark.requirement("SEC-09")
def test_a_moved_device_is_found_with_both_points_and_the_distance():
    """A monitor of dust and a sprayer, which both tell where they stand."""
    devices = monitor(1, **HERE), monitor(2), monitor(3, profile="sprayer", **HERE)
    detector = made(PositionMoved, *devices, radius_m=300, **POSITION)
    near = [row(1, NOON + i * MINUTE, lon=120.7501, lat=30.7501) for i in range(5)]
    assert feed(detector, near, "position") == []
    away = [row(n, NOON + HOUR + i * MINUTE, lon=120.76, lat=30.75) for i in range(3) for n in (1, 2, 3)]
    raised, other = sorted(feed(detector, away, "position"), key=lambda s: s.device)
    assert (raised.device, other.device, raised.site) == (1, 3, 101)
    assert raised.value == pytest.approx(955.6, rel=0.01)
    assert "120.76000" in raised.message and "120.75000" in raised.message and "956米" in raised.message
    no_fix = [row(1, NOON + 2 * HOUR, lon=0, lat=0)]
    assert feed(detector, no_fix, "position") == []
    assert feed(detector, [row(1, NOON + 3 * HOUR, pm25=5)]) == []  # its own rows say nothing of it
    detector.configure(registry(devices[:1], []), [])
    assert acts(feed(detector, [row(1, NOON + 4 * HOUR, pm25=5)])) == ["clear", "clear"]


def test_a_profile_without_a_position_has_no_such_rule():
    assert feed(made(PositionMoved, monitor(1, **HERE)), [row(1, NOON, pm25=1)]) == []


# ---- twins


def _air(seed, i):
    """Air that moves."""
    return {
        "pm25": 30 + (i * 7 + seed) % 13,
        "pm10": 60 + (i * 5 + seed) % 17,
        "tsp": 90 + (i * 3 + seed) % 19,
    }


@pytest.mark.requirement("SEC-09", "DUST-17")
def test_copied_rows_are_found_and_the_later_device_is_named():
    detector = made(TwinStreams, monitor(1, title="东门"), monitor(2), monitor(3), min_count=3)
    said = []
    for i in range(20):
        said += feed(
            detector, [row(1, NOON + i * MINUTE, **_air(0, i)), row(3, NOON + i * MINUTE, **_air(5, i))]
        )
        said += feed(detector, [row(2, NOON + i * MINUTE + 20 * SECOND, **_air(0, i))])
    (raised,) = said
    assert (raised.act, raised.device, raised.since) == (Act.RAISE, 2, NOON + 11 * MINUTE + 20 * SECOND)
    assert "东门（MN1）" in raised.message and "逐值相同" in raised.message and "PM2.5 30.0" in raised.message
    assert any(e.startswith("reading:1@") for e in raised.evidence)
    said = []
    for i in range(20, 40):
        said += feed(
            detector,
            [row(1, NOON + i * MINUTE, **_air(0, i)), row(2, NOON + i * MINUTE + 20 * SECOND, **_air(9, i))],
        )
    assert acts(said) == ["clear"]


def test_a_copy_that_comes_half_an_hour_later_is_found_too():
    detector = made(TwinStreams)
    said = []
    for i in range(60):
        said += feed(detector, [row(1, NOON + i * MINUTE, **_air(0, i))])
        said += feed(detector, [row(2, NOON + i * MINUTE, **_air(0, i - 30))])
    raises = [s for s in said if s.act is Act.RAISE]
    assert [s.device for s in raises] and "时间相差" in raises[0].message


def test_dead_sensors_and_short_rows_are_no_twins():
    detector = made(TwinStreams)
    for i in range(40):
        assert feed(detector, [row(n, NOON + i * MINUTE, pm25=0, pm10=0, tsp=0) for n in (1, 2)]) == []
    detector = made(TwinStreams)
    for i in range(40):
        assert feed(detector, [row(n, NOON + i * MINUTE, pm25=i, pm10=i) for n in (1, 2)]) == []


# ---- neighbours

GRID = [monitor(n, lon=120.70 + n * 0.002, lat=30.75) for n in range(1, 7)]
NEAR = {
    "field": "pm10",
    "window_s": 600,
    "radius_m": 2000,
    "grace_s": 60,
    "min_count": 2,
    "absolute": 20,
    "ratio": 0.5,
}


def _hour(detector, values, start=NOON, minutes=60):
    said = []
    for i in range(minutes):
        at = start + i * MINUTE
        said += feed(detector, [row(n, at, pm10=v) for n, v in values.items()])
        said += detector.tick(at)
    return said


@pytest.mark.requirement("SEC-09", "DUST-26")
def test_a_device_that_sees_another_air_than_its_neighbours_is_found():
    detector = made(BesideNeighbours, *GRID, **NEAR)
    said = _hour(detector, {1: 100, 2: 110, 3: 12, 4: 105, 5: 95, 6: 102})
    raised = said[0]
    assert short(said) == [("raise", 3, NOON + 20 * MINUTE)]
    assert "PM10 10分钟均值 12.0" in raised.message and "中位数 102.0" in raised.message
    assert "5 台设备" in raised.message and len(raised.evidence) == 7
    assert acts(_hour(detector, dict.fromkeys(range(1, 7), 100), NOON + HOUR)) == ["clear"]


def test_a_dirty_county_is_no_finding_and_a_lonely_device_has_no_neighbours():
    assert _hour(made(BesideNeighbours, *GRID, **NEAR), dict.fromkeys(range(1, 7), 800)) == []
    lonely = [*GRID[:2], monitor(9, lon=121.9, lat=30.75)]
    assert _hour(made(BesideNeighbours, *lonely, **NEAR), {1: 100, 2: 100, 9: 900}) == []


def test_only_the_low_side_counts_when_asked():
    values = {1: 100, 2: 110, 3: 400, 4: 105, 5: 95, 6: 102}
    assert _hour(made(BesideNeighbours, *GRID, side="low", **NEAR), values) == []
    assert acts(_hour(made(BesideNeighbours, *GRID, side="high", **NEAR), values)) == ["raise"]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(120.6, 120.9), st.floats(30.6, 30.9)), min_size=1, max_size=25),
    st.floats(100, 20_000),
)
def test_neighbours_are_those_a_search_through_all_finds(points, radius):
    lon, lat = np.array([p[0] for p in points]), np.array([p[1] for p in points])
    found = neighbours(lon, lat, radius, len(points))
    for i in range(len(points)):
        far = metres_between(lon[i], lat[i], lon, lat)
        expected = {j for j in range(len(points)) if j != i and far[j] <= radius}
        assert {int(j) for j in found[i] if j >= 0} == expected


# ---- spray

SPRAYED = [monitor(1, linked=(5,)), monitor(2, linked=(5,)), monitor(5, profile="sprayer")]


def _run(detector, start, during, before=200.0):
    """One run of the sprayer: 20 minutes, a reading a minute."""
    said = feed(detector, [row(1, start - MINUTE, pm10=before), row(2, start - MINUTE, pm10=before)])
    said += feed(detector, [row(5, start, running=1)], "sprayer")
    for i in range(1, 20):
        said += feed(detector, [row(1, start + i * MINUTE, pm10=during), row(2, start + i * MINUTE, pm10=60)])
    return said + feed(detector, [row(5, start + 20 * MINUTE, running=0)], "sprayer")


@pytest.mark.requirement("SEC-09", "DUST-26")
def test_water_that_changes_nothing_is_told_after_the_second_run():
    detector = made(SprayEffect, *SPRAYED, field="pm10", on=100)
    assert _run(detector, NOON, 195) == []
    (raised,) = _run(detector, NOON + HOUR, 190)
    assert (raised.act, raised.device, raised.value, raised.limit) == (Act.RAISE, 1, 190, 200)
    assert "由 200.0 µg/m³ 最低仅至 190.0 µg/m³" in raised.message and "降幅 5%" in raised.message
    assert acts(_run(detector, NOON + 2 * HOUR, 100)) == ["clear"]


def test_clean_air_and_short_runs_are_not_judged():
    detector = made(SprayEffect, *SPRAYED, field="pm10", on=100)
    for n in range(4):
        assert _run(detector, NOON + n * HOUR, 50, before=50) == []
    for n in range(4):
        start = NOON + 5 * HOUR + n * HOUR
        feed(detector, [row(1, start, pm10=200)])
        feed(detector, [row(5, start, running=1)], "sprayer")
        feed(detector, [row(5, start + MINUTE, running=0)], "sprayer")
        assert feed(detector, [row(1, start + 30 * MINUTE, pm10=200)]) == []


# ---- silent while its site works


@pytest.mark.requirement("SEC-09", "DUST-17")
def test_a_silence_counts_while_another_device_of_the_site_speaks():
    devices = [monitor(1, site=7), monitor(2, site=7, title="塔机", profile="sprayer"), monitor(3, site=8)]
    detector = made(SilentAtWork, *devices, intervals=3)
    detector.tick(NOON - MINUTE)
    feed(detector, [row(1, NOON, pm25=1), row(3, NOON, pm25=1)])
    said = []
    for i in range(1, 10):
        feed(detector, [row(2, NOON + i * MINUTE, running=1)], "sprayer")
        said += detector.tick(NOON + i * MINUTE)
    (raised,) = said
    assert (raised.device, raised.since) == (1, NOON)
    assert "塔机（MN2）" in raised.message and "仍有数据" in raised.message
    assert acts(feed(detector, [row(1, NOON + 10 * MINUTE, pm25=1)])) == ["clear"]


def test_a_site_that_is_silent_as_a_whole_is_another_rules_business():
    detector = made(SilentAtWork, monitor(1, site=7), monitor(2, site=7), intervals=3, working_s=600)
    detector.tick(NOON - MINUTE)
    feed(detector, [row(1, NOON, pm25=1), row(2, NOON, pm25=1)])
    for minutes in range(11, 200, 7):
        assert detector.tick(NOON + minutes * MINUTE) == []


# ---- equal to the reference, however the rows are cut into blocks, and through a restart

_minutes = st.integers(0, 60)


def _rows(drawn):
    return [
        row(
            number,
            NOON + minute * MINUTE,
            late=late * SECOND,
            flags={"pressure": Quality.OUT_OF_PHYSICS} if wrong else {},
            pressure=0 if wrong else 101,
        )
        for number, minute, late, wrong in drawn
    ]


_drawn = st.lists(
    st.tuples(st.integers(1, 3), _minutes, st.sampled_from([0, 5, 300, 305, 500, -400]), st.booleans()),
    max_size=60,
)


def _in_parts(kind, devices, params, rows, cuts, profile="dust"):
    """Feed in blocks with a restart between any two."""
    detector, said = made(kind, *devices, **params), []
    for first, last in pairwise(sorted({0, len(rows), *(c for c in cuts if c < len(rows))})):
        said += feed(detector, rows[first:last], profile)
        data, detector = detector.dump(), made(kind, *devices, **params)
        detector.load(data)
    return said


@settings(max_examples=150, deadline=None)
@given(
    _drawn,
    st.lists(st.integers(0, 60), max_size=5),
    st.sampled_from(
        [
            (OutOfPhysics, naive.OutOfPhysics, {"min_count": 2, "clear_count": 2, "hold_s": 60}),
            (ClockDrift, naive.ClockDrift, {"min_count": 2, "hold_s": 60, "limit_s": 100}),
        ]
    ),
)
def test_they_find_what_the_reference_finds(drawn, cuts, kinds):
    kind, reference, params = kinds
    devices, rows = [monitor(1), monitor(2)], _rows(drawn)
    plain = reference(devices, **params)
    plain.see(rows)
    whole = feed(made(kind, *devices, **params), rows)
    parts = _in_parts(kind, devices, params, rows, cuts)
    assert sorted(short(whole)) == sorted(plain.said)
    assert comparable(whole) == comparable(parts)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 2), _minutes, st.sampled_from([0.0, 120.75, 120.76])), max_size=40),
    st.lists(st.integers(0, 40), max_size=3),
)
def test_positions_are_judged_as_the_reference_judges(drawn, cuts):
    devices, params = [monitor(1, **HERE), monitor(2)], {"min_count": 2, **POSITION}
    rows = [row(n, NOON + m * MINUTE, lon=x, lat=30.75 if x else 0) for n, m, x in drawn]
    plain = naive.PositionMoved(devices, min_count=2)
    plain.see(rows)
    whole = feed(made(PositionMoved, *devices, **params), rows, "position")
    assert sorted(short(whole)) == sorted(plain.said)
    assert comparable(whole) == comparable(_in_parts(PositionMoved, devices, params, rows, cuts, "position"))


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.sampled_from(["own", "copy", "dead", "late", "flag"]), min_size=20, max_size=70),
    st.lists(st.integers(0, 140), max_size=4),
    st.integers(0, 3),
)
def test_twins_are_those_the_reference_finds(story, cuts, moves):
    """Device 1 lives; device 2 has its own air, copies it, stands still, comes late or is flagged."""
    devices, rows = [monitor(1), monitor(2), monitor(3)], []
    params = {"min_count": 2, "clear_count": 3, "min_moves": 3 + moves}
    for i, act in enumerate(story):
        at = NOON + i * MINUTE
        rows.append(row(1, at, **_air(0, i)))
        air = (
            _air(0, i)
            if act in ("copy", "flag")
            else {"pm25": 1, "pm10": 1, "tsp": 1}
            if act == "dead"
            else _air(4, i)
        )
        flags = {"pm10": Quality.FAULT} if act == "flag" else {}
        rows.append(row(2, at - HOUR if act == "late" else at + SECOND, flags=flags, **air))
    plain = naive.TwinStreams(devices, **params)
    plain.see(rows)
    detector, said = made(TwinStreams, *devices, **params), []
    for one in rows:
        said += feed(detector, [one])
    assert short(said) == plain.said
    parts = _in_parts(TwinStreams, devices, params, rows, cuts)
    assert sorted(short(parts)) == sorted(plain.said)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 6), st.integers(0, 90), st.sampled_from([10.0, 90.0, 100.0, 400.0])),
        max_size=200,
    ),
    st.integers(1, 40),
)
def test_neighbours_are_compared_as_the_reference_compares(drawn, size):
    params = {**NEAR, "window_s": 600, "min_share": 0.5}
    devices = [monitor(n, lon=120.70 + n * 0.004, lat=30.75, interval_s=300) for n in range(1, 7)]
    rows = sorted((row(n, NOON + m * MINUTE, pm10=v) for n, m, v in drawn), key=lambda r: r["at"])
    detector, plain, said = (
        made(BesideNeighbours, *devices, **params),
        naive.BesideNeighbours(devices, **params),
        [],
    )
    for first in range(0, len(rows), size):
        part = rows[first : first + size]
        said += feed(detector, part)
        plain.see(part)
        said += detector.tick(part[-1]["at"])
        plain.tick(part[-1]["at"])
        data, detector = detector.dump(), made(BesideNeighbours, *devices, **params)
        detector.load(data)
    assert sorted(short(said)) == sorted(plain.said)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([1, 2, 5, 6]), st.integers(0, 120), st.sampled_from([60.0, 150.0, 180.0, 200.0])
        ),
        max_size=120,
    )
)
def test_runs_are_judged_as_the_reference_judges(drawn):
    params = {"field": "pm10", "on": 100, "effect_s": 300, "min_drop": 0.1, "min_count": 2}
    devices = [
        monitor(1, linked=(5, 6)),
        monitor(2, linked=(6,)),
        monitor(5, profile="sprayer"),
        monitor(6, profile="sprayer"),
    ]
    detector, plain, said = made(SprayEffect, *devices, **params), naive.SprayEffect(devices, **params), []
    seen = {}
    for number, minute, value in sorted(drawn, key=lambda d: d[1]):
        at = NOON + minute * MINUTE
        if number >= 5:
            runs = value > 100
            if at > seen.get(number, 0):
                plain.spray(number, runs, at)
                seen[number] = at
            said += feed(detector, [row(number, at, running=float(runs))], "sprayer")
        else:
            plain.see([row(number, at, pm10=value)])
            said += feed(detector, [row(number, at, pm10=value)])
        data, detector = detector.dump(), made(SprayEffect, *devices, **params)
        detector.load(data)
    assert short(said) == plain.said


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 60)), max_size=60), st.integers(3, 20))
def test_silences_are_those_the_reference_finds(drawn, working):
    devices = [monitor(1, site=7), monitor(2, site=7), monitor(3, site=8), monitor(4, site=8)]
    params = {"intervals": 3, "working_s": working * 60}
    detector = made(SilentAtWork, *devices, **params)
    detector.tick(NOON - 10 * MINUTE)
    heard, active, expected, said = {}, set(), [], []
    rows = sorted(drawn, key=lambda d: d[1])
    for minute in range(1, 61):
        now = NOON + minute * MINUTE
        for number in [n for n, m in rows if m == minute]:
            if heard.get(number) == now:
                continue
            heard[number] = now
            if number in active:
                active.discard(number)
                expected.append(("clear", number, now))
            said += feed(detector, [row(number, now, pm25=1)])
        for device in devices:
            others = [heard.get(d.number, 0) for d in devices if d.site == device.site and d is not device]
            since = heard.get(device.number, NOON - 10 * MINUTE)
            is_working = max(others) > 0 and now - max(others) <= working * MINUTE
            if device.number not in active and now - since > 3 * MINUTE and is_working:
                active.add(device.number)
                expected.append(("raise", device.number, now))
        said += detector.tick(now)
        if minute % 15 == 0:
            data, detector = detector.dump(), made(SilentAtWork, *devices, **params)
            detector.load(data)
            for lane in detector._lanes.values():  # a restart settles first; that is not what is tested here
                lane.started, lane._last_newest = NOON - 10 * MINUTE, detector._newest
    assert sorted(short(said)) == sorted(expected)


def test_late_and_doubled_rows_change_nothing():
    rows = [row(1, MIDNIGHT + i * MINUTE, pressure=0, flags=WRONG) for i in range(5)]
    once, twice = made(OutOfPhysics), made(OutOfPhysics)
    assert feed(once, rows) == feed(twice, [r for r in rows for _ in range(2)] + rows)
    assert once.dump() == twice.dump()
