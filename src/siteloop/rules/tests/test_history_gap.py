"""History gap: which rows are missing, when a device is asked for them, and when nobody is."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siteloop.kernel.block import Kind
from siteloop.kernel.finding import Act, Command, Finding
from siteloop.kernel.times import DAY, HOUR, MINUTE, SECOND
from siteloop.rules.gaps import Gap, Gaps
from siteloop.rules.history_gap import HistoryGap
from siteloop.rules.tests.support import NOON, feed, monitor, registry, row, rule

POLICY = {"settle_s": 60, "chunk_s": 3600, "wait_s": 30, "backoff_s": 100, "tries": 3, "oldest_days": 2}


def _rule(**more):
    return rule("dust.history_gap", "history_gap", **{**POLICY, **more})


def _made(*devices, **more):
    detector = HistoryGap()
    one = _rule(**more)
    detector.configure(registry(devices or [monitor(1), monitor(2)], [one]), [one])
    return detector


def _rows(detector, device, *at, kind=Kind.REALTIME, late=0):
    return feed(detector, [row(device, t, kind=kind, late=late, pm25=1) for t in at])


def _asks(said):
    return [s for s in said if isinstance(s, Command)]


def _with_gap(detector, hours=2):
    """Device 1 was silent for some hours before NOON and talks again; a device beside it never stopped."""
    _rows(detector, 1, NOON - hours * HOUR, NOON)
    _rows(detector, 2, NOON, NOON + MINUTE)
    return detector


@pytest.mark.requirement("DUST-27", "IOT-02")
def test_a_device_that_was_away_is_asked_for_what_is_missing_stretch_by_stretch():
    detector = _with_gap(_made())
    assert detector.tick(NOON + 59 * SECOND) == []
    raised, first = detector.tick(NOON + 60 * SECOND)
    assert (raised.act, raised.device, raised.since, raised.value) == (
        Act.RAISE,
        1,
        NOON - 2 * HOUR,
        7200.0,
    )
    assert "缺 1 段" in raised.message and "约 119 条" in raised.message
    assert (first.command, first.device) == ("request_history", 1)
    assert first.args == {"kind": "minute", "from_us": NOON - 2 * HOUR, "to_us": NOON - HOUR}
    assert first.reason.startswith("补传")
    # while the device answers nobody asks again
    _rows(detector, 1, *(NOON - 2 * HOUR + i * MINUTE for i in range(60)), kind=Kind.MINUTE, late=3 * HOUR)
    heard = NOON - 2 * HOUR + 59 * MINUTE + 3 * HOUR
    assert detector.tick(heard + 30 * SECOND) == []
    _rows(detector, 1, heard)
    (second,) = [*detector.tick(heard + 31 * SECOND), *detector.tick(heard + 32 * SECOND)][:1]
    assert second.args["from_us"] == NOON - HOUR
    assert second.args["to_us"] == NOON
    assert second.id != first.id


def test_an_answered_gap_ends_the_finding_with_the_number_of_rows():
    detector = _with_gap(_made(), hours=1)
    raised, _ = detector.tick(NOON + MINUTE)
    _rows(detector, 1, *(NOON - HOUR + i * MINUTE for i in range(60)), kind=Kind.MINUTE, late=2 * HOUR)
    (done,) = detector.tick(NOON + 3 * HOUR)
    assert (done.act, done.key) == (Act.CLEAR, raised.key)
    assert "补传 60 条" in done.message
    assert detector.tick(NOON + 4 * HOUR) == []


@pytest.mark.requirement("DUST-27")
@pytest.mark.parametrize(("minutes", "missing"), [(range(20), True), (range(0, 120, 30), False)])
def test_what_an_answer_leaves_out_is_told(minutes, missing):
    """A device that kept only some of it, and one that sums up by half hours, which leaves nothing out."""
    detector = _with_gap(_made(chunk_s=7200))
    detector.tick(NOON + MINUTE)
    _rows(detector, 1, *(NOON - 2 * HOUR + m * MINUTE for m in minutes), kind=Kind.MINUTE, late=3 * HOUR)
    (done,) = detector.tick(NOON + 4 * HOUR)
    assert f"补传 {len(minutes)} 条" in done.message
    assert ("未能补传" in done.message) is missing


def test_rows_the_device_sends_again_by_itself_fill_the_gap_before_anybody_asks():
    detector = _with_gap(_made(), hours=1)
    _rows(detector, 1, *(NOON - i * MINUTE for i in range(1, 60)), late=HOUR)
    assert detector.tick(NOON + HOUR) == []
    assert detector.tick(NOON + 2 * HOUR) == []


def test_only_what_stays_missing_is_asked_for():
    detector = _with_gap(_made(), hours=1)
    _rows(detector, 1, *(NOON - i * MINUTE for i in range(20, 60)), late=HOUR)
    (ask,) = _asks(detector.tick(NOON + MINUTE))
    assert (ask.args["from_us"], ask.args["to_us"]) == (NOON - 20 * MINUTE, NOON)


def _silent_until(detector, start, stop):
    """Tick every ten seconds while the device talks on but hands nothing in; when it was asked, seconds after `start`."""
    asked, said = [], []
    for t in range(start, stop, 10 * SECOND):
        _rows(detector, 1, t)
        found = detector.tick(t)
        said += found
        asked += [(t - start) // SECOND for _ in _asks(found)]
    return asked, said


def test_silence_is_asked_again_later_and_later_and_then_given_up():
    detector = _with_gap(_made(), hours=1)
    asked, said = _silent_until(detector, NOON + 10 * SECOND, NOON + HOUR)
    assert asked == [50, 190, 430]  # wait 30 s + 100 s, wait 30 s + 200 s, on the ten-second grid
    clear = said[-1]
    assert isinstance(clear, Finding) and clear.act is Act.CLEAR
    assert "未能补传" in clear.message


def test_nobody_is_asked_for_what_is_too_old_or_while_the_device_is_silent_or_on_trial():
    old = _made()
    _rows(old, 1, NOON - 5 * DAY, NOON - 4 * DAY, NOON)
    (ask,) = _asks(old.tick(NOON + MINUTE))
    assert ask.args["from_us"] >= NOON - 2 * DAY
    silent = _with_gap(_made())
    assert _asks(silent.tick(NOON + HOUR)) == []
    trial = HistoryGap()
    one = rule("dust.history_gap", "history_gap", **POLICY)
    shadow = type(one)(one.code, one.detector, "", 1, one.params, "blue", shadow=True)
    trial.configure(registry([monitor(1), monitor(2)], [shadow]), [shadow])
    (raised,) = _with_gap(trial).tick(NOON + MINUTE)
    assert raised.shadow


def test_an_outage_of_the_platform_floods_no_line():
    devices = [monitor(n) for n in range(1, 51)]
    detector = _made(*devices, most_asks=7)
    feed(detector, [row(d.number, NOON - HOUR, pm25=1) for d in devices])
    feed(detector, [row(d.number, NOON, pm25=1) for d in devices])
    counts = [len(_asks(detector.tick(NOON + MINUTE + s * SECOND))) for s in range(9)]
    assert counts == [7, 7, 7, 7, 7, 7, 7, 1, 0]


def test_a_device_with_real_time_history_is_asked_for_that():
    detector = _made(monitor(1, quirks=("realtime_history",)), monitor(2))
    (ask,) = _asks(_with_gap(detector, hours=1).tick(NOON + MINUTE))
    assert ask.args["kind"] == "realtime"
    _rows(detector, 1, *(NOON - HOUR + i * MINUTE for i in range(1, 60)), late=2 * HOUR)
    (done,) = detector.tick(NOON + 3 * HOUR)
    assert "补传 59 条" in done.message


def test_a_restart_goes_on_where_it_was():
    detector = _with_gap(_made())
    detector.tick(NOON + MINUTE)
    again = HistoryGap()
    again.load(detector.dump())
    one = _rule()
    again.configure(registry([monitor(1), monitor(2)], [one]), [one])
    assert again.dump() == detector.dump()
    for late in (2 * MINUTE, 3 * MINUTE, 5 * MINUTE, HOUR):
        _rows(detector, 1, NOON + late)
        _rows(again, 1, NOON + late)
        assert again.tick(NOON + late) == detector.tick(NOON + late)


@pytest.mark.parametrize("wrong", [{"kind": "second"}, {"chunk_s": 0}, {"missed": 0}])
def test_a_policy_that_makes_no_sense_is_not_used(wrong):
    assert _with_gap(_made(**wrong)).tick(NOON + HOUR) == []


@settings(max_examples=200, deadline=None)
@given(
    st.sets(st.integers(0, 200), min_size=2),
    st.lists(st.integers(0, 200), max_size=60),
    st.integers(1, 5),
)
def test_gaps_are_what_a_list_of_all_rows_shows(came, late, allowed):
    """Minutes that came in order, then late ones in any order: gaps are the pairs of neighbours too far apart."""
    gaps, before = Gaps(), None
    for minute in sorted(came):
        if before is not None and minute - before > allowed:
            gaps.add(before, minute, 0, 1000)
        before = minute
    inside = [m for m in late if min(came) < m < max(came)]
    for minute in inside:
        gaps.fill(minute, allowed)
    known = sorted(came | set(inside))
    expected = [(a, b) for a, b in itertools.pairwise(known) if b - a > allowed]
    assert [(g.begin, g.end) for g in gaps.gaps] == expected


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 99), st.integers(1, 30)), max_size=8), st.integers(0, 5))
def test_removing_leaves_exactly_the_rest(cuts, allowed):
    gaps = Gaps([Gap(0, 100, 0)])
    left = set(range(100))
    for begin, size in cuts:
        gaps.remove(begin, begin + size, 0)
        left -= set(range(begin, begin + size))
    covered = {m for g in gaps.gaps for m in range(g.begin, g.end)}
    assert covered == left
    gaps.remove(200, 300, allowed)
    assert {m for g in gaps.gaps for m in range(g.begin, g.end)} == left
