"""Reading the raw archive's chunks (written by the sink): offsets, index of device and time, zlib body."""

import itertools
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Kept:
    """One frame. `device` and `at_us` are None in chunks of before the index."""

    frame: bytes
    device: int | None
    at_us: int | None


def frames_of(folder: Path, file: str, position: int, size: int) -> list[Kept]:
    """Frames of one chunk; empty when the file was removed by retention or is damaged."""
    try:
        with (folder / file).open("rb") as source:
            source.seek(position)
            body = source.read(size)
        (count,) = struct.unpack_from("<i", body)
        cuts = struct.unpack_from(f"<{abs(count)}i", body, 4)
        start = 4 + 4 * abs(count)
        index: list[tuple[int | None, int | None]] = [(None, None)] * (abs(count) - 1)
        if count < 0:
            (length,) = struct.unpack_from("<i", body, start)
            index = _index(body[start + 4 : start + 4 + length], len(cuts) - 1)
            start += 4 + length
        text = zlib.decompress(body[start:])
    except (OSError, struct.error, zlib.error):
        return []
    return [Kept(text[a:b], *whose) for (a, b), whose in zip(itertools.pairwise(cuts), index, strict=True)]


def _index(packed: bytes, n: int) -> list[tuple[int | None, int | None]]:
    body = zlib.decompress(packed)
    return list(
        zip(struct.unpack_from(f"<{n}i", body), struct.unpack_from(f"<{n}q", body, 4 * n), strict=True)
    )
