"""Departures from the standard, versions 2005 and 2025, encryption: what is read, and to whom it is allowed."""

import math

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siteloop.kernel import quirks
from siteloop.kernel.quality import Quality
from siteloop.kernel.quirks import Quirk
from siteloop.kernel.reasons import Reason
from siteloop.kernel.registry import DeviceEntry
from siteloop.protocols.hj212 import sm4, talk
from siteloop.protocols.hj212.crc import VARIANTS, crc212
from siteloop.protocols.hj212.frame import Frame, Refusal, build, cut
from siteloop.protocols.hj212.intake import Known, Unknown, understand
from siteloop.protocols.hj212.message import NotAMessage, parse
from siteloop.protocols.hj212.reading import NoReading, reading
from siteloop.protocols.tests.test_hj212 import SAMPLES

MN = "010000A8900016F000169DC0"
KEY = "30" * 16
DEVICE = DeviceEntry(1, MN, "dust", 1, "330482", password="123456")
HEAD = f"QN=20260801085857223;ST=39;CN=2011;PW=123456;MN={MN};Flag=9;"
AREA = "DataTime=20260801085857;a34004-Rtd=80.5,a34004-Flag=N;LA-Rtd=61.2,LA-Flag=N"
SEGMENT = f"{HEAD}CP=&&{AREA}&&".encode()
SHORT = SEGMENT.replace(b"a34004-Rtd=80.5", b"a34004-Rtd=80.0")


def _frame(segment: bytes, declared: int | None = None, tail: str = "") -> bytes:
    size = len(segment) if declared is None else declared
    return b"##%04d%b" % (size, segment) + (tail or f"{crc212(segment):04X}").encode() + b"\r\n"


def _with(*allowed: str, **more: object) -> DeviceEntry:
    return msgspec.structs.replace(DEVICE, quirks=allowed, **more)


def _only(data: bytes) -> Frame:
    found = cut(data)[1]
    assert len(found) == 1
    assert isinstance(found[0], Frame)
    return found[0]


def _judged(data: bytes, device: DeviceEntry) -> Known | Unknown:
    return understand(_only(data), lambda mn: device if mn == device.code else None)


def _short_crc() -> bytes:
    """A segment whose CRC begins with a zero."""
    for i in range(1000):
        segment = SEGMENT.replace(b"80.5", b"%d.5" % i)
        if crc212(segment) < 0x1000:
            return segment
    raise AssertionError("no such CRC")


_CASED = SEGMENT.replace(b"Flag=9;", b"FLAG=9;").replace(b"DataTime", b"DATATIME")
_LONG = SEGMENT[:-2] + b";w01018-Rtd=1" * 90 + b"&&"
DEPARTURES = [
    (Quirk.UNPADDED_LENGTH, b"##%d%b%04X\r\n" % (len(SEGMENT), SEGMENT, crc212(SEGMENT))),
    *[(Quirk.LENGTH_OFF, _frame(SEGMENT, len(SEGMENT) + off)) for off in (6, 10, 12, 1, -1, 2, -2)],
    (Quirk.SHORT_CRC, _frame(_short_crc(), None, f"{crc212(_short_crc()):x}")),
    (Quirk.OPEN_AREA, _frame(SEGMENT[:-2])),
    (Quirk.LONG_SEGMENT, _frame(_LONG)),
    (Quirk.ANY_CASE, _frame(_CASED)),
]


@pytest.mark.requirement("IOT-03", "DUST-27")
@pytest.mark.parametrize(
    ("quirk", "data"), DEPARTURES, ids=[f"{q}-{i}" for i, (q, _) in enumerate(DEPARTURES)]
)
def test_a_departure_is_read_from_the_device_that_may_and_named_to_all_others(
    quirk: Quirk, data: bytes
) -> None:
    allowed = _judged(data, _with(quirk))
    assert isinstance(allowed, Known)
    assert reading(allowed.message, "dust", {}, allowed.device.quirks).quality[3] == Quality.NORMAL
    refused = _judged(data, DEVICE)
    assert isinstance(refused, Unknown)
    assert quirk in refused.detail
    assert refused.device is DEVICE


@pytest.mark.parametrize(
    ("quirk", "data"), DEPARTURES, ids=[f"{q}-{i}" for i, (q, _) in enumerate(DEPARTURES)]
)
def test_a_departing_frame_harms_no_neighbour_however_the_stream_is_cut(quirk: Quirk, data: bytes) -> None:
    stream, rest, frames = _frame(SHORT) + data + _frame(SHORT), b"", []
    for byte in range(len(stream)):
        rest += stream[byte : byte + 1]
        used, found = cut(rest)
        rest = rest[used:]
        frames += [f for f in found if isinstance(f, Frame)]
    whole = [f for f in cut(stream)[1] if isinstance(f, Frame)]
    assert [f.segment for f in frames] == [f.segment for f in whole]
    assert [f.segment for f in frames].count(SHORT) == 2
    assert len(frames) == 3


TOLERATED = [
    _frame(SEGMENT, None, f"{crc212(SEGMENT):04x}"),
    _frame(SEGMENT)[:-2] + b"**\r\n",
    _frame(SEGMENT)[:-2],
    _frame(SEGMENT[:-2] + b";&&"),
    _frame(SEGMENT.replace(b"N;LA", b"N,LA")),
    _frame(SEGMENT.replace(b";LA-Rtd=61.2", b";LA-Rtd=61.2;LA-Rtd=99.9")),
    _frame(SEGMENT.replace(b"QN=20260801085857223;", b"")),
    _frame(SEGMENT.replace(b"QN=20260801085857223", b"QN=1617957600465")),
    _frame(SEGMENT.replace(b"QN=20260801085857223", b"QN=202608010858572CST")),
    _frame(SEGMENT.replace(b"DataTime=20260801085857", b"DataTime=20260801085857000")),
    _frame(SEGMENT.replace(b"ST=39", b"ST=null")),
    _frame(SEGMENT.replace(b"ST=39", b"ST=391")),
    _frame(SEGMENT.replace(b";MN=", b",MN=")),
    _frame(SEGMENT.replace(b"a34004-Rtd", b"A34004-RTD")),
    _frame(SEGMENT.replace(b",LA-Flag=N", b";Flag=N")),
]


@pytest.mark.parametrize("data", TOLERATED)
def test_what_cannot_change_the_reading_is_taken_from_everybody(data: bytes) -> None:
    found = [f for f in cut(data + b"\r\n")[1] if isinstance(f, Frame)]
    judged = understand(found[0], lambda mn: DEVICE if mn == MN else None)
    assert isinstance(judged, Known)
    row = reading(judged.message, "dust", {})
    assert (row.values[0], row.values[3]) == (80.5, 61.2)
    assert (row.quality[0], row.quality[3]) == (Quality.NORMAL, Quality.NORMAL)


@pytest.mark.parametrize("pw", ["", "1" * 24])
def test_a_password_of_any_length_is_taken_where_none_is_checked(pw: str) -> None:
    data = _frame(SEGMENT.replace(b"PW=123456", f"PW={pw}".encode()))
    assert isinstance(_judged(data, _with(password="")), Known)
    assert isinstance(_judged(data, _with(password=pw or "secret")), Known if pw else Unknown)


def _row(area: str, *allowed: str) -> list[tuple[float, int]]:
    segment = f"ST=39;CN=2011;MN=X;CP=&&DataTime=20260101000000;{area}&&".encode()
    row = reading(parse(segment), "dust", {}, allowed)
    return list(zip(row.values, row.quality, strict=True))


@pytest.mark.requirement("SEC-09")
def test_a_flag_of_its_own_marks_the_factor_before_it() -> None:
    row = _row("a34004-Rtd=80;Flag=N;a34002-Rtd=90;Flag=D;w01018-Rtd=1;Flag=B;NOIS-Rtd=60,NOIS=M")
    assert row[0] == (80.0, Quality.NORMAL)
    assert row[1] == (90.0, Quality.FAULT)
    assert row[3] == (60.0, Quality.MAINTENANCE)


def test_a_dead_sensor_and_an_own_sentinel_are_no_measurements() -> None:
    assert _row("a34004-Rtd=0;a34002-Rtd=0.0")[0] == (0.0, Quality.NORMAL)
    assert _row("a34004-Rtd=0;a34002-Rtd=0.0", "dead_zero")[0] == (0.0, Quality.FAULT)
    value, quality = _row("a34004-Rtd=-999;a34002-Rtd=5", "sentinel:-999")[0]
    assert math.isnan(value)
    assert quality == Quality.NO_VALUE


def test_an_unknown_setting_is_refused_in_words() -> None:
    quirks.check([*map(str, Quirk), "sentinel:-1", "address:10.20.3.4", "address:2001:db8::1"])
    for wrong in ("colour", "sentinel:x", "address:gate", "address:10.20.3.4:9212"):
        with pytest.raises(ValueError, match=r"未知|sentinel|address"):
            quirks.check([wrong])
    assert set(quirks.TITLES) == set(Quirk)


# ---- versions


@pytest.mark.requirement("IOT-05")
def test_a_2005_frame_without_flag_is_read_and_answered_its_way() -> None:
    segment = f"QN=20040516010101001;ST=22;CN=2051;PW=123456;MN={MN};CP=&&DataTime=20040516010100;PM25-Avg=15.4,PM25-Flag=N&&"
    judged = _judged(_frame(segment.encode()), _with(version="2005"))
    assert isinstance(judged, Known)
    assert judged.message.flag is None
    told = _only(talk.answer(judged.message, "hj212", "2005")).segment
    assert told == b"ST=91;CN=9014;CP=&&QN=20040516010101001;CN=2051&&"


def test_the_qn_of_a_2005_answer_stands_in_its_area() -> None:
    answer = parse(f"ST=91;CN=9011;PW=123456;MN={MN};Flag=0;CP=&&QN=20040516010101001;QnRtn=1&&".encode())
    assert answer.exchange == "20040516010101001"
    assert parse(SEGMENT).exchange == "20260801085857223"


@pytest.mark.parametrize(("version", "flag"), [("2005", 1), ("2017", 5), ("2025", 9)])
def test_a_request_carries_the_flag_of_its_version(version: str, flag: int) -> None:
    asked = parse(_only(talk.request("1", "39", "1011", "123456", MN, "", version=version)).segment)
    assert (asked.flag, asked.wants_answer) == (flag, True)


def test_back_fill_is_told_by_rf() -> None:
    assert parse(SEGMENT.replace(b"Flag=9;", b"Flag=11;PNUM=2;PNO=1;RF=1;")).is_refill
    assert not parse(SEGMENT).is_refill
    assert "9015" in talk.NOTICES  # the heartbeat is a notice, answered 9013
    beat = parse(f"QN=20260801085857223;ST=39;CN=9015;PW=123456;MN={MN};Flag=9;CP=&&&&".encode())
    assert b";CN=9013;" in talk.answer(beat)


# ---- encryption


def test_sm4_is_the_standards() -> None:
    assert sm4.encrypt(b"DataTime=2024052", b"0" * 16).hex().upper() == "E43E159ACFAB242CB53155FB8B9281A1"


@pytest.mark.requirement("SEC-09")
@given(
    st.text("abcXYZ0123456789=;,.-", max_size=200).map(lambda t: "DataTime=20260801085857;" + t),
    st.binary(min_size=16, max_size=16),
)
def test_what_is_encrypted_is_read_back(area: str, key: bytes) -> None:
    data = talk.wire(HEAD, "2011", area, "hj212", key.hex())
    judged = _judged(data, _with(sm4_key=key.hex()))
    assert isinstance(judged, Known)
    assert judged.message.area == area.encode()


def test_an_encrypted_frame_with_delimiters_inside_is_cut_by_its_length() -> None:
    """Keys are tried until the cipher text holds `##`, `&&` or CR LF: such frames must come out whole."""
    held: set[bytes] = set()
    area = AREA + ";" + ";".join(f"w{i:05d}-Rtd={i}" for i in range(40))
    for i in range(4000):
        key = f"{i:032x}"
        data = talk.wire(HEAD, "2011", area, "hj212", key)
        cipher = data[data.index(b"CP=&&") + 5 : -8]
        found = {d for d in (b"##", b"&&", b"\r\n") if d in cipher}
        if found <= held:
            continue
        held |= found
        frames = cut(data + _frame(SHORT))[1]
        assert [type(f) for f in frames] == [Frame, Frame]
        judged = understand(frames[0], lambda mn, key=key: _with(sm4_key=key))
        assert isinstance(judged, Known)
        assert judged.message.area == area.encode()
    assert held == {b"##", b"&&", b"\r\n"}


def test_the_print_form_is_understood_too() -> None:
    cipher = sm4.encrypt(AREA.encode(), bytes.fromhex(KEY))
    whole = len(cipher) - len(cipher) % 16
    printed = b"{" + b",".join(b"0x%02X" % b for b in cipher[:whole]) + b"}" + cipher[whole:]
    data = build(f"{HEAD}CP=&&".encode() + printed + b"&&", crc212(SEGMENT))
    judged = _judged(data, _with(sm4_key=KEY))
    assert isinstance(judged, Known)
    assert judged.message.area == AREA.encode()


@pytest.mark.requirement("SEC-09")
def test_plain_text_of_a_device_with_a_key_needs_leave() -> None:
    assert isinstance(_judged(_frame(SEGMENT), _with(sm4_key=KEY)), Unknown)
    assert isinstance(_judged(_frame(SEGMENT), _with("plain_allowed", sm4_key=KEY)), Known)


def test_another_key_reads_nothing() -> None:
    data = talk.wire(HEAD, "2011", AREA, "hj212", KEY)
    judged = _judged(data, _with(sm4_key="31" * 16))
    assert isinstance(judged, Unknown)
    assert judged.reason is Reason.CRC


# ---- 1,024 bytes and parts


@given(st.lists(st.integers(0, 99_999), max_size=120), st.integers(300, 1024))
def test_no_part_exceeds_the_standards_length_and_none_is_lost(values: list[int], most: int) -> None:
    items = ["DataTime=20260801085857", *(f"a{i:05d}-Rtd={v},a{i:05d}-Flag=N" for i, v in enumerate(values))]
    parts = talk.split(HEAD, items, most)
    assert [i for p in parts for i in p[1:]] == items[1:]
    for n, part in enumerate(parts, 1):
        assert part[0] == items[0]
        segment = f"{HEAD}PNUM={len(parts)};PNO={n};CP=&&{';'.join(part)}&&"
        assert len(segment) <= most


def test_a_part_without_a_number_says_so() -> None:
    assert parse(SEGMENT).is_numbered
    assert not parse(SEGMENT.replace(b"Flag=9", b"Flag=7")).is_numbered
    numbered = parse(SEGMENT.replace(b"Flag=9;", b"Flag=7;PNO=0002;PNUM=0002;"))
    assert (numbered.is_numbered, numbered.pno, numbered.pnum) == (True, 2, 2)


# ---- arbitrary bytes

_pieces = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [b"##", b"##0", b"##0012", b"##99", b"&&", b"CP=&&", b"\r\n", b"**", b"#", b"Flag=9;", b";;"]
    ),
    st.sampled_from([s["raw"].encode() for s in SAMPLES]),
    st.sampled_from([data for _, data in DEPARTURES]),
    st.builds(lambda n: SEGMENT[:n], st.integers(0, len(SEGMENT))),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(_pieces, max_size=8).map(b"".join))
def test_no_bytes_make_the_codec_fail(data: bytes) -> None:
    device = _with(*map(str, Quirk), sm4_key=KEY)
    used, found = cut(data)
    assert 0 <= used <= len(data)
    assert all(one.raw for one in found), "whatever is used up is shown"
    for one in found:
        if isinstance(one, Refusal):
            continue
        judged = understand(one, lambda _: device)
        if isinstance(judged, Known):
            try:
                reading(judged.message, "dust", {}, device.quirks)
            except NoReading:
                continue


@settings(max_examples=300, deadline=None)
@given(st.lists(_pieces, max_size=5).map(b"".join), st.lists(st.integers(1, 300), max_size=60))
def test_a_good_frame_after_garbage_is_found(junk: bytes, steps: list[int]) -> None:
    """Whatever came before, a device that goes on sending is heard again: of many sound frames the last is never lost."""
    good = _frame(SHORT)
    stream, rest, found = junk + b"\r\n" + good * 80, b"", []
    at, sizes = 0, iter(steps)
    while at < len(stream):
        size = next(sizes, 997)
        rest += stream[at : at + size]
        at += size
        used, part = cut(rest)
        rest = rest[used:]
        found += part
    frames = [f for f in found if isinstance(f, Frame)]
    assert frames
    assert frames[-1].segment == SHORT
    assert rest == b""


@given(st.binary(max_size=200))
def test_any_segment_is_a_message_or_none(data: bytes) -> None:
    for segment in (data, b"MN=1;CN=2011;CP=&&" + data):
        try:
            message = parse(segment)
        except NotAMessage:
            continue
        message.items()
        assert message.exchange is not None


def test_a_header_that_fits_no_answer_is_refused() -> None:
    segment = SEGMENT.replace(b"PW=123456", b"PW=" + b"9" * 9000)
    judged = _judged(_frame(segment), _with("long_segment", password=""))
    assert isinstance(judged, Unknown)
    assert "header of" in judged.detail


def test_a_crc_variant_and_a_quirk_go_together() -> None:
    segment = SEGMENT
    data = b"##%04d%b%04X\r\n" % (len(segment) + 6, segment, VARIANTS["hj212_swapped"](segment))
    assert isinstance(_judged(data, _with("length_off", crc="hj212_swapped")), Known)
    assert isinstance(_judged(data, _with("length_off")), Unknown)
