"""Properties of the lifting families: round trips, arbitrary splits, garbage, arbitrary bytes."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siteloop.kernel.lifting import HoistAlarm, mask
from siteloop.kernel.reasons import Reason
from siteloop.kernel.times import SECOND
from siteloop.protocols import framing
from siteloop.protocols.lifting import a55a, goyo_crane, goyo_hoist, stream
from siteloop.protocols.lifting.frame import Frame
from siteloop.protocols.lifting.tests.samples import (
    AT,
    CRANE_CYCLE,
    HOIST_HEARTBEAT,
    HOIST_REALTIME,
    HOIST_RUN_TIME,
    crane_words,
    one,
    row_of,
)
from siteloop.protocols.rows import NoReading

_moments = st.integers(AT, AT + 10**9).map(lambda s: s // SECOND * SECOND)
_crane = st.fixed_dictionaries(
    {
        "hook_height": st.integers(0, 3000).map(lambda v: v / 10),
        "radius": st.integers(1, 900).map(lambda v: v / 10),
        "slewing": st.integers(0, 3599).map(lambda v: v / 10),
        "load": st.integers(1, 600).map(lambda v: v / 10),
        "wind_speed": st.integers(0, 400).map(lambda v: v / 10),
        "tilt_x": st.integers(-50, 50).map(lambda v: v / 10),
    }
)
_hoist = st.fixed_dictionaries(
    {
        "load": st.integers(0, 3000),
        "persons": st.integers(0, 30),
        "height": st.integers(0, 3000).map(lambda v: v / 10),
        "speed": st.integers(0, 60).map(lambda v: v / 10),
        "tilt_x": st.integers(-500, 500).map(lambda v: v / 100),
        "alarm_bits": st.sampled_from([0, mask(HoistAlarm.OVERLOAD)]),
    }
)
_codes = st.integers(0, 0xFFFFFF).map(lambda v: f"{v:06X}")


@given(_crane, _moments, _codes)
def test_cranes_round_trip(said: dict[str, float], at: int, code: str) -> None:
    for raw in (goyo_crane.realtime(code, at, said), a55a.crane_realtime(code, at, said)):
        frame = one(raw)
        _, reading = stream.read(frame, "tower_crane", {})
        row = row_of(reading, "tower_crane")
        assert (frame.code, reading.at) == (code, at)
        assert {n: row[n] for n in said} == pytest.approx(said, abs=1e-6)


@given(_hoist, _moments, _codes)
def test_hoists_round_trip(said: dict[str, float], at: int, code: str) -> None:
    for raw in (goyo_hoist.realtime(code, at, said), a55a.hoist_realtime(code, at, said)):
        frame = one(raw)
        _, reading = stream.read(frame, "hoist", {})
        row = row_of(reading, "hoist")
        assert (frame.code, reading.at) == (code, at)
        assert {n: row[n] for n in said} == pytest.approx(said, abs=1e-6)


_good = st.sampled_from([HOIST_REALTIME, HOIST_HEARTBEAT, HOIST_RUN_TIME, CRANE_CYCLE, crane_words()])
_garbage = st.one_of(
    st.binary(max_size=40),
    # a false beginning that declares the good frames behind it as its own data
    st.integers(0, 120).map(lambda size: b"\x7a\x7a\x01\x02\x06\x01" + size.to_bytes(2, "little")),
    st.sampled_from([b"\x7e\x7e", b"\x7a\x7a\x01\x02\x06\x01\x32\x00", b"\xa5\x5a", CRANE_CYCLE[:30]]),
)


@settings(max_examples=300)
@given(
    st.lists(st.tuples(_garbage, _good), max_size=6), st.lists(st.integers(1, 60), min_size=1, max_size=40)
)
def test_garbage_and_any_splits_lose_no_good_frame(
    pieces: list[tuple[bytes, bytes]], steps: list[int]
) -> None:
    whole = b"".join(junk + good for junk, good in pieces)
    parts, at, turn = [], 0, 0
    while at < len(whole):
        step = steps[turn % len(steps)]
        parts.append(whole[at : at + step])
        at, turn = at + step, turn + 1
    found = [f.raw for f in framing.frames(parts, stream.FAMILIES) if isinstance(f, Frame)]
    expected = [good for _, good in pieces]
    assert [raw for raw in found if raw in expected] == expected


@settings(max_examples=300)
@given(st.binary(max_size=4000))
def test_arbitrary_bytes_raise_nothing_and_leave_little(data: bytes) -> None:
    used, found = stream.cut(data)
    assert 0 <= used <= len(data)
    assert len(data) - used < stream.LONGEST
    for frame in found:
        if isinstance(frame, Frame):
            stream.answer(frame, AT)
            with contextlib.suppress(NoReading):
                stream.read(frame, "tower_crane", {})


@given(
    st.sampled_from([b"\x7e\x7e\x11\x01", b"\x7a\x7a\x01\x02\x06\x01", b"\xa5\x5a\x0c"]), st.integers(0, 3000)
)
def test_a_head_that_never_ends_is_given_up(head: bytes, fill: int) -> None:
    data = head + b"\x01" * fill
    used, _ = stream.cut(data)
    assert len(data) - used < stream.LONGEST


@given(st.binary(max_size=200), st.integers(0, 7))
def test_any_data_area_of_a_crane_is_refused_or_read(data: bytes, func: int) -> None:
    frame = one(goyo_crane.build(func, data))
    stream.answer(frame, AT)
    goyo_crane.position(frame)
    for read in (lambda: stream.read(frame, "tower_crane", {}), lambda: goyo_crane.parameters(frame)):
        try:
            read()
        except NoReading as no:
            assert no.reason in (Reason.UNSUPPORTED, Reason.MALFORMED)


@given(st.binary(max_size=120), st.integers(0, 255))
def test_any_data_area_of_an_a55a_frame_is_refused_or_read(data: bytes, kind: int) -> None:
    _used, found = stream.cut(a55a.build(kind, "90F72F", data))
    for frame in found:
        if isinstance(frame, Frame):
            stream.answer(frame, AT)
            for profile in ("tower_crane", "hoist"):
                with contextlib.suppress(NoReading):
                    stream.read(frame, profile, {})


@pytest.mark.parametrize("piece", [1, 7, 1000])
def test_a_false_beginning_swallows_no_frame_whatever_length_it_declares(piece: int) -> None:
    for size in range(120):
        whole = b"\x7a\x7a\x01\x02\x06\x01" + size.to_bytes(2, "little") + HOIST_REALTIME + HOIST_HEARTBEAT
        parts = [whole[at : at + piece] for at in range(0, len(whole), piece)]
        found = [f.raw for f in framing.frames(parts, stream.FAMILIES) if isinstance(f, Frame)]
        assert found == [HOIST_REALTIME, HOIST_HEARTBEAT], size
