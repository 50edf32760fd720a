"""Rate: a jump between two consecutive valid readings that the quantity cannot make.

Parameters: those of the threshold on the absolute change per minute (`on`, `off`, `recover_s`), with `field`.
A pair further apart than `max_gap_s` (default three intervals) is not compared.
"""

from typing import ClassVar

import numpy as np

from siteloop.kernel.times import MINUTE
from siteloop.rules import hysteresis, words
from siteloop.rules.detector import Statement
from siteloop.rules.lane import LaneDetector, values, within
from siteloop.rules.roster import Batch
from siteloop.rules.state import Spec
from siteloop.rules.threshold import ThresholdLane


class RateLane(ThresholdLane):
    """One limit on the change of one quantity."""

    SPEC: ClassVar[Spec] = {**hysteresis.SPEC, "value": ("f8", np.nan), "at": ("i8", 0)}

    def see(self, batch: Batch) -> list[Statement]:
        """Compare each valid value with the one before."""
        value, valid = values(batch, self.column)
        state = self.state
        said: list[Statement] = []
        for rows in batch.rounds(valid & self.applies[batch.slot]):
            slot, at, number = batch.slot[rows], batch.at[rows], value[rows]
            apart = at - state["at"][slot]
            speed = np.round(np.abs(number - state["value"][slot]) / np.maximum(apart, 1) * MINUTE, 4)
            usable = np.isfinite(speed) & (apart <= self.limits.gap[slot])
            state["value"][slot], state["at"][slot] = number, at
            inside = within(at, self.from_minute[slot], self.to_minute[slot])
            hot = usable & (
                hysteresis.busy(state)[slot]
                | hysteresis.beyond(speed, self.limits.on[slot], self.limits.above)
            )
            if hot.any():
                said += self.advance(slot[hot], at[hot], speed[hot], inside[hot])
        return said

    def subject(self, slot: int) -> str:
        """Names the change and what it led to."""
        now = words.amount(float(self.state["value"][slot]), self.quantity)
        return f"{self.quantity.title} 每分钟变化（现为 {now}）"


class Rate(LaneDetector):
    """Impossible jumps."""

    name: ClassVar[str] = "rate"
    lane = RateLane
    layered = True
