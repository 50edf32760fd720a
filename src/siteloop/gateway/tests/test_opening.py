"""Opening: a block whose parts do not fit is put aside with the reason, never half read."""

from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from siteloop.gateway.opening import open_block
from siteloop.gateway.tests.planes import T0, block_of
from siteloop.kernel import block as blocks
from siteloop.kernel.block import Block, Reject

SOUND = block_of([(1, T0), (2, T0)])


def _wrong(**changed: Any) -> str:
    return open_block(1, blocks.encode(msgspec.structs.replace(SOUND, **changed))).wrong


def test_a_sound_block_opens_with_its_columns() -> None:
    opened = open_block(7, blocks.encode(SOUND))
    assert (opened.seq, opened.wrong, opened.messages) == (7, "", 2)
    assert opened.columns is not None and opened.columns.device.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"rows": 3}, "must have 12"),
        ({"rows": -1}, "negative"),
        ({"control": -5}, "negative"),
        ({"profile": "teapot"}, "unknown profile"),
        ({"values": SOUND.values[:-4]}, "must have 72"),
        ({"kind": b"\x00\x09"}, "unknown kind"),
        ({"quality": b"\x10" * 18}, "unknown kind or quality"),
        ({"device": np.array([0, 1], "<i4").tobytes()}, "impossible device"),
        ({"at": np.array([T0, 2**62], "<i8").tobytes()}, "impossible time"),
        ({"received_at": np.array([T0, -1], "<i8").tobytes()}, "impossible time"),
        ({"raw_offsets": b""}, "raw frames"),
        ({"listener": "a\0b"}, "NUL"),
        ({"rejects": (Reject(T0, "bad_crc", "a\0", b""),)}, "NUL"),
        ({"rejects": (Reject(2**62, "bad_crc", "", b""),)}, "impossible time"),
    ],
)
def test_parts_that_do_not_fit_are_told(changed: dict[str, Any], said: str) -> None:
    assert said in _wrong(**changed)


@given(st.binary(max_size=200))
def test_any_bytes_open_or_say_why(data: bytes) -> None:
    opened = open_block(1, data)
    assert opened.wrong or isinstance(opened.block, Block)


@given(st.integers(0, len(blocks.encode(SOUND)) - 1), st.integers(1, 255))
def test_a_flipped_byte_never_raises(place: int, flip: int) -> None:
    data = bytearray(blocks.encode(SOUND))
    data[place] ^= flip
    opened = open_block(1, bytes(data))
    assert opened.wrong or opened.block is not None
