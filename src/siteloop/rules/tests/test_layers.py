"""Many rules in few lanes say what each would say alone; a bad rule takes no other with it; state follows its code."""

import logging

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from siteloop.kernel.finding import Finding
from siteloop.kernel.registry import RuleEntry
from siteloop.kernel.times import MINUTE
from siteloop.rules.detector import Rulebook
from siteloop.rules.flat_line import FlatLine
from siteloop.rules.layers import Regions
from siteloop.rules.roster import Roster
from siteloop.rules.tests.support import NOON, comparable, feed, monitor, registry, row, rule
from siteloop.rules.threshold import Threshold
from siteloop.rules.window_mean import WindowMean


class AloneThreshold(Threshold):
    """A lane for every code."""

    layered = False


class AloneWindow(WindowMean):
    layered = False


class AloneFlat(FlatLine):
    layered = False


PAIRS = [
    (Threshold, AloneThreshold, {}),
    (WindowMean, AloneWindow, {"window_s": 180}),
    (FlatLine, AloneFlat, {"hold_s": 120, "min_count": 2}),
]
REGIONS = ["", "33", "3304", "330411", "330482"]
DEVICES = [
    monitor(n, region=["330411001", "330411002", "330482001", "320100001"][n % 4]) for n in range(1, 9)
]

_rules = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c", "d"]),
        st.sampled_from([*REGIONS, 201, 202, 999]),  # a number = one project's own entry
        st.sampled_from([20, 40, 60]),
        st.booleans(),
        st.booleans(),
    ),
    max_size=10,
)
FIELD = {"a": "pm25", "b": "pm25", "c": "pm25", "d": "pm10"}
_moves = st.lists(st.tuples(st.integers(1, 8), st.sampled_from([10.0, 30.0, 50.0, 70.0])), max_size=40)


def _entries(drawn, kind, more):
    seen, made = set(), []
    for code, place, limit, is_off, shadow in drawn:
        if (code, place) in seen:
            continue
        seen.add((code, place))
        region, project = ("330411", place) if isinstance(place, int) else (place, 0)
        params = {"field": FIELD[code], "on": limit, "tolerance": 0, **more}
        made.append(
            RuleEntry(
                code,
                "off" if is_off and region else kind.name,
                region,
                1,
                params,
                "blue",
                shadow=shadow,
                project=project,
            )
        )
    return made


@settings(max_examples=120, deadline=None)
@given(_rules, _rules, _moves, _moves, st.sampled_from(PAIRS), st.booleans())
def test_layers_say_what_lanes_of_their_own_say(first, second, before, after, kinds, restart):
    layered_kind, alone_kind, more = kinds
    said = []
    for kind in (layered_kind, alone_kind):
        detector, heard = kind(), []
        for step, (rules, moves) in enumerate(((first, before), (second, after))):
            entries = _entries(rules, layered_kind, more)
            if restart and step:
                data, detector = detector.dump(), kind()
                detector.load(data)
            detector.configure(registry(DEVICES, entries), entries)
            for i, (number, value) in enumerate(moves):
                at = NOON + (step * 100 + i) * MINUTE
                heard += feed(detector, [row(number, at, pm25=value, pm10=value)])
            heard += detector.tick(NOON + (step + 1) * 100 * MINUTE)
        said.append(comparable(heard))
    assert said[0] == said[1]


@given(_rules)
def test_regions_find_what_the_book_finds(drawn):
    roster, entries = Roster(DEVICES), _entries(drawn, Threshold, {})
    book, regions = Rulebook(entries), Regions(roster)
    for code in "abcd":
        found = regions.rules(book, code, "threshold")
        for device in DEVICES:
            assert found.get(device.region) == book.entry(code, device.region, "threshold")
            counts = book.entry(code, device.region, "threshold", device.project)
            slot = roster.slot(device.number)
            units = regions.units(book, code, "threshold", "dust")
            assert [r for u in units for s, r in zip(u.slots, u.rules, strict=True) if s == slot] == (
                [counts] if counts else []
            )


@pytest.mark.requirement("CFG-13")
def test_a_projects_own_entry_stands_above_every_region():
    wide = rule("r", "threshold", "33", field="pm25", on=75)
    own = structs.replace(wide, region="330411", project=201, params={"field": "pm25", "on": 50})
    off = structs.replace(wide, region="330411", project=202, detector="off")
    rules = [wide, own, off]
    detector = Threshold()
    detector.configure(registry([monitor(n) for n in (1, 2, 3)], rules), rules)
    said = feed(detector, [row(n, NOON, pm25=60) for n in (1, 2, 3)])
    said += feed(detector, [row(n, NOON + MINUTE, pm25=90) for n in (1, 2, 3)])
    raised = [(s.device, s.limit) for s in said if isinstance(s, Finding) and s.act == "raise"]
    assert raised == [(1, 50), (3, 75)]


@pytest.mark.requirement("IOT-02")
def test_thousands_of_rules_that_never_meet_share_one_lane():
    devices = [monitor(n, region=f"33{n:07d}") for n in range(1, 2001)]
    rules = [rule(f"r{n}", "threshold", f"33{n:07d}", field="pm25", on=n) for n in range(1, 2001)]
    detector = Threshold()
    detector.configure(registry(devices, rules), rules)
    assert len(detector._lanes) == 1
    said = feed(detector, [row(n, NOON, pm25=1000.5) for n in (1, 999, 1000, 1001, 2000)])
    assert sorted((s.rule, s.device, s.limit) for s in said if isinstance(s, Finding)) == [
        ("r1", 1, 1),
        ("r1000", 1000, 1000),
        ("r999", 999, 999),
    ]


def test_rules_that_meet_on_a_device_have_lanes_of_their_own():
    rules = [rule(f"r{n}", "threshold", field="pm25", on=10 * n) for n in range(1, 4)]
    detector = Threshold()
    detector.configure(registry([monitor(1)], rules), rules)
    assert len(detector._lanes) == 3
    assert {s.rule for s in feed(detector, [row(1, NOON, pm25=25)])} == {"r1", "r2"}


def test_a_rule_that_makes_no_sense_takes_no_other_with_it(caplog):
    rules = [
        rule("good", "threshold", "330411001", field="pm25", on=10),
        rule("bad", "threshold", "330482001", field="pm25", on=10, off=50),
        rule("worse", "threshold", "320100001", field="pm25"),
    ]
    detector = Threshold()
    with caplog.at_level(logging.ERROR):
        detector.configure(registry(DEVICES, rules), rules)
    assert [p.partition("：")[0] for p in detector.problems] == ["bad", "worse"]
    said = feed(detector, [row(n, NOON, pm25=99) for n in range(1, 9)])
    assert {s.rule for s in said} == {"good"}
    assert detector.parameters("good") >= {"on", "off", "hold_s"}
    assert detector.parameters("bad") == set()


def test_a_state_saved_before_there_were_layers_is_taken_over():
    rules = [rule("r", "threshold", field="pm25", on=10, hold_s=300)]
    detector = Threshold()
    detector.configure(registry([monitor(1)], rules), rules)
    feed(detector, [row(1, NOON, pm25=50)])
    detector._keep()
    for key in list(detector._codes):
        del detector._codes[key]
    saved = detector._states["lane:r:dust"].dump()
    assert "codes" not in saved
    again = Threshold()
    again._saved.states = {"lane:r:dust": saved, "gate:dust": detector._states["gate:dust"].dump()}
    again.configure(registry([monitor(1)], rules), rules)
    lane = again._lanes["r:dust"]
    assert lane.state["pending"].tolist() == [NOON]
    assert np.array_equal(lane.codes, np.array(["r"], object))
