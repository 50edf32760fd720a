"""Weighbridge frames against the maker's examples, arbitrary splits and arbitrary bytes."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siteloop.kernel.profiles import PROFILES
from siteloop.kernel.quality import Quality
from siteloop.kernel.reasons import Reason
from siteloop.protocols import framing
from siteloop.protocols.framing import Refusal
from siteloop.protocols.rows import NoReading
from siteloop.protocols.weighbridge import xk3190
from siteloop.protocols.weighbridge.xk3190 import Command, Frame, Steady, ask, continuous, cut, reading

AT = 1_790_000_000_000_000
INDEX = PROFILES["weighbridge"].index


def _one(raw: bytes) -> Frame:
    used, found = cut(raw)
    assert used == len(raw)
    (frame,) = found
    assert isinstance(frame, Frame), frame
    return frame


# ---- published frames


@pytest.mark.parametrize(
    ("raw", "weight"),
    [
        (b"\x02+012345319\x03", 12.345),  # standards.md 8: XOR of +0123453 is 19
        (b"\x02+00200021B\x03", 20.0),  # a public description: +20.00, XOR 1B
        (b"\x02-00100001C\x03", -1000.0),  # 2D ^ 31 = 1C, the six digits 0 and the decimals cancel out
    ],
)
def test_a_continuous_frame_is_a_weight(raw: bytes, weight: float) -> None:
    assert _one(raw).weight == pytest.approx(weight)


@pytest.mark.parametrize(
    ("command", "raw"),
    [
        (Command.HANDSHAKE, "024141303003"),
        (Command.GROSS, "024142303303"),
        (Command.TARE, "024143303203"),
        (Command.NET, "024144303503"),
        (Command.TRUCK, "024145303403"),
        (Command.CARGO, "024146303703"),
    ],
)
def test_the_commands_are_those_of_the_manual(command: Command, raw: str) -> None:
    assert ask("A", command) == bytes.fromhex(raw)


def test_either_way_to_write_the_check_is_taken() -> None:
    content = b"+0020002"  # XOR 1B: as "1B", as "1b", as 31 3B
    for check in (b"1B", b"1b", b"1;"):
        assert _one(b"\x02" + content + check + b"\x03").weight == 20.0


# ---- readings


@pytest.mark.requirement("IOT-03")
def test_a_weight_goes_to_its_field_in_kilograms() -> None:
    row = reading(_one(xk3190.answer("A", Command.TARE, 15.32, 2)), AT, {"tare": 1000}, is_steady=True)
    assert row.values[INDEX("tare")] == pytest.approx(15_320)
    assert row.values[INDEX("stable")] == 1
    assert row.quality[INDEX("gross")] == Quality.ABSENT
    shown = reading(_one(continuous(-40)), AT, {}, shows="net")
    assert shown.values[INDEX("net")] == -40
    assert shown.quality[INDEX("stable")] == Quality.ABSENT


def test_a_handshake_carries_no_weight() -> None:
    with pytest.raises(NoReading) as no:
        reading(_one(ask("A", Command.HANDSHAKE)), AT, {})
    assert no.value.reason is Reason.NO_VALUES


def test_a_weight_is_steady_after_it_stood_still_and_not_while_it_creeps() -> None:
    steady = Steady(count=3, tolerance=20)
    assert [steady.see(w) for w in (0, 8000, 8010, 8020, 8030, 8010)] == [
        False,
        False,
        False,
        True,
        False,
        False,
    ]


# ---- refusals


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"\x02+012345318\x03", Reason.CRC),
        (b"\x02+01234A3" + xk3190.check_of(b"+01234A3") + b"\x03", Reason.MALFORMED),
        (b"\x02+012345919\x04", Reason.LENGTH),
        (b"\x029999", Reason.MALFORMED),
        (b"wn0003.17kg\r\n", Reason.MALFORMED),
    ],
)
def test_what_is_no_frame_is_refused_with_its_reason(raw: bytes, reason: Reason) -> None:
    good = continuous(100)
    used, found = cut(raw + good)
    assert used == len(raw + good)
    assert [f.reason for f in found if isinstance(f, Refusal)] == [reason]
    assert isinstance(found[-1], Frame)


@pytest.mark.parametrize("address", ["", "a", "AB", "1"])
def test_an_address_is_one_capital_letter(address: str) -> None:
    with pytest.raises(ValueError):
        ask(address, Command.GROSS)


def test_every_field_stands_in_the_docs() -> None:
    page = (Path(__file__).parents[5] / "docs" / "protocols" / "weighbridge.md").read_text()
    assert [f.name for f in PROFILES["weighbridge"].fields if f.name not in page] == []


# ---- properties

_weights = st.tuples(st.integers(-999_999, 999_999), st.integers(0, 4))
_good = st.one_of(
    _weights.map(lambda w: continuous(w[0] / 10 ** w[1], w[1])),
    st.tuples(
        st.sampled_from("ABCXYZ"), st.sampled_from([Command.GROSS, Command.TARE, Command.NET]), _weights
    ).map(lambda t: xk3190.answer(t[0], t[1], t[2][0] / 10 ** t[2][1], t[2][1])),
    st.text("0123456789", max_size=12).map(lambda n: xk3190.answer("A", Command.TRUCK, text=n)),
)


@given(_weights)
def test_weights_round_trip(weight: tuple[int, int]) -> None:
    value = weight[0] / 10 ** weight[1]
    assert _one(continuous(value, weight[1])).weight == pytest.approx(value)


@settings(max_examples=300)
@given(
    st.lists(st.tuples(st.binary(max_size=20), _good), max_size=6),
    st.lists(st.integers(1, 30), min_size=1, max_size=30),
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
    found = [f.raw for f in framing.frames(parts, xk3190.FAMILIES) if isinstance(f, Frame)]
    expected = [good for _, good in pieces]
    assert [raw for raw in found if raw in expected] == expected


@settings(max_examples=300)
@given(st.one_of(st.binary(max_size=300), st.text("\x02\x03+-AB0123456789", max_size=200).map(str.encode)))
def test_arbitrary_bytes_raise_nothing_and_leave_little(data: bytes) -> None:
    used, found = cut(data)
    assert len(data) - used < xk3190.LONGEST
    for frame in found:
        if isinstance(frame, Frame):
            with contextlib.suppress(NoReading):
                reading(frame, AT, {})
