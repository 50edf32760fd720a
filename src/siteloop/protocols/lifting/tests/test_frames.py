"""The lifting families against recorded frames, frames worked out by hand, arbitrary splits and arbitrary bytes."""

import datetime as dt

import pytest

from siteloop.kernel.block import Kind
from siteloop.kernel.lifting import (
    CraneAlarm,
    CraneLimit,
    CraneSensor,
    HoistAlarm,
    HoistState,
    mask,
    set_bits,
)
from siteloop.kernel.profiles import PROFILES
from siteloop.kernel.quality import Quality
from siteloop.kernel.reasons import Reason
from siteloop.kernel.times import SECOND, SHANGHAI, to_us
from siteloop.protocols.clock import as_bcd, bcd_time
from siteloop.protocols.framing import Refusal
from siteloop.protocols.lifting import a55a, bits, goyo_crane, goyo_hoist, stream
from siteloop.protocols.lifting.frame import Frame, crc_xmodem
from siteloop.protocols.lifting.tests.samples import (
    AT,
    CRANE_CYCLE,
    HOIST_CHANGED,
    HOIST_HEARTBEAT,
    HOIST_REALTIME,
    HOIST_RUN_TIME,
    crane_words,
    one,
    row_of,
)
from siteloop.protocols.rows import NoReading

# ---- recorded frames


def test_the_hoist_crc_is_xmodem_in_every_recorded_frame() -> None:
    assert crc_xmodem(b"123456789") == 0x31C3  # the published check value
    for raw in (HOIST_REALTIME, HOIST_HEARTBEAT, HOIST_RUN_TIME):
        assert crc_xmodem(raw[8:-4]) == int.from_bytes(raw[-4:-2], "little")


@pytest.mark.requirement("IOT-03")
def test_a_recorded_hoist_frame_is_read() -> None:
    frame = one(HOIST_REALTIME)
    profile, reading = stream.read(frame, "hoist", {})
    assert (profile, frame.code) == ("hoist", "LA000214")
    assert reading.at == to_us(dt.datetime(2017, 10, 27, 8, 0, 0, tzinfo=SHANGHAI))
    row = row_of(reading, "hoist")
    assert (row["load"], row["height"], row["floor"], row["persons"]) == (0, 17.4, 4, 0)
    assert row["load_percent"] == 0
    assert set_bits(row["warning_bits"], HoistAlarm) == [HoistAlarm.WIND]
    assert row["alarm_bits"] == 0


def test_a_hoist_heartbeat_without_a_length_ends_where_its_crc_fits() -> None:
    frame = one(HOIST_HEARTBEAT)
    assert (frame.command, frame.code) == (goyo_hoist.Command.HEARTBEAT, "LA000011")
    assert bcd_time(frame.data[8:14]) == to_us(dt.datetime(2017, 3, 14, 16, 47, 12, tzinfo=SHANGHAI))


@pytest.mark.requirement("TC-13", "TC-15")
def test_a_recorded_crane_work_cycle_is_read_with_its_sum_and_length() -> None:
    profile, reading = stream.read(one(CRANE_CYCLE), "tower_crane", {})
    assert (profile, reading.kind) == ("crane_cycle", Kind.CYCLE)
    assert reading.at == to_us(dt.datetime(2019, 1, 8, 10, 28, 33, tzinfo=SHANGHAI))
    row = row_of(reading, "crane_cycle")
    assert row["duration"] == 60
    assert row["max_load"] == pytest.approx(6.099)
    assert (row["max_height"], row["min_height"], row["pick_height"], row["drop_height"]) == (30, 13, 13, 26)
    assert "max_moment_percent" not in row  # its unit is not known


def test_the_moment_of_a_cycle_is_kept_once_the_device_says_its_unit() -> None:
    _, reading = stream.read(one(CRANE_CYCLE), "tower_crane", {"max_moment_percent": 0.1})
    assert row_of(reading, "crane_cycle")["max_moment_percent"] == pytest.approx(19.9)


def test_a_wrong_sum_is_refused_as_such_and_whole() -> None:
    used, found = stream.cut(HOIST_CHANGED + CRANE_CYCLE)
    assert used == len(HOIST_CHANGED + CRANE_CYCLE)
    refusal, frame = found
    assert isinstance(refusal, Refusal)
    assert (refusal.reason, refusal.raw) == (Reason.CRC, HOIST_CHANGED)
    assert isinstance(frame, Frame)


# ---- frames worked out by hand from the layouts


@pytest.mark.requirement("TC-06", "TC-07", "TC-12", "TC-13")
def test_a_crane_frame_by_its_offsets() -> None:
    frame = one(crane_words(warn=1 << 3, alarm=1 << 1 | 1 << 16))
    _, reading = stream.read(frame, "tower_crane", {})
    row = row_of(reading, "tower_crane")
    assert (frame.code, reading.at) == ("TC000001", AT)
    assert goyo_crane.position(frame) == (120.73456, 30.75123)
    expected = {
        "hook_height": 35.5,
        "radius": 20,
        "slewing": 270,
        "load": 4,
        "load_percent": 80,
        "moment": 80,
        "moment_percent": 50,
        "wind_speed": 5.2,
        "tilt_x": -0.35,
        "tilt_y": 0.12,
        "falls": 4,
        "limit_bits": 0,
        "sensor_bits": 0,
        "warning_bits": mask(CraneAlarm.MOMENT),
        "alarm_bits": mask(CraneAlarm.OVERLOAD, CraneAlarm.UP_LIMIT),
    }
    assert row == pytest.approx(expected)


def test_the_drivers_card_is_not_kept() -> None:
    frame = one(crane_words())
    assert b"330102199001011234" in frame.raw
    assert b"330102199001011234" not in frame.kept
    assert len(frame.kept) == len(frame.raw)


@pytest.mark.requirement("TC-08", "TC-09")
@pytest.mark.parametrize(
    ("quirks", "expected"),
    [
        ((), []),
        (("limit_bits_tcsm",), [CraneLimit.WIND_ALARM, CraneLimit.LOCKED]),
        (("limit_bits_goyo",), [CraneLimit.WIND_ALARM]),
    ],
)
def test_disputed_limit_bits_count_only_where_a_device_says_whose_they_are(
    quirks: tuple[str, ...], expected: list[CraneLimit]
) -> None:
    _, reading = stream.read(one(crane_words(limits=1 << 13 | 1 << 15)), "tower_crane", {}, quirks)
    assert set_bits(row_of(reading, "tower_crane")["limit_bits"], CraneLimit) == expected
    _, reading = stream.read(one(crane_words(limits=1 << 9)), "tower_crane", {}, quirks)
    assert set_bits(row_of(reading, "tower_crane")["limit_bits"], CraneLimit) == [CraneLimit.OUTER]


@pytest.mark.requirement("TC-14")
def test_a_sensor_bit_is_a_fault_only_where_a_device_says_so() -> None:
    frame = one(crane_words(sensors=mask(CraneSensor.WIND)))
    index = PROFILES["tower_crane"].index("wind_speed")
    assert stream.read(frame, "tower_crane", {})[1].quality[index] == Quality.NORMAL
    faulty = stream.read(frame, "tower_crane", {}, ("sensor_bit_is_fault",))[1]
    assert faulty.quality[index] == Quality.FAULT


def test_every_quirk_of_the_bit_tables_is_known() -> None:
    assert bits.quirks() == {"limit_bits_tcsm", "limit_bits_goyo"}


@pytest.mark.parametrize("name", sorted(bits.tables()))
def test_every_line_of_the_bit_tables_names_a_bit_of_ours(name: str) -> None:
    entry = bits.tables()[name]
    kind = HoistAlarm if "hoist" in name else CraneLimit if "limit" in name else CraneAlarm
    kind = CraneSensor if "sensor" in name else kind
    words = [
        *entry.get("bits", {}).values(),
        *entry.get("codes", {}).values(),
        *entry.get("pairs", {}).values(),
    ]
    words += [n for d in entry.get("disputed", {}).values() for n in d.values()]
    assert words
    assert all(word in kind.__members__ for word in words)
    assert entry["flag"] in ("C", "S", "S2")


@pytest.mark.requirement("TC-10")
@pytest.mark.parametrize(
    ("code", "warnings", "alarms"),
    [
        (12, [], [CraneAlarm.OVERLOAD]),
        (25, [CraneAlarm.WIND], []),
        (113, [], [CraneAlarm.COLLISION]),
        (0, [], []),
        (99, [], []),
    ],
)
def test_the_alarm_code_of_an_a55a_crane(
    code: int, warnings: list[CraneAlarm], alarms: list[CraneAlarm]
) -> None:
    # version, 2026-03-04 05:06:07 in binary, maker, height 35.5, radius 20, slewing 270, load 4, wind 5.2, tilt -0.3,
    # 80 % load, 50 % moment, wind, tilt, alarm, brake
    data = bytes.fromhex("02 1A0304050607 11 0163 00C8 0A8C 0FA0 0034 FFFD 50 32 00 00".replace(" ", ""))
    frame = one(a55a.build(0x0C, "90F72F", data + bytes((code, 0))))
    _, reading = stream.read(frame, "tower_crane", {})
    row = row_of(reading, "tower_crane")
    assert reading.at == AT
    assert (row["hook_height"], row["radius"], row["slewing"], row["load"]) == (35.5, 20, 270, 4)
    assert (row["wind_speed"], row["tilt_x"], row["load_percent"], row["moment_percent"]) == (
        5.2,
        -0.3,
        80,
        50,
    )
    assert set_bits(row["warning_bits"], CraneAlarm) == warnings
    assert set_bits(row["alarm_bits"], CraneAlarm) == alarms


def test_an_a55a_hoist_frame_by_its_layout() -> None:
    # speed 0x29 = 10 (1.0 m/s) and 1 (up); tilt 1463 and 1512 around zero 1500; driver, front door open
    # status: weight 2 (alarm), height 1 (warning), back door lock
    data = bytes.fromhex("1A0304050607 05DC 4B 07 02A7 21 29 05B7 00 05E8 00 01 01 0806".replace(" ", ""))
    _, reading = stream.read(one(a55a.build(0x10, "5B8D88", data)), "hoist", {})
    row = row_of(reading, "hoist")
    assert (row["load"], row["load_percent"], row["persons"], row["height"]) == (1500, 75, 7, 67.9)
    assert (row["speed"], row["direction"], row["tilt_x"], row["tilt_y"]) == (1.0, 1, -0.37, 0.12)
    assert set_bits(row["state_bits"], HoistState) == [HoistState.FRONT_DOOR_OPEN, HoistState.DRIVER_VERIFIED]
    assert set_bits(row["warning_bits"], HoistAlarm) == [HoistAlarm.HEIGHT_LIMIT]
    assert set_bits(row["alarm_bits"], HoistAlarm) == [HoistAlarm.OVERLOAD, HoistAlarm.BACK_DOOR_LOCK]


def test_a_hoist_cycle_goes_where_its_heights_go_and_its_driver_is_not_kept() -> None:
    driver = b"Zhang San".ljust(32, b"\0") + b"330102199001011234"
    data = bytes.fromhex("120C070F1905 120C070F182E 120C070F1832".replace(" ", "")) + driver
    data += bytes.fromhex("000000 02AF 02DE 002F 02 0F 0000 0000 00 0000".replace(" ", ""))
    frame = one(a55a.build(0x13, "5B8D88", data))
    profile, reading = stream.read(frame, "hoist", {})
    row = row_of(reading, profile)
    assert (row["start_height"], row["end_height"], row["travel"], row["mean_speed"]) == (
        68.7,
        73.4,
        4.7,
        1.5,
    )
    assert (row["direction"], row["duration"]) == (1, 4)
    assert b"330102199001011234" not in frame.kept
    assert b"Zhang" not in frame.kept


def test_a_parameter_upload_tells_the_load_chart() -> None:
    data = bytearray(106)
    data[0:8] = b"TC000001"
    data[14] = 4
    data[51:59] = b"".join(v.to_bytes(2, "little") for v in (8000, 133, 500, 1300))
    data[59:67] = b"".join(v.to_bytes(2, "little") for v in (4000, 255, 560, 1200))
    data[70:82] = b"".join(v.to_bytes(2, "little") for v in (120, 80, 56, 14, 45, 7))
    data[102:106] = bytes((90, 105, 90, 105))
    found = goyo_crane.parameters(one(goyo_crane.build(4, bytes(data) + b"V2.0.2")))
    assert found.charts == ((4, 8000, 13.3, 50.0, 1300), (2, 4000, 25.5, 56.0, 1200))
    assert (found.base_x, found.base_y, found.jib, found.counter_jib) == (120, 80, 56, 14)
    assert (found.moment_slow_percent, found.load_cut_percent, found.software) == (90, 105, "V2.0.2")


# ---- answers


def test_a_heartbeat_with_a_wrong_clock_is_told_the_time() -> None:
    right = one(goyo_crane.heartbeat("TC000001", AT + 20 * SECOND))
    wrong = one(goyo_crane.heartbeat("TC000001", AT - 3600 * SECOND))
    assert stream.answer(right, AT) == bytes.fromhex("7E7E11000100 00 00 7D7D".replace(" ", ""))
    assert stream.answer(wrong, AT) == bytes.fromhex("7E7E11000700 01 260304050607 00 7D7D".replace(" ", ""))
    hoist = one(goyo_hoist.heartbeat("LA000011", AT - 3600 * SECOND))
    told = one(stream.answer(hoist, AT))
    assert (told.command, told.data) == (0, b"\x01" + as_bcd(AT))


def test_a_registration_is_answered_in_the_layout_of_the_known_server() -> None:
    frame = one(a55a.build(0x60, "90F72F", b"", number=2))
    told = stream.answer(frame, AT)
    body = bytes.fromhex("A55A61 02 90F72F 01 260304050607 0F".replace(" ", ""))
    assert told == body + bytes((sum(body) % 256, 0x0F)) + bytes.fromhex("CC33C33C")


@pytest.mark.parametrize("command", [3, 7, 9])
def test_stored_data_and_notices_of_a_hoist_are_confirmed_empty(command: int) -> None:
    frame = one(goyo_hoist.build(command, b"LA000011"))
    assert stream.answer(frame, AT) == bytes.fromhex(f"7A7A010206{command:02X}000000007B7B")


# ---- refusals


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (bytes.fromhex("7E7E0E01") + bytes(20), Reason.UNSUPPORTED),  # an older version with another layout
        (bytes.fromhex("7A7A0103000132") + bytes(20), Reason.UNSUPPORTED),
        (bytes.fromhex("7E7E1101FFFF") + bytes(20), Reason.LENGTH),
        (HOIST_REALTIME[:20] + b"\x55" + HOIST_REALTIME[21:], Reason.CRC),
        (b"GET / HTTP/1.1\r\n\r\n", Reason.MALFORMED),
    ],
)
def test_what_is_no_frame_is_refused_with_its_reason(raw: bytes, reason: Reason) -> None:
    used, found = stream.cut(raw + CRANE_CYCLE)
    assert used == len(raw + CRANE_CYCLE)
    assert [f.reason for f in found if isinstance(f, Refusal)] == [reason]
    assert isinstance(found[-1], Frame)


def test_a_time_that_is_no_time_is_malformed() -> None:
    raw = bytearray(crane_words())
    raw[32] = 0xFA
    with pytest.raises(NoReading) as no:
        stream.read(one(bytes(raw)), "tower_crane", {})
    assert no.value.reason is Reason.MALFORMED


def test_a_frame_of_another_kind_of_device_is_unsupported() -> None:
    with pytest.raises(NoReading) as no:
        stream.read(one(HOIST_REALTIME), "tower_crane", {})
    assert no.value.reason is Reason.UNSUPPORTED


@pytest.mark.parametrize("data", [b"\xfa\x01\x01\x00\x00\x00", b"\x26\x13\x01\x00\x00\x00", b"\x26"])
def test_no_packed_decimal_time(data: bytes) -> None:
    with pytest.raises(ValueError):
        bcd_time(data)
