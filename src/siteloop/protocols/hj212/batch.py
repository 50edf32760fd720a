"""Many frames at once: what the connections sent in one wake-up becomes columns, compiled with numba.

Only plain uploads of known devices are taken (HJ 212-2017 header order, standard CRC, one packet, plain numbers); all
other frames come back as spans for the plain codec (`frame`, `message`, `reading`), which also defines what is right:
a property test holds the two equal.
"""

import hashlib
import importlib
import os
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from siteloop.kernel.profiles import PROFILES
from siteloop.kernel.quality import FLAG_LETTERS, Quality
from siteloop.kernel.registry import DeviceEntry
from siteloop.protocols.hj212.crc import TABLE
from siteloop.protocols.hj212.exchanges import REMEMBERED, Exchange
from siteloop.protocols.hj212.factors import FACTORS, SENTINELS, VALUE_NAMES
from siteloop.protocols.hj212.taken import PROFILE, Taken, is_plain

SHORTEST = 90  # bytes of the shortest frame that can be taken
KEY_SLOTS = 1024
PLACES = 64  # items of a data area whose keys are remembered from frame to frame


def _bytes(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode(), np.uint8)


class Memory:
    """Which exchanges were taken in already: two generations of keys in arrays, bounded."""

    def __init__(self, core: ModuleType, most: int = REMEMBERED) -> None:
        self.core, self.most = core, most
        slots = 1 << (most * 2 - 1).bit_length()
        self.arrays = (np.zeros((slots, 2), np.int64), np.zeros((slots, 2), np.int64), np.zeros(1, np.int64))

    def again(self, key: Exchange) -> bool:
        """Whether (device, QN, CN, PNO, data area) came before; remembers it."""
        device, qn, cn, pno, area = key
        if len(qn) == 17 and qn.isascii() and qn.isdigit() and int(qn):
            a = int(qn)
        else:
            digest = hashlib.blake2b(qn.encode("utf-8", "surrogatepass"), digest_size=8).digest()
            a = -(int.from_bytes(digest, "big") >> 1) - 1
        b = (
            (device << 32)
            | ((int(cn) if cn.isascii() and cn.isdigit() else 0) & 0xFFFF) << 16
            | (pno & 0xFFFF)
        )
        a = self.core.told(a, np.frombuffer(area or b"\0", np.uint8), 0, len(area))
        return bool(self.core.again(a, b, *self.arrays, self.most))


class BatchDecoder:
    """Holds the tables of one registry version; `use` puts another in force."""

    def __init__(self, core: ModuleType, ahead_us: int, oldest_us: int, oldest_history_us: int) -> None:
        self.core = core
        self.memory = Memory(core)
        self._reach = (ahead_us, oldest_us, oldest_history_us)
        fields = PROFILES[PROFILE].fields
        self._width = len(fields)
        self._limits = (
            np.array([f.low for f in fields], np.float64),
            np.array([f.high for f in fields], np.float64),
        )
        self._keys = self._key_table()
        self._learnt = (
            *(np.zeros(PLACES, np.uint64) for _ in range(2)),
            *(np.zeros(PLACES, np.int64) for _ in range(2)),
        )
        letters = np.full(256, Quality.UNKNOWN_FLAG, np.uint8)
        for letter, quality in FLAG_LETTERS.items():
            letters[ord(letter)] = letters[ord(letter.lower())] = quality
        self._tables = (
            np.array(TABLE, np.int64),
            self._folds(),
            np.array([10.0**k for k in range(16)]),
            np.array(sorted(SENTINELS)),
            letters,
            *map(_bytes, ("QN=", ";ST=", ";CN=", ";PW=", ";MN=", ";Flag=", ";CP=&&DataTime=")),
        )
        self._texts = tuple(
            map(_bytes, ("QN=", ";ST=91;CN=9014;PW=", ";MN=", ";Flag=", ";CP=&&&&", "0123456789ABCDEF"))
        )
        self._room = self._connections = 0
        self._make_room(1, 1)
        self.use(())

    @staticmethod
    def _folds() -> NDArray[np.uint8]:
        """folds[j][b]: the CRC's one-byte state j+1 steps after it was b, fed with zeros."""
        step = np.array([t >> 8 for t in TABLE], np.uint8)
        folds = [step]
        while len(folds) < 8:
            folds.append(step[folds[-1]])
        return np.stack(folds)

    def _key_table(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        high, low = np.zeros(KEY_SLOTS, np.int64), np.zeros(KEY_SLOTS, np.int64)
        role = np.full(KEY_SLOTS, -1, np.int64)
        for name, field in FACTORS[PROFILE].items():
            index = PROFILES[PROFILE].index(field)
            for sub in (*VALUE_NAMES, "FLAG"):
                key = f"{name}-{sub}".encode()
                self._put(key, index + 64 * (sub == "FLAG"), high, low, role)
        for name in ("FLAG", *FACTORS[PROFILE]):  # loose flags are for the plain codec
            self._put(name.encode(), self.core.LOOSE, high, low, role)
        return high, low, role

    def _put(
        self,
        key: bytes,
        what: int,
        high: NDArray[np.int64],
        low: NDArray[np.int64],
        role: NDArray[np.int64],
    ) -> None:
        """Put one key of at most 16 bytes into the open-addressed table."""
        assert len(key) <= 16, "the packed key holds 16 bytes"
        a, b = int.from_bytes(key[:8], "big"), int.from_bytes(key[8:], "big")
        slot = int(self.core.key_slot(a, b, KEY_SLOTS - 1))
        while role[slot] >= 0:
            slot = (slot + 1) % KEY_SLOTS
        high[slot], low[slot], role[slot] = a, b, what

    def use(self, devices: Sequence[DeviceEntry]) -> None:
        """Tables of the registered devices."""
        slots = np.full(1 << max(4, (len(devices) * 4).bit_length()), -1, np.int64)
        codes, words = [d.code.encode() for d in devices], [d.password.encode() for d in devices]
        fields = PROFILES[PROFILE].fields
        scales = np.ones((max(1, len(devices)), self._width), np.float64)
        for i, device in enumerate(devices):
            code = np.frombuffer(codes[i], np.uint8)
            slot = int(self.core.code_hash(code, 0, len(code))) & (len(slots) - 1)
            while slots[slot] >= 0:
                slot = (slot + 1) % len(slots)
            slots[slot] = i
            for k, field in enumerate(fields):
                scales[i, k] = device.scale.get(field.name, 1.0)
        plain = [is_plain(d) for d in devices]
        self._devices = (
            slots,
            *self._joined(codes),
            *self._joined(words),
            np.array([d.number for d in devices], np.int64),
            np.array(plain, np.bool_),
            scales,
        )

    @staticmethod
    def _joined(texts: list[bytes]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        return np.frombuffer(b"".join(texts) or b"\0", np.uint8), np.cumsum(
            [0, *map(len, texts)], dtype=np.int64
        )

    def _make_room(self, size: int, connections: int) -> None:
        """Output arrays for so many bytes; they only grow."""
        if size <= self._room and connections <= self._connections:
            return
        self._room = max(size, self._room, 65_536)
        self._connections = connections = max(connections, self._connections, 64)
        n = self._room // SHORTEST + 1
        self._rows: tuple[NDArray[Any], ...] = (
            np.empty(n, np.int32),
            np.empty(n, np.int64),
            np.empty(n, np.uint8),
            np.empty((n, self._width), np.float32),
            np.empty((n, self._width), np.uint8),
            np.empty((n, 3), np.int64),
        )
        frames = self._room // 12 + 1
        self._spans: tuple[NDArray[Any], ...] = (
            np.empty((frames, 4), np.int64),
            np.empty(connections, np.int64),
            np.empty(connections, np.int64),
        )
        self._out, self._raw = np.empty(self._room + 64, np.uint8), np.empty(self._room, np.uint8)
        self._lengths = np.empty(n, np.int32)

    def decode(self, chunks: Sequence[bytes], now_us: int) -> Taken:
        """Decode what each connection has in its buffer."""
        joined = b"".join(chunks)
        ends = np.cumsum([len(c) for c in chunks], dtype=np.int64)
        self._make_room(len(joined), len(chunks))
        buffer = np.frombuffer(joined or b"\0", np.uint8)
        n, back, flagged = self.core.decode(
            buffer,
            joined.isascii(),
            ends,
            now_us,
            self._reach,
            self._devices,
            self._keys,
            self._learnt,
            self._limits,
            self._tables,
            self._texts,
            self.memory.arrays,
            self.memory.most,
            self._rows,
            self._spans,
            self._out,
        )
        device, at, kind, values, quality, cuts = self._rows
        handed, rests, answers_end = self._spans
        size = self.core.gather(buffer, cuts, n, self._raw, self._lengths)
        starts = [0, *ends.tolist()]
        stops = answers_end[: len(chunks)].tolist()
        answers = self._out[: stops[-1] if stops else 0].tobytes()
        return Taken(
            device=device[:n].copy(),
            at=at[:n].copy(),
            kind=kind[:n].copy(),
            values=values[:n].copy(),
            quality=quality[:n].copy(),
            connection=cuts[:n, 2].astype(np.int32),
            raw=self._raw[:size].tobytes(),
            lengths=self._lengths[:n].copy(),
            flagged=int(flagged),
            answers=[answers[a:b] for a, b in zip([0, *stops], stops, strict=False)],
            rests=[r - s for r, s in zip(rests[: len(chunks)].tolist(), starts, strict=False)],
            handed=[
                (a - starts[c], b - starts[c], c, why == self.core.AGAIN)
                for a, b, c, why in handed[:back].tolist()
            ],
        )


def cache_folder(spare: Path) -> Path | None:
    """Where compiled code is kept: beside the package, so that every data folder finds it, else in `spare`.

    None leaves the choice to numba: it was told by NUMBA_CACHE_DIR, or it writes beside the package of itself.
    """
    beside = Path(__file__).with_name("__pycache__")
    if "NUMBA_CACHE_DIR" in os.environ or os.access(beside if beside.exists() else beside.parent, os.W_OK):
        return None
    return spare


def load(spare: Path) -> ModuleType:
    """The compiled core: some fifteen seconds the first time on a machine, about one and a half from the cache.

    Raises ImportError when numba is not there: the plain codec then does all the work.
    """
    folder = cache_folder(spare)
    if folder is not None:
        os.environ["NUMBA_CACHE_DIR"] = str(folder)
    core = importlib.import_module("siteloop.protocols.hj212.batch_core")
    # every kernel is called once with the types of real use: nothing is left to compile when frames come
    decoder = BatchDecoder(core, 0, 0, 0)
    decoder.use((DeviceEntry(1, "MN", PROFILE, 1, ""),))
    decoder.memory.again((1, "20200101000000000", "2011", 0, b""))
    decoder.decode([b"##0002&&0000"], 0)
    return core
