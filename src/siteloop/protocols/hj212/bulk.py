"""Many frames at once without a compiler: regular expressions for the shape, numpy for checksums and values.

It takes the same plain uploads of known devices as the compiled decoder (`batch`) and hands all others back as spans for the plain
codec, which defines what is right; the same property test holds both equal to it. It serves where numba is missing, and until
numba has compiled.
"""

import re
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from siteloop.kernel.profiles import PROFILES
from siteloop.kernel.quality import FLAG_LETTERS, Quality
from siteloop.kernel.registry import DeviceEntry
from siteloop.protocols.hj212.crc import crc212
from siteloop.protocols.hj212.crcs import crcs212
from siteloop.protocols.hj212.exchanges import Exchanges
from siteloop.protocols.hj212.factors import SENTINELS
from siteloop.protocols.hj212.layouts import Layout, Layouts
from siteloop.protocols.hj212.message import SPLIT
from siteloop.protocols.hj212.reading import KINDS, data_time
from siteloop.protocols.hj212.taken import LONGEST, PROFILE, SHORTEST, Taken, is_plain

#: fill between frames, then a header in the standard's order and the time, as far as the data area
_FRAME = re.compile(
    rb"[\r\n\0*]*##\d{4}QN=(\d{17});ST=[^,;=\x00-\x26]{2};CN=(20[1-6]1);PW=([^,;=&]*);MN=([^,;=&]*);"
    rb"Flag=(\d{1,3});CP=&&DataTime=(\d{14})"
)
_FILL = re.compile(rb"[\r\n\0*]*")
_HEX = frozenset(b"0123456789abcdefABCDEF")
_KINDS = {cn.encode(): kind for cn, kind in KINDS.items()}
_NO_QN = b"0" * 17
LONGEST_PASSWORD = 64  # the plain codec refuses headers that are too long
LARGEST_SCALE = 1e20  # with more the plain codec looks whether the value still fits its column
_WIDTH = len(PROFILES[PROFILE].fields)
_LOWS = np.array([f.low for f in PROFILES[PROFILE].fields])
_HIGHS = np.array([f.high for f in PROFILES[PROFILE].fields])
_SENTINELS = np.array(sorted(SENTINELS))


def _letters() -> NDArray[np.uint8]:
    """Flag letter (byte) -> Quality."""
    table = np.full(256, Quality.UNKNOWN_FLAG, np.uint8)
    for letter, quality in FLAG_LETTERS.items():
        table[ord(letter)] = table[ord(letter.lower())] = quality
    return table


_LETTERS = _letters()


class _Known:
    """A device whose frames may be taken: its row of factors to the profile's units, and the shapes it sent last."""

    def __init__(self, device: DeviceEntry) -> None:
        self.number, self.password = device.number, device.password.encode()
        self.scale = [device.scale.get(f.name, 1.0) for f in PROFILES[PROFILE].fields]
        self.layouts: dict[bytes, Layout] = {}


class _Span:
    """A whole frame by its framing: where it stands, its data segment, and the CRC it came with."""

    __slots__ = ("match", "place", "segment", "sent", "start", "stop")

    def __init__(
        self, place: int, start: int, stop: int, segment: bytes, sent: int, match: "re.Match[bytes] | None"
    ) -> None:
        self.place, self.start, self.stop = place, start, stop
        self.segment, self.sent, self.match = segment, sent, match


def _spans(place: int, chunk: bytes) -> tuple[list[_Span], int]:
    """(whole frames at the front of a chunk, where the plain codec goes on)."""
    found: list[_Span] = []
    at, size = 0, len(chunk)
    while at < size:
        match = _FRAME.match(chunk, at)
        start = match.start(1) - 9 if match else _FILL.match(chunk, at).end()  # type: ignore[union-attr]  # may be empty
        digits = chunk[start + 2 : start + 6]
        if chunk[start : start + 2] != b"##" or len(digits) < 4 or not digits.isdigit():
            break
        begin = start + 6
        end = begin + int(digits)
        tail = chunk[end : end + 4]
        segment = chunk[begin:end]
        if len(tail) < 4 or not segment.endswith(b"&&") or not _HEX.issuperset(tail):
            break
        sent = int(tail, 16)
        if b"##" in segment and crc212(segment) != sent:
            break  # perhaps a false beginning with a whole frame in it: the plain codec tells
        found.append(_Span(place, start, end + 4, segment, sent, match))
        at = end + 6 if chunk[end + 4 : end + 6] == b"\r\n" else end + 4
    return found, at


class _Rows:
    """Rows in the making: what was read of each, and per shape the texts of its values."""

    def __init__(self) -> None:
        self.known: list[_Known] = []
        self.at: list[int] = []
        self.kind: list[int] = []
        self.spans: list[_Span] = []
        self.answered: list[tuple[int, bytes]] = []  # (connection, data segment of the answer)
        self.shapes: dict[int, tuple[Layout, list[int], list[tuple[bytes, ...]]]] = {}

    def add(
        self, span: _Span, known: _Known, at: int, kind: int, layout: Layout, texts: tuple[bytes, ...]
    ) -> None:
        """One row; `texts` are the groups of its shape."""
        shape = self.shapes.get(id(layout))
        if shape is None:
            shape = self.shapes[id(layout)] = (layout, [], [])
        shape[1].append(len(self.at))
        shape[2].append(texts)
        self.known.append(known)
        self.at.append(at)
        self.kind.append(kind)
        self.spans.append(span)

    def columns(self) -> tuple[NDArray[np.float32], NDArray[np.uint8], int]:
        """(values float32[n, f], quality uint8[n, f], values flagged by us)."""
        n = len(self.at)
        values = np.full((n, _WIDTH), np.nan)
        quality = np.full((n, _WIDTH), Quality.ABSENT, np.uint8)
        if not n:
            return values.astype(np.float32), quality, 0
        flags = np.zeros((n, _WIDTH), np.uint8)
        for layout, places, texts in self.shapes.values():
            rows = np.array(places)[:, None]
            numbers = [float(groups[i]) for groups in texts for i in layout.numbers]
            values[rows, layout.fields] = np.array(numbers).reshape(len(places), -1)
            quality[rows, layout.fields] = Quality.NORMAL
            if layout.letters:
                letters = b"".join([groups[i] for groups in texts for i in layout.letters])
                codes = np.frombuffer(letters, np.uint8).reshape(len(places), -1)
                flags[rows, layout.flagged] = _LETTERS[codes]
        is_sent = quality == Quality.NORMAL
        quality[np.isin(values, _SENTINELS)] = Quality.NO_VALUE
        values[quality == Quality.NO_VALUE] = np.nan
        values *= np.array([known.scale for known in self.known])
        with np.errstate(invalid="ignore"):
            is_off = (quality == Quality.NORMAL) & ~((values >= _LOWS) & (values <= _HIGHS))
        quality[is_off] = Quality.OUT_OF_PHYSICS
        flagged = int(np.count_nonzero(is_sent & (quality != Quality.NORMAL)))
        is_normal = quality == Quality.NORMAL
        quality[is_normal] = flags[is_normal]
        return values.astype(np.float32), quality, flagged


class BulkDecoder:
    """Holds the tables of one registry version; `use` puts another in force."""

    def __init__(self, ahead_us: int, oldest_us: int, oldest_history_us: int) -> None:
        self.memory = Exchanges()
        self._ahead, self._oldest, self._oldest_history = ahead_us, oldest_us, oldest_history_us
        self._layouts = Layouts()
        self._devices: dict[bytes, _Known] = {}

    def use(self, devices: Sequence[DeviceEntry]) -> None:
        """Tables of the registered devices."""
        self._devices = {
            d.code.encode(): _Known(d)
            for d in devices
            if is_plain(d) and all(abs(factor) <= LARGEST_SCALE for factor in d.scale.values())
        }

    def decode(self, chunks: Sequence[bytes], now_us: int) -> Taken:
        """Decode what each connection has in its buffer."""
        cut = [_spans(place, chunk) for place, chunk in enumerate(chunks)]
        spans = [span for found, _ in cut for span in found]
        rows = _Rows()
        handed: list[tuple[int, int, int, bool]] = []
        # one segment that is too long to be taken would widen the matrix for all
        checked = crcs212([s.segment if len(s.segment) <= LONGEST else b"&&" for s in spans])
        for span, crc in zip(spans, checked, strict=True):
            again = self._take(span, rows, now_us) if crc == span.sent else False
            if again is not None:
                handed.append((span.start, span.stop, span.place, again))
        values, quality, flagged = rows.columns()
        raw = [chunks[span.place][span.start : span.stop] for span in rows.spans]
        return Taken(
            device=np.array([known.number for known in rows.known], np.int32),
            at=np.array(rows.at, np.int64),
            kind=np.array(rows.kind, np.uint8),
            values=values,
            quality=quality,
            connection=np.array([span.place for span in rows.spans], np.int32),
            raw=b"".join(raw),
            lengths=np.array([len(one) for one in raw], np.int32),
            flagged=flagged,
            answers=_answers(rows.answered, len(chunks)),
            rests=[rest for _, rest in cut],
            handed=handed,
        )

    def _take(self, span: _Span, rows: _Rows, now: int) -> bool | None:
        """Take a frame whose CRC fits: None when it was taken, else whether it came before."""
        match, segment = span.match, span.segment
        if match is None or not SHORTEST <= len(segment) <= LONGEST or not segment.isascii():
            return False
        qn, cn, pw, mn, flag_digits, time_digits = match.groups()
        known, kind, flag = self._devices.get(mn), _KINDS.get(cn), int(flag_digits)
        area = segment[match.end() - span.start - 6 : -2]
        if known is None or kind is None or flag & SPLIT or qn == _NO_QN or area[:1] not in (b"", b";", b","):
            return False
        if (known.password and pw != known.password) or len(pw) > LONGEST_PASSWORD:
            return False
        try:
            at = data_time(time_digits.decode())
        except ValueError:
            return False
        if not now - (self._oldest if cn == b"2011" else self._oldest_history) <= at <= now + self._ahead:
            return False
        layout = known.layouts.get(cn)
        read = layout.pattern.fullmatch(area) if layout else None
        if read is None:
            layout = self._layouts.learn(area)
            read = layout.pattern.fullmatch(area) if layout else None
            if layout is None or read is None:
                return False
            known.layouts[cn] = layout
        whole = segment[match.start(6) - len(b"DataTime=") - span.start - 6 : -2]
        if self.memory.again((known.number, qn.decode(), cn.decode(), 0, whole)):
            return True
        rows.add(span, known, at, int(kind), layout, read.groups())  # type: ignore[arg-type]  # layout matched
        if flag & 1:
            head = b"QN=%b;ST=91;CN=9014;PW=%b;MN=%b;Flag=%d;CP=&&&&" % (qn, pw, mn, flag >> 2 << 2)
            rows.answered.append((span.place, head))
        return None


def _answers(answered: list[tuple[int, bytes]], connections: int) -> list[bytes]:
    """The answers as frames, one after the other for each connection."""
    by_place: dict[int, list[bytes]] = defaultdict(list)
    for (place, segment), crc in zip(answered, crcs212([segment for _, segment in answered]), strict=True):
        by_place[place].append(b"##%04d%b%04X\r\n" % (len(segment), segment, crc))
    return [b"".join(by_place[place]) if place in by_place else b"" for place in range(connections)]
