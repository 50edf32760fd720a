"""JT/T 808 against published frames, frames worked out by hand from the layouts, arbitrary splits and arbitrary bytes."""

import contextlib
import datetime as dt
import math
from functools import reduce
from operator import xor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siteloop.kernel.profiles import PROFILES
from siteloop.kernel.quality import Quality
from siteloop.kernel.reasons import Reason
from siteloop.kernel.times import SECOND, SHANGHAI, to_us
from siteloop.kernel.vehicle import ALARMS, STATES, UNSURE_ALARMS, names, whole
from siteloop.protocols.framing import Refusal
from siteloop.protocols.jt808 import messages
from siteloop.protocols.jt808.frame import LONGEST, REST, Packet, build, cut, escape, unescape
from siteloop.protocols.jt808.messages import Id, Registered, Registration
from siteloop.protocols.jt808.parts import Assembly
from siteloop.protocols.jt808.reading import readings
from siteloop.protocols.rows import NoReading

# published in the documentation of an open implementation; both escapes occur (standards.md 8)
LOCATION = bytes.fromhex(
    "7E02000026123456789012007D02000000010000000200BA7F0E07E4F11C0028003C00001810151010100104000000640202007D01137E"
)
# a registration and its answer as printed by a 2019 terminal simulator
REGISTER_2019 = bytes.fromhex(
    "7E0100405401000000000002234567890000000B00650123456789ABCDEF000000"
    "0123456789ABCDEF00000000000000000000000000000000000000000000"
    "0123456789ABCDEF00000000000000000000000000000000000000000000"
    "01BEA94431323334359 37E".replace(" ", "")
)
ANSWER_2019 = bytes.fromhex(
    "7E8100401701000000000002234567890000000000 6E75676D51525634 61786C4C476A6A6F6E413D3D137E".replace(
        " ", ""
    )
)
AT = to_us(dt.datetime(2026, 3, 4, 5, 6, 7, tzinfo=SHANGHAI))
DOCS = Path(__file__).parents[5] / "docs" / "protocols"


def _one(raw: bytes) -> Packet:
    used, found = cut(raw)
    assert raw[used:] == REST
    (packet,) = found
    assert isinstance(packet, Packet), packet
    return packet


def _values(packet: Packet) -> dict[str, float]:
    (found,) = readings(packet, {})
    fields = [f.name for f in PROFILES["vehicle"].fields]
    return {n: v for n, v in zip(fields, found.row.values, strict=True) if not math.isnan(v)}


# ---- published frames


@pytest.mark.requirement("IOT-03")
def test_the_published_location_is_read() -> None:
    packet = _one(LOCATION)
    assert (packet.id, packet.terminal, packet.serial, packet.is_2019) == (
        0x0200,
        "123456789012",
        0x7E,
        False,
    )
    (found,) = readings(packet, {})
    assert (found.row.at, found.is_late) == (
        to_us(dt.datetime(2018, 10, 15, 10, 10, 10, tzinfo=SHANGHAI)),
        False,
    )
    said = _values(packet)
    assert (said["lat"], said["lon"]) == (12.222222, 132.444444)
    assert (said["altitude"], said["speed"], said["heading"]) == (40, 6.0, 0)
    assert (said["mileage"], said["fuel"]) == (10.0, 12.5)
    assert names(whole(said["alarm_low"], said["alarm_high"]), ALARMS) == [("紧急报警", "emergency")]
    assert names(whole(said["status_low"], said["status_high"]), STATES) == [("已定位", "fixed")]


def test_the_published_registration_of_2019_is_read_and_answered_byte_for_byte() -> None:
    packet = _one(REGISTER_2019)
    assert (packet.is_2019, packet.version, packet.terminal, packet.serial) == (True, 1, "223456789", 0)
    found = messages.registration(packet)
    assert (found.province, found.city, found.plate_colour, found.plate) == (11, 101, 1, "京D12345")
    body = messages.registration_answer(packet, Registered.OK, "nugmQRV4axlLGjjonA==")
    (told,) = build(Id.REGISTER_ANSWER, packet.terminal, 0, body, is_2019=True)
    assert told == ANSWER_2019


# ---- frames worked out by hand


def _raw(content: str) -> bytes:
    """Marks and check around hexadecimal content (no byte of it needs escaping)."""
    data = bytes.fromhex(content.replace(" ", ""))
    return b"\x7e" + data + bytes((reduce(xor, data),)) + b"\x7e"


def test_a_heartbeat_by_its_layout() -> None:
    packet = _one(_raw("0002 0000 013912345678 0005"))
    assert (packet.id, packet.terminal, packet.serial, packet.body) == (Id.HEARTBEAT, "13912345678", 5, b"")
    (told,) = build(Id.PLATFORM_ANSWER, packet.terminal, 9, messages.general_answer(packet, 0))
    assert told == _raw("8001 0005 013912345678 0009 0005 0002 00")


@pytest.mark.parametrize(
    ("is_2019", "content", "code"),
    [
        (False, "0102 0006 013912345678 0001 313233343536", "123456"),
        (True, "0102 402A 01 00000000013912345678 0001 06 313233343536" + "31" * 15 + "32" * 20, "123456"),
    ],
)
def test_an_authentication_of_either_version(is_2019: bool, content: str, code: str) -> None:
    packet = _one(_raw(content))
    assert (packet.is_2019, messages.authentication(packet)) == (is_2019, code)


def test_a_full_muck_truck_by_its_bits() -> None:
    # alarm 1 (speeding) and 20 (area); status ACC, fixed, load 11 full, BeiDou, moving
    status = 1 << 0 | 1 << 1 | 3 << 8 | 1 << 19 | 1 << 22
    body = (
        f"{1 << 1 | 1 << 20:08X} {status:08X} 01D5A5C0 07328C58 0014 0258 010E 260304050607 30 01 1F 31 01 0C"
    )
    said = _values(_one(_raw("0200 0022 013912345678 0007" + body)))
    assert (said["lat"], said["lon"]) == (30.778816, 120.753240)
    assert (said["load_state"], said["speed"], said["heading"], said["altitude"]) == (3, 60.0, 270, 20)
    assert (said["signal"], said["satellites"]) == (31, 12)
    alarms = [zh for zh, _ in names(whole(said["alarm_low"], said["alarm_high"]), ALARMS)]
    assert alarms == ["超速", "进出区域"]
    states = [zh for zh, _ in names(whole(said["status_low"], said["status_high"]), STATES)]
    assert states == ["ACC 开", "已定位", "使用北斗", "行驶中"]


def test_south_and_west_are_negative() -> None:
    body = messages.location_body(lon=-70.5, lat=-33.25, at=AT)
    said = _values(_one(build(Id.LOCATION, "1", 0, body)[0]))
    assert (said["lon"], said["lat"]) == (-70.5, -33.25)


@pytest.mark.requirement("SEC-09")
def test_a_position_without_a_fix_is_doubted_and_an_encrypted_one_left_out() -> None:
    fields = [f.name for f in PROFILES["vehicle"].fields]
    for status, lon, load in ((1, Quality.SUSPECT, Quality.NORMAL), (2 | 32, Quality.ABSENT, Quality.NORMAL)):
        body = messages.location_body(lon=120.7, lat=30.7, at=AT, status=status)
        (found,) = readings(_one(build(Id.LOCATION, "1", 0, body)[0]), {})
        quality = dict(zip(fields, found.row.quality, strict=True))
        assert (quality["lon"], quality["load_state"]) == (lon, load)


@pytest.mark.requirement("IOT-07")
def test_a_batch_handed_in_late_says_so() -> None:
    bodies = [messages.location_body(lon=120.7, lat=30.7, at=AT + i * SECOND) for i in range(3)]
    packet = _one(build(Id.BATCH, "1", 0, messages.batch_body(bodies, is_stored=True))[0])
    found = readings(packet, {})
    assert [(f.row.at, f.is_late) for f in found] == [(AT + i * SECOND, True) for i in range(3)]


@pytest.mark.parametrize("wrong", [b"", b"\x00\x01", b"\x00\x02\x00\x00\x05ab", b"\x00\x01\x00\x00\x1c"])
def test_a_batch_cut_short_is_malformed(wrong: bytes) -> None:
    with pytest.raises(NoReading) as no:
        readings(_one(build(Id.BATCH, "1", 0, wrong)[0]), {})
    assert no.value.reason is Reason.MALFORMED


def test_an_encrypted_body_is_not_guessed_at() -> None:
    data = bytes.fromhex("0200 0401 013912345678 0007 55".replace(" ", ""))
    packet = _one(b"\x7e" + data + bytes((reduce(xor, data),)) + b"\x7e")
    assert packet.encryption == 1
    with pytest.raises(NoReading) as no:
        readings(packet, {})
    assert no.value.reason is Reason.UNSUPPORTED


def test_the_request_for_missing_parts_counts_in_a_byte_or_a_word() -> None:
    assert messages.resend(7, [2, 5], is_2019=False) == bytes.fromhex("00070200020005")
    assert messages.resend(7, [2, 5], is_2019=True) == bytes.fromhex("0007000200020005")


def test_the_bits_on_which_sources_disagree_are_marked() -> None:
    assert set(ALARMS) == set(range(32))
    assert {29, 31} <= UNSURE_ALARMS <= set(ALARMS)


def test_every_field_stands_in_the_docs() -> None:
    page = (DOCS / "jt808.md").read_text()
    assert [f.name for f in PROFILES["vehicle"].fields if f.name not in page] == []


# ---- refusals


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (LOCATION[:-2] + b"\x14\x7e", Reason.CRC),
        (_raw("0200 0027 123456789012 007F 00000001"), Reason.LENGTH),
        (b"\x7e\x02\x00\x7d\x05\x26\x12\x34\x56\x78\x90\x12\x00\x7f\x00\x7e", Reason.MALFORMED),
        (b"\x7e\x02\x00\x7e", Reason.LENGTH),
        (b"GET / HTTP/1.1\r\n\r\n", Reason.MALFORMED),
        (b"\x7e" + b"\x01" * (LONGEST + 10), Reason.LENGTH),
    ],
)
def test_what_is_no_packet_is_refused_with_its_reason(raw: bytes, reason: Reason) -> None:
    used, found = cut(raw + LOCATION)
    assert (raw + LOCATION)[used:] == REST
    assert [f.reason for f in found if isinstance(f, Refusal)] == [reason]
    assert isinstance(found[-1], Packet)
    assert found[-1].raw == LOCATION


def test_a_lost_mark_costs_at_most_its_own_packet() -> None:
    _, found = cut(LOCATION[:-1] + LOCATION + LOCATION[1:])
    assert [f.raw for f in found if isinstance(f, Packet)] == [
        LOCATION
    ] * 3  # a mark may close one and open the next
    _, found = cut(LOCATION[1:] + LOCATION)
    assert [f.raw for f in found if isinstance(f, Packet)] == [LOCATION]


# ---- split messages


def test_parts_in_any_order_make_the_message() -> None:
    body = bytes(range(256)) * 10
    frames = build(Id.BATCH, "13912345678", 65_534, body)
    assert len(frames) == 3
    packets = [_one(raw) for raw in frames]
    assert [p.serial for p in packets] == [65_534, 65_535, 0]
    assembly = Assembly()
    assert assembly.add(packets[2]) is None
    assert assembly.missing(packets[2]) == (65_534, [1, 2])
    assert assembly.add(packets[0]) is None
    assert assembly.add(packets[0]) is None  # sent twice
    whole_message = assembly.add(packets[1])
    assert whole_message is not None
    assert (whole_message.body, whole_message.total, whole_message.serial) == (body, 0, 65_534)
    assert assembly.held == 0


def test_unfinished_messages_do_not_grow_memory() -> None:
    assembly = Assembly(most_groups=4, most_parts=3)
    for n in range(50):
        part = Packet(Id.BATCH, "1", 10 * n, bytes(1000), b"", total=3, index=1)
        assert assembly.add(part) is None
    assert assembly.held <= 4 * 1000
    assert assembly.given_up == 46
    for total, index in ((4, 1), (3, 0), (3, 4), (65_535, 1)):
        assert assembly.add(Packet(Id.BATCH, "1", 7, bytes(1000), b"", total=total, index=index)) is None
    assert assembly.held <= 4 * 1000


# ---- properties

_bodies = st.binary(max_size=400)
_terminals = st.integers(1, 10**12 - 1).map(str)


@given(st.integers(0, 0xFFFF), _terminals, st.integers(0, 0xFFFF), st.binary(max_size=4000), st.booleans())
def test_messages_round_trip_whole_or_split(
    id_: int, terminal: str, serial: int, body: bytes, is_2019: bool
) -> None:
    assembly, whole_message = Assembly(), None
    for raw in build(id_, terminal, serial, body, is_2019=is_2019):
        packet = _one(raw)
        assert (packet.id, packet.terminal, packet.is_2019) == (id_, terminal, is_2019)
        whole_message = assembly.add(packet)
    assert whole_message is not None
    assert (whole_message.body, whole_message.serial) == (body, serial)


@given(st.binary(max_size=300))
def test_escaping_round_trips_and_leaves_no_mark(data: bytes) -> None:
    assert unescape(escape(data)) == data
    assert b"\x7e" not in escape(data)


@given(
    st.floats(-179.9, 179.9),
    st.floats(-89.9, 89.9),
    st.integers(0, 6000),
    st.integers(0, 2500),
    st.integers(0, 359),
    st.integers(0, 2**32 - 1),
    st.dictionaries(st.integers(0, 255), st.binary(max_size=20), max_size=5),
)
def test_locations_round_trip(
    lon: float, lat: float, altitude: int, speed: int, heading: int, alarm: int, extras: dict[int, bytes]
) -> None:
    body = messages.location_body(
        lon=lon,
        lat=lat,
        at=AT,
        altitude=altitude,
        speed=speed / 10,
        heading=heading,
        alarm=alarm,
        extras=extras,
    )
    found = messages.location(body)
    assert (found.lon, found.lat) == pytest.approx((lon, lat), abs=1e-6)
    assert (found.altitude, found.speed, found.heading, found.at) == (altitude, speed / 10, heading, AT)
    assert (found.alarm, found.extras) == (alarm, extras)


@given(
    st.builds(
        Registration,
        province=st.integers(0, 99),
        city=st.integers(0, 9999),
        maker=st.text("ABC123", max_size=5),
        model=st.text("ABC123", max_size=20),
        terminal=st.text("ABC123", max_size=7),
        plate_colour=st.integers(0, 9),
        plate=st.sampled_from(["浙F12345", "浙F·D1234", ""]),
    ),
    st.booleans(),
)
def test_registrations_round_trip(said: Registration, is_2019: bool) -> None:
    raw = build(Id.REGISTER, "1", 0, messages.registration_body(said, is_2019), is_2019=is_2019)[0]
    assert messages.registration(_one(raw)) == said


_good = st.tuples(st.integers(0, 0xFFFF), _terminals, _bodies, st.booleans()).map(
    lambda t: build(t[0], t[1], 1, t[2], is_2019=t[3])[0]
)
_garbage = st.one_of(
    st.binary(max_size=40).filter(lambda b: b"\x7e" not in b),
    st.sampled_from([b"\x7e", b"\x7e\x7e", b"\x7e\x01\x02\x7e", LOCATION[:-1]]),
)


@settings(max_examples=200)
@given(
    st.lists(st.tuples(_garbage, _good), max_size=5), st.lists(st.integers(1, 90), min_size=1, max_size=40)
)
def test_garbage_and_any_splits_lose_no_good_packet(
    pieces: list[tuple[bytes, bytes]], steps: list[int]
) -> None:
    stream = b"".join(junk + good for junk, good in pieces)
    found: list[bytes] = []
    rest, at, turn = b"", 0, 0
    while at < len(stream):
        step = steps[turn % len(steps)]
        rest += stream[at : at + step]
        used, got = cut(rest)
        rest = rest[used:]
        assert len(rest) < LONGEST
        found += [p.raw for p in got if isinstance(p, Packet)]
        at, turn = at + step, turn + 1
    expected = [good for _, good in pieces]
    assert [raw for raw in found if raw != LOCATION] == expected


@settings(max_examples=300)
@given(st.binary(max_size=5000))
def test_arbitrary_bytes_raise_nothing_and_leave_little(data: bytes) -> None:
    used, _ = cut(data)
    assert 0 <= used <= len(data)
    assert len(data) - used < LONGEST


@settings(max_examples=300)
@given(st.sampled_from(list(Id)), st.binary(max_size=120), st.booleans())
def test_any_body_is_read_or_refused(id_: int, body: bytes, is_2019: bool) -> None:
    packet = _one(build(id_, "1", 0, body, is_2019=is_2019)[0])
    messages.answered(body)
    for read in (lambda: readings(packet, {}), lambda: messages.registration(packet)):
        with contextlib.suppress(NoReading):
            read()
    with contextlib.suppress(NoReading):
        messages.authentication(packet)
