"""Stored history as the judge once saw it: rows in order of arrival, cut into steps of time, read by COPY into columns.

Memory stays bounded: one slice of rows by device time, and those of earlier slices that had not arrived by then.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import numpy as np
import psycopg

from siteloop.gateway.binary import copied
from siteloop.gateway.binary.copying import join, take
from siteloop.gateway.history import past
from siteloop.gateway.history.archive_store import NO_STORE, ArchiveStore
from siteloop.kernel import archived
from siteloop.kernel.block import Columns
from siteloop.kernel.profiles import PROFILES, Profile
from siteloop.kernel.times import DAY, MINUTE, SECOND

STEP = 60 * SECOND  # rows of one step go to the detectors together; then time passes
AHEAD = 600 * SECOND  # a device clock may run this far ahead (GatewaySettings.ahead_s)
ROWS = 600_000  # about so many rows a slice
LEAST, MOST = 10 * MINUTE, DAY


class Step(msgspec.Struct, frozen=True):
    """What arrived before `until` (µs) since the step before; profiles one after the other, each in order of arrival."""

    until: int
    parts: list[tuple[str, Columns]]


def steps(
    connection: psycopg.Connection[Any],
    start: int,
    end: int,
    devices: Sequence[int],
    profiles: Sequence[str],
    rate: float,
    store: ArchiveStore = NO_STORE,
) -> Iterator[Step]:
    """Real-time rows of `devices` with device time in [start, end) µs. `rate` = rows a second to expect, for the slices."""
    size = int(min(MOST, max(LEAST, ROWS / max(rate, 1e-9) * SECOND)))
    waiting: dict[str, Columns] = {}
    clock = start
    for low in range(start, end, size):
        high = min(low + size, end)
        for code in profiles:
            fresh = read(connection, PROFILES[code], low, high, devices, store)
            waiting[code] = join([waiting[code], fresh]) if code in waiting else fresh
        is_last = high == end
        horizon = high - AHEAD
        ready: dict[str, Columns] = {}
        for code, rows in waiting.items():
            now = np.ones(len(rows.at), bool) if is_last else rows.received_at < horizon
            arrived = np.flatnonzero(now)
            order = arrived[np.argsort(rows.received_at[arrived], kind="stable")]
            ready[code] = take(rows, order)
            waiting[code] = take(rows, np.flatnonzero(~now))
        yield from _cut(ready, clock, end if is_last else horizon, is_last)
        clock = max(clock, horizon)


def _cut(ready: dict[str, Columns], start: int, stop: int, is_last: bool) -> Iterator[Step]:
    """Steps of time; an empty one lets time pass all the same. What arrived after the end goes with the last step."""
    first = start // STEP * STEP + STEP
    edges = np.arange(first, max(stop, first) + STEP, STEP)
    cuts = {code: np.searchsorted(r.received_at, edges, side="left") for code, r in ready.items()}
    if is_last:
        for code, rows in ready.items():
            cuts[code][-1] = len(rows.at)
    before = dict.fromkeys(ready, 0)
    for i, edge in enumerate(edges.tolist()):
        parts = []
        for code, rows in ready.items():
            upto = int(cuts[code][i])
            if upto > before[code]:
                parts.append((code, _part(rows, before[code], upto)))
                before[code] = upto
        yield Step(edge, parts)


def _part(rows: Columns, a: int, b: int) -> Columns:
    return Columns(
        rows.device[a:b],
        rows.at[a:b],
        rows.received_at[a:b],
        rows.values[:, a:b],
        rows.quality[:, a:b],
        rows.kind[a:b],
    )


def read(
    connection: psycopg.Connection[Any],
    profile: Profile,
    start: int,
    end: int,
    devices: Sequence[int],
    store: ArchiveStore = NO_STORE,
) -> Columns:
    """Real-time rows of a stretch of device time, archived or not, in no particular order."""
    here = copied.read(connection, profile, copied.query(profile, profile.code, start, end, devices))
    gone = past.rows(connection, store, profile, start, end, devices)
    return here if gone is None else archived.newest_of_each([gone, here])
