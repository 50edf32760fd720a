"""Rate: a jump between two consecutive valid readings that the quantity cannot make.

Parameters: those of the threshold on the absolute change per minute (`on`, `off`, `recover_s`), with `field`.
A pair further apart than `max_gap_s` (default three intervals) is not compared.
"""

from typing import ClassVar

import numpy as np

from siteloop.kernel.times import MINUTE
from siteloop.rules import hysteresis, words
from siteloop.rules.detector import Statement
from siteloop.rules.lane import LaneDetector, within
from siteloop.rules.roster import Batch
from siteloop.rules.state import Array, Spec
from siteloop.rules.threshold import ThresholdLane


class RateLane(ThresholdLane):
    """One limit on the change of one quantity."""

    SPEC: ClassVar[Spec] = {**hysteresis.SPEC, "value": ("f8", np.nan), "at": ("i8", 0)}

    def see(self, batch: Batch) -> list[Statement]:
        """Compare each valid value with the one before. Devices in peace cost no round of their own."""
        value, valid = batch.values(self.column)
        runs, state = batch.runs(valid & self.applies[batch.slot]), self.state
        if not len(runs):
            return []
        slot, at, number = runs.slot, batch.at[runs.row], value[runs.row]
        speed, usable = self._speed(
            slot, at - runs.before(at, state["at"]), number - runs.before(number, state["value"])
        )
        is_hot = runs.any(self._is_hot(slot, speed, usable))
        last = runs.ends[~is_hot]
        state["value"][slot[last]], state["at"][slot[last]] = number[last], at[last]
        said: list[Statement] = []
        for rows in batch.rounds_of(runs, is_hot):
            said += self._round(batch.slot[rows], batch.at[rows], value[rows])
        return said

    def _speed(self, slot: Array, apart: Array, change: Array) -> tuple[Array, Array]:
        """(change a minute, whether the pair is near enough to say something)."""
        speed = np.round(np.abs(change) / np.maximum(apart, 1) * MINUTE, 4)
        return speed, np.isfinite(speed) & (apart <= self.limits.gap[slot])

    def _is_hot(self, slot: Array, speed: Array, usable: Array) -> Array:
        past = hysteresis.beyond(speed, self.limits.on[slot], self.limits.above)
        hot: Array = usable & (hysteresis.busy(self.state)[slot] | past)
        return hot

    def _round(self, slot: Array, at: Array, number: Array) -> list[Statement]:
        """One row each of some devices."""
        state = self.state
        speed, usable = self._speed(slot, at - state["at"][slot], number - state["value"][slot])
        state["value"][slot], state["at"][slot] = number, at
        hot = self._is_hot(slot, speed, usable)
        if not hot.any():
            return []
        inside = within(at, self.from_minute[slot], self.to_minute[slot])
        return self.advance(slot[hot], at[hot], speed[hot], inside[hot])

    def subject(self, slot: int) -> str:
        """Names the change and what it led to."""
        now = words.amount(float(self.state["value"][slot]), self.quantity)
        return f"{self.quantity.title} 每分钟变化（现为 {now}）"


class Rate(LaneDetector):
    """Impossible jumps."""

    name: ClassVar[str] = "rate"
    lane = RateLane
    layered = True
