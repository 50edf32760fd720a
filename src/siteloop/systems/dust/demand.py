"""Which monitors ask for spray: the limit on their readings, and the weather that may forbid it. No Django here."""

from typing import ClassVar

import msgspec
import numpy as np

from siteloop.kernel.times import local_minute_of_day
from siteloop.rules import hysteresis
from siteloop.rules.detector import Statement
from siteloop.rules.roster import Batch
from siteloop.rules.state import Array, Spec
from siteloop.rules.threshold import ThresholdLane


class Turn(msgspec.Struct):
    """A monitor began or ceased to ask for spray, with the weather of that row."""

    row: int
    lane: "DemandLane"
    slot: int
    at: int
    received_at: int
    value: float
    begins: bool
    temperature: float
    humidity: float


class DemandLane(ThresholdLane):
    """Which monitors ask for spray, and the weather at each."""

    SPEC: ClassVar[Spec] = {
        **hysteresis.SPEC,
        "temperature": ("f8", np.nan),
        "humidity": ("f8", np.nan),
        "heard": ("i8", 0),
    }

    def prepare(self) -> None:
        """Limits and lock-outs."""
        super().prepare()
        self.frost = self.number("frost_c", -np.inf)
        self.rain = self.number("rain_humidity", np.inf)
        self.turns: list[Turn] = []
        self._hours = list(zip(self.from_minute.tolist(), self.to_minute.tolist(), strict=True))

    def see(self, batch: Batch) -> list[Statement]:
        """Collect turns; what they lead to is decided in order of arrival, because monitors share sprayers."""
        value, valid = self.measure(batch)
        weather = {name: batch.values(self.profile.index(name)) for name in ("temperature", "humidity")}
        runs = batch.runs(self.applies[batch.slot])
        is_hot = runs.any(self._is_hot(batch, runs.row, value, valid))
        self._note(batch, runs.row[~is_hot[runs.device]], weather)
        for rows in batch.rounds_of(runs, is_hot):
            self._note(batch, rows, weather)
            hot = self._is_hot(batch, rows, value, valid)
            if hot.any():
                self._turn(batch, rows[hot], value)
        return []

    def _note(self, batch: Batch, rows: Array, weather: dict[str, tuple[Array, Array]]) -> None:
        """Keep what the newest of these rows say; of one device they stand in their order."""
        self.state["heard"][batch.slot[rows]] = batch.received_at[rows]
        for name, (measured, good) in weather.items():
            told = rows[good[rows]]
            self.state[name][batch.slot[told]] = measured[told]

    def _is_hot(self, batch: Batch, rows: Array, value: Array, valid: Array) -> Array:
        slot = batch.slot[rows]
        past = hysteresis.beyond(value[rows], self.limits.on[slot], True)
        hot: Array = valid[rows] & (hysteresis.busy(self.state)[slot] | past)
        return hot

    def _turn(self, batch: Batch, rows: Array, value: Array) -> None:
        slot = batch.slot[rows]
        moved = hysteresis.step(
            self.state, self.limits, slot, batch.at[rows], value[rows], np.ones(len(rows), bool)
        )
        for i in np.flatnonzero(moved.raised | moved.cleared):
            row, where = int(rows[i]), int(slot[i])
            self.turns.append(
                Turn(
                    int(batch.row[row]),
                    self,
                    where,
                    int(self.state["since"][where]) if moved.raised[i] else int(batch.at[row]),
                    int(batch.received_at[row]),
                    float(value[row]),
                    bool(moved.raised[i]),
                    float(self.state["temperature"][where]),
                    float(self.state["humidity"][where]),
                )
            )

    def locked(self, slot: int, now: int, temperature: float, humidity: float) -> str:
        """Why no spray may start, "" when it may."""
        start, end = self._hours[slot]
        minute = local_minute_of_day(now)
        if start != end and not (start <= minute < end if start < end else minute >= start or minute < end):
            return "不在允许喷淋时段"
        if temperature < self.frost[slot]:
            return f"气温 {temperature:.1f}℃ 低于 {self.frost[slot]:g}℃，防结冰锁定"
        if humidity >= self.rain[slot]:
            return f"湿度 {humidity:.0f}% 达到 {self.rain[slot]:g}%，降雨锁定"
        return ""
