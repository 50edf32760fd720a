"""Beside neighbours: the mean of a device stands far from the median of the devices around it, window after window.

Parameters: those of a doubt (`min_count` 3 windows, `clear_count` 1), `field`, `radius_m` (3000), `least` (3 neighbours with
data), `most` (12 nearest are asked), `window_s` (3600), `min_share` (0.5 of the expected rows), `ratio` (0.6 of the median) and
`absolute` (30, in the field's unit; the larger of both counts), `side` both|low|high, `grace_s` (300).
"""

from typing import ClassVar

import numpy as np

from siteloop.kernel.times import OFFSET, SECOND
from siteloop.rules import words
from siteloop.rules.detector import Statement
from siteloop.rules.doubt import DoubtLane
from siteloop.rules.episodes import reading
from siteloop.rules.lane import LaneDetector
from siteloop.rules.roster import Batch
from siteloop.rules.state import Array, Spec
from siteloop.rules.streak import SPEC as STREAK
from siteloop.rules.whereabouts import neighbours


class BesideNeighboursLane(DoubtLane):
    """Means of windows, compared when a window is over for everybody."""

    SPEC: ClassVar[Spec] = {
        **STREAK,
        "start": ("i8", 0),  # running window, µs; 0 = none
        "sum": ("f8", 0.0),
        "n": ("i4", 0),
        "before": ("i8", 0),  # the window before it
        "before_sum": ("f8", 0.0),
        "before_n": ("i4", 0),
        "last": ("i8", 0),  # newest reading
        "judged": ("i8", 0),  # start of the last window that was compared, the same for all
    }
    CLEAR = 1
    ended = "与周边设备的差异已恢复正常"

    def prepare(self) -> None:
        """Who is whose neighbour. Raises ValueError for parameters that differ between regions or make no sense."""
        super().prepare()
        self.column, self.quantity = self.field()
        self.window = int(float(self.text("window_s", "3600"))) * SECOND
        self.grace = int(float(self.text("grace_s", "300"))) * SECOND
        radius, most = float(self.text("radius_m", "3000")), int(float(self.text("most", "12")))
        self.side = self.text("side", "both")
        if self.window <= 0 or radius <= 0 or most < 1 or self.side not in ("both", "low", "high"):
            raise ValueError(f"{self.code}: window_s, radius_m, most or side make no sense")
        self.radius = radius
        self.least = self.number("least", 3)
        self.ratio = self.number("ratio", 0.6)
        self.absolute = self.number("absolute", 30)
        expected = np.maximum(1, self.window // np.maximum(1, self.intervals()))
        self.enough: Array = np.maximum(1, self.number("min_share", 0.5) * expected)
        lon = np.array([np.nan if d.lon is None else d.lon for d in self.roster.devices])
        lat = np.array([np.nan if d.lat is None else d.lat for d in self.roster.devices])
        self.near = neighbours(lon, lat, radius, most)
        self.applies &= (self.near >= 0).sum(axis=1) >= self.least
        self.asked: Array = np.zeros(len(self.roster), bool)  # needed by somebody, or judged
        self.asked[self.near[self.near >= 0]] = True
        self.asked |= self.applies
        self._told: dict[int, tuple[float, float, int]] = {}

    def see(self, batch: Batch) -> list[Statement]:
        """Add values to the running windows; a row of a newer window closes the older one."""
        value, valid = batch.values(self.column)
        state = self.state
        for rows in batch.rounds(valid & self.asked[batch.slot]):
            slot, at = batch.slot[rows], batch.at[rows]
            start = at - (at + OFFSET) % self.window
            newer = slot[start > state["start"][slot]]
            for name, kept in (("start", "before"), ("sum", "before_sum"), ("n", "before_n")):
                state[kept][newer] = state[name][newer]
                state[name][newer] = 0
            state["start"][slot] = start
            state["sum"][slot] += value[rows]
            state["n"][slot] += 1
            state["last"][slot] = at
        return []

    def tick(self, now_us: int, newest: int) -> list[Statement]:
        """Compare the newest window that is over in the stream's own time."""
        over = min(now_us, newest) - self.grace
        start = over - (over + OFFSET) % self.window - self.window
        if newest == 0 or start <= (int(self.state["judged"].max()) if len(self.roster) else start):
            return []
        self.state["judged"][:] = start
        mean = self._means(start)
        around = np.where(self.near >= 0, mean[self.near], np.nan)
        with_data = np.isfinite(around).sum(axis=1)
        slot = np.flatnonzero(self.applies & np.isfinite(mean) & (with_data >= self.least))
        if not len(slot):
            return []
        median = np.nanmedian(around[slot], axis=1)
        apart = mean[slot] - median
        far = np.abs(apart) > np.maximum(self.absolute[slot], self.ratio[slot] * np.abs(median))
        far &= (self.side == "both") | ((apart < 0) == (self.side == "low"))
        self._told = {
            int(s): (float(m), float(d), int(n))
            for s, m, d, n in zip(slot, mean[slot], median, with_data[slot], strict=True)
            if far[np.searchsorted(slot, s)] or self.state["active"][s]
        }
        return self.advance(slot, np.full(len(slot), start + self.window), far)

    def _means(self, start: int) -> Array:
        """Mean of every device in the window that begins at `start`, NaN with too few rows."""
        state = self.state
        here, there = state["start"] == start, state["before"] == start
        n = np.where(here, state["n"], np.where(there, state["before_n"], 0))
        total = np.where(here, state["sum"], np.where(there, state["before_sum"], 0.0))
        found: Array = np.where(n >= self.enough, np.round(total / np.maximum(n, 1), 4), np.nan)
        return found

    def explain(self, slot: int, at: int) -> tuple[str, float | None, float | None, str]:
        """Own mean, the neighbours' median, how many they are."""
        mean, median, count = self._told[slot]
        side = "高于" if mean > median else "低于"
        share = f"（相差 {abs(mean - median) / abs(median) * 100:.0f}%）" if median else ""
        sentence = (
            f"{self.quantity.title} {words.span(self.window)}均值 {words.amount(mean, self.quantity)}，{side}周边"
            f" {words.metres(self.radius)}内 {count} 台设备的中位数 {words.amount(median, self.quantity)}{share}"
        )
        return sentence, round(mean, 2), round(median, 2), self.quantity.unit

    def proofs(self, slot: int, at: int) -> tuple[str, ...]:
        """Newest readings of the neighbours."""
        near = [int(n) for n in self.near[slot] if n >= 0 and self.state["last"][n]]
        return tuple(reading(self.device(n).number, int(self.state["last"][n])) for n in near[:5])


class BesideNeighbours(LaneDetector):
    """Devices that see another air than those around them."""

    name: ClassVar[str] = "beside_neighbours"
    lane = BesideNeighboursLane
    whole = True
