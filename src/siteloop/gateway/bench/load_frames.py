"""Frames of the load, thousands at a time: a template whose changing digits and CRC are filled in by numpy.

The CRC of HJ 212 is linear, so the CRC of a frame is that of the template xored with what each changed digit adds; the
additions are tables. The values go up and down in small steps as measured ones do, so that no rule takes them for broken and the
frames compress no better than real ones; their width never changes, so that all frames of a load are equally long.
"""

import numpy as np
from numpy.typing import NDArray

from siteloop.kernel.times import SECOND
from siteloop.protocols.hj212.crc import TABLE, crc212
from siteloop.protocols.hj212.frame import build
from siteloop.protocols.hj212.talk import qn_of, stamp

#: factor, lowest value, how many different values, step in tenths
VALUES = (
    ("a34004", 25.0, 199, 1),
    ("a34002", 61.0, 331, 1),
    ("a34001", 110.0, 523, 1),
    ("LA", 40.0, 149, 1),
    ("a01001", 12.0, 97, 1),
    ("a01002", 45.0, 307, 1),
    ("a01006", 100.0, 31, 1),
    ("a01007", 0.0, 61, 1),
    ("a01008", 100.0, 257, 10),
)
READINGS = len(VALUES)  # a frame
PASSWORD = "123456"  # noqa: S105 - of devices that live for one run


def code(number: int) -> str:
    """MN of a load device."""
    return f"BENCH{number:09d}"


def render(number: int, at: int, pm25: float | None = None) -> tuple[bytes, bytes]:
    """(QN, frame) of one upload of nine readings that wants an answer; `at` in µs, whole seconds."""
    wander = _wander(np.array(number), np.array(at // SECOND))
    values = [low + int(_place(wander, count)) * step / 10 for _, low, count, step in VALUES]
    if pm25 is not None:
        values[0] = pm25
    qn = qn_of(at).encode()
    area = ";".join(
        f"{name}-Rtd={value:.1f},{name}-Flag=N" for (name, *_), value in zip(VALUES, values, strict=True)
    )
    text = b"QN=%s;ST=39;CN=2011;PW=%s;MN=%s;Flag=5;CP=&&DataTime=%s;%s&&" % (
        qn,
        PASSWORD.encode(),
        code(number).encode(),
        stamp(at).encode(),
        area.encode(),
    )
    return qn, build(text, crc212(text))


def _wander(number: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.int64]:
    """How far a device has come: it goes one step a second, and began where no other did."""
    return second + number * 104_729


def _place(wander: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Which of `count` values that is: up to the highest and down again, for nothing measured jumps."""
    there = wander % (2 * count - 2)
    return np.minimum(there, 2 * count - 2 - there)


def _bytes(texts: list[str]) -> NDArray[np.uint8]:
    return np.frombuffer("".join(texts).encode(), np.uint8).reshape(len(texts), -1)


class Frames:
    """Renders many frames at once; equal to `render` for every device number and second."""

    def __init__(self) -> None:
        _, frame = render(0, 0)
        self._template = np.frombuffer(frame, np.uint8)
        self.size = len(frame)
        self._end = self.size - 6  # of the data segment: CRC and CR LF follow
        self._crc = int(frame[-6:-2], 16)
        self._mn = frame.index(b"MN=BENCH") + 8
        self._qn = frame.index(b"QN=") + 3
        self._time = frame.index(b"DataTime=") + 9
        self._steps = self._shifts()
        self._values = []
        for name, low, count, step in VALUES:
            place = frame.index(f"{name}-Rtd=".encode()) + len(name) + 5
            texts = _bytes([f"{low + k * step / 10:.1f}" for k in range(count)])
            self._values.append((place, texts, self._adds(place, texts), count))
        numerals = np.frombuffer(b"0123456789ABCDEF", np.uint8)
        self._hex = np.stack([numerals[np.arange(65_536) >> shift & 15] for shift in (12, 8, 4, 0)], axis=1)

    @staticmethod
    def _shifts() -> NDArray[np.uint8]:
        """[j][b]: the CRC's one-byte state j steps after it was b, fed with zeros."""
        step = np.array([entry >> 8 for entry in TABLE], np.uint8)
        found = [np.arange(256, dtype=np.uint8)]
        while len(found) < 512:
            found.append(step[found[-1]])
        return np.stack(found)

    def _adds(self, place: int, texts: NDArray[np.uint8]) -> NDArray[np.uint16]:
        """What each text, put over the template at `place`, adds to the CRC."""
        table = np.array(TABLE, np.uint16)
        total = np.zeros(len(texts), np.uint16)
        for k in range(texts.shape[1]):
            changed = texts[:, k] ^ self._template[place + k]
            total ^= table[self._steps[self._end - 1 - place - k][changed]]
        return total

    def matrix(self, numbers: NDArray[np.int64], first: int, seconds: int) -> NDArray[np.uint8]:
        """uint8[seconds, devices, size]: the frames of some devices for `seconds` seconds from `first` (since 1970)."""
        out = np.empty((seconds, len(numbers), self.size), np.uint8)
        out[:] = self._template
        times = [stamp((first + k) * SECOND) for k in range(seconds)]
        codes = _bytes([f"{n:09d}" for n in numbers.tolist()])
        crc = np.full(out.shape[:2], self._crc, np.uint16)
        for place, texts in ((self._qn, _bytes([t + "000" for t in times])), (self._time, _bytes(times))):
            out[:, :, place : place + texts.shape[1]] = texts[:, None]
            crc ^= self._adds(place, texts)[:, None]
        out[:, :, self._mn : self._mn + 9] = codes
        crc ^= self._adds(self._mn, codes)
        wander = _wander(numbers, (first + np.arange(seconds))[:, None])
        for place, texts, adds, count in self._values:
            chosen = _place(wander, count)
            out[:, :, place : place + texts.shape[1]] = texts[chosen]
            crc ^= adds[chosen]
        out[:, :, self._end : self._end + 4] = self._hex[crc]
        return out
