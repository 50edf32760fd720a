"""Many rows of a device in one block are judged as if each had come alone: the detectors that look at a block's runs at once."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siteloop.kernel.quality import Quality
from siteloop.kernel.times import MINUTE, SECOND
from siteloop.rules.clock_drift import ClockDrift
from siteloop.rules.flat_line import FlatLine
from siteloop.rules.history_gap import HistoryGap
from siteloop.rules.out_of_physics import OutOfPhysics
from siteloop.rules.rate import Rate
from siteloop.rules.roster import Roster
from siteloop.rules.spray_effect import SprayEffect
from siteloop.rules.tests.support import NOON, block, comparable, feed, monitor, registry, row, rule
from siteloop.rules.window_mean import WindowMean

KINDS = [
    (FlatLine, {"field": "pm25", "hold_s": 120, "min_count": 3, "update_s": 60}),
    (FlatLine, {"field": "pm25", "hold_s": 60, "min_count": 2, "tolerance": 4, "ignore_below": 20}),
    (Rate, {"field": "pm25", "on": 50, "off": 20, "recover_s": 120}),
    (Rate, {"field": "pm25", "on": 50, "off": 20, "hold_s": 60, "max_gap_s": 120}),
    (WindowMean, {"field": "pm25", "on": 60, "off": 50, "window_s": 300, "min_share": 0.4}),
    (WindowMean, {"field": "noise", "on": 60, "off": 60, "window_s": 120, "min_share": 0.5}),
    (OutOfPhysics, {"min_count": 2, "clear_count": 1}),
    (ClockDrift, {"min_count": 2, "hold_s": 0, "clear_count": 1}),
    (ClockDrift, {"min_count": 3, "hold_s": 240, "jitter_s": 20, "update_s": 300}),
    (ClockDrift, {"min_count": 2, "hold_s": 60, "correct": 1, "correct_every_s": 120}),
    (HistoryGap, {"missed": 1}),
    (SprayEffect, {"field": "pm25"}),
]
ROWS = st.lists(
    st.tuples(
        st.integers(1, 3),
        st.sampled_from([1, 1, 1, 2, 4, 0, -1]),  # minutes after the device's row before
        st.sampled_from([10.0, 13.0, 66.0, 70.0, 90.0]),
        st.sampled_from(
            [Quality.NORMAL, Quality.NORMAL, Quality.NORMAL, Quality.FAULT, Quality.OUT_OF_PHYSICS]
        ),
        st.sampled_from([0, 200, 200, 200, 230, 290]),
    ),
    max_size=60,
)


def _made(kind, params):
    detector, one = kind(), rule("one", kind.name, **params)
    detector.configure(registry([monitor(n) for n in (1, 2, 3)], [one]), [one])
    return detector


def _states(detector):
    """What the lanes know, by name, as lists."""
    return {
        (key, name): lane.state[name].tolist()
        for key, lane in detector._lanes.items()
        for name in lane.SPEC
        if lane.state[name].dtype != float
    }


@pytest.mark.parametrize(("kind", "params"), KINDS, ids=lambda x: getattr(x, "name", ""))
@settings(max_examples=60, deadline=None)
@given(drawn=ROWS, cuts=st.lists(st.integers(0, 60), max_size=4))
def test_rows_in_one_block_say_what_they_say_one_by_one(kind, params, drawn, cuts):
    rows, minute = [], {1: 0, 2: 0, 3: 0}
    for d, m, v, q, late in drawn:
        minute[d] += m
        at = NOON + minute[d] * MINUTE
        rows.append(row(d, at, late=late * SECOND, flags={"pm25": q, "noise": q}, pm25=v, noise=v))
    alone, apart = _made(kind, params), []
    for one in rows:
        apart += feed(alone, [one])
    together, said = _made(kind, params), []
    for first, last in pairwise(sorted({0, len(rows), *(c for c in cuts if c < len(rows))})):
        said += feed(together, rows[first:last])
    later = NOON + 120 * MINUTE
    assert comparable([*said, *together.tick(later)]) == comparable([*apart, *alone.tick(later)])
    assert _states(together) == _states(alone), "and they go on from the same"


def test_a_line_that_stood_still_ends_with_a_block_of_other_values():
    detector = _made(FlatLine, {"field": "pm25", "hold_s": 120, "min_count": 3})
    feed(detector, [row(1, NOON + m * MINUTE, pm25=30) for m in range(4)])
    said = feed(detector, [row(1, NOON + m * MINUTE, pm25=40 + m) for m in range(4, 8)])
    assert [s.act.value for s in said] == ["clear"]


@given(st.lists(st.tuples(st.integers(1, 4), st.booleans()), max_size=30))
def test_runs_are_the_chosen_rows_device_by_device_in_order(drawn):
    devices = [monitor(n) for n in (1, 2, 3)]  # a fourth is not on the roster
    rows = [row(d, NOON + i * SECOND, pm25=float(i)) for i, (d, _) in enumerate(drawn)]
    batch = Roster(devices).admit(block([*rows, row(9, NOON, pm25=0)])[1])
    chosen = np.array([drawn[r][1] for r in batch.row], bool)
    runs = batch.runs(chosen)
    wanted = {d: [i for i, (n, c) in enumerate(drawn) if n == d and c] for d in (1, 2, 3)}
    assert batch.row[runs.row].tolist() == [i for d in (1, 2, 3) for i in wanted[d]]
    value = batch.columns.values[0, batch.row[runs.row]]
    before = runs.before(value, np.array([-1.0, -2.0, -3.0], np.float32)).tolist()
    assert before == [x for d in (1, 2, 3) for x in [-float(d), *wanted[d]][: len(wanted[d])]]
    there = [d for d in (1, 2, 3) if wanted[d]]
    assert [batch.row[runs.row[e]] for e in runs.ends] == [wanted[d][-1] for d in there]
    assert runs.any(value > 9).tolist() == [max(wanted[d]) > 9 for d in there]
