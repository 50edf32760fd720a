"""Raw frames in files by day: each block's compressed frames behind the other, found through `telemetry.raw_chunk`.

A chunk on disk is (int32 little-endian): minus the number of offsets, the offsets, the length of the index, the index
(zlib of device int32[n], at int64[n]: a JSON payload names neither), the zlib body. Chunks of before have a positive number
and no index. Written before the rows commit; a chunk whose transaction failed is never pointed at.
"""

import datetime as dt
import itertools
import os
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from siteloop.kernel.block import Block
from siteloop.kernel.times import SHANGHAI, from_us


@dataclass(frozen=True)
class Chunk:
    """Where one block's frames lie."""

    file: str
    position: int
    size: int
    frames: int


class RawArchive:
    """Appends to <folder>/<yyyymmdd>/<profile>.raw."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._open: dict[str, int] = {}

    def append(self, block: Block, received_at: int) -> Chunk | None:
        """Write a block's frames; None when it keeps none. Raises OSError (disk full), which stops the commit."""
        if not block.raw:
            return None
        day = from_us(received_at).astimezone(SHANGHAI).strftime("%Y%m%d")
        name = f"{day}/{block.profile}.raw"
        fd = self._file(name)
        index = zlib.compress(block.device + block.at, 1)
        count = np.int32(-(len(block.raw_offsets) // 4)).tobytes()
        body = count + block.raw_offsets + np.int32(len(index)).tobytes() + index + block.raw
        written = os.write(fd, body)
        if written != len(body):
            raise OSError("short write to the raw archive")
        # where the write ended: another sink may append to the same file
        position = os.lseek(fd, 0, os.SEEK_CUR) - written
        return Chunk(name, position, len(body), block.rows)

    def _file(self, name: str) -> int:
        if name not in self._open:
            for old in [n for n in self._open if n[:8] != name[:8]]:
                os.close(self._open.pop(old))
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
            self._open[name] = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
        return self._open[name]

    def sync(self) -> None:
        """Flush what was written to disk."""
        for fd in self._open.values():
            os.fdatasync(fd)


def read_chunk(folder: Path, file: str, position: int, size: int) -> list[bytes]:
    """The frames of one chunk. Raises OSError when the file is gone, ValueError when it is damaged."""
    return [frame for frame, _, _ in read_indexed(folder, file, position, size)]


def read_indexed(
    folder: Path, file: str, position: int, size: int
) -> list[tuple[bytes, int | None, int | None]]:
    """(frame, device, at µs) of one chunk; None for both in chunks of before the index. Raises as `read_chunk`."""
    with (folder / file).open("rb") as source:
        source.seek(position)
        body = source.read(size)
    try:
        count = int(np.frombuffer(body[:4], np.int32)[0])
        n, start = abs(count) - 1, 4 + 4 * abs(count)
        cuts = np.frombuffer(body[4:start], np.int32)
        whose: list[tuple[int | None, int | None]] = [(None, None)] * n
        if count < 0:
            length = int(np.frombuffer(body[start : start + 4], np.int32)[0])
            index = zlib.decompress(body[start + 4 : start + 4 + length])
            device, at = np.frombuffer(index[: 4 * n], "<i4"), np.frombuffer(index[4 * n :], "<i8")
            whose = list(zip(device.tolist(), at.tolist(), strict=True))
            start += 4 + length
        text = zlib.decompress(body[start:])
        return [(text[a:b], *who) for (a, b), who in zip(itertools.pairwise(cuts), whose, strict=True)]
    except (zlib.error, ValueError, IndexError) as wrong:
        raise ValueError(f"damaged chunk {file}@{position}") from wrong


def day_of(moment: dt.datetime) -> str:
    """Folder name of a day."""
    return moment.astimezone(SHANGHAI).strftime("%Y%m%d")
