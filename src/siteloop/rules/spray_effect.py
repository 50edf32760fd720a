"""Spray without effect: water runs, says the sprayer, and the dust beside it does not fall. One of the two is untrue.

Each run of the linked sprayers is judged once: the lowest value within `effect_s` (900) after the start must lie at least
`min_drop` (0.1) below the last one before it. Only runs that began at or above `on` (100) count.
Parameters: those of a doubt (`min_count` 2 runs, `clear_count` 1), `field`.
"""

from collections.abc import Sequence
from typing import ClassVar

import msgspec
import numpy as np

from siteloop.kernel.block import Block, Columns
from siteloop.kernel.profiles import SPRAYER
from siteloop.kernel.registry import Registry, RuleEntry
from siteloop.kernel.times import SECOND
from siteloop.rules import words
from siteloop.rules.detector import Statement
from siteloop.rules.doubt import DoubtLane
from siteloop.rules.lane import LaneDetector
from siteloop.rules.roster import Batch
from siteloop.rules.state import Spec
from siteloop.rules.streak import SPEC as STREAK

RUNNING = SPRAYER.index("running")


class SprayEffectLane(DoubtLane):
    """Monitors beside sprayers."""

    SPEC: ClassVar[Spec] = {
        **STREAK,
        "value": ("f8", np.nan),  # last valid value
        "running": ("i4", 0),  # linked sprayers that run
        "start": ("i8", 0),  # of the run under judgement, µs; 0 = none
        "base": ("f8", np.nan),
        "low": ("f8", np.nan),
    }
    ROWS = 2
    CLEAR = 1
    ended = "喷淋后数值已下降"

    def prepare(self) -> None:
        """Parameters, and which monitors watch which sprayer."""
        super().prepare()
        self.column, self.quantity = self.field()
        self.on = self.number("on", 100)
        self.effect = self.number("effect_s", 900, SECOND).astype(np.int64)
        self.min_drop = self.number("min_drop", 0.1)
        self.watchers: dict[int, list[int]] = {}
        for slot in np.flatnonzero(self.applies):
            for number in self.device(int(slot)).linked:
                self.watchers.setdefault(number, []).append(int(slot))

    def turned(self, sprayer: int, is_running: bool, at: int) -> None:
        """A sprayer says it began or ceased to run."""
        state = self.state
        for slot in self.watchers.get(sprayer, ()):
            running = max(0, int(state["running"][slot]) + (1 if is_running else -1))
            if is_running and running == 1:
                state["start"][slot], state["base"][slot] = at, state["value"][slot]
                state["low"][slot] = np.inf
            elif not running:
                state["start"][slot] = 0
            state["running"][slot] = running

    def see(self, batch: Batch) -> list[Statement]:
        """Follow the values; judge runs that lasted long enough."""
        value, valid = batch.values(self.column)
        state = self.state
        said: list[Statement] = []
        runs = batch.runs(valid & self.applies[batch.slot])
        is_run = state["start"][runs.slot[runs.starts]] > 0
        last = runs.row[runs.ends[~is_run]]
        state["value"][batch.slot[last]] = value[last]
        for rows in batch.rounds_of(runs, is_run):
            slot, at, now = batch.slot[rows], batch.at[rows], value[rows]
            state["value"][slot] = now
            start = state["start"][slot]
            during = (start > 0) & (at > start)
            if not during.any():
                continue
            slot, at, now, start = slot[during], at[during], now[during], start[during]
            state["low"][slot] = np.minimum(state["low"][slot], now)
            due = (at - start >= self.effect[slot]) & (state["base"][slot] >= self.on[slot])
            if due.any():
                slot, at = slot[due], at[due]
                drop = 1 - state["low"][slot] / state["base"][slot]
                said += self.advance(slot, at, drop < self.min_drop[slot] - 1e-9)
                state["start"][slot] = 0  # each run is judged once
        return said

    def explain(self, slot: int, at: int) -> tuple[str, float | None, float | None, str]:
        """Before and lowest after."""
        base, low = float(self.state["base"][slot]), float(self.state["low"][slot])
        minutes = words.span(int(self.effect[slot]))
        sentence = (
            f"喷淋上报运行 {minutes}，{self.quantity.title} 由 {words.amount(base, self.quantity)} 最低仅至"
            f" {words.amount(low, self.quantity)}，降幅 {(1 - low / base) * 100:.0f}%（应不低于"
            f" {float(self.min_drop[slot]) * 100:.0f}%），喷淋无效或数据不实"
        )
        return sentence, round(low, 2), round(base, 2), self.quantity.unit


class SprayEffect(LaneDetector):
    """Water that changes nothing."""

    name: ClassVar[str] = "spray_effect"
    lane = SprayEffectLane

    def __init__(self) -> None:
        super().__init__()
        self._on: set[int] = set()  # sprayers that run

    def configure(self, registry: Registry, rules: Sequence[RuleEntry]) -> None:
        """New links: what runs is counted again."""
        super().configure(registry, rules)
        known = {d.number for d in registry.devices if d.enabled}
        self._on &= known
        for lane in self._effect_lanes():
            running = lane.state["running"]
            running[:] = 0
            for number in self._on:
                for slot in lane.watchers.get(number, ()):
                    running[slot] += 1
            lane.state["start"][running == 0] = 0

    def _effect_lanes(self) -> list[SprayEffectLane]:
        return [lane for lane in self._lanes.values() if isinstance(lane, SprayEffectLane)]

    def see(self, block: Block, columns: Columns) -> list[Statement]:
        """Sprayers say when they run, monitors what came of it."""
        roster = self._rosters.get(SPRAYER.code)
        lanes = self._effect_lanes()
        if block.profile != SPRAYER.code or roster is None or not block.rows or not lanes:
            return super().see(block, columns)
        said = self._drain()
        self._newest = max(self._newest, int(columns.received_at.max()))
        batch = roster.admit(columns)
        value, valid = batch.values(RUNNING)
        for rows in batch.rounds(valid):
            for i in rows:
                number, runs = int(roster.numbers[batch.slot[i]]), bool(value[i] > 0.5)
                if runs != (number in self._on):
                    (self._on.add if runs else self._on.discard)(number)
                    for lane in lanes:
                        lane.turned(number, runs, int(batch.at[i]))
        return said

    def _dump_extra(self) -> bytes:
        return msgspec.msgpack.encode(sorted(self._on))

    def _load_extra(self, data: bytes) -> None:
        self._on = set(msgspec.msgpack.decode(data, type=list[int])) if data else set()
