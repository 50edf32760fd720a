"""Clock drift: a device's time runs steadily beside ours. A backlog that is handed in late is none: its lag shrinks row by row.

Parameters: those of a doubt (`min_count` 5, `hold_s` 600), `limit_s` (120), `jitter_s` (60, rows whose lag differs more do not
belong together), `correct` (0; 1 = the device is told the time, 1012, at most every `correct_every_s`, 86400).
"""

import hashlib
from typing import ClassVar

import numpy as np

from siteloop.kernel.finding import Command
from siteloop.kernel.times import SECOND
from siteloop.rules import words
from siteloop.rules.detector import Statement
from siteloop.rules.doubt import DoubtLane
from siteloop.rules.lane import LaneDetector
from siteloop.rules.roster import Batch, Runs
from siteloop.rules.state import Array, Spec
from siteloop.rules.streak import SPEC as STREAK


class ClockDriftLane(DoubtLane):
    """Receive time against device time."""

    SPEC: ClassVar[Spec] = {
        **STREAK,
        "lag": ("i8", 0),  # of the streak's first row, µs; positive = the device's clock is slow
        "now": ("i8", 0),  # of the last row
        "told_time": ("i8", 0),
    }
    ROWS = 5
    ended = "设备时钟已恢复准确"

    def prepare(self) -> None:
        """Limits."""
        super().prepare()
        self.patience.hold = self.number("hold_s", 600, SECOND).astype(np.int64)
        self.limit = self.number("limit_s", 120, SECOND).astype(np.int64)
        self.jitter = np.maximum(0, self.number("jitter_s", 60, SECOND)).astype(np.int64)
        self.correct = self.number("correct", 0) > 0
        self.every = self.number("correct_every_s", 86_400, SECOND).astype(np.int64)

    def see(self, batch: Batch) -> list[Statement]:
        """A row belongs to the streak when its lag is large and like the first one's."""
        runs = batch.runs(self.applies[batch.slot])
        if not len(runs):
            return []
        lag, state = batch.received_at - batch.at, self.state
        large = np.abs(lag[runs.row]) > self.limit[runs.slot]
        is_doubtful = runs.any(large | self.in_doubt[runs.slot])
        last = runs.ends[~is_doubtful]
        state["now"][runs.slot[last]] = lag[runs.row[last]]
        if is_doubtful.any():
            is_late = is_doubtful & ~runs.any(~large)
            is_doubtful &= ~self._follow(runs, batch.at[runs.row], lag[runs.row], is_late)
        said: list[Statement] = []
        for rows in batch.rounds_of(runs, is_doubtful):
            said += self._round(batch.slot[rows], batch.at[rows], batch.received_at[rows])
        return said

    def _follow(self, runs: Runs, at: Array, lag: Array, is_late: Array) -> Array:
        """Move devices of which every row `is_late` and nothing is to be said, as most are that hand in a backlog. Which they were."""
        state, slot = self.state, runs.slot[runs.starts]
        is_open, is_told = (
            state["active"][slot],
            at[runs.ends] - state["told"][slot] < self.patience.update[slot],
        )
        count, since, first, is_long = self._streaks(runs, at, lag, is_late & ~is_open)
        count = np.where(is_open, state["count"][slot] + runs.ends - runs.starts + 1, count)
        moved: Array = is_late & np.where(is_open, is_told & ~self.correct[slot], ~is_long)
        where = slot[moved]
        state["now"][where], state["calm"][where] = lag[runs.ends[moved]], 0
        state["count"][where], state["since"][where], state["lag"][where] = (
            count[moved],
            since[moved],
            first[moved],
        )
        return moved

    def _streaks(self, runs: Runs, at: Array, lag: Array, late: Array) -> tuple[Array, Array, Array, Array]:
        """Per device (rows, first row's time, its lag) of the last streak, and whether one of them lasted long enough to be told."""
        state, slot = self.state, runs.slot[runs.starts]
        count, since, first = state["count"][slot], state["since"][slot], state["lag"][slot]
        is_long, places, here = np.zeros(len(slot), bool), np.arange(len(runs)), runs.starts
        rest = late
        while rest.any():  # one turn for each streak of the device that has most of them
            begins, row = rest & (count == 0), np.minimum(here, runs.ends)
            since, first = np.where(begins, at[row], since), np.where(begins, lag[row], first)
            is_other = np.abs(lag - first[runs.device]) > self.jitter[runs.slot]
            is_other &= places >= here[runs.device]
            there = np.minimum.reduceat(np.where(is_other, places, len(runs)), runs.starts)
            there = np.minimum(there, runs.ends + 1)
            count = np.where(rest, count + there - here, count)
            lasted = at[np.maximum(there - 1, runs.starts)] - since
            is_long |= (
                rest
                & (there > here)
                & (count >= self.patience.rows[slot])
                & (lasted >= self.patience.hold[slot])
            )
            here, rest = there, rest & (there <= runs.ends)
            count = np.where(rest, 0, count)
        return count, since, first, is_long

    def _round(self, slot: Array, at: Array, received: Array) -> list[Statement]:
        """One row each of some devices."""
        state, lag = self.state, received - at
        large = np.abs(lag) > self.limit[slot]
        running = state["count"][slot] > 0
        alike = np.abs(lag - state["lag"][slot]) <= self.jitter[slot]
        # another lag: the streak begins anew with this row, unless its finding stands open
        anew = large & running & ~alike & ~state["active"][slot]
        state["count"][slot[anew]] = 0
        first = large & (~running | anew)
        state["lag"][slot] = np.where(first, lag, state["lag"][slot])
        state["now"][slot] = lag
        return [*self.advance(slot, at, large), *self._corrections(slot[large], received[large])]

    def _corrections(self, slot: Array, received: Array) -> list[Statement]:
        """Tell the time to devices whose drift is established."""
        state = self.state
        due = (
            self.correct[slot]
            & state["active"][slot]
            & (received - state["told_time"][slot] >= self.every[slot])
        )
        said: list[Statement] = []
        for i in np.flatnonzero(due):
            where, now = int(slot[i]), int(received[i])
            rule, number = self.rule(where), self.device(where).number
            if rule.shadow:
                continue
            state["told_time"][where] = now
            name = f"{rule.code}|{number}|{now}"
            said.append(
                Command(
                    id=hashlib.sha256(name.encode()).hexdigest()[:32],
                    device=number,
                    command="set_time",
                    issued_at=now,
                    expires_at=now + 300 * SECOND,
                    origin=f"rule:{rule.code}",
                    reason=self.explain(where, now)[0],
                )
            )
        return said

    def explain(self, slot: int, at: int) -> tuple[str, float | None, float | None, str]:
        """How far, and in which direction."""
        lag = int(self.state["now"][slot])
        side = "慢" if lag > 0 else "快"
        sentence = (
            f"设备时钟比平台{side} {words.span(abs(lag))}（允许 {words.span(int(self.limit[slot]))}），"
            f"设备时间 {words.clock(at)}，收到时间 {words.clock(at + lag)}"
        )
        return sentence, round(lag / SECOND, 1), float(self.limit[slot] // SECOND), "s"


class ClockDrift(LaneDetector):
    """Wrong device clocks."""

    name: ClassVar[str] = "clock_drift"
    lane = ClockDriftLane
    layered = True
