"""Distances on the ground between points in degrees WGS-84; good to 0.5 % over the distances a site knows."""

import numpy as np

from siteloop.rules.state import Array

EARTH = 6_371_008.8  # mean radius, m


def metres_between(lon: Array, lat: Array, other_lon: Array, other_lat: Array) -> Array:
    """Great-circle distance, m (haversine); NaN in, NaN out."""
    a, b = np.radians(lat), np.radians(other_lat)
    half = np.sin((b - a) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(np.radians(other_lon - lon) / 2) ** 2
    found: Array = 2 * EARTH * np.arcsin(np.sqrt(np.minimum(half, 1.0)))
    return found


def neighbours(lon: Array, lat: Array, radius: float, most: int) -> Array:
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
        far = metres_between(lon[here][:, None], lat[here][:, None], lon[near][None], lat[near][None])
        far[(near[None] == here[:, None]) | (far > radius)] = np.inf
        order = np.argsort(far, axis=1, kind="stable")[:, :most]
        taken = np.where(np.isfinite(np.take_along_axis(far, order, 1)), near[order], -1)
        found[here, : taken.shape[1]] = taken
    return found
