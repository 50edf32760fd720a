"""Distances on the ground between points in degrees WGS-84; good to 0.5 % over the distances a site knows."""

from functools import lru_cache

import numpy as np

from siteloop.rules.state import Array

EARTH = 6_371_008.8  # mean radius, m
MARGIN, SPARE = 1.02, 8  # of the plane: how much farther it looks, and how many more


def metres_between(lon: Array, lat: Array, other_lon: Array, other_lat: Array) -> Array:
    """Great-circle distance, m (haversine); NaN in, NaN out."""
    a, b = np.radians(lat), np.radians(other_lat)
    half = np.sin((b - a) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(np.radians(other_lon - lon) / 2) ** 2
    found: Array = 2 * EARTH * np.arcsin(np.sqrt(np.minimum(half, 1.0)))
    return found


def neighbours(lon: Array, lat: Array, radius: float, most: int) -> Array:
    """As `_search`, remembered: a new registry version seldom moves a device, and the judge waits meanwhile."""
    return _remembered(lon.astype(np.float64).tobytes(), lat.astype(np.float64).tobytes(), radius, most)


@lru_cache(maxsize=4)
def _remembered(lon: bytes, lat: bytes, radius: float, most: int) -> Array:
    found = _search(np.frombuffer(lon), np.frombuffer(lat), radius, most)
    found.flags.writeable = False
    return found


def _search(lon: Array, lat: Array, radius: float, most: int) -> Array:
    """For each of n points the `most` nearest others within `radius` m: int[n, most], -1 where there are fewer.

    Points are put into cells of the radius' size, so only the nine cells around a point are searched. NaN points have none.
    """
    n = len(lon)
    found = np.full((n, most), -1, np.int64)
    known = np.flatnonzero(np.isfinite(lon) & np.isfinite(lat))
    if not len(known) or most < 1:
        return found
    high = np.degrees(radius / EARTH)
    widest = max(0.01, float(np.cos(np.radians(np.minimum(np.abs(lat[known]).max() + high, 89.0)))))
    row = np.floor(lat[known] / high).astype(np.int64)
    column = np.floor(lon[known] / (high / widest)).astype(np.int64)
    cells: dict[tuple[int, int], list[int]] = {}
    for i, r, c in zip(known.tolist(), row.tolist(), column.tolist(), strict=True):
        cells.setdefault((r, c), []).append(i)
    for (r, c), members in cells.items():
        around = [j for dr in (-1, 0, 1) for dc in (-1, 0, 1) for j in cells.get((r + dr, c + dc), ())]
        if len(around) < 2:
            continue
        near, here = np.array(around), np.array(members)
        # on a plane first, which is quick and errs by far less than the margin; only the nearest are measured on the globe
        x = (lon[near][None] - lon[here][:, None]) * np.cos(np.radians(lat[here]))[:, None]
        plane = np.radians(np.hypot(x, lat[near][None] - lat[here][:, None])) * EARTH
        plane[(near[None] == here[:, None]) | (plane > radius * MARGIN)] = np.inf
        few = min(most + SPARE, plane.shape[1])
        chosen: Array = np.argpartition(plane, few - 1, axis=1)[:, :few]
        among = near[chosen]
        far = metres_between(lon[here][:, None], lat[here][:, None], lon[among], lat[among])
        far[~np.isfinite(np.take_along_axis(plane, chosen, 1)) | (far > radius)] = np.inf
        order = np.argsort(far, axis=1, kind="stable")[:, :most]
        is_near = np.isfinite(np.take_along_axis(far, order, 1))
        taken = np.where(is_near, np.take_along_axis(among, order, 1), -1)
        found[here, : taken.shape[1]] = taken
    return found
