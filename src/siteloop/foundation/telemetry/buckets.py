"""Roll-ups above a minute as JSON, for charts: a month of hours is 720 buckets of nine values.

The database hands them over as one run of bytes, and numbers are only written out once. Letting the database write the JSON took
it four times as long as finding the buckets, making an object of every value still longer.
"""

import datetime as dt
import math
from typing import Any

import msgspec
import numpy as np
from django.db import connection
from numpy.typing import NDArray
from psycopg import sql

from siteloop.foundation.registry.models import Device
from siteloop.kernel.profiles import PROFILES
from siteloop.kernel.times import SECOND, SHANGHAI

MOST = 20_000
EPOCH_2000 = 946_684_800 * SECOND  # PostgreSQL counts from there
#: decimal digits a float32 surely holds
DIGITS = 7


def buckets_json(device: Device, start: dt.datetime, end: dt.datetime, step: int) -> bytes:
    """Means of [start, end) at a step above a minute as a JSON list of rows, at most 20,000; seven digits of every value."""
    names = [f.name for f in PROFILES[device.profile].fields]
    at, mean = _stored(device, start, end, step, len(names))
    whole = msgspec.Raw(msgspec.json.encode(dict.fromkeys(names, "normal")))
    flags: list[Any] = [whole] * len(at)
    values: list[dict[str, float | None]] = [
        dict(zip(names, row, strict=True)) for row in _written(mean).tolist()
    ]
    for place in np.flatnonzero(np.isnan(mean).any(axis=1)).tolist():
        values[place] = {n: None if math.isnan(v or 0) else v for n, v in values[place].items()}
        flags[place] = {n: "no_value" if v is None else "normal" for n, v in values[place].items()}
    rows = [
        {"at": dt.datetime.fromtimestamp(moment, SHANGHAI), "received_at": None, "values": v, "quality": q}
        for moment, v, q in zip((at // SECOND).tolist(), values, flags, strict=True)
    ]
    return msgspec.json.encode(rows)


def _stored(
    device: Device, start: dt.datetime, end: dt.datetime, step: int, width: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """(times µs [n], means [n, fields]), NaN where a bucket has none."""
    query = sql.SQL(
        "SELECT string_agg(timestamptz_send(at) || array_send(array_replace(mean, NULL, 'NaN')), ''::bytea)"
        " FROM (SELECT at, mean FROM telemetry.{} WHERE device = %s AND step = %s AND at >= %s AND at < %s"
        " ORDER BY at LIMIT %s) AS bucket"
    ).format(sql.Identifier(f"{device.profile}_rollup"))
    with connection.cursor() as cursor:
        cursor.execute(query, [device.number, step, start, end, MOST])
        (found,) = cursor.fetchone()
    # an array's own head says: dimensions, whether it has nulls, type, length, first index
    cell = np.dtype([("size", ">i4"), ("value", ">f4")])
    layout = np.dtype([("at", ">i8"), ("head", ">i4", 5), ("mean", cell, width)])
    rows = np.frombuffer(found or b"", layout)
    return rows["at"].astype(np.int64) + EPOCH_2000, rows["mean"]["value"].astype(np.float64)


def _written(value: NDArray[np.float64]) -> NDArray[np.float64]:
    """The float64 that prints as a float32 would: what lies beyond its digits is noise."""
    with np.errstate(divide="ignore", invalid="ignore"):
        before_point = np.floor(np.log10(np.abs(value))) + 1
        scale = 10.0 ** np.clip(DIGITS - np.where(np.isfinite(before_point), before_point, 0), 0, 12)
        rounded: NDArray[np.float64] = np.round(value * scale) / scale
    return rounded
