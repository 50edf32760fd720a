"""Absence: silence, return, working hours, backlog, slow refresh, flat lines and jumps."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siteloop.kernel.finding import Act
from siteloop.kernel.quality import Quality
from siteloop.kernel.times import MINUTE, SECOND
from siteloop.rules.absence import Absence
from siteloop.rules.flat_line import FlatLine
from siteloop.rules.rate import Rate
from siteloop.rules.tests.support import MIDNIGHT, NOON, acts, comparable, feed, monitor, registry, row, rule

SILENT = rule("dust.silent", "absence", intervals=3)
SLOW = rule("dust.refresh_slow", "absence", clock="device", after_s=360)


def made(*rules, devices=None, kind=Absence, settled=NOON - MINUTE):
    detector = kind()
    rules = rules or (SILENT,)
    detector.configure(registry(devices or [monitor(1), monitor(2)], rules), rules)
    if kind is Absence:
        detector.tick(settled)
    return detector


def heard(detector, device, at, **more):
    return feed(detector, [row(device, at, pm25=1, **more)])


def watched(detector, device, at):
    """A row as it comes in real life: the clock ticks right after it."""
    assert heard(detector, device, at) == []
    detector.tick(at)


def test_three_missed_intervals_are_silence_and_a_row_ends_it():
    detector = made()
    watched(detector, 1, NOON)
    watched(detector, 2, NOON)
    watched(detector, 2, NOON + 2 * MINUTE)
    assert detector.tick(NOON + 3 * MINUTE) == []
    (raised,) = detector.tick(NOON + 3 * MINUTE + SECOND)
    assert (raised.act, raised.device, raised.since, raised.value, raised.limit) == (
        Act.RAISE,
        1,
        NOON,
        181,
        180,
    )
    assert "设备无数据" in raised.message and raised.evidence == (f"reading:1@{NOON}",)
    assert detector.tick(NOON + 4 * MINUTE) == []
    assert heard(detector, 2, NOON + 4 * MINUTE) == []  # another device's row
    assert heard(detector, 1, NOON - MINUTE, late=5 * MINUTE) == []  # a late row is no return
    (back,) = heard(detector, 1, NOON + 5 * MINUTE)
    assert back.act is Act.CLEAR and back.key == raised.key and "已恢复" in back.message
    assert heard(detector, 1, NOON + 5 * MINUTE) == []


def test_flagged_rows_are_no_silence():
    detector = made()
    watched(detector, 1, NOON)
    watched(detector, 2, NOON)
    heard(detector, 1, NOON + 3 * MINUTE, flags={"pm25": Quality.MAINTENANCE})
    assert [s.device for s in detector.tick(NOON + 4 * MINUTE)] == [2]


def test_a_device_that_never_spoke_is_silent_since_it_is_known():
    detector = made(devices=[monitor(1)], settled=NOON)
    assert detector.tick(NOON + 2 * MINUTE) == []
    (raised,) = detector.tick(NOON + 4 * MINUTE)
    assert raised.since == NOON and "从未上传" in raised.message


def test_an_inactive_site_is_not_watched_and_its_finding_ends():
    detector = made(devices=[monitor(1)])
    watched(detector, 1, NOON)
    assert acts(detector.tick(NOON + 10 * MINUTE)) == ["raise"]
    detector.configure(registry([monitor(1, site_active=False)], (SILENT,)), (SILENT,))
    assert acts(detector.tick(NOON + 11 * MINUTE)) == ["clear"]
    assert detector.tick(NOON + 60 * MINUTE) == []


def test_only_working_hours_count():
    hours = rule("r", "absence", intervals=3, when="working_hours")
    detector = made(hours, devices=[monitor(1, works_from=420, works_to=1080)])
    heard(detector, 1, MIDNIGHT + 18 * 60 * MINUTE)
    seven = MIDNIGHT + 31 * 60 * MINUTE
    assert detector.tick(seven - 60 * MINUTE) == []
    assert detector.tick(seven + 2 * MINUTE) == []  # the night before does not count
    assert acts(detector.tick(seven + 4 * MINUTE)) == ["raise"]


def test_a_backlog_or_a_fresh_start_is_no_silence():
    detector = made(settled=NOON)
    assert detector.tick(NOON + 30 * SECOND) == []
    heard(detector, 1, NOON - 60 * MINUTE)
    heard(detector, 2, NOON - 60 * MINUTE)
    assert detector.tick(NOON + 2 * MINUTE) == []  # still catching up: the stream moves and is old
    assert len(detector.tick(NOON + 2 * MINUTE + SECOND)) == 2  # it stands still: they are silent


@pytest.mark.requirement("SEC-09")
def test_a_silence_of_our_own_making_is_no_silence_of_the_devices():
    """The platform was down for two hours, or its clock jumped: every device has its whole time to speak again."""
    detector = made()
    watched(detector, 1, NOON)
    watched(detector, 2, NOON)
    back = NOON + 120 * MINUTE
    detector.deaf(back)
    assert detector.tick(back + 2 * MINUTE) == []
    watched(detector, 1, back + 2 * MINUTE)
    detector.configure(*detector._configured)  # a new snapshot changes nothing
    detector.tick(back + 2 * MINUTE)
    (silent,) = detector.tick(back + 4 * MINUTE)
    assert silent.device == 2 and silent.value == 124 * 60


def test_what_a_clock_ahead_of_time_wrote_down_hides_no_silence():
    detector = made()
    watched(detector, 1, NOON + 120 * MINUTE)  # our clock was two hours ahead
    detector.deaf(NOON)  # and was set right
    detector.tick(NOON + SECOND)
    assert 1 in {s.device for s in detector.tick(NOON + 5 * MINUTE)}


@pytest.mark.requirement("DUST-02")
def test_slow_refresh_looks_at_the_age_of_the_reading():
    detector = made(SLOW, devices=[monitor(1)])
    heard(detector, 1, NOON, late=SECOND)
    detector.tick(NOON + SECOND)
    (raised,) = detector.tick(NOON + 361 * SECOND)
    assert "数据更新不及时" in raised.message and raised.limit == 360
    assert heard(detector, 1, NOON + MINUTE, late=10 * MINUTE) == []  # arrived, but ten minutes old
    assert acts(heard(detector, 1, NOON + 12 * MINUTE, late=SECOND)) == ["clear"]


def test_a_long_silence_is_one_finding():
    detector = made(devices=[monitor(1)])
    watched(detector, 1, NOON)
    said = [s for m in range(5, 130) for s in detector.tick(NOON + m * MINUTE)]
    assert acts(said) == ["raise", "update", "update"] and len({s.key for s in said}) == 1


def test_flat_line():
    flat = rule("f", "flat_line", field="pm25", hold_s=600, min_count=5)
    detector = made(flat, kind=FlatLine)
    rows = [row(n, NOON + i * MINUTE, pm25=33.3 if n == 1 else 30 + i) for i in range(12) for n in (1, 2)]
    (raised,) = feed(detector, rows)
    assert (raised.device, raised.since, raised.value) == (
        1,
        NOON,
        pytest.approx(33.3),
    ) and "失真" in raised.message
    assert feed(detector, [row(2, NOON + 20 * MINUTE, pm25=99)]) == []
    assert feed(detector, [row(1, NOON + 5 * MINUTE, pm25=99)]) == []  # late
    assert feed(detector, [row(1, NOON + 20 * MINUTE, pm25=99, flags={"pm25": Quality.FAULT})]) == []
    assert acts(feed(detector, [row(1, NOON + 21 * MINUTE, pm25=40)])) == ["clear"]


def test_a_calm_may_stand_still():
    calm = rule("f", "flat_line", field="wind_speed", hold_s=600, min_count=5, ignore_below=0.3)
    detector = made(calm, kind=FlatLine)
    assert feed(detector, [row(1, NOON + i * MINUTE, wind_speed=0) for i in range(30)]) == []


def test_jump():
    jump = rule("j", "rate", field="pm25", on=200)
    detector = made(jump, kind=Rate)
    feed(detector, [row(1, NOON, pm25=50), row(2, NOON, pm25=50)])
    (raised,) = feed(detector, [row(1, NOON + MINUTE, pm25=400)])
    assert raised.value == 350 and "400.0 µg/m³" in raised.message
    assert feed(detector, [row(2, NOON + MINUTE, pm25=60)]) == []
    assert acts(feed(detector, [row(1, NOON + 2 * MINUTE, pm25=410)])) == ["clear"]
    assert feed(detector, [row(1, NOON + 60 * MINUTE, pm25=900)]) == []  # an hour apart is no pair


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 2), st.integers(0, 40), st.sampled_from([5.0, 5.0, 300.0])), max_size=40
    ),
    st.lists(st.integers(0, 40), max_size=4),
    st.sampled_from([FlatLine, Rate, Absence]),
)
def test_any_splitting_and_resuming_gives_the_same_findings(drawn, cuts, kind):
    rules = (
        rule("f", "flat_line", field="pm25", hold_s=300, min_count=3),
        rule("j", "rate", field="pm25", on=100),
        SILENT,
    )
    rows = [row(d, NOON + m * MINUTE, pm25=v) for d, m, v in drawn]

    def start():
        detector = made(*rules, kind=kind, settled=NOON - 10 * MINUTE)
        if kind is Absence:  # both silent, so that returns are seen
            detector.tick(NOON - 5 * MINUTE)
        return detector

    whole = feed(start(), rows)
    detector, parts = start(), []
    for first, last in pairwise(sorted({0, len(rows), *(c for c in cuts if c < len(rows))})):
        parts += feed(detector, rows[first:last])
        data, detector = detector.dump(), made(*rules, kind=kind)
        detector.load(data)
    assert comparable(whole) == comparable(parts)
