"""The converter's stream: lines and frames in any pieces, and what is neither."""

from hypothesis import given
from hypothesis import strategies as st

from siteloop.protocols.framing import Refusal
from siteloop.protocols.weighbridge import converter, xk3190
from siteloop.protocols.weighbridge.converter import Named
from siteloop.protocols.weighbridge.xk3190 import Frame

unit = st.one_of(
    st.builds(xk3190.continuous, st.integers(-999_999, 999_999)),
    st.from_regex(rb"[A-Z][A-Z0-9]{2,20}(:[a-z0-9]{1,12})?\r?\n", fullmatch=True),
)


def _read(parts: list[bytes]) -> list[Named | Frame | Refusal]:
    rest, found = b"", []
    for part in parts:
        used, units = converter.cut(rest + part)
        rest = (rest + part)[used:]
        found += units
    assert not rest
    return found


@given(st.lists(unit, min_size=1, max_size=8), st.integers(1, 30))
def test_lines_and_frames_come_out_as_they_went_in(units: list[bytes], piece: int) -> None:
    stream = b"".join(units)
    found = _read([stream[at : at + piece] for at in range(0, len(stream), piece)])
    told = [u.raw if isinstance(u, Frame) else u.raw + b"\n" for u in found if not isinstance(u, Refusal)]
    assert told == [u.replace(b"\r\n", b"\n") for u in units]


def test_code_and_password() -> None:
    assert converter.cut(b"WB1:a:b\r\n") == (9, [Named(b"WB1:a:b", "WB1", "a:b")])


def test_noise_is_no_line_and_a_begun_line_waits() -> None:
    assert [type(u) for u in converter.cut(b"\xff\xfe\n" + xk3190.continuous(1))[1]] == [Refusal, Frame]
    assert converter.cut(b"WB1") == (0, [])
    assert [type(u) for u in converter.cut(b"x" * 81)[1]] == [Refusal]


def test_a_line_counts_though_the_scale_is_joined_in_the_middle_of_a_frame() -> None:
    """A converter calls at any moment: its line, and in the same segment what is left of a frame."""
    frame = xk3190.continuous(12_340)
    for left in range(1, len(frame)):
        _, found = converter.cut(b"WB1:pw\r\n" + frame[left:] + frame)
        assert [type(u) for u in found] == [Named, *[Refusal] * (len(found) - 2), Frame], left
        _, found = converter.cut(b"\xff" + frame[left:] + b"WB1:pw\r\n" + frame)
        assert Named(b"WB1:pw", "WB1", "pw") in found and isinstance(found[-1], Frame)
        assert not any(b"pw" in u.raw for u in found if isinstance(u, Refusal)), "no password is kept"


@given(st.binary(max_size=120))
def test_anything_is_told_or_waits(data: bytes) -> None:
    used, _ = converter.cut(data)
    assert 0 <= used <= len(data)
    assert len(data) - used <= 81
