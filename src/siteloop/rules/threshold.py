"""Threshold: a valid value strictly past a limit, held for a time; ends at a recovery value, held as well.

Parameters: `field`, `on` (limit), `off` (recovery value, default the limit), `direction` above|below, `hold_s`, `recover_s`,
`from_minute`/`to_minute` (local time of day, may wrap midnight), `max_gap_s` (default three reporting intervals),
`update_s` (default 60). One storm is one finding with a count.
"""

from typing import ClassVar

import numpy as np

from siteloop.kernel.finding import Finding
from siteloop.kernel.times import SECOND
from siteloop.rules import hysteresis, words
from siteloop.rules.detector import Statement
from siteloop.rules.episodes import raised, reading
from siteloop.rules.hysteresis import Limits
from siteloop.rules.lane import Lane, LaneDetector, within
from siteloop.rules.roster import Batch
from siteloop.rules.state import Array, Spec


class ThresholdLane(Lane):
    """One limit on one quantity."""

    SPEC: ClassVar[Spec] = hysteresis.SPEC
    update_s = 60

    def prepare(self) -> None:
        """Limits of every device. Raises ValueError when a limit is missing or recovery lies past it."""
        self.column, self.quantity = self.field()
        self.limits = self.read_limits()
        self.from_minute = self.number("from_minute", 0)
        self.to_minute = self.number("to_minute", 0)
        #: said about an episode by others (a linked machine's proof): number -> (words, evidence)
        self.notes: dict[int, tuple[str, tuple[str, ...]]] = {}

    def read_limits(self) -> Limits:
        """From the rule's parameters."""
        above = self.text("direction", "above") != "below"
        on = self.number("on", np.nan)
        off = self.number("off", np.nan)
        off = np.where(np.isnan(off), on, off)
        if np.isnan(on[self.applies]).any():
            raise ValueError(f"{self.code}: no limit")
        if (off > on if above else off < on)[self.applies].any():
            raise ValueError(f"{self.code}: recovery value past the limit")
        gap = self.number("max_gap_s", 0, SECOND).astype(np.int64)
        return Limits(
            on=on,
            off=off,
            hold=self.number("hold_s", 0, SECOND).astype(np.int64),
            recover=self.number("recover_s", 0, SECOND).astype(np.int64),
            gap=np.where(gap > 0, gap, 3 * self.intervals()),
            update=self.number("update_s", self.update_s, SECOND).astype(np.int64),
            above=above,
        )

    def see(self, batch: Batch) -> list[Statement]:
        """Only devices with an excess or something open are looked at closer; in the common case there are none."""
        value, valid = self.measure(batch)
        slot = batch.slot
        valid = valid & self.applies[slot]
        over = valid & hysteresis.beyond(value, self.limits.on[slot], self.limits.above)
        hot = hysteresis.busy(self.state)
        if not (over.any() or hot.any()):
            return []
        inside = within(batch.at, self.from_minute[slot], self.to_minute[slot])
        hot[slot[over & inside]] = True
        said: list[Statement] = []
        for rows in batch.rounds(valid & hot[batch.slot]):
            said += self.advance(slot[rows], batch.at[rows], value[rows], inside[rows])
        return said

    def measure(self, batch: Batch) -> tuple[Array, Array]:
        """What is compared with the limit, and whether it counts."""
        return batch.values(self.column)

    def advance(
        self, slot: Array, at: Array, value: Array, inside: Array, begin: Array | None = None
    ) -> list[Statement]:
        """Move the machine of some devices and say what there is to say."""
        moved = hysteresis.step(self.state, self.limits, slot, at, value, inside, begin)
        said: list[Statement] = []
        for i in np.flatnonzero(moved.raised | moved.updated | moved.cleared):
            where, when, number = int(slot[i]), int(at[i]), float(value[i])
            if moved.raised[i]:
                said.append(self.say_raised(where, when, number))
            elif moved.cleared[i]:
                said.append(self.say_cleared(where, when, number, bool(inside[i])))
            else:
                said.append(self.say_updated(where, when, number))
        return said

    def say_raised(self, slot: int, at: int, value: float) -> Finding:
        """The raise, with value, limit and since when."""
        device, rule = self.device(slot), self.rule(slot)
        note, evidence = self.notes.get(device.number, ("", ()))
        since = int(self.state["since"][slot])
        return self.episodes.open(
            device.number,
            raised(
                rule,
                device,
                since,
                at,
                self.explain(slot, at, value) + note,
                value=value,
                limit=float(self.limits.on[slot]),
                unit=self.quantity.unit,
                evidence=(self.evidence(slot, at), *evidence),
                count=int(self.state["count"][slot]),
            ),
        )

    def say_updated(
        self, slot: int, at: int, value: float, note: str = "", evidence: tuple[str, ...] = ()
    ) -> Finding:
        """How it stands: the finding's value becomes the peak."""
        number = self.device(slot).number
        known, proofs = self.notes.get(number, ("", ()))
        peak, count = float(self.state["peak"][slot]), int(self.state["count"][slot])
        message = (
            f"{self.explain(slot, at, value)}，已持续{words.span(at - int(self.state['since'][slot]))}，"
            f"累计{count}条读数，{'峰值' if self.limits.above else '谷值'} {words.amount(peak, self.quantity)}{known}{note}"
        )
        return self.episodes.update(
            self.rule(slot).code,
            number,
            at,
            message,
            peak,
            (self.evidence(slot, at), *proofs, *evidence),
            count,
        )

    def say_cleared(self, slot: int, at: int, value: float, inside: bool) -> Finding:
        """The end, with what the value came down to."""
        number = self.device(slot).number
        self.notes.pop(number, None)
        lasted = words.span(at - int(self.state["since"][slot]))
        end = (
            f"{self.subject(slot)} {words.amount(value, self.quantity)}，已恢复"
            f"（恢复值 {words.limit(float(self.limits.off[slot]), self.quantity)}）"
            if inside
            else "规则适用时段结束"
        )
        return self.episodes.clear(
            self.rule(slot).code,
            number,
            at,
            f"{end}，本次持续{lasted}，峰值 {words.amount(float(self.state['peak'][slot]), self.quantity)}",
            (self.evidence(slot, at),),
            int(self.state["count"][slot]),
        )

    def evidence(self, slot: int, at: int) -> str:
        """Reference to what was judged."""
        return reading(self.device(slot).number, at)

    def subject(self, slot: int) -> str:
        """What is judged, as the sentence calls it."""
        return self.quantity.title

    def explain(self, slot: int, at: int, value: float) -> str:
        """The sentence of a raise: value, limit, since, window."""
        limit = words.limit(float(self.limits.on[slot]), self.quantity)
        side = "超过" if self.limits.above else "低于"
        since = words.moment(int(self.state["since"][slot]))
        hours = ""
        start, end = int(self.from_minute[slot]), int(self.to_minute[slot])
        if start != end:
            hours = f"（适用时段 {start // 60:02d}:{start % 60:02d}–{end // 60:02d}:{end % 60:02d}）"
        return f"{self.subject(slot)} {words.amount(value, self.quantity)}，{side}限值 {limit}{hours}，自 {since} 起"


class Threshold(LaneDetector):
    """Limit on an instant value."""

    name: ClassVar[str] = "threshold"
    lane = ThresholdLane
    layered = True
