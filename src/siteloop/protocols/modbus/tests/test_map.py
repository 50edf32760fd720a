"""Register maps: the documented example, faults named, planning, conversion, arbitrary maps and answers."""

import math
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siteloop.kernel.profiles import PROFILES
from siteloop.kernel.quality import Quality
from siteloop.kernel.reasons import Reason
from siteloop.protocols.modbus.map import (
    MOST_REGISTERS,
    BadMap,
    FieldMap,
    Order,
    RegisterMap,
    Request,
    Table,
    Type,
    load,
    plan,
    reading,
    value_of,
)
from siteloop.protocols.rows import NoReading

AT = 1_790_000_000_000_000
DOCS = Path(__file__).parents[5] / "docs" / "protocols"
EXAMPLE = "\n".join(
    line[4:] if line.startswith("    ") else "" for line in (DOCS / "modbus.md").read_text().splitlines()
)
INDEX = PROFILES["dust"].index


@pytest.mark.requirement("IOT-03")
def test_the_documented_map_is_asked_and_read() -> None:
    found = load(EXAMPLE)
    requests = plan(found)
    assert requests == [Request(Table.HOLDING, 0, 4), Request(Table.INPUT, 16, 4)]
    # -5.5 ℃ = FFC9; 101.3 kPa as f32 42CA999A, low word first
    answers = {requests[0]: [80, 0, 0, 615], requests[1]: [0xFFC9, 0, 0x999A, 0x42CA]}
    row = reading(found, answers, AT)
    assert row.values[INDEX("pm25")] == 80
    assert row.values[INDEX("noise")] == pytest.approx(61.5)
    assert row.values[INDEX("temperature")] == pytest.approx(-5.5)
    assert row.values[INDEX("pressure")] == pytest.approx(101.3)
    assert row.quality[INDEX("pm10")] == Quality.ABSENT


def test_what_was_not_answered_is_a_communication_fault_and_no_value_is_no_value() -> None:
    found = load(EXAMPLE)
    first, second = plan(found)
    row = reading(found, {first: [65_535, 0, 0, 615], second: None}, AT)
    assert row.quality[INDEX("pm25")] == Quality.NO_VALUE
    assert row.quality[INDEX("noise")] == Quality.NORMAL
    assert row.quality[INDEX("temperature")] == Quality.COMMUNICATION
    assert math.isnan(row.values[INDEX("temperature")])


@pytest.mark.parametrize("answer", [None, [], [1, 2]])
def test_a_silent_sensor_has_no_row(answer: list[int] | None) -> None:
    found = load(
        'profile = "dust"\n[[field]]\nname = "pm25"\nregister = 7\ntype = "u32"\n[[field]]\nname = "pm10"\nregister = 9'
    )
    (request,) = plan(found)
    with pytest.raises(NoReading) as no:
        reading(found, {request: answer[:1] if answer else answer}, AT)
    assert no.value.reason is Reason.NO_VALUES


@pytest.mark.parametrize(
    ("order", "registers"),
    [
        (Order.ABCD, [0x0102, 0x0304]),
        (Order.CDAB, [0x0304, 0x0102]),
        (Order.BADC, [0x0201, 0x0403]),
        (Order.DCBA, [0x0403, 0x0201]),
    ],
)
def test_the_four_byte_orders(order: Order, registers: list[int]) -> None:
    assert value_of(FieldMap("x", 0, type=Type.U32, words=order), registers) == 0x01020304


def test_a_bit_and_a_sign() -> None:
    assert value_of(FieldMap("x", 0, type=Type.BIT, bit=3), [0b1000]) == 1
    assert value_of(FieldMap("x", 0, type=Type.BIT, bit=2), [0b1000]) == 0
    assert value_of(FieldMap("x", 0, type=Type.I16), [0xFFFF]) == -1
    assert math.isnan(value_of(FieldMap("x", 0, type=Type.F32), [0x7F80, 0]))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("profile = ", "TOML"),
        ('profile = "dust"', "field"),
        ('profile = "dust"\nfield = []', "至少"),
        ('profile = "dragon"\n[[field]]\nname = "x"\nregister = 0', "dragon"),
        ('profile = "dust"\n[[field]]\nname = "load"\nregister = 0', "load"),
        (
            'profile = "dust"\n[[field]]\nname = "pm25"\nregister = 0\n[[field]]\nname = "pm25"\nregister = 1',
            "重复",
        ),
        ('profile = "dust"\n[[field]]\nname = "pm25"\nregister = 65536', "65536"),
        ('profile = "dust"\n[[field]]\nname = "pm25"\nregister = 65535\ntype = "f32"', "65535"),
        ('profile = "dust"\n[[field]]\nname = "pm25"\nregister = 0\ntype = "u64"', "u64"),
        ('profile = "dust"\n[[field]]\nname = "pm25"\nregister = 0\nbit = 16', "16"),
        ('profile = "dust"\n[[field]]\nname = "pm25"\nregister = 0\nscale = 0.0', "系数"),
        ('profile = "dust"\n[[field]]\nname = "pm25"\nregister = 0\nfactor = 2', "factor"),
        ('profile = "dust"\nunit = 300\n[[field]]\nname = "pm25"\nregister = 0', "300"),
    ],
)
def test_a_wrong_map_says_what_is_wrong(text: str, says: str) -> None:
    with pytest.raises(BadMap, match=says):
        load(text)


# ---- properties

_names = [f.name for f in PROFILES["tower_crane"].fields]
_fields = st.lists(
    st.builds(
        FieldMap,
        name=st.sampled_from(_names),
        register=st.integers(0, 400),
        table=st.sampled_from(Table),
        type=st.sampled_from(Type),
        words=st.sampled_from(Order),
    ),
    min_size=1,
    max_size=15,
    unique_by=lambda f: f.name,
).map(lambda fields: RegisterMap("tower_crane", tuple(fields)))


@given(_fields)
def test_a_plan_covers_every_field_within_the_limits(found: RegisterMap) -> None:
    requests = plan(found)
    assert all(1 <= r.count <= MOST_REGISTERS for r in requests)
    for one in found.field:
        assert any(
            r.table is one.table
            and r.register <= one.register
            and one.register + one.size <= r.register + r.count
            for r in requests
        )


@given(_fields, st.data())
def test_any_answer_is_a_row_or_none(found: RegisterMap, data: st.DataObject) -> None:
    registers = st.lists(st.integers(-1, 70_000), max_size=130)
    answers = {request: data.draw(st.none() | registers) for request in plan(found)}
    try:
        row = reading(found, answers, AT)
    except NoReading as no:
        assert no.reason is Reason.NO_VALUES
    else:
        assert len(row.values) == len(row.quality) == len(_names)


@given(st.floats(width=32, allow_nan=False, allow_infinity=False), st.sampled_from(Order))
def test_floats_round_trip_in_every_order(value: float, order: Order) -> None:
    a, b, c, d = struct.pack(">f", value)
    places = {"A": a, "B": b, "C": c, "D": d}
    w, x, y, z = (places[letter] for letter in order)
    assert value_of(FieldMap("x", 0, type=Type.F32, words=order), [w << 8 | x, y << 8 | z]) == value
