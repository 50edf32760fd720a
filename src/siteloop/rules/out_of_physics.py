"""Out of physics: values no such quantity can have, again and again (broken sensor, wrong unit, wrong wiring).

The intake has flagged them already; one is an accident, a streak is a finding. Parameters: those of a doubt, and `field`
(all fields when empty).
"""

from typing import ClassVar

import numpy as np

from siteloop.kernel.quality import Quality
from siteloop.rules import words
from siteloop.rules.detector import Statement
from siteloop.rules.doubt import DoubtLane
from siteloop.rules.lane import LaneDetector
from siteloop.rules.roster import Batch
from siteloop.rules.state import Array, Spec
from siteloop.rules.streak import SPEC as STREAK


class OutOfPhysicsLane(DoubtLane):
    """Rows with at least one impossible value."""

    SPEC: ClassVar[Spec] = {**STREAK, "column": ("i2", 0), "value": ("f8", np.nan)}
    ended = "数值已回到物理范围内"

    def prepare(self) -> None:
        """One field or all."""
        super().prepare()
        name = self.text("field", "")
        every = range(len(self.profile.fields))
        self.columns: Array = np.array([self.profile.index(name)] if name else every, np.int64)

    def see(self, batch: Batch) -> list[Statement]:
        """Look at the flags; remember the first impossible value of a row for the sentence."""
        wrong = batch.columns.quality[np.ix_(self.columns, batch.row)] == Quality.OUT_OF_PHYSICS
        bad = wrong.any(axis=0)
        said: list[Statement] = []
        runs = batch.runs(self.applies[batch.slot])
        for rows in batch.rounds_of(runs, runs.any(bad[runs.row] | self.in_doubt[runs.slot])):
            slot, here = batch.slot[rows], bad[rows]
            if here.any():
                first = self.columns[wrong[:, rows[here]].argmax(axis=0)]
                self.state["column"][slot[here]] = first
                self.state["value"][slot[here]] = batch.columns.values[first, batch.row[rows[here]]]
            said += self.advance(slot, batch.at[rows], here)
        return said

    def explain(self, slot: int, at: int) -> tuple[str, float | None, float | None, str]:
        """Value and what the quantity can be."""
        field = self.profile.fields[int(self.state["column"][slot])]
        value = round(float(self.state["value"][slot]), 4)
        limit = field.high if value > field.high else field.low
        shown = words.amount(value, field) if np.isfinite(value) else "过大"
        sentence = (
            f"{field.title} {shown}，超出物理可能范围 {field.low:g}–{field.high:g} {field.unit}".strip()
        )
        return sentence, value if np.isfinite(value) else None, limit, field.unit


class OutOfPhysics(LaneDetector):
    """Impossible values."""

    name: ClassVar[str] = "out_of_physics"
    lane = OutOfPhysicsLane
    layered = True
