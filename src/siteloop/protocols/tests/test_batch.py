"""Both decoders of many frames equal the plain codec: on plain frames, on odd ones, on damaged bytes."""

import math
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from siteloop.kernel.registry import DeviceEntry
from siteloop.kernel.times import DAY, SECOND
from siteloop.protocols.hj212 import talk
from siteloop.protocols.hj212.batch import BatchDecoder, Memory, load
from siteloop.protocols.hj212.bulk import BulkDecoder
from siteloop.protocols.hj212.crc import VARIANTS, crc212
from siteloop.protocols.hj212.crcs import crcs212
from siteloop.protocols.hj212.exchanges import Exchanges
from siteloop.protocols.hj212.factors import FACTORS
from siteloop.protocols.hj212.frame import Frame, Refusal, build, cut
from siteloop.protocols.hj212.intake import Unknown, understand
from siteloop.protocols.hj212.layouts import Layouts
from siteloop.protocols.hj212.reading import NoReading, reading
from siteloop.protocols.hj212.taken import Taken
from siteloop.protocols.tests.test_hj212 import SAMPLES

KEY = "30" * 16
NOW = 1_785_000_000 * SECOND
DEVICES = (
    DeviceEntry(1, "010000A8900016F000169DC0", "dust", 1, "330482", password="123456"),
    DeviceEntry(7, "MG", "dust", 1, "330482", scale={"pm25": 1000.0, "pressure": 0.1}),
    DeviceEntry(8, "SWAPPED", "dust", 1, "330482", crc="hj212_swapped"),
    DeviceEntry(9, "OFF", "dust", 1, "330482", enabled=False),
    DeviceEntry(10, "SPRAY", "sprayer", 1, "330482"),
    DeviceEntry(11, "QUIRKY", "dust", 1, "330482", quirks=("any_case", "length_off", "sentinel:7")),
    DeviceEntry(12, "SECRET", "dust", 1, "330482", sm4_key=KEY),
    DeviceEntry(13, "Y2005", "dust", 1, "330482", version="2005"),
    DeviceEntry(14, "Y2025", "dust", 1, "330482", version="2025"),
)
#: the plain codec alone judges these
ODD = {"SWAPPED", "OFF", "SPRAY", "QUIRKY", "SECRET", "Y2005"}
BY_CODE = {d.code: d for d in DEVICES}
Row = tuple[Any, ...]


@pytest.fixture(scope="session")
def core() -> Any:
    return load(Path(os.environ["SITELOOP_DATA"]) / "numba")


REACH = (600 * SECOND, 30 * DAY, 5 * 365 * DAY)
Both = BatchDecoder | BulkDecoder


@pytest.fixture
def compiled(core: Any) -> BatchDecoder:
    made = BatchDecoder(core, *REACH)
    made.use(DEVICES)
    return made


@pytest.fixture(params=["compiled", "bulk"])
def decoder(request: pytest.FixtureRequest) -> Both:
    if request.param == "compiled":
        return request.getfixturevalue("compiled")  # type: ignore[no-any-return]
    made = BulkDecoder(*REACH)
    made.use(DEVICES)
    return made


def _forget(decoder: Both) -> None:
    if isinstance(decoder, BatchDecoder):
        decoder.memory = Memory(decoder.core)
    else:
        decoder.memory = Exchanges()


def _row(device: int, at: int, kind: int, values: list[float], quality: bytes, raw: bytes) -> Row:
    numbers = tuple("nan" if math.isnan(v) else repr(float(np.float32(v))) for v in values)
    return device, at, int(kind), numbers, bytes(quality), raw


def _plain(frame: Frame) -> tuple[Row, int, bytes] | None:
    """(row, flagged, answer) as the plain codec has it, None when it is no row or not a plain device's."""
    judged = understand(frame, BY_CODE.get)
    if isinstance(judged, Unknown) or judged.message.mn in ODD:
        return None
    message, device = judged.message, judged.device
    try:
        found = reading(message, device.profile, device.scale, device.quirks)
    except NoReading:
        return None
    row = _row(device.number, found.at, found.kind, found.values, found.quality, frame.raw)
    return (
        row,
        found.flagged,
        talk.answer(message, device.crc, device.version) if message.wants_answer else b"",
    )


def _frames_taken(taken: Taken) -> list[Row]:
    cuts = np.cumsum([0, *taken.lengths])
    return [
        _row(
            int(taken.device[i]),
            int(taken.at[i]),
            int(taken.kind[i]),
            taken.values[i].tolist(),
            taken.quality[i].tobytes(),
            taken.raw[cuts[i] : cuts[i + 1]],
        )
        for i in range(len(taken.device))
    ]


def _check(decoder: Both, chunks: list[bytes]) -> Taken:
    """Everything taken is what the plain codec reads, and everything else is handed back, in order, once."""
    _forget(decoder)
    taken = decoder.decode(chunks, NOW)
    rows = _frames_taken(taken)
    handed = {(place, start): (stop, again) for start, stop, place, again in taken.handed}
    expected, flagged, at = [], 0, 0
    for place, chunk in enumerate(chunks):
        whole: list[Frame | Refusal] = cut(chunk)[1]
        rest = cut(chunk[taken.rests[place] :])[1]
        before = whole[: len(whole) - len(rest)] if rest else whole
        assert whole[len(before) :] == rest
        answers, start = b"", 0
        for one in before:
            assert isinstance(one, Frame), "only the plain codec refuses"
            start = chunk.index(one.raw, start)
            if (place, start) in handed:
                assert handed.pop((place, start))[0] == start + len(one.raw)
            else:
                plain = _plain(one)
                assert plain is not None
                expected.append(plain[0])
                flagged += plain[1]
                answers += plain[2]
                at += 1
            start += len(one.raw)
        assert taken.answers[place] == answers
    assert not handed
    assert rows == expected
    assert taken.flagged == flagged
    return taken


def _build(segment: bytes, variant: str = "hj212") -> bytes:
    return build(segment, VARIANTS[variant](segment))


_numbers = st.one_of(
    st.floats(-200, 200_000).map(lambda v: f"{v:.3f}"),
    st.integers(-5, 100_000).map(str),
    st.sampled_from(
        [
            "9999.99",
            "9999.0",
            "-0.0",
            "",
            "-",
            ".5",
            "5.",
            "1e3",
            "nan",
            "inf",
            "+1",
            " 1",
            "1_0",
            "1.2.3",
            "0" * 20,
            "12345678901234567",
        ]
    ),
)
_names = st.one_of(
    st.sampled_from([n for n in FACTORS["dust"]]),
    st.sampled_from(["a34004", "La", "w01018", "a34004x", "", "SB1"]),
)
_items = st.builds(
    lambda name, sub, value: f"{name}-{sub}={value}",
    _names,
    st.sampled_from(["Rtd", "RTD", "Avg", "Data", "Flag", "flag", "Min", "Max", "RS", "Rtd-x"]),
    st.one_of(_numbers, st.sampled_from(["N", "D", "n", "Z", "NN"])),
)
_loose = st.sampled_from(["Flag=N", "FLAG=D", "flag=", "NOIS=N", "LA=D", "a34004=Z", "Flag"])
_segments = st.builds(
    lambda qn, cn, pw, mn, flag, when, items, gap, last, extra: (
        f"QN={qn};ST=39;CN={cn};PW={pw};MN={mn};Flag={flag};{extra}CP=&&DataTime={when}"
        f"{';' if items else ''}{gap.join(items)}{last}&&"
    ).encode(),
    st.one_of(
        st.integers(20260725000000000, 20260725235959999).map(str),
        st.sampled_from(["", "123", "0" * 17, "2026072500000000x"]),
    ),
    st.sampled_from(["2011", "2011", "2011", "2051", "2061", "2031", "2021", "9014"]),
    st.sampled_from(["123456", "123456", "000000", ""]),
    st.sampled_from([*BY_CODE, "NOBODY", "", "A;B", "A,B"]),
    st.sampled_from(["4", "5", "5", "7", "8", "9", "", "x", "1000"]),
    st.one_of(
        st.integers(NOW - 40 * DAY, NOW + 1200 * SECOND).map(talk.stamp),
        st.sampled_from(
            [
                "20260230000000",
                "20240229120000",
                "2026072512000",
                "20260725120000123",
                "19910701000000",
                "20260725240000",
            ]
        ),
    ),
    st.one_of(
        st.lists(st.one_of(_items, _items, _items, _loose), max_size=12),
        st.lists(_items, min_size=1, max_size=3).map(lambda few: few * 30),
    ),
    st.sampled_from([";", ",", ";;"]),
    st.sampled_from(["", "", ";", "&", "=", ";x", "\x80"]),
    st.sampled_from(["", "", "", "RF=1;", "PNUM=2;PNO=1;"]),
)
_usual = st.builds(
    lambda qn, values: _build(
        f"QN={qn};ST=39;CN=2011;PW=123456;MN=010000A8900016F000169DC0;Flag=5;CP=&&DataTime=20260726000000;a34004-Rtd={values:.1f},a34004-Flag=N&&".encode()
    ),
    st.integers(20260725000000000, 20260725235959999),
    st.floats(0, 500),
)
_frames = st.one_of(
    _usual,
    st.builds(
        _build, _segments, st.sampled_from(["hj212", "hj212", "hj212", "hj212_swapped", "modbus_low_first"])
    ),
    st.sampled_from([s["raw"].encode() + b"\r\n" for s in SAMPLES]),
    st.builds(
        lambda mn, value: talk.wire(
            f"QN=20260725000000001;ST=39;CN=2011;PW=;MN={mn};Flag=9;",
            "2011",
            f"DataTime=20260726000000;a34004-Rtd={value}",
            "hj212",
            KEY,
        ),
        st.sampled_from(["SECRET", "Y2025", "MG"]),
        st.integers(0, 999),
    ),
    st.sampled_from([b"\r\n", b"**", b"\0", b"junk", b"#", b"##", b"##00", b"##12ab"]),
    st.integers(0, 700).map(lambda size: b"##%04d" % size),  # a false beginning
)


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.lists(_frames, max_size=5).map(b"".join), max_size=4))
def test_it_reads_what_the_plain_codec_reads(decoder: Both, chunks: list[bytes]) -> None:
    _check(decoder, chunks)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(_usual, min_size=1, max_size=4).map(b"".join), st.data())
def test_damaged_bytes_are_never_taken(decoder: Both, stream: bytes, data: st.DataObject) -> None:
    bad = bytearray(stream)
    for _ in range(data.draw(st.integers(1, 3))):
        bad[data.draw(st.integers(0, len(bad) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(0, len(bad)))
    _check(decoder, [bytes(bad[:end]), bytes(bad[end:])])


def test_usual_frames_are_all_taken_without_the_plain_codec(decoder: Both) -> None:
    frames = [
        _build(
            f"QN={20260725000000000 + i};ST=39;CN=2011;PW=123456;MN=010000A8900016F000169DC0;Flag={4 + i % 2};CP=&&"
            f"DataTime=20260726000000;a34004-Rtd={i}.5,a34004-Flag=N;LA-Rtd=61.2,LA-Flag=D&&".encode()
        )
        for i in range(1000)
    ]
    taken = _check(decoder, [b"".join(frames[:500]), b"".join(frames[500:])])
    assert len(taken.device) == 1000
    assert taken.handed == []


def test_a_re_sent_frame_is_handed_back(decoder: Both) -> None:
    one = _build(
        b"QN=20260725000000000;ST=39;CN=2011;PW=;MN=MG;Flag=5;CP=&&DataTime=20260726000000;a34004-Rtd=0.08,a01006-Rtd=1013&&"
    )
    taken = decoder.decode([one + one], NOW)
    assert taken.values[0, 0] == pytest.approx(80)
    assert taken.values[0, 6] == pytest.approx(101.3)
    assert taken.handed == [(len(one), 2 * len(one) - 2, 0, True)]


def test_one_qn_may_say_several_things(decoder: Both) -> None:
    """A history request is answered with a frame a period, by many devices under the request's own QN."""
    head = "QN=20260725000000000;ST=39;CN=2051;PW=;MN=MG;Flag=4;CP=&&DataTime=2026072"
    frames = [_build(f"{head}{day}000000;a34004-Avg=0.08&&".encode()) for day in (4, 5, 6)]
    taken = _check(decoder, [b"".join([*frames, frames[1]])])
    assert len(taken.device) == 3
    assert [came_before for *_, came_before in taken.handed] == [True]


def test_the_memory_forgets_the_oldest_only(core: Any) -> None:
    memory = Memory(core, most=100)
    keys = [(1, str(20260725000000000 + i), "2011", 0, b"") for i in range(199)]
    assert not any(memory.again(key) for key in keys)
    assert all(memory.again(key) for key in keys[100:])
    assert not memory.again((2, keys[198][1], "2011", 0, b""))
    assert not memory.again((1, keys[198][1], "2051", 0, b""))
    assert not memory.again((1, keys[198][1], "2011", 2, b""))
    assert memory.again((1, keys[198][1], "2011", 2, b""))
    assert not memory.again((1, keys[198][1], "2011", 2, b"DataTime=20260726000000"))


def test_odd_exchange_numbers_are_remembered_too(core: Any) -> None:
    memory = Memory(core)
    assert [memory.again((1, qn, "2011", 0, b"")) for qn in ("", "x", "123", "x", "")] == [
        False,
        False,
        False,
        True,
        True,
    ]


def test_the_crc_folds_eight_bytes_at_once(compiled: BatchDecoder) -> None:
    table, folds = compiled._tables[0], compiled._tables[1]
    for n in range(40):
        data = bytes((i * 37 + n) % 256 for i in range(n))
        buffer = np.frombuffer(data or b"\0", np.uint8)
        assert compiled.core.crc212(buffer, 0, n, table, folds) == crc212(data)


@given(st.lists(st.binary(min_size=1, max_size=1100), min_size=1, max_size=12))
def test_checksums_of_many_segments_are_those_of_each(segments: list[bytes]) -> None:
    assert crcs212(segments) == [crc212(segment) for segment in segments]


def test_time_is_the_calendars(compiled: BatchDecoder) -> None:
    for us in range(
        int(time.time()) * SECOND, int(time.time()) * SECOND + 800 * DAY, 7 * DAY + 12_345 * SECOND
    ):
        digits = np.frombuffer(talk.stamp(us).encode(), np.uint8)
        assert compiled.core._instant(digits, 0) == us


def test_a_key_learnt_at_one_place_is_never_taken_for_another(decoder: Both) -> None:
    """After one frame its keys are known by comparison; whatever else stands there is read as if nothing had been learnt."""
    moment = time.strftime("%Y%m%d%H%M%S", time.gmtime(NOW // SECOND + 8 * 3600))
    areas = (
        "a34004-Rtd=12.5,a34004-Flag=N;a34002-Rtd=40.1,a34002-Flag=N",
        "a34002-Rtd=12.5,a34002-Flag=N;a34004-Rtd=40.1,a34004-Flag=N",
        "A34004-RTD=12.5,a34004-flag=n;a34002-Rtd=40.1",
        "a34004-Rtd=12.5,a34004-Rtd=13.5;a34002-Rtd=40.1",
        "a34004-Avg=12.5,a34004-Flag=N;a34002-Rte=40.1,a34002-Flag=N",
        "a34004-Rtd12.5,a34004-Flag=N;a34002-Rtd=40.1,a34002-Flag=N",
        "a34004-Rtd=,a34004-Flag=N;a34002-Rtd=40.1,a34002-Flag=NN",
        "a34004xRtd=1,a34004-Flag;a34002-Rtd=40.1;;,a34002-Flag=N",
        "a34004-Rtd=1",
    )

    def frame(number: int, area: str) -> bytes:
        head = f"QN={moment}{number:03d};ST=22;CN=2011;PW=123456;MN=010000A8900016F000169DC0;Flag=5"
        return _build(f"{head};CP=&&DataTime={moment};{area}&&".encode())

    first = [frame(0, areas[0])]
    for number, area in enumerate(areas, 1):
        taken = _check(decoder, [b"".join([*first, frame(number, area)])])
        assert len(taken.device) >= 1
    assert len(_check(decoder, [b"".join(frame(n, areas[0]) for n in range(40))]).device) == 40


def test_shapes_are_learnt_up_to_a_limit_and_the_plain_codec_reads_the_rest() -> None:
    layouts = Layouts(most=2)
    areas = [f";a34004-Rtd=1,x{i}-Rtd=2".encode() for i in range(3)]
    first, second, third = (layouts.learn(area) for area in areas)
    assert first is not None and second is not None and third is None
    assert layouts.learn(areas[0].replace(b"=1", b"=7.5")) is first
    frames = [
        _build(
            f"QN={20260725000000000 + i};ST=39;CN=2011;PW=123456;MN=010000A8900016F000169DC0;Flag=5;CP=&&"
            f"DataTime=20260726000000;a34004-Rtd={i},y{i}-Rtd=2&&".encode()
        )
        for i in range(300)
    ]
    decoder = BulkDecoder(*REACH)
    decoder.use(DEVICES)
    taken = _check(decoder, [b"".join(frames)])
    assert len(taken.device) == 256 and len(taken.handed) == 44


@pytest.mark.parametrize("names", ["devices of one QN", "QNs of one device", "a fleet minute by minute"])
def test_exchanges_spread_over_the_memory(core: Any, names: str) -> None:
    """A city sends on the full minute with one QN: what differs must decide the place, or each look-up walks along all others."""
    noon = 20_260_302_120_000_000
    drawn = {
        "devices of one QN": [(noon, n) for n in range(20_000)],
        "QNs of one device": [(noon + n * 1_000, 7) for n in range(20_000)],
        "a fleet minute by minute": [(noon + t * 100_000, n) for t in range(20) for n in range(1_000)],
    }[names]
    places = {int(core.place(qn, (n << 32) | (2011 << 16), (1 << 19) - 1)) for qn, n in drawn}
    assert len(places) > 0.97 * len(drawn), "as many as chance would give"
