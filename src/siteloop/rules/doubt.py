"""Doubt: the lane of the truth checks. A row is doubtful or not; a streak of doubtful rows is a finding that shows the values.

Parameters of all of them: `min_count` (rows in a row), `hold_s` (0, how long the streak must last), `clear_count` (rows
without doubt that end it), `update_s` (3600).
"""

from typing import ClassVar

import numpy as np

from siteloop.kernel.finding import Finding
from siteloop.kernel.times import SECOND
from siteloop.rules import streak, words
from siteloop.rules.detector import Statement
from siteloop.rules.episodes import raised, reading
from siteloop.rules.lane import Lane
from siteloop.rules.state import Array, Spec
from siteloop.rules.streak import Patience


class DoubtLane(Lane):
    """Fill in `explain` and call `advance` with each device at most once."""

    SPEC: ClassVar[Spec] = streak.SPEC
    ROWS: ClassVar[int] = 3
    CLEAR: ClassVar[int] = 3
    ended: ClassVar[str] = "数据已恢复正常"

    def prepare(self) -> None:
        """Patience of every device."""
        self.patience = Patience(
            rows=self.number("min_count", self.ROWS),
            hold=self.number("hold_s", 0, SECOND).astype(np.int64),
            clear=self.number("clear_count", self.CLEAR),
            update=self.number("update_s", 3600, SECOND).astype(np.int64),
        )

    @property
    def in_doubt(self) -> Array:
        """Slots with a streak, told or not."""
        found: Array = self.state["active"] | (self.state["count"] > 0)
        return found

    def advance(self, slot: Array, at: Array, bad: Array) -> list[Statement]:
        """Move the streaks and say what there is to say. Devices in peace cost no Python."""
        busy = bad | self.in_doubt[slot]
        if not busy.any():
            return []
        slot, at, bad = slot[busy], at[busy], bad[busy]
        moved = streak.step(self.state, self.patience, slot, at, bad)
        said: list[Statement] = []
        for i in np.flatnonzero(moved.raised | moved.updated | moved.cleared):
            where, when = int(slot[i]), int(at[i])
            said.append(self._say(where, when, bool(moved.raised[i]), bool(moved.cleared[i])))
        return said

    def _say(self, slot: int, at: int, is_raised: bool, is_cleared: bool) -> Finding:
        device, state = self.device(slot), self.state
        since, count = int(state["since"][slot]), int(state["count"][slot])
        code = self.rule(slot).code
        if is_cleared:
            open_count = self.episodes.get(code, device.number)
            told = f"{self.ended}，本次持续{words.span(at - since)}"
            proof = (reading(device.number, at),)
            return self.episodes.clear(
                code, device.number, at, told, proof, open_count.count if open_count else 1
            )
        message, value, limit, unit = self.explain(slot, at)
        evidence = (reading(device.number, since), *self.proofs(slot, at), reading(device.number, at))
        if not is_raised:
            message = f"{message}，自 {words.moment(since)} 起已 {count} 条读数"
            return self.episodes.update(code, device.number, at, message, value, evidence, count)
        said = raised(
            self.rule(slot),
            device,
            since,
            at,
            f"{message}，自 {words.moment(since)} 起连续 {count} 条读数",
            value=value,
            limit=limit,
            unit=unit,
            evidence=evidence,
            count=count,
        )
        return self.episodes.open(device.number, said)

    def explain(self, slot: int, at: int) -> tuple[str, float | None, float | None, str]:
        """(sentence with the values, value, limit, unit) of the row just judged."""
        raise NotImplementedError

    def proofs(self, slot: int, at: int) -> tuple[str, ...]:
        """More evidence than the device's own readings."""
        return ()
