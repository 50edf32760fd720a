"""What a camera of the demo sees: a drawn site with a crane, a building and somebody in it, as a PNG. No photograph, no person."""

import random
import struct
import zlib

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 320, 180
SKY, FAR, GROUND, CONCRETE, CRANE = (
    (176, 205, 228),
    (226, 235, 240),
    (168, 150, 122),
    (138, 142, 148),
    (226, 160, 32),
)
VEST, HELMET = (240, 110, 30), (250, 215, 40)
Picture = NDArray[np.uint8]


def scene(seed: int) -> bytes:
    """The picture; another seed, another moment."""
    dice, picture = random.Random(seed), np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    for y in range(HEIGHT):
        share = min(1.0, y / 120)
        picture[y] = [round(a + (b - a) * share) for a, b in zip(SKY, FAR, strict=True)]
    _box(picture, 0, 128, WIDTH, HEIGHT, GROUND)
    _box(picture, 40, 52, 150, 130, CONCRETE)
    for x in range(50, 145, 20):
        for y in range(60, 120, 18):
            _box(picture, x, y, x + 10, y + 9, (90, 96, 104))
    _box(picture, 228, 18, 234, 132, CRANE)
    _box(picture, 150 + dice.randrange(20), 24, 290, 28, CRANE)
    x, y = dice.randrange(20, 290), dice.randrange(132, 150)
    _box(picture, x, y, x + 7, y + 16, VEST)
    _box(picture, x + 1, y - 6, x + 6, y, HELMET)
    return _png(picture)


def _box(picture: Picture, x0: int, y0: int, x1: int, y1: int, colour: tuple[int, int, int]) -> None:
    picture[y0:y1, x0:x1] = colour


def _png(picture: Picture) -> bytes:
    rows = np.concatenate([np.zeros((HEIGHT, 1), np.uint8), picture.reshape(HEIGHT, -1)], axis=1)
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )
