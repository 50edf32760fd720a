"""Absence: a device that says nothing. Judged while its site is active, always or within the site's working hours.

Parameters: `intervals` (3, missed reporting intervals) and `min_s` (0) make the allowed silence; `after_s` sets it outright.
`clock`: received (default) asks when anything last arrived; device asks how old the newest reading is, so data that
arrive late count as missing too. `when`: always | working_hours. `update_s` (3600).
"""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from siteloop.kernel.registry import Registry, RuleEntry
from siteloop.kernel.times import DAY, MINUTE, OFFSET, SECOND
from siteloop.rules import words
from siteloop.rules.detector import Statement
from siteloop.rules.episodes import raised, reading
from siteloop.rules.lane import Lane, LaneDetector, within
from siteloop.rules.roster import Batch
from siteloop.rules.state import Array, Spec

SETTLE = 60 * SECOND  # after a start, and while a backlog is worked off, silence proves nothing


class AbsenceLane(Lane):
    """One allowed silence."""

    SPEC: ClassVar[Spec] = {
        "heard": ("i8", 0),  # receive time of the newest fresh row, µs
        "newest": ("i8", 0),  # its device time
        "known": ("i8", 0),  # when the lane first looked at the device
        "active": ("?", False),
        "told": ("i8", 0),
    }

    def prepare(self) -> None:
        """Allowed silence and working hours of every device."""
        self.by_device_clock = self.text("clock", "received") == "device"
        self.in_working_hours = self.text("when", "always") == "working_hours"
        after = self.number("after_s", 0, SECOND).astype(np.int64)
        missed = (self.number("intervals", 3) * self.intervals()).astype(np.int64)
        least = self.number("min_s", 0, SECOND).astype(np.int64)
        self.allowed: Array = np.where(after > 0, after, np.maximum(missed, least))
        if (self.allowed[self.applies] <= 0).any():
            raise ValueError(f"{self.code}: the allowed silence must be positive")
        self.update = self.number("update_s", 3600, SECOND).astype(np.int64)
        self.works_from: Array = np.array([d.works_from for d in self.roster.devices], np.int64)
        self.works_to: Array = np.array([d.works_to for d in self.roster.devices], np.int64)
        self.all_day: Array = self.works_to - self.works_from >= 1440
        self.applies &= np.array([d.site_active for d in self.roster.devices], bool)
        self.started = 0
        self.listening = 0  # since when we could hear, µs; 0 = always
        self._last_newest = 0

    def see(self, batch: Batch) -> list[Statement]:
        """Remember who spoke; a silence ends with the first fresh row."""
        state = self.state
        np.maximum.at(state["heard"], batch.slot, batch.received_at)
        back = state["active"][batch.slot]
        if self.by_device_clock and back.any():
            back &= batch.received_at - batch.at <= self.allowed[batch.slot]
        said: list[Statement] = []
        for i in np.flatnonzero(back):
            slot = int(batch.slot[i])
            if state["active"][slot]:  # a device may speak several times in one block
                said.append(self._say_back(slot, int(batch.at[i])))
        np.maximum.at(state["newest"], batch.slot, batch.at)
        return said

    def tick(self, now_us: int, newest: int) -> list[Statement]:
        """Find who has been silent too long."""
        moving, self._last_newest = newest != self._last_newest, newest
        self.started = self.started or now_us
        state = self.state
        fresh = state["known"] == 0
        if fresh.any():
            state["known"][fresh] = now_us
        if now_us - self.started < SETTLE or (moving and newest < now_us - SETTLE):
            return []
        since = self._reference()
        start, open_hours = self._hours(now_us)
        silent = now_us - np.maximum(np.maximum(since, start), self.listening)
        late = self.applies & open_hours & (silent > self.allowed) & self.counts(now_us)
        due = late & (~state["active"] | (now_us - state["told"] >= self.update))
        return [self._say_silent(int(slot), now_us) for slot in np.flatnonzero(due)]

    def deaf(self, until_us: int) -> None:
        """Silence is counted from then; what was heard by a clock that ran ahead was heard now at the latest."""
        self.started = self.listening = until_us
        for name in ("heard", "known", "told"):
            np.minimum(self.state[name], until_us, out=self.state[name])

    def counts(self, now_us: int) -> Array:
        """Where a silence counts at all."""
        return np.ones(len(self.roster), bool)

    def more(self, slot: int) -> str:
        """What else the sentence of a silence says."""
        return ""

    def _reference(self) -> Array:
        """The moment silence is counted from."""
        heard = self.state["newest" if self.by_device_clock else "heard"]
        return np.where(heard > 0, heard, self.state["known"])

    def _hours(self, now_us: int) -> tuple[Array, Array]:
        """Start of the running working period, µs, and whether one is running."""
        if not self.in_working_hours:
            return np.zeros(len(self.roster), np.int64), np.ones(len(self.roster), bool)
        now = np.full(len(self.roster), now_us, np.int64)
        midnight = now_us - (now_us + OFFSET) % DAY
        start = midnight + self.works_from * MINUTE
        start = np.where(start > now_us, start - DAY, start)
        open_hours = within(now, self.works_from, self.works_to) | self.all_day
        return np.where(self.all_day, 0, start), open_hours

    def _say_silent(self, slot: int, now_us: int) -> Statement:
        state, device = self.state, self.device(slot)
        newest = int(state["newest"][slot])
        since = newest or int(state["known"][slot])
        lasted = now_us - int(self._reference()[slot])
        last = f"最近一条数据时间 {words.moment(newest)}" if newest else "登记以来从未上传数据"
        what = "数据更新不及时" if self.by_device_clock else "设备无数据"
        message = (
            f"{what}：{last}，已 {words.span(lasted)}无新数据，允许 {words.span(int(self.allowed[slot]))}"
            f"{self.more(slot)}"
        )
        evidence = (reading(device.number, newest),) if newest else ()
        state["told"][slot] = now_us
        if state["active"][slot]:
            return self.episodes.update(
                self.rule(slot).code, device.number, now_us, message, float(lasted // SECOND), evidence
            )
        state["active"][slot] = True
        return self.episodes.open(
            device.number,
            raised(
                self.rule(slot),
                device,
                since,
                now_us,
                message,
                value=float(lasted // SECOND),
                limit=float(self.allowed[slot] // SECOND),
                unit="s",
                evidence=evidence,
            ),
        )

    def _say_back(self, slot: int, at: int) -> Statement:
        device = self.device(slot)
        self.state["active"][slot] = False
        newest = int(self.state["newest"][slot]) or int(self.state["known"][slot])
        return self.episodes.clear(
            self.rule(slot).code,
            device.number,
            at,
            f"数据已恢复：{words.moment(at)} 收到新数据，中断{words.span(at - newest)}",
            (reading(device.number, at),),
        )


class Absence(LaneDetector):
    """Silent devices."""

    name: ClassVar[str] = "absence"
    lane = AbsenceLane
    layered = True

    def configure(self, registry: Registry, rules: Sequence[RuleEntry]) -> None:
        """A new snapshot is no restart: the settling time does not begin again."""
        before = [lane for lane in self._lanes.values() if isinstance(lane, AbsenceLane)]
        started = min((lane.started for lane in before), default=0)
        listening = max((lane.listening for lane in before), default=0)
        super().configure(registry, rules)
        for lane in self._lanes.values():
            if isinstance(lane, AbsenceLane):
                lane.started, lane.listening = started, listening
