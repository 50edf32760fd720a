"""Sums of rows by device and time: what a roll-up is made of, worked out for many rows at once.

Only NORMAL values count. A mean is given when at least 75 % of the expected values are valid (the rule of HJ 212-2017 for gas,
standards.md §10); noise is averaged by energy, wind direction as vectors, a state is its last value.
"""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from siteloop.kernel.block import Columns
from siteloop.kernel.profiles import Averaging, Profile
from siteloop.kernel.quality import Quality

VALID_SHARE = 0.75


@dataclass
class Sums:
    """m buckets of one step, sorted by device and time; f fields of the profile, v of them vectors.

    device int32[m] · start int64[m] µs · n int32[f, m] valid values · total float64[f + v, m] (sum; of energies; of sines, with
    the cosines behind all fields; the last value) · low, high float32[f, m], ±inf where n is 0.
    """

    device: NDArray[np.int32]
    start: NDArray[np.int64]
    n: NDArray[np.int32]
    total: NDArray[np.float64]
    low: NDArray[np.float32]
    high: NDArray[np.float32]

    def take(self, which: NDArray[np.bool_] | NDArray[np.intp]) -> Self:
        """Some of the buckets."""
        return type(self)(*(getattr(self, f.name)[..., which] for f in fields(self)))

    @property
    def count(self) -> int:
        """Number of buckets."""
        return len(self.device)


def joined(parts: list[Sums]) -> Sums:
    """Buckets of several sums behind each other."""
    return Sums(*(np.concatenate([getattr(p, f.name) for p in parts], axis=-1) for f in fields(Sums)))


def kinds(profile: Profile, kind: Averaging) -> list[int]:
    """Fields that are averaged in one way."""
    return [i for i, field in enumerate(profile.fields) if field.averaging is kind]


def width(profile: Profile) -> int:
    """Rows of `total`."""
    return len(profile.fields) + len(kinds(profile, Averaging.VECTOR))


def of_rows(profile: Profile, rows: Columns, step_us: int) -> Sums:
    """Sums of rows that are sorted by device and time; at least one row."""
    starts = _starts(rows.device, rows.at // step_us)
    good = (rows.quality == Quality.NORMAL) & ~np.isnan(rows.values)
    low, high = np.where(good, rows.values, np.inf), np.where(good, rows.values, -np.inf)
    total = np.empty((width(profile), len(starts)))
    for i, field in enumerate(profile.fields):
        if field.averaging is Averaging.LAST:
            total[i] = _last(rows.values[i], good[i], starts)
        else:
            total[i] = np.add.reduceat(_weighed(rows.values[i], good[i], field.averaging), starts)
    for k, i in enumerate(kinds(profile, Averaging.VECTOR), len(profile.fields)):
        cosines = np.where(good[i], np.cos(np.radians(rows.values[i].astype(np.float64))), 0.0)
        total[k] = np.add.reduceat(cosines, starts)
    return Sums(
        rows.device[starts],
        rows.at[starts] // step_us * step_us,
        np.add.reduceat(good, starts, axis=1, dtype=np.int32),
        total,
        np.minimum.reduceat(low, starts, axis=1),
        np.maximum.reduceat(high, starts, axis=1),
    )


def coarser(profile: Profile, fine: Sums, step_us: int) -> Sums:
    """Sums of longer buckets from those of shorter ones."""
    starts = _starts(fine.device, fine.start // step_us)
    total = np.add.reduceat(fine.total, starts, axis=1)
    for i in kinds(profile, Averaging.LAST):
        total[i] = _last(fine.total[i], fine.n[i] > 0, starts)
    return Sums(
        fine.device[starts],
        fine.start[starts] // step_us * step_us,
        np.add.reduceat(fine.n, starts, axis=1, dtype=np.int32),
        total,
        np.minimum.reduceat(fine.low, starts, axis=1),
        np.maximum.reduceat(fine.high, starts, axis=1),
    )


def added(profile: Profile, before: Sums, after: Sums) -> Sums:
    """The same buckets, `after` behind `before` in time."""
    total = before.total + after.total
    for i in kinds(profile, Averaging.LAST):
        total[i] = np.where(after.n[i] > 0, after.total[i], before.total[i])
    return Sums(
        after.device,
        after.start,
        before.n + after.n,
        total,
        np.minimum(before.low, after.low),
        np.maximum(before.high, after.high),
    )


def means(profile: Profile, sums: Sums, expected: NDArray[np.int32]) -> NDArray[np.float32]:
    """float32[f, m]; NaN where fewer than 75 % of the `expected` values are valid."""
    mean = np.full(sums.n.shape, np.nan)
    cosine = len(profile.fields)
    for i, field in enumerate(profile.fields):
        enough = (sums.n[i] >= np.ceil(VALID_SHARE * expected)) & (sums.n[i] > 0)
        total, n = sums.total[i][enough], sums.n[i][enough]
        if field.averaging is Averaging.ENERGY:
            mean[i, enough] = 10 * np.log10(total / n)
        elif field.averaging is Averaging.VECTOR:
            mean[i, enough] = np.degrees(np.arctan2(total, sums.total[cosine][enough])) % 360
        elif field.averaging is Averaging.LAST:
            mean[i, enough] = total
        else:
            mean[i, enough] = total / n
        cosine += field.averaging is Averaging.VECTOR
    return mean.astype(np.float32)


def _starts(device: NDArray[np.int32], bucket: NDArray[np.int64]) -> NDArray[np.intp]:
    changes = (device[1:] != device[:-1]) | (bucket[1:] != bucket[:-1])
    return np.flatnonzero(np.concatenate(([True], changes)))


def _last(
    values: NDArray[np.floating], good: NDArray[np.bool_], starts: NDArray[np.intp]
) -> NDArray[np.float64]:
    """The last good value of each group, 0 where there is none."""
    place = np.maximum.reduceat(np.where(good, np.arange(len(values)), -1), starts)
    return np.where(place >= 0, values[place].astype(np.float64), 0.0)


def _weighed(
    values: NDArray[np.float32], good: NDArray[np.bool_], averaging: Averaging
) -> NDArray[np.float64]:
    """What a value adds to its sum."""
    exact = np.where(good, values, 0.0).astype(np.float64)
    if averaging is Averaging.ENERGY:
        return np.where(good, np.power(10.0, exact / 10), 0.0)
    return np.sin(np.radians(exact)) if averaging is Averaging.VECTOR else exact
