"""A false beginning, whatever length it declares, takes no good frame behind it with it, however the network cuts the stream.

One property for every codec that cuts a byte stream. MQTT has none: its packets cannot be found again once their lengths are lost,
so that the connection is closed (3.1.1, 4.8) and the device begins anew. Parts of multipart bodies are held to it beside their codec.
"""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from siteloop.protocols.framing import Refusal
from siteloop.protocols.hj212 import frame as hj212
from siteloop.protocols.hj212.crc import crc212, variant_of
from siteloop.protocols.jt808 import frame as jt808
from siteloop.protocols.lifting import a55a, goyo_crane, goyo_hoist, stream
from siteloop.protocols.weighbridge import xk3190

AT = 1_772_572_000_000_000
Cut = Callable[[bytes | bytearray], tuple[int, Sequence[Any]]]


def _dust(n: int) -> bytes:
    segment = (
        f"QN=2026080108585{n:04d};ST=39;CN=2011;PW=123456;MN=010000A8900016F000169DC0;Flag=5;"
        f"CP=&&DataTime=20260801085857;a34004-Rtd={n}.5,a34004-Flag=N;LA-Rtd=61.2,LA-Flag=N&&"
    ).encode()
    return hj212.build(segment, crc212(segment))


_hj212_heads = st.one_of(
    st.integers(0, 9999).map(lambda n: b"##%04d" % n),
    st.integers(80, 700).map(lambda n: b"##%04d" % n),  # about what one, two and three good frames are long
    st.integers(10, 999).map(lambda n: b"##%dQN=" % n),  # not padded
    st.sampled_from([b"#", b"##", b"###", b"##0", b"##00", b"##12", b"##123"]),
)
_hj212_rests = st.one_of(
    st.just(b""),
    st.integers(0, 180).map(lambda n: _dust(9)[6 : 6 + n]),  # a frame that was cut off
    st.binary(max_size=30),
    st.sampled_from([b"QN=1;CN=2011;CP=&&", b"&&1C80", b"&&1C80\r\n", b"CP=&&", b"##", b"##0186QN", b"\r\n"]),
)
_lengths = st.one_of(st.integers(0, 0xFFFF), st.integers(0, 400)).map(lambda n: n.to_bytes(2, "little"))

#: name -> (good frames, false beginnings, what cuts)
CODECS: dict[str, tuple[list[bytes], st.SearchStrategy[bytes], Cut]] = {
    "hj212": (
        [_dust(n) for n in range(4)],
        st.builds(lambda head, rest: head + rest, _hj212_heads, _hj212_rests),
        hj212.cut,
    ),
    "jt808": (
        [jt808.build(0x0200, f"1380013800{n}", n, bytes((n, 0x7E, 0x7D)))[0] for n in range(4)],
        st.builds(lambda declared, rest: b"\x7e\x02\x00" + declared + rest, _lengths, st.binary(max_size=60)),
        jt808.cut,
    ),
    "lifting": (
        [
            goyo_crane.realtime("TC0001", AT, {"load": 2.0}),
            goyo_hoist.realtime("LA0001", AT, {"load": 900}),
            a55a.crane_realtime("8D8812", AT, {"load": 3.0}),
            a55a.hoist_realtime("8D8813", AT, {"load": 800}),
        ],
        st.one_of(
            _lengths.map(lambda n: b"\x7a\x7a\x01\x02\x06\x01" + n),
            _lengths.map(lambda n: b"\x7e\x7e\x11\x01" + n),
            st.binary(max_size=40).map(lambda rest: b"\xa5\x5a" + rest),
        ),
        stream.cut,
    ),
    "weighbridge": (
        [xk3190.continuous(25_640 + n) for n in range(3)]
        + [xk3190.answer("A", xk3190.Command.GROSS, 31_200)],
        st.builds(
            lambda head, rest: b"\x02" + head + rest,
            st.sampled_from([b"", b"+", b"-0", b"AB", b"ZE123", b"+025640"]),
            st.binary(max_size=20),
        ),
        xk3190.cut,
    ),
}


def _heard(cut: Cut, whole: bytes, steps: list[int]) -> list[Any]:
    """What is found of bytes that come in pieces of these sizes."""
    rest, found, at, turn = b"", [], 0, 0
    while at < len(whole):
        step = steps[turn % len(steps)]
        rest += whole[at : at + step]
        used, some = cut(rest)
        rest, at, turn = rest[used:], at + step, turn + 1
        found += some
    return found


def _is_by_chance(one: Any, good: list[bytes]) -> bool:
    """A frame nobody sent whose check fits all the same: one in 256 for a check of eight bits, as HJ 212's really is."""
    if isinstance(one, Refusal | hj212.Refusal):
        return False
    if isinstance(one, hj212.Frame) and variant_of(one.segment, one.crc) is None:
        return False  # not believed: refused as soon as its CRC is judged
    return all(one.raw not in (raw, raw.removesuffix(b"\r\n")) for raw in good)


@settings(max_examples=400, deadline=None)
@given(st.data())
@pytest.mark.requirement("DUST-27", "IOT-02")
@pytest.mark.parametrize("name", CODECS)
def test_a_false_beginning_takes_no_good_frame_with_it(name: str, data: st.DataObject) -> None:
    good, beginnings, cut = CODECS[name]
    before = data.draw(st.lists(st.sampled_from(good), max_size=1))
    false = data.draw(beginnings)
    behind = data.draw(st.lists(st.sampled_from(good), min_size=1, max_size=4))
    steps = data.draw(st.lists(st.integers(1, 300), min_size=1, max_size=20))
    found = _heard(cut, b"".join([*before, false, *behind]), steps)
    assume(not any(_is_by_chance(one, good) for one in found))
    frames = [one.raw for one in found if not isinstance(one, Refusal | hj212.Refusal)]
    expected = [raw.removesuffix(b"\r\n") for raw in (*before, *behind)]
    assert [raw for raw in frames if raw in expected] == expected


def test_a_crane_s_frames_have_no_check_and_are_found_all_the_same() -> None:
    """Also behind a false beginning whose length ends exactly where one of them ends."""
    good = [goyo_crane.realtime("TC0001", AT + n, {"load": 2.0 + n}) for n in range(2)]
    for declared in range(300):
        whole = b"\x7e\x7e\x11\x01" + declared.to_bytes(2, "little") + b"".join(good)
        found = _heard(stream.cut, whole, [4096])
        assert [one.raw for one in found if not isinstance(one, Refusal)] == good, declared


@pytest.mark.parametrize("piece", [1, 7, 50, 5000])
def test_no_declared_length_of_hj212_swallows_the_frame_behind_it(piece: int) -> None:
    """Every length there is, also those that end exactly where a good frame ends."""
    good = [_dust(1), _dust(2)]
    for declared in [*range(0, 420), 1024, 5000, 9999]:
        whole = b"##%04d" % declared + b"".join(good)
        found = _heard(hj212.cut, whole, [piece])
        if any(_is_by_chance(one, good) for one in found):
            continue
        frames = [f.raw + b"\r\n" for f in found if isinstance(f, hj212.Frame)]
        assert frames == good, declared
