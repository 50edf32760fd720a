"""Reading the raw archive's chunks (written by the sink): count, int32 offsets, zlib body."""

import itertools
import struct
import zlib
from pathlib import Path


def frames_of(folder: Path, file: str, position: int, size: int) -> list[bytes]:
    """Frames of one chunk; empty when the file was removed by retention or is damaged."""
    try:
        with (folder / file).open("rb") as source:
            source.seek(position)
            body = source.read(size)
        (count,) = struct.unpack_from("<i", body)
        cuts = struct.unpack_from(f"<{count}i", body, 4)
        text = zlib.decompress(body[4 + 4 * count :])
    except (OSError, struct.error, zlib.error):
        return []
    return [text[a:b] for a, b in itertools.pairwise(cuts)]
