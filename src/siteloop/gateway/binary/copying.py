"""PostgreSQL binary COPY straight from columns: one numpy structured array for all rows that lack the same fields."""

import numpy as np
from numpy.typing import NDArray

from siteloop.kernel.block import Columns

#: microseconds from 1970 to 2000, PostgreSQL's epoch
EPOCH_2000 = 946_684_800_000_000
HEADER = b"PGCOPY\n\xff\r\n\x00" + b"\x00" * 8
TRAILER = b"\xff\xff"


def pack_quality(quality: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Flags [f, n] -> one 64-bit integer a row, four bits a field, field 0 lowest."""
    packed = np.zeros(quality.shape[1], np.int64)
    for i, row in enumerate(quality):
        packed |= row.astype(np.int64) << (4 * i)
    return packed


def order(columns: Columns) -> NDArray[np.intp]:
    """Rows by device and time, in order of arrival where both are equal."""
    device = columns.device
    # numpy sorts 16-bit keys by counting; rows of one device nearly always arrive in order of time
    short = device.astype(np.uint16) if int(device.max()) < 65_536 else device
    found = np.argsort(short, kind="stable")
    at, number = columns.at[found], device[found]
    if bool(np.any((at[1:] < at[:-1]) & (number[1:] == number[:-1]))):
        return np.lexsort((columns.at, device))
    return found


def take(columns: Columns, rows: NDArray[np.intp]) -> Columns:
    """Some rows of the columns."""
    return Columns(
        columns.device[rows],
        columns.at[rows],
        columns.received_at[rows],
        columns.values[:, rows],
        columns.quality[:, rows],
        columns.kind[rows],
    )


def join(parts: list[Columns]) -> Columns:
    """Rows of several blocks behind each other."""
    return Columns(
        np.concatenate([p.device for p in parts]),
        np.concatenate([p.at for p in parts]),
        np.concatenate([p.received_at for p in parts]),
        np.concatenate([p.values for p in parts], axis=1),
        np.concatenate([p.quality for p in parts], axis=1),
        np.concatenate([p.kind for p in parts]),
    )


def encode(columns: Columns, with_kind: bool = False) -> bytes:
    """COPY body for (device, [kind,] at, received_at, quality, fields...); NaN becomes NULL. Row order may change."""
    absent = np.isnan(columns.values)
    weights = np.int64(1) << np.arange(absent.shape[0], dtype=np.int64)
    pattern = weights @ absent.astype(np.int64)
    packed = pack_quality(columns.quality)
    parts = [HEADER]
    for missing in np.unique(pattern):
        rows = np.flatnonzero(pattern == missing)
        parts.append(_same_pattern(columns, packed, rows, int(missing), with_kind))
    parts.append(TRAILER)
    return b"".join(parts)


def _same_pattern(
    columns: Columns, packed: NDArray[np.int64], rows: NDArray[np.intp], missing: int, with_kind: bool
) -> bytes:
    fields = columns.values.shape[0]
    layout: list[tuple[str, str]] = [("count", ">i2"), ("l_device", ">i4"), ("device", ">i4")]
    if with_kind:
        layout += [("l_kind", ">i4"), ("kind", ">i2")]
    for name in ("at", "received_at", "quality"):
        layout += [(f"l_{name}", ">i4"), (name, ">i8")]
    for i in range(fields):
        layout.append((f"l_{i}", ">i4"))
        if not missing >> i & 1:
            layout.append((f"v_{i}", ">f4"))
    out = np.empty(len(rows), np.dtype(layout))
    out["count"] = 4 + fields + with_kind
    out["l_device"], out["device"] = 4, columns.device[rows]
    if with_kind:
        out["l_kind"], out["kind"] = 2, columns.kind[rows]
    for name, values in (
        ("at", columns.at[rows] - EPOCH_2000),
        ("received_at", columns.received_at[rows] - EPOCH_2000),
        ("quality", packed[rows]),
    ):
        out[f"l_{name}"], out[name] = 8, values
    for i in range(fields):
        if missing >> i & 1:
            out[f"l_{i}"] = -1
        else:
            out[f"l_{i}"], out[f"v_{i}"] = 4, columns.values[i, rows]
    return out.tobytes()
