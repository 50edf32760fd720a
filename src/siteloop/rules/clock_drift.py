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
from siteloop.rules.roster import Batch
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
        self.jitter = self.number("jitter_s", 60, SECOND).astype(np.int64)
        self.correct = self.number("correct", 0) > 0
        self.every = self.number("correct_every_s", 86_400, SECOND).astype(np.int64)

    def see(self, batch: Batch) -> list[Statement]:
        """A row belongs to the streak when its lag is large and like the first one's."""
        lag = batch.received_at - batch.at
        runs, state = batch.runs(self.applies[batch.slot]), self.state
        is_doubtful = runs.any((np.abs(lag[runs.row]) > self.limit[runs.slot]) | self.in_doubt[runs.slot])
        last = runs.ends[~is_doubtful]
        state["now"][runs.slot[last]] = lag[runs.row[last]]
        said: list[Statement] = []
        for rows in batch.rounds_of(runs, is_doubtful):
            said += self._round(batch.slot[rows], batch.at[rows], batch.received_at[rows])
        return said

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
