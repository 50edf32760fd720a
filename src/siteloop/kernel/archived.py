"""Archived readings: the form of a Parquet file of one profile and one UTC day, written and read through an open file.

Rows lie sorted by device and time, in groups small enough that one device's stretch costs one or two of them. A day may have
several parts: what came late for a day that had already gone lies in a further part, whole rows. Of one key the later part counts.
Columns: device int32 · at, received_at timestamp µs UTC · quality int64 (`kernel.quality`, four bits a field) · the profile's fields.
"""

import datetime as dt
import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from siteloop.kernel.block import Columns, Kind
from siteloop.kernel.profiles import Profile
from siteloop.kernel.quality import Quality

GROUP_ROWS = 32_768
#: above this share of distinct values a dictionary costs more than the bytes of the numbers side by side
DICTIONARY_SHARE = 0.4


def name_of(profile: str, day: dt.date, part: int) -> str:
    """Where a part lies below the archive's folder: dust/2026/20260901-1.parquet."""
    return f"{profile}/{day:%Y}/{day:%Y%m%d}-{part}.parquet"


def empty(profile: Profile) -> Columns:
    """No rows."""
    f = len(profile.fields)
    no = np.zeros(0, np.int64)
    return Columns(
        no.astype(np.int32), no, no, np.zeros((f, 0), np.float32), np.zeros((f, 0), np.uint8), _kinds(0)
    )


def _kinds(n: int) -> NDArray[np.uint8]:
    return np.full(n, Kind.REALTIME, np.uint8)


def _pick(columns: Columns, rows: NDArray[Any]) -> Columns:
    return Columns(
        columns.device[rows],
        columns.at[rows],
        columns.received_at[rows],
        columns.values[:, rows],
        columns.quality[:, rows],
        columns.kind[rows],
    )


def newest_of_each(parts: Sequence[Columns]) -> Columns:
    """Rows of several parts sorted by device and time; of one (device, at) only the one of the last part."""
    device = np.concatenate([p.device for p in parts])
    at = np.concatenate([p.at for p in parts])
    whole = Columns(
        device,
        at,
        np.concatenate([p.received_at for p in parts]),
        np.concatenate([p.values for p in parts], axis=1),
        np.concatenate([p.quality for p in parts], axis=1),
        np.concatenate([p.kind for p in parts]),
    )
    order = np.lexsort((at, device))  # stable: of equal keys the last part comes last
    device, at = device[order], at[order]
    last = np.ones(len(order), bool)
    last[:-1] = (device[1:] != device[:-1]) | (at[1:] != at[:-1])
    return _pick(whole, order[last])


class Digest:
    """What the rows say, in their order, whatever file they lie in."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.rows = 0

    def add(self, columns: Columns) -> None:
        """Go on with these rows. Row by row, so that the cuts between the calls do not matter."""
        n = len(columns.device)
        parts = [
            columns.device.astype("<i4").view(np.uint8).reshape(n, 4),
            columns.at.astype("<i8").view(np.uint8).reshape(n, 8),
            columns.received_at.astype("<i8").view(np.uint8).reshape(n, 8),
            np.ascontiguousarray(columns.quality.T, np.uint8),
            # every NaN is the same absent value
            np.where(np.isnan(columns.values), np.float32(np.nan), columns.values)
            .T.astype("<f4", order="C")
            .view(np.uint8)
            .reshape(n, -1),
        ]
        self._hash.update(np.hstack(parts).tobytes())
        self.rows += n

    @property
    def value(self) -> str:
        """Hexadecimal SHA-256 so far."""
        return self._hash.hexdigest()


class Writing:
    """Writes one part. Rows must come sorted by (device, at); `close` ends the file, the caller closes what it opened."""

    def __init__(self, target: BinaryIO, profile: Profile) -> None:
        self._target, self._profile = target, profile
        self._names = [f.name for f in profile.fields]
        self._writer: pq.ParquetWriter | None = None
        self._waiting: list[Columns] = []
        self._n = 0
        self.digest = Digest()

    def add(self, columns: Columns) -> None:
        """More rows; kept until a group is full."""
        self._waiting.append(columns)
        self._n += len(columns.device)
        while self._n >= GROUP_ROWS:
            self._flush(GROUP_ROWS)

    def close(self) -> None:
        """The last group and the footer."""
        if self._n or self._writer is None:
            self._flush(self._n)
        assert self._writer is not None, "the flush opened it"
        self._writer.close()

    def _flush(self, n: int) -> None:
        whole = _join(self._waiting) if self._waiting else empty(self._profile)
        first, rest = _pick(whole, np.arange(n)), _pick(whole, np.arange(n, self._n))
        self._waiting, self._n = [rest], self._n - n
        self.digest.add(first)
        table = self._table(first)
        if self._writer is None:
            self._writer = self._open(table, first)
        self._writer.write_table(table, row_group_size=GROUP_ROWS)

    def _table(self, columns: Columns) -> pa.Table:
        utc = pa.timestamp("us", tz="UTC")
        found: dict[str, Any] = {
            "device": pa.array(columns.device, pa.int32()),
            "at": pa.array(columns.at, pa.int64()).cast(utc),
            "received_at": pa.array(columns.received_at, pa.int64()).cast(utc),
            "quality": pa.array(packed(columns.quality), pa.int64()),
        }
        for name, values in zip(self._names, columns.values, strict=True):
            found[name] = pa.array(np.ascontiguousarray(values), pa.float32(), mask=np.isnan(values))
        return pa.table(found)

    def _open(self, table: pa.Table, first: Columns) -> pq.ParquetWriter:
        """The first group tells how each quantity packs best."""
        n = max(1, len(first.device))
        many = {
            name
            for name, values in zip(self._names, first.values, strict=True)
            if len(np.unique(values)) > DICTIONARY_SHARE * n
        }
        encoding = {"at": "DELTA_BINARY_PACKED", "received_at": "DELTA_BINARY_PACKED"}
        encoding |= dict.fromkeys(many, "BYTE_STREAM_SPLIT")
        return pq.ParquetWriter(
            self._target,
            table.schema.with_metadata({"siteloop.profile": self._profile.code}),
            compression="zstd",
            compression_level=3,
            use_dictionary=["device", "quality", *(n for n in self._names if n not in many)],
            column_encoding=encoding,
            write_statistics=["device", "at"],
        )


def read(
    source: BinaryIO, profile: Profile, start: int, end: int, devices: Sequence[int] | None = None
) -> Columns:
    """Rows with device time in [start, end) µs, of some devices or all; only groups that may hold any are touched.

    A field the profile got later is absent. Raises pyarrow.ArrowInvalid for a damaged file.
    """
    wanted = None if devices is None else np.unique(np.asarray(devices, np.int32))
    if wanted is not None and not len(wanted):
        return empty(profile)
    file = pq.ParquetFile(source)
    groups = [g for g in range(file.num_row_groups) if _may_hold(file, g, start, end, wanted)]
    if not groups:
        return empty(profile)
    found = _columns(file.read_row_groups(groups, use_threads=False), profile)
    good = (found.at >= start) & (found.at < end)
    if wanted is not None:
        good &= np.isin(found.device, wanted)
    return _pick(found, np.flatnonzero(good))


def groups_of(source: BinaryIO, profile: Profile) -> Iterator[Columns]:
    """Every row in order, a group at a time."""
    file = pq.ParquetFile(source)
    for group in range(file.num_row_groups):
        yield _columns(file.read_row_group(group, use_threads=False), profile)


def _may_hold(
    file: pq.ParquetFile, group: int, start: int, end: int, devices: NDArray[np.int32] | None
) -> bool:
    """By the group's least and greatest device and time; a group without these figures may hold anything."""
    meta = file.metadata.row_group(group)
    device, at = meta.column(0).statistics, meta.column(1).statistics
    if device is not None and device.has_min_max and devices is not None:
        first = int(np.searchsorted(devices, device.min))
        if first == len(devices) or devices[first] > device.max:
            return False
    if at is not None and at.has_min_max:
        low, high = (_us(at.min), _us(at.max))
        return low < end and high >= start
    return True


def _us(moment: dt.datetime) -> int:
    delta = moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def _columns(table: pa.Table, profile: Profile) -> Columns:
    n = table.num_rows
    flags = table["quality"].to_numpy().astype(np.int64)
    values = np.full((len(profile.fields), n), np.nan, np.float32)
    quality = np.full((len(profile.fields), n), Quality.ABSENT, np.uint8)
    known = set(table.column_names)
    for i, field in enumerate(profile.fields):
        if field.name in known:
            values[i] = table[field.name].to_numpy()
            quality[i] = (flags >> (4 * i)) & 15
    return Columns(
        table["device"].to_numpy().astype(np.int32),
        table["at"].cast(pa.int64()).to_numpy().astype(np.int64),
        table["received_at"].cast(pa.int64()).to_numpy().astype(np.int64),
        values,
        quality,
        _kinds(n),
    )


def packed(quality: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Flags [f, n] as one number a row, four bits a field, field 0 lowest."""
    found = np.zeros(quality.shape[1], np.int64)
    for i, row in enumerate(quality):
        found |= row.astype(np.int64) << (4 * i)
    return found


def _join(parts: Sequence[Columns]) -> Columns:
    return Columns(
        np.concatenate([p.device for p in parts]),
        np.concatenate([p.at for p in parts]),
        np.concatenate([p.received_at for p in parts]),
        np.concatenate([p.values for p in parts], axis=1),
        np.concatenate([p.quality for p in parts], axis=1),
        np.concatenate([p.kind for p in parts]),
    )
