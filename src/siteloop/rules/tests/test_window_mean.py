"""Window mean: energy and vector means, valid share, edges of day and night, hold, late rows, quiet ends, resuming."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siteloop.kernel.finding import Act
from siteloop.kernel.quality import Quality
from siteloop.kernel.times import MINUTE
from siteloop.rules.tests.support import MIDNIGHT, NOON, acts, comparable, feed, monitor, registry, row, rule
from siteloop.rules.window_mean import WindowMean

DAY = rule("dust.noise_day", "window_mean", field="noise", on=70, from_minute=360, to_minute=1320)
NIGHT = rule("dust.noise_night", "window_mean", field="noise", on=55, from_minute=1320, to_minute=360)


def made(*rules, devices=None):
    detector = WindowMean()
    rules = rules or (DAY, NIGHT)
    detector.configure(registry(devices or [monitor(1), monitor(2)], rules), rules)
    return detector


def minutes(device, start, levels, field="noise", flags=None):
    return [row(device, start + i * MINUTE, flags=flags, **{field: v}) for i, v in enumerate(levels)]


@pytest.mark.requirement("DUST-12")
def test_a_window_is_judged_when_the_next_begins():
    detector = made()
    assert feed(detector, minutes(1, NOON, [72] * 15)) == []
    (raised,) = feed(detector, minutes(1, NOON + 15 * MINUTE, [60]))
    assert (raised.rule, raised.act, raised.value, raised.limit) == ("dust.noise_day", Act.RAISE, 72, 70)
    assert raised.since == NOON and raised.at == NOON + 15 * MINUTE
    assert "15分钟等效连续声级" in raised.message and "06:00–22:00" in raised.message
    assert raised.evidence == (f"window:1@{NOON}+900",)
    feed(detector, minutes(1, NOON + 16 * MINUTE, [60] * 14))
    (cleared,) = feed(detector, minutes(1, NOON + 30 * MINUTE, [60]))
    assert cleared.act is Act.CLEAR and cleared.key == raised.key


def test_noise_is_averaged_by_energy():
    detector = made()
    # one minute at 84 among fourteen at 60: arithmetic mean 61.6, energy mean 72.5
    feed(detector, minutes(1, NOON, [84] + [60] * 14))
    (raised,) = feed(detector, minutes(1, NOON + 15 * MINUTE, [60]))
    assert raised.value == pytest.approx(72.475, abs=0.01)


def test_a_mean_at_the_limit_is_no_excess():
    detector = made()
    assert feed(detector, minutes(1, NOON, [70] * 15) + minutes(1, NOON + 15 * MINUTE, [60])) == []


def test_direction_is_averaged_as_a_vector():
    detector = made(rule("r", "window_mean", field="wind_direction", on=300))
    feed(detector, minutes(1, NOON, [350, 352] * 7 + [351], "wind_direction"))
    (raised,) = feed(detector, minutes(1, NOON + 15 * MINUTE, [0], "wind_direction"))
    assert raised.value == pytest.approx(351, abs=0.01)
    north = made(rule("r", "window_mean", field="wind_direction", on=90))
    feed(north, minutes(1, NOON, [350, 10] * 7 + [0], "wind_direction"))  # arithmetic would say 168
    said = feed(north, minutes(1, NOON + 15 * MINUTE, [0], "wind_direction"))
    assert all(s.value > 359 for s in said)


@pytest.mark.parametrize(("valid", "expected"), [(11, []), (12, ["raise"])])
def test_three_quarters_must_be_valid(valid, expected):
    detector = made()
    feed(detector, minutes(1, NOON, [80] * valid))
    feed(
        detector, minutes(1, NOON + valid * MINUTE, [20] * (15 - valid), flags={"noise": Quality.CALIBRATION})
    )
    assert acts(feed(detector, minutes(1, NOON + 15 * MINUTE, [60]))) == expected


def test_a_poor_window_does_not_recover():
    detector = made()
    feed(detector, minutes(1, NOON, [80] * 15))
    assert acts(feed(detector, minutes(1, NOON + 15 * MINUTE, [40] * 5))) == ["raise"]
    assert feed(detector, minutes(1, NOON + 30 * MINUTE, [40])) == []


@pytest.mark.requirement("DUST-12")
def test_night_has_its_own_limit_and_the_day_ends_at_ten():
    detector = made()
    ten = MIDNIGHT + 22 * 60 * MINUTE
    feed(detector, minutes(1, ten - 15 * MINUTE, [65] * 15))
    said = feed(detector, minutes(1, ten, [65] * 15))
    assert said == []  # 65 is fine by day
    (night,) = feed(detector, minutes(1, ten + 15 * MINUTE, [65]))
    assert night.rule == "dust.noise_night" and night.limit == 55
    six = MIDNIGHT + 30 * 60 * MINUTE
    feed(detector, minutes(1, six, [65] * 15))
    (ended,) = feed(detector, minutes(1, six + 15 * MINUTE, [65]))
    assert ended.rule == "dust.noise_night" and ended.act is Act.CLEAR and "时段结束" in ended.message


def test_late_duplicate_and_foreign_rows_change_no_window():
    detector = made()
    feed(detector, minutes(1, NOON, [60] * 15))
    assert feed(detector, minutes(1, NOON, [99] * 15)) == []
    assert feed(detector, minutes(2, NOON, [60] * 15)) == []
    assert feed(detector, minutes(1, NOON + 15 * MINUTE, [60])) == []
    feed(detector, minutes(2, NOON + 15 * MINUTE, [80] * 15))
    (raised,) = feed(detector, minutes(2, NOON + 30 * MINUTE, [60]))
    assert raised.device == 2
    feed(detector, minutes(1, NOON + 16 * MINUTE, [60] * 14))
    assert feed(detector, minutes(1, NOON + 30 * MINUTE, [60])) == []  # device 1 is fine, device 2 stays open


def test_hold_needs_several_windows():
    detector = made(rule("r", "window_mean", field="tsp", on=300, hold_s=1800))
    feed(detector, minutes(1, NOON, [400] * 15, "tsp"))
    assert feed(detector, minutes(1, NOON + 15 * MINUTE, [400] * 15, "tsp")) == []
    (raised,) = feed(detector, minutes(1, NOON + 30 * MINUTE, [0], "tsp"))
    assert raised.since == NOON and raised.count == 2


def test_time_closes_a_window_once_the_stream_has_moved_on():
    detector = made()
    feed(detector, minutes(1, NOON, [80] * 15))
    assert detector.tick(NOON + 60 * MINUTE) == []  # a backlog: nothing newer has been seen
    feed(detector, minutes(2, NOON + 18 * MINUTE, [60]))
    (raised,) = detector.tick(NOON + 60 * MINUTE)
    assert raised.device == 1
    assert feed(detector, [row(1, NOON + 14 * MINUTE + 30_000_000, noise=99)]) == []  # that window is judged


DRAWN = st.lists(
    st.tuples(st.integers(1, 2), st.integers(0, 75), st.sampled_from([50.0, 69.0, 72.0, 90.0])), max_size=60
)


@settings(max_examples=50, deadline=None)
@given(DRAWN, st.lists(st.integers(0, 60), max_size=4), st.booleans())
def test_any_splitting_and_resuming_gives_the_same_findings(drawn, cuts, resume):
    devices = [monitor(1, interval_s=300), monitor(2, interval_s=450)]
    rows = [row(d, NOON + m * MINUTE, noise=v) for d, m, v in sorted(drawn, key=lambda x: x[1])]
    whole = feed(made(devices=devices), rows)
    detector, parts = made(devices=devices), []
    for start, stop in pairwise(sorted({0, len(rows), *(c for c in cuts if c < len(rows))})):
        parts += feed(detector, rows[start:stop])
        if resume:
            data, detector = detector.dump(), made(devices=devices)
            detector.load(data)
    assert comparable(whole) == comparable(parts)
