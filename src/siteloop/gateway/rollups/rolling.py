"""Roll-ups of rows that arrive in order: minutes and quarter hours are summed up in memory as rows pass, and written when they close.

Nothing is read for them and nothing is waited for. What memory cannot know exactly is *in doubt*: quarter hours into which late
rows came, and those that were open when the sink started. They are left to the roller, which reads their rows again
(`telemetry.dirty`). Hours and days are summed up from quarter hours by the roller (`telemetry.unsummed`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql

from siteloop.gateway.binary import copying
from siteloop.gateway.binary.arrays import Float4s, Float8s, Int4s, Int8s
from siteloop.gateway.rollups import sums
from siteloop.gateway.rollups.sums import Sums
from siteloop.kernel.block import Columns
from siteloop.kernel.profiles import Profile
from siteloop.kernel.registry import DeviceEntry
from siteloop.kernel.times import OFFSET, SECOND

STEPS = (60, 900)
UPPER_STEPS = (3600, 86_400)
QUARTER = 900 * SECOND
GRACE_US = 5 * SECOND
NONE = -1
INTERVAL_S = 60  # of a device the registry does not know (yet)


@dataclass
class Plan:
    """What a batch of rows does: closed buckets to write, and open ones to remember once that is committed."""

    closed: dict[int, Sums] = field(default_factory=dict)  # step -> buckets
    open: dict[int, Sums] = field(default_factory=dict)
    doubted: NDArray[np.int64] = field(default_factory=lambda: np.empty((2, 0), np.int64))  # device, quarter


class Open:
    """The newest bucket of every device, of one step."""

    def __init__(self, profile: Profile, step: int) -> None:
        self.profile, self.step_us = profile, step * SECOND
        f, g = len(profile.fields), sums.width(profile)
        self.slots = Sums(
            np.empty(0, np.int32),
            np.empty(0, np.int64),
            np.empty((f, 0), np.int32),
            np.empty((g, 0)),
            np.empty((f, 0), np.float32),
            np.empty((f, 0), np.float32),
        )
        self.written = np.empty(0, np.bool_)  # as it is now, or there is nothing

    def grow(self, devices: int) -> None:
        """Make room for device numbers below `devices`."""
        more = devices + 256 - len(self.written)
        if devices <= len(self.written):
            return
        s, f, g = self.slots, len(self.slots.n), len(self.slots.total)
        fresh = Sums(
            np.arange(s.count, s.count + more, dtype=np.int32),
            np.full(more, NONE, np.int64),
            np.zeros((f, more), np.int32),
            np.zeros((g, more)),
            np.zeros((f, more), np.float32),
            np.zeros((f, more), np.float32),
        )
        self.slots = sums.joined([s, fresh])
        self.written = np.concatenate([self.written, np.ones(more, np.bool_)])

    def plan(self, found: Sums) -> tuple[Sums, Sums]:
        """(closed, open) after these buckets, which are newer than or the same as the open ones."""
        self.grow(int(found.device[-1]) + 1)
        changes = found.device[1:] != found.device[:-1]
        first, last = np.append(True, changes), np.append(changes, True)
        before = self.slots.take(found.device[first])
        goes_on = before.start == found.start[first]
        if goes_on.any():
            mine = np.flatnonzero(first)[goes_on]
            merged = sums.added(self.profile, before.take(goes_on), found.take(mine))
            for name in ("n", "total", "low", "high"):
                getattr(found, name)[..., mine] = getattr(merged, name)
        ended = ~goes_on & (before.start != NONE) & ~self.written[before.device]
        return sums.joined([before.take(ended), found.take(~last)]), found.take(last)

    def remember(self, newest: Sums) -> None:
        """Take over what was planned; it is not written yet."""
        for name in ("start", "n", "total", "low", "high"):
            getattr(self.slots, name)[..., newest.device] = getattr(newest, name)
        self.written[newest.device] = False

    def ripe(self, now: int) -> Sums:
        """Buckets whose time is over by the clock and that are not written as they are."""
        over = ~self.written & (self.slots.start + self.step_us <= now - GRACE_US)
        return self.slots.take(np.flatnonzero(over))


class Rolling:
    """The open buckets of one profile."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.open = {step: Open(profile, step) for step in STEPS}
        self.sure_from = np.zeros(0, np.int64)  # device -> µs: what is earlier is the roller's
        self.interval_s = np.zeros(0, np.int32)

    def use(self, devices: Iterable[DeviceEntry]) -> None:
        """How often each device reports, which says how many values a bucket expects."""
        mine = [d for d in devices if d.profile == self.profile.code]
        self.interval_s = np.full(max((d.number for d in mine), default=0) + 1, INTERVAL_S, np.int32)
        for device in mine:
            self.interval_s[device.number] = max(1, device.interval_s)

    def doubt(self, device: NDArray[np.int32], at: NDArray[np.int64]) -> None:
        """Leave the quarter hours of these rows, and all before, to the roller."""
        if len(device):
            self._grow(int(device.max()) + 1)
            np.maximum.at(self.sure_from, device, (at // QUARTER + 1) * QUARTER)

    def _grow(self, devices: int) -> None:
        if devices > len(self.sure_from):
            more = np.zeros(devices + 256 - len(self.sure_from), np.int64)
            self.sure_from = np.concatenate([self.sure_from, more])

    def plan(self, in_order: Columns, late: Columns) -> Plan:
        """What rows do: those newer than all before them (sorted by device and time), and late ones that were stored."""
        plan = Plan()
        for columns in (in_order, late):
            if len(columns.device):
                self._grow(int(columns.device.max()) + 1)
        sure = in_order.at >= self.sure_from[in_order.device]
        if len(late.device):  # late rows of a quarter hour take the rows in order with them
            until = np.zeros(len(self.sure_from), np.int64)
            np.maximum.at(until, late.device, (late.at // QUARTER + 1) * QUARTER)
            sure &= in_order.at >= until[in_order.device]
        doubted = np.concatenate([late.device, in_order.device[~sure]]).astype(np.int64) << 32
        doubted |= np.concatenate([late.at, in_order.at[~sure]]) // QUARTER
        doubted = np.unique(doubted)
        plan.doubted = np.stack([doubted >> 32, (doubted & 0xFFFF_FFFF) * QUARTER])
        if sure.any():
            rows = in_order if sure.all() else copying.take(in_order, np.flatnonzero(sure))
            minutes = sums.of_rows(self.profile, rows, STEPS[0] * SECOND)
            quarters = sums.coarser(self.profile, minutes, QUARTER)
            for step, found in zip(STEPS, (minutes, quarters), strict=True):
                closed, plan.open[step] = self.open[step].plan(found)
                plan.closed[step] = self._sure(closed)
        return plan

    def _sure(self, found: Sums) -> Sums:
        return found.take(found.start >= self.sure_from[found.device]) if found.count else found

    def remember(self, plan: Plan) -> None:
        """The plan is committed."""
        self.doubt(plan.doubted[0].astype(np.int32), plan.doubted[1])
        for step, newest in plan.open.items():
            self.open[step].remember(newest)

    def ripe(self, now: int) -> Plan:
        """Open buckets that the clock closes at `now` (µs)."""
        found = {step: one.ripe(now) for step, one in self.open.items()}
        for one in found.values():
            if one.count:
                self._grow(int(one.device.max()) + 1)
        sure = {step: self._sure(one) for step, one in found.items()}
        return Plan({step: one for step, one in sure.items() if one.count})

    def wrote(self, plan: Plan) -> None:
        """What was ripe is written."""
        for step, found in plan.closed.items():
            self.open[step].written[found.device] = True

    def expected(self, device: NDArray[np.int32], step: int) -> NDArray[np.int32]:
        """How many values a device should send in a step."""
        known = device < len(self.interval_s)
        interval = np.full(len(device), INTERVAL_S, np.int32)
        interval[known] = self.interval_s[device[known]]
        values: NDArray[np.int32] = np.maximum(1, step // np.maximum(1, interval)).astype(np.int32)
        return values

    async def write(self, connection: psycopg.AsyncConnection[tuple[Any, ...]], plan: Plan) -> None:
        """Write closed buckets and marks for the roller, inside the caller's transaction."""
        for step, whole in plan.closed.items():
            found, expected = self._worth(step, whole)
            if found.count:
                await connection.execute(
                    _statement(self.profile), _parameters(self.profile, step, found, expected)
                )
        quarters = plan.closed.get(900)
        if quarters is not None and quarters.count:
            await self._mark_upper(connection, quarters)
        if plan.doubted.size:
            await connection.execute(
                "INSERT INTO telemetry.dirty AS t (profile, device, at) SELECT %s, d, 'epoch'::timestamptz + a * interval '1 microsecond'"
                " FROM unnest(%s::int[], %s::bigint[]) AS u (d, a) ON CONFLICT (profile, device, at) DO UPDATE SET marked = t.marked + 1",
                [self.profile.code, Int4s(plan.doubted[0]), Int8s(plan.doubted[1])],
            )

    def _worth(self, step: int, found: Sums) -> tuple[Sums, NDArray[np.int32]]:
        """(what is written, its expected values). A minute of a device that reports once a minute or less often, with one
        value of each field, says nothing that its row does not say: readers take the row.
        """
        expected = self.expected(found.device, step)
        if step != STEPS[0] or not found.count:
            return found, expected
        worth = (expected > 1) | (found.n.max(axis=0) > 1)
        return found.take(worth), expected[worth]

    async def _mark_upper(self, connection: psycopg.AsyncConnection[tuple[Any, ...]], quarters: Sums) -> None:
        device, step, start = upper_buckets(quarters.device, quarters.start)
        await mark_upper(connection, self.profile, device, step, start)


def upper_buckets(
    device: NDArray[np.int32], start: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]]:
    """(device, step, start µs) of the hours and local days some quarter hours lie in, each once."""
    found = []
    for step in UPPER_STEPS:
        shift = OFFSET if step == 86_400 else 0
        bucket = np.unique(np.stack([device.astype(np.int64), (start + shift) // (step * SECOND)]), axis=1)
        found.append((bucket[0], np.full(bucket.shape[1], step), bucket[1] * step * SECOND - shift))
    a, b, c = (np.concatenate(column) for column in zip(*found, strict=True))
    return a.astype(np.int32), b.astype(np.int32), c


async def mark_upper(
    connection: psycopg.AsyncConnection[tuple[Any, ...]],
    profile: Profile,
    device: NDArray[np.int32],
    step: NDArray[np.int32],
    start: NDArray[np.int64],
) -> None:
    """Have the roller sum up these hours and days once they are over."""
    await connection.execute(
        "INSERT INTO telemetry.unsummed AS t (profile, step, device, at) SELECT %s, s, d,"
        " 'epoch'::timestamptz + a * interval '1 microsecond' FROM unnest(%s::int[], %s::int[], %s::bigint[]) AS u (s, d, a)"
        " ON CONFLICT (profile, step, device, at) DO UPDATE SET marked = t.marked + 1",
        [profile.code, Int4s(step), Int4s(device), Int8s(start)],
    )


def _parameters(profile: Profile, step: int, found: Sums, expected: NDArray[np.int32]) -> dict[str, Any]:
    absent = found.n == 0
    return {
        "step": step,
        "device": Int4s(found.device),
        "at": Int8s(found.start),
        "expected": Int4s(expected),
        "n": Int4s(found.n.T),
        # minutes are never summed up again
        "total": Float8s(found.total.T if step != STEPS[0] else []),
        "mean": Float4s(sums.means(profile, found, expected).T),
        "low": Float4s(np.where(absent, np.nan, found.low).T),
        "high": Float4s(np.where(absent, np.nan, found.high).T),
    }


def _statement(profile: Profile) -> sql.Composed:
    f, g = sql.Literal(len(profile.fields)), sql.Literal(sums.width(profile))
    part = "(%({name})s::{kind}[])[(o - 1) * {width} + 1 : o * {width}]"

    def cut(name: str, kind: str, width: sql.Literal) -> sql.Composed:
        return sql.SQL(part.replace("{name}", name).replace("{kind}", kind)).format(width=width)

    reals = [
        sql.SQL("array_replace({}, 'NaN', NULL)").format(cut(name, "real", f))
        for name in ("mean", "low", "high")
    ]
    return sql.SQL(
        "INSERT INTO {target} (device, step, at, expected, n, total, mean, low, high)"
        " SELECT d, %(step)s, 'epoch'::timestamptz + a * interval '1 microsecond', e, {n}, nullif({total}, '{{}}'), {reals}"
        " FROM unnest(%(device)s::int[], %(at)s::bigint[], %(expected)s::int[]) WITH ORDINALITY AS t (d, a, e, o)"
        " ON CONFLICT (device, step, at) DO UPDATE SET expected = excluded.expected, n = excluded.n, total = excluded.total,"
        " mean = excluded.mean, low = excluded.low, high = excluded.high"
    ).format(
        target=sql.Identifier("telemetry", f"{profile.code}_rollup"),
        n=cut("n", "int", f),
        total=cut("total", "float8", g),
        reals=sql.SQL(", ").join(reals),
    )
