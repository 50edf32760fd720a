"""HJ 212 framing, CRC and readings against the standard's vectors, recorded frames and arbitrary bytes."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siteloop.kernel.block import Kind
from siteloop.kernel.profiles import DUST as DUST_PROFILE
from siteloop.kernel.quality import Quality
from siteloop.kernel.reasons import Reason
from siteloop.kernel.times import SECOND
from siteloop.protocols.hj212 import talk
from siteloop.protocols.hj212.crc import crc212, variant_of
from siteloop.protocols.hj212.factors import CODES
from siteloop.protocols.hj212.frame import Frame, Refusal, build, cut
from siteloop.protocols.hj212.message import Message, NotAMessage, parse
from siteloop.protocols.hj212.parts import Parts
from siteloop.protocols.hj212.reading import NoReading, reading
from siteloop.protocols.hj212.talk import answer

SAMPLES = [
    json.loads(line) for line in (Path(__file__).parent / "hj212_samples.jsonl").read_text().splitlines()
]
DUST = next(s for s in SAMPLES if s["id"] == "dust-st39-1")["raw"].encode()


@pytest.mark.parametrize(
    ("data", "crc"),
    [
        (b"123456789", 0x2F80),
        (
            b"QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&RtdInterval=30&&",
            0x1C80,
        ),
        (b"QN=20240601085857223;ST=32;CN=1011;PW=123456;MN=010000A8900016F000169DC0;Flag=9;CP=&&&&", 0x2200),
    ],
)
def test_crc_of_the_standards_vectors(data: bytes, crc: int) -> None:
    assert crc212(data) == crc


@pytest.mark.requirement("DUST-27")
@pytest.mark.parametrize("sample", SAMPLES, ids=[s["id"] for s in SAMPLES])
def test_every_recorded_frame_is_judged_as_its_verdict_says(sample: dict[str, object]) -> None:
    raw = str(sample["raw"]).encode()
    used, found = cut(raw + b"\r\n")
    assert used == len(raw) + 2
    good = [f for f in found if isinstance(f, Frame) and crc212(f.segment) == f.crc]
    assert bool(good) == (sample["verdict"] == "valid")


def test_a_variant_is_named() -> None:
    raw = next(s for s in SAMPLES if s["id"] == "modbus-le-1")["raw"].encode()
    (frame,) = cut(raw)[1]
    assert isinstance(frame, Frame)
    assert variant_of(frame.segment, frame.crc) == "modbus_low_first"


def test_an_answer_is_the_standards_own() -> None:
    segment = (
        b"QN=20160801085857223;ST=32;CN=2011;PW=123456;MN=010000A8900016F000169DC0;Flag=5;CP=&&DataTime=1&&"
    )
    expected = b"##0087QN=20160801085857223;ST=91;CN=9014;PW=123456;MN=010000A8900016F000169DC0;Flag=4;CP=&&&&3240\r\n"
    assert answer(parse(segment)) == expected


@pytest.mark.requirement("DUST-04", "DUST-12")
def test_the_eight_parameters_and_noise_are_read() -> None:
    (frame,) = cut(DUST)[1]
    assert isinstance(frame, Frame)
    row = reading(parse(frame.segment), "dust", {})
    assert row.kind == Kind.REALTIME
    assert row.at == 1534832709000000  # 2018-08-21 14:25:09 +08:00
    assert row.quality == bytes([Quality.NORMAL] * 6 + [Quality.OUT_OF_PHYSICS] + [Quality.NORMAL] * 2)
    assert row.flagged == 1  # an air pressure of 0 kPa cannot be


def _row(area: str, scale: dict[str, float] | None = None) -> list[tuple[float, int]]:
    segment = f"ST=39;CN=2011;MN=X;CP=&&DataTime=20260101000000;{area}&&".encode()
    row = reading(parse(segment), "dust", scale or {})
    return list(zip(row.values, row.quality, strict=True))


def test_units_are_converted_by_the_devices_own_factor() -> None:
    assert _row("a34004-Rtd=0.08", {"pm25": 1000})[0] == (80.0, Quality.NORMAL)


@pytest.mark.requirement("SEC-09")
@pytest.mark.parametrize(
    ("flag", "quality"), [("D", Quality.FAULT), ("M", Quality.MAINTENANCE), ("Z", Quality.UNKNOWN_FLAG)]
)
def test_a_flag_goes_with_its_value(flag: str, quality: Quality) -> None:
    assert _row(f"a34004-Rtd=80,a34004-Flag={flag}")[0] == (80.0, quality)


def test_a_sentinel_is_no_measurement() -> None:
    value, quality = _row("a34004-Rtd=9999.99")[0]
    assert math.isnan(value)
    assert quality == Quality.NO_VALUE


def test_a_message_without_known_factors_says_so() -> None:
    with pytest.raises(NoReading) as no:
        _row("w01018-Rtd=1")
    assert no.value.reason is Reason.NO_VALUES


def test_a_wrong_length_does_not_swallow_the_next_frame() -> None:
    wrong = b"##0300" + DUST[6:] + b"\r\n"
    _used, found = cut(wrong + DUST + b"\r\n" + DUST)
    assert [type(f) for f in found] == [Refusal, Frame, Frame]
    assert isinstance(found[0], Refusal)
    assert found[0].reason is Reason.LENGTH


def test_an_encrypted_area_may_hold_delimiters() -> None:
    segment = b"ST=39;CN=2011;MN=X;Flag=9;CP=&&\x00##0001\r\n&&ab&&"
    assert cut(build(segment, crc212(segment)))[1] == [
        Frame(segment, crc212(segment), build(segment, crc212(segment))[:-2])
    ]


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from([DUST, DUST + b"\r\n", *(s["raw"].encode() + b"\r\n" for s in SAMPLES)]), max_size=6
    ),
    st.data(),
)
def test_any_split_of_the_stream_gives_the_same_frames(parts: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(parts)
    whole = [f for f in cut(stream)[1] if isinstance(f, Frame)]
    rest, pieces, at = b"", [], 0
    while at < len(stream):
        step = data.draw(st.integers(1, 400))
        rest += stream[at : at + step]
        at += step
        used, found = cut(rest)
        rest = rest[used:]
        pieces += [f for f in found if isinstance(f, Frame)]
    assert pieces == whole


@given(st.binary(max_size=600))
def test_garbage_is_never_an_exception_and_always_moves_on(junk: bytes) -> None:
    used, found = cut(junk + b"\r\n" + DUST + b"\r\n" + b"x" * 10_100)
    assert used > 0
    for one in found:
        if isinstance(one, Frame):
            try:
                reading(parse(one.segment), "dust", {})
            except (NotAMessage, NoReading):
                continue


def test_an_unpadded_length_is_cut_and_marked() -> None:
    unpadded = b"##239" + DUST[6:]
    for text in (unpadded, unpadded + b"\r\n" + DUST):
        found = cut(text)[1]
        assert isinstance(found[0], Frame)
        assert (found[0].raw, found[0].quirks) == (unpadded, ("unpadded_length",))
        assert all(isinstance(f, Frame) for f in found)
    assert cut(unpadded[:100]) == (0, [])


def _part(mn: str, pno: int, pnum: int) -> Message:
    return parse(
        f"QN=1;ST=39;CN=2051;PW=1;MN={mn};Flag=7;PNUM={pnum};PNO={pno};CP=&&DataTime=20260101000000&&".encode()
    )


def test_a_split_upload_is_complete_when_every_part_came() -> None:
    parts = Parts(most=2)
    assert [parts.add(_part("A", n, 3), "20260101000000") for n in (2, 2, 3, 1)] == [
        False,
        False,
        False,
        True,
    ]
    assert not parts.add(_part("A", 4, 3), "20260101000000")
    for mn in "BCD":
        parts.add(_part(mn, 1, 2), "20260101000000")
    assert (parts.complete, parts.incomplete, parts.waiting) == (1, 1, 2)


@pytest.mark.requirement("DUST-06")
@pytest.mark.parametrize(
    ("state", "running", "quality"),
    [("1", 1, Quality.NORMAL), ("0", 0, Quality.NORMAL), ("4", 0, Quality.FAULT)],
)
def test_a_sprayer_tells_its_running_state(state: str, running: float, quality: Quality) -> None:
    segment = f"ST=39;CN=2021;MN=X;CP=&&DataTime=20260101000000;SB1-RS={state}&&".encode()
    row = reading(parse(segment), "sprayer", {})
    assert (row.values[0], row.quality[0], row.kind) == (running, quality, Kind.REALTIME)


@given(
    st.dictionaries(st.sampled_from(sorted(CODES)), st.integers(0, 3999), min_size=1),
    st.integers(1_600_000_000, 1_900_000_000),
)
def test_what_is_built_is_read_back(values: dict[str, int], at: int) -> None:
    items = ";".join(f"{CODES[f]}-Rtd={v / 100:.2f},{CODES[f]}-Flag=N" for f, v in values.items())
    segment = (
        f"QN=1;ST=39;CN=2011;PW=1;MN=X;Flag=4;CP=&&DataTime={talk.stamp(at * SECOND)};{items}&&".encode()
    )
    (frame,) = cut(build(segment, crc212(segment)))[1]
    assert isinstance(frame, Frame)
    row = reading(parse(frame.segment), "dust", {})
    assert row.at == at * SECOND
    for field, value in values.items():
        assert row.values[DUST_PROFILE.index(field)] == pytest.approx(value / 100)
