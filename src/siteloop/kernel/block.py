"""Block: many readings of one device profile, columnar. The unit that crosses the bus.

Shapes: n rows, f fields of the profile. All arrays little-endian.
`device` int32[n] (registry number) · `at`, `received_at` int64[n] microseconds since the epoch, UTC ·
`values` float32[f, n] (NaN where absent) · `quality` uint8[f, n] (`Quality`) · `kind` uint8[n] (`Kind`).
A row is one frame (or one split part of it); `raw_offsets` int32[n+1] cut `zlib.decompress(raw)` into the frames.
"""

import uuid
import zlib
from enum import IntEnum

import msgspec
import numpy as np
from numpy.typing import NDArray

from siteloop.kernel.occurrence import Occurrence

try:  # three to four times faster, the same format; where there is no wheel of it, the standard library does
    from isal.isal_zlib import compress as _fast
except ImportError:
    _fast = zlib.compress


class Kind(IntEnum):
    """What a row is: an instant sample, or the device's own aggregate over a period that starts at `at`."""

    REALTIME = 0  # 2011
    MINUTE = 1  # 2051
    HOUR = 2  # 2061
    DAY = 3  # 2031
    CYCLE = 4  # one work cycle of a crane or hoist, as long as it was


class Reject(msgspec.Struct, frozen=True):
    """One message that was refused: counted, and kept whole in quarantine."""

    received_at: int  # µs
    reason: str  # a `Reason` code
    detail: str
    raw: bytes
    device: int = 0  # registry number, 0 when it is not known
    device_code: str = ""
    peer: str = ""


class Block(msgspec.Struct, frozen=True):
    """Durable batch from one listener. `received == rows + control + len(rejects) + len(events)` always holds."""

    version: int
    id: str  # unique; also the bus's message id
    listener: str  # hj212, mqtt, http
    profile: str
    rows: int
    device: bytes = b""
    at: bytes = b""
    received_at: bytes = b""
    values: bytes = b""
    quality: bytes = b""
    kind: bytes = b""
    raw: bytes = b""
    raw_offsets: bytes = b""
    rejects: tuple[Reject, ...] = ()
    control: int = 0  # frames that carry no reading: answers, heartbeats, notices
    flagged: int = 0  # values kept but flagged by us (out of physics, no value)
    events: tuple[Occurrence, ...] = ()  # of cameras and gates

    @property
    def received(self) -> int:
        """Messages this block accounts for."""
        return self.rows + self.control + len(self.rejects) + len(self.events)


class Columns(msgspec.Struct):
    """A block's rows as numpy views (read-only, zero copy)."""

    device: NDArray[np.int32]
    at: NDArray[np.int64]
    received_at: NDArray[np.int64]
    values: NDArray[np.float32]
    quality: NDArray[np.uint8]
    kind: NDArray[np.uint8]


def compress(data: bytes) -> bytes:
    """zlib format, level 1."""
    return bytes(_fast(data, 1))


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Block)


def encode(block: Block) -> bytes:
    """The bytes that go on the bus."""
    return _encoder.encode(block)


def decode(data: bytes) -> Block:
    """Raises msgspec.DecodeError for anything else than an encoded block."""
    return _decoder.decode(data)


def pack(
    *,
    listener: str,
    profile: str,
    columns: Columns,
    raw: list[bytes] | None = None,
    rejects: tuple[Reject, ...] = (),
    control: int = 0,
    flagged: int = 0,
    joined: tuple[bytes, NDArray[np.int32]] | None = None,
    events: tuple[Occurrence, ...] = (),
) -> Block:
    """Build a block from columns (any memory layout) and, if kept, the raw frames of its rows in row order.

    The frames come as a list, or already `joined`: (their bytes one after the other, offsets int32[n+1]).
    """
    offsets, body = b"", b""
    if joined is not None and len(joined[1]) > 1:
        offsets, body = joined[1].astype("<i4").tobytes(), compress(joined[0])
    elif raw:
        offsets = np.cumsum([0, *map(len, raw)], dtype=np.int32).tobytes()
        body = compress(b"".join(raw))
    return Block(
        version=1,
        id=uuid.uuid4().hex,
        listener=listener,
        profile=profile,
        rows=len(columns.device),
        device=columns.device.astype("<i4").tobytes(),
        at=columns.at.astype("<i8").tobytes(),
        received_at=columns.received_at.astype("<i8").tobytes(),
        values=np.ascontiguousarray(columns.values, dtype="<f4").tobytes(),
        quality=np.ascontiguousarray(columns.quality, dtype=np.uint8).tobytes(),
        kind=columns.kind.astype(np.uint8).tobytes(),
        raw=body,
        raw_offsets=offsets,
        rejects=rejects,
        control=control,
        flagged=flagged,
        events=events,
    )


def columns(block: Block) -> Columns:
    """Views of a block's rows."""
    n = block.rows
    return Columns(
        device=np.frombuffer(block.device, "<i4"),
        at=np.frombuffer(block.at, "<i8"),
        received_at=np.frombuffer(block.received_at, "<i8"),
        values=np.frombuffer(block.values, "<f4").reshape(-1, n) if n else np.empty((0, 0), np.float32),
        quality=np.frombuffer(block.quality, np.uint8).reshape(-1, n) if n else np.empty((0, 0), np.uint8),
        kind=np.frombuffer(block.kind, np.uint8),
    )


def raw_frame(block: Block, row: int) -> bytes:
    """The bytes one row came from, b"" when the block keeps none."""
    if not block.raw:
        return b""
    cuts = np.frombuffer(block.raw_offsets, "<i4")
    return zlib.decompress(block.raw)[cuts[row] : cuts[row + 1]]
