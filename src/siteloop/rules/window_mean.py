"""Window mean: tumbling means over fixed windows of local time, judged against a limit.

A window counts when at least `min_share` of the expected readings are valid (HJ 212-2017: 75 %); a poorer one says
nothing, neither raise nor recovery. Noise is averaged by energy, direction as a vector (standards.md section 10).
Parameters: those of the threshold, and `window_s` (900), `min_share` (0.75), `interval_s` (default the device's),
`grace_s` (120, how long after its end a window waits for late rows when no newer one closes it).
`hold_s` counts from the start of the first window: 0 or up to one window = the first excess raises.
"""

from typing import ClassVar

import numpy as np

from siteloop.kernel.profiles import Averaging
from siteloop.kernel.times import OFFSET, SECOND
from siteloop.rules import hysteresis
from siteloop.rules.detector import Statement
from siteloop.rules.hysteresis import Limits
from siteloop.rules.lane import LaneDetector, within
from siteloop.rules.roster import Batch
from siteloop.rules.state import Array, Spec
from siteloop.rules.threshold import ThresholdLane

MEANS = {
    Averaging.ARITHMETIC: "均值",
    Averaging.ENERGY: "等效连续声级（能量平均）",
    Averaging.VECTOR: "矢量均值",
    Averaging.LAST: "均值",
}


class WindowMeanLane(ThresholdLane):
    """One limit on the mean of one quantity."""

    SPEC: ClassVar[Spec] = {
        **hysteresis.SPEC,
        "start": ("i8", 0),  # start of the running window, µs; 0 = none
        "closed": ("i8", 0),  # end of the last judged window
        "n": ("i4", 0),
        "sum": ("f8", 0.0),
        "side": ("f8", 0.0),  # second component of a vector mean
    }

    def read_limits(self) -> Limits:
        """As a threshold; one missing window does not break a hold, two do."""
        self.window = self.number("window_s", 900, SECOND).astype(np.int64)
        if (self.window[self.applies] <= 0).any():
            raise ValueError(f"{self.code}: window_s must be positive")
        self.window[~self.applies] = 900 * SECOND
        interval = self.number("interval_s", 0, SECOND).astype(np.int64)
        interval = np.where(interval > 0, interval, self.intervals())
        self.expected: Array = np.maximum(1, self.window // np.maximum(1, interval))
        self.share = self.number("min_share", 0.75)
        self.grace = self.number("grace_s", 120, SECOND).astype(np.int64)
        self.averaging = self.quantity.averaging
        limits = super().read_limits()
        limits.gap = np.maximum(limits.gap, 2 * self.window)
        return limits

    def see(self, batch: Batch) -> list[Statement]:
        """Close windows that newer rows have left, then add the valid values to the running ones."""
        value, valid = batch.values(self.column)
        runs = batch.runs(self.applies[batch.slot])
        start = self._start_of(runs.slot, batch.at[runs.row])
        said: list[Statement] = []
        for places in runs.stages(start != runs.before(start, self.state["start"])):
            rows = runs.row[places]
            said += self._stage(runs.slot[places], batch.at[rows], start[places], value[rows], valid[rows])
        return said

    def _stage(self, slot: Array, at: Array, start: Array, value: Array, valid: Array) -> list[Statement]:
        """Rows of one window of each of some devices, device by device."""
        is_open = at >= self.state["closed"][slot]
        if not is_open.all():
            slot, start, value, valid = slot[is_open], start[is_open], value[is_open], valid[is_open]
        running = self.state["start"][slot]
        said = self._close(np.unique(slot[(running != 0) & (running < start)]))
        self.state["start"][slot] = start
        self._add(slot[valid], value[valid])
        return said

    def _start_of(self, slot: Array, at: Array) -> Array:
        return at - (at + OFFSET) % self.window[slot]

    def _add(self, slot: Array, value: Array) -> None:
        """Rows in order; a device may have several."""
        np.add.at(self.state["n"], slot, 1)
        if self.averaging is Averaging.ENERGY:
            np.add.at(self.state["sum"], slot, 10 ** (value / 10))
        elif self.averaging is Averaging.VECTOR:
            np.add.at(self.state["sum"], slot, np.cos(np.radians(value)))
            np.add.at(self.state["side"], slot, np.sin(np.radians(value)))
        else:
            np.add.at(self.state["sum"], slot, value)

    def _mean(self, slot: Array) -> Array:
        n, total = self.state["n"][slot], self.state["sum"][slot]
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.averaging is Averaging.ENERGY:
                mean = 10 * np.log10(total / n)
            elif self.averaging is Averaging.VECTOR:
                mean = np.degrees(np.arctan2(self.state["side"][slot], total)) % 360
            else:
                mean = total / n
        return np.round(mean, 3)

    def _close(self, slot: Array) -> list[Statement]:
        """Judge the running windows of some devices and empty them."""
        if not len(slot):
            return []
        start, mean = self.state["start"][slot], self._mean(slot)
        end = start + self.window[slot]
        enough = self.state["n"][slot] >= self.share[slot] * self.expected[slot] - 1e-9
        enough &= self.state["n"][slot] > 0
        self.state["closed"][slot] = end
        for name in ("start", "n", "sum", "side"):
            self.state[name][slot] = 0
        inside = within(start, self.from_minute[slot], self.to_minute[slot])
        hot = enough & (
            hysteresis.busy(self.state)[slot]
            | (inside & hysteresis.beyond(mean, self.limits.on[slot], self.limits.above))
        )
        return self.advance(slot[hot], end[hot], mean[hot], inside[hot], start[hot]) if hot.any() else []

    def tick(self, now_us: int, newest: int) -> list[Statement]:
        """Close windows nobody will add to any more. The stream's own time counts: a backlog is not cut short."""
        end = self.state["start"] + self.window + self.grace
        due = np.flatnonzero((self.state["start"] != 0) & (end <= min(now_us, newest)))
        return self._close(due)

    def evidence(self, slot: int, at: int) -> str:
        """window:17@<start µs>+<seconds>: the readings of the judged window."""
        window = int(self.window[slot])
        return f"window:{self.device(slot).number}@{at - window}+{window // SECOND}"

    def subject(self, slot: int) -> str:
        """Names the mean and its window."""
        minutes = self.window[slot] // (60 * SECOND)
        return f"{self.quantity.title} {minutes}分钟{MEANS[self.averaging]}"


class WindowMean(LaneDetector):
    """Limit on a window mean."""

    name: ClassVar[str] = "window_mean"
    lane = WindowMeanLane
    layered = True
