"""Flat line: the same valid value over hours, which no real air does (dead sensor, canned stream).

Parameters: `field`, `hold_s` (10800), `min_count` (6 readings), `tolerance` (0), `ignore_below` (values under it may
stand still, such as wind in a calm), `update_s` (3600).
"""

from typing import ClassVar

import numpy as np

from siteloop.kernel.finding import Finding
from siteloop.kernel.times import SECOND
from siteloop.rules import words
from siteloop.rules.detector import Statement
from siteloop.rules.episodes import raised, reading
from siteloop.rules.lane import Lane, LaneDetector
from siteloop.rules.roster import Batch
from siteloop.rules.state import Array, Spec


class FlatLineLane(Lane):
    """One quantity that must move."""

    SPEC: ClassVar[Spec] = {
        "value": ("f8", np.nan),
        "since": ("i8", 0),
        "count": ("i4", 0),
        "active": ("?", False),
        "told": ("i8", 0),
    }

    def prepare(self) -> None:
        """Parameters of every device."""
        self.column, self.quantity = self.field()
        self.hold = self.number("hold_s", 10_800, SECOND).astype(np.int64)
        self.least = self.number("min_count", 6)
        self.tolerance = self.number("tolerance", 0)
        self.ignore_below = self.number("ignore_below", -np.inf)
        self.update = self.number("update_s", 3600, SECOND).astype(np.int64)

    def see(self, batch: Batch) -> list[Statement]:
        """Count equal values; a different one ends the line."""
        value, valid = batch.values(self.column)
        runs, state = batch.runs(valid & self.applies[batch.slot]), self.state
        if not len(runs):
            return []
        number, slot, at = value[runs.row], runs.slot, batch.at[runs.row]
        moved = ~self._is_same(slot, number, runs.before(number, state["value"]))
        since = runs.newest(moved, at, state["since"])
        count = runs.count_since(moved, state["count"])
        # within a tolerance rows are compared with the line's first, not with the one before
        is_still = runs.any(
            state["active"][slot]
            | self._is_long(slot, at - since, count)
            | (~moved & (self.tolerance[slot] > 0))
        )
        last = runs.ends[~is_still]
        where = slot[last]
        state["value"][where], state["since"][where], state["count"][where] = (
            number[last],
            since[last],
            count[last],
        )
        said: list[Statement] = []
        for rows in batch.rounds_of(runs, is_still):
            said += self._round(batch.slot[rows], batch.at[rows], value[rows])
        return said

    def _is_same(self, slot: Array, number: Array, before: Array) -> Array:
        same: Array = np.abs(number - before) <= self.tolerance[slot]
        return same & (number >= self.ignore_below[slot])

    def _is_long(self, slot: Array, lasted: Array, count: Array) -> Array:
        long: Array = (lasted >= self.hold[slot]) & (count >= self.least[slot])
        return long

    def _round(self, slot: Array, at: Array, number: Array) -> list[Statement]:
        """One row each of some devices."""
        state = self.state
        said: list[Statement] = []
        same = self._is_same(slot, number, state["value"][slot])
        for i in np.flatnonzero(~same & state["active"][slot]):
            said.append(self._say_moved(int(slot[i]), int(at[i]), float(number[i])))
        state["value"][slot] = np.where(same, state["value"][slot], number)
        state["since"][slot] = np.where(same, state["since"][slot], at)
        state["count"][slot] = np.where(same, state["count"][slot] + 1, 1)
        state["active"][slot] &= same
        long = same & self._is_long(slot, at - state["since"][slot], state["count"][slot])
        due = long & (~state["active"][slot] | (at - state["told"][slot] >= self.update[slot]))
        for i in np.flatnonzero(due):
            said.append(self._say_flat(int(slot[i]), int(at[i])))
        return said

    def _say_flat(self, slot: int, at: int) -> Finding:
        state, device = self.state, self.device(slot)
        since, count, value = (
            int(state["since"][slot]),
            int(state["count"][slot]),
            float(state["value"][slot]),
        )
        message = (
            f"{self.quantity.title} 自 {words.moment(since)} 起 {words.span(at - since)}内 {count} 条读数"
            f"均为 {words.amount(value, self.quantity)}，数据疑似失真"
        )
        evidence = (reading(device.number, since), reading(device.number, at))
        state["told"][slot] = at
        if state["active"][slot]:
            return self.episodes.update(
                self.rule(slot).code, device.number, at, message, value, evidence, count
            )
        state["active"][slot] = True
        return self.episodes.open(
            device.number,
            raised(
                self.rule(slot),
                device,
                since,
                at,
                message,
                value=value,
                unit=self.quantity.unit,
                evidence=evidence,
                count=count,
            ),
        )

    def _say_moved(self, slot: int, at: int, value: float) -> Finding:
        device = self.device(slot)
        message = f"{self.quantity.title} 已变化为 {words.amount(value, self.quantity)}，恒值结束"
        return self.episodes.clear(
            self.rule(slot).code,
            device.number,
            at,
            message,
            (reading(device.number, at),),
            int(self.state["count"][slot]),
        )


class FlatLine(LaneDetector):
    """Values that stand still."""

    name: ClassVar[str] = "flat_line"
    lane = FlatLineLane
    layered = True
