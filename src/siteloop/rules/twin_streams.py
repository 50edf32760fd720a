"""Twin streams: the last rows of one device are, value for value, those of another. No two places breathe the same air.

Every row becomes one number, the last twelve of a device one rolling number, and a table of the numbers seen lately says who
else had it: the cost of a row does not grow with the number of devices. The window must move (`min_moves` 6 of 11 steps), so
that dead or calm sensors are no twins. The device whose rows came later is the one the finding is about.
Parameters: those of a doubt (`min_count` 3 windows, `clear_count` 12), `min_fields` (3 valid values a row), `lag_s` (3600, how
much later the copy may come). The table is not part of the saved state: a restart remembers each device's last window only.
"""

from typing import ClassVar

import numpy as np

from siteloop.kernel.quality import Quality
from siteloop.kernel.registry import DeviceEntry
from siteloop.kernel.times import SECOND
from siteloop.rules import words
from siteloop.rules.detector import Statement
from siteloop.rules.doubt import DoubtLane
from siteloop.rules.episodes import reading
from siteloop.rules.lane import LaneDetector
from siteloop.rules.roster import Batch, Runs
from siteloop.rules.state import Array, Spec, State
from siteloop.rules.streak import SPEC as STREAK

WINDOW = 12
BITS = 18  # of the table; direct-mapped, a newer number takes an older one's place
BASE = np.uint64(0x9E3779B97F4A7C15)
SALTS = [
    np.uint64((i + 1) * 0x9E3779B97F4A7C15 % 2**64) for i in range(16)
]  # a profile has at most 15 fields
SPREAD = np.uint64(0xD6E8FEB86659FD93)


def row_numbers(values: Array, valid: Array) -> Array:
    """uint64[m] of m rows: values float32[f, m], only where valid. Equal rows give equal numbers."""
    bits = (values + np.float32(0)).view(np.uint32).astype(np.uint64)
    total = np.zeros(values.shape[1], np.uint64)
    for field in range(len(bits)):
        mixed = (bits[field] + SALTS[field]) * SPREAD
        mixed ^= mixed >> np.uint64(29)
        total += np.where(valid[field], mixed * BASE, np.uint64(0))
    return total ^ (total >> np.uint64(32))


class Table:
    """Which device last had a window's number."""

    def __init__(self) -> None:
        size = 1 << BITS
        self.number = np.zeros(size, np.uint64)
        self.device = np.zeros(size, np.int64)
        self.at = np.zeros(size, np.int64)
        self.received = np.zeros(size, np.int64)

    def place(self, number: Array) -> Array:
        """Where a number stands."""
        return ((number * SPREAD) >> np.uint64(64 - BITS)).astype(np.int64)

    def put(self, number: Array, device: Array, at: Array, received: Array) -> None:
        """Remember; of equal numbers the first in order counts."""
        place = self.place(number[::-1])
        self.number[place] = number[::-1]
        self.device[place] = device[::-1]
        self.at[place] = at[::-1]
        self.received[place] = received[::-1]

    def find(self, number: Array, device: Array, received: Array, lag: Array) -> tuple[Array, Array]:
        """(device that had it, its time), 0 where nobody else had it within `lag`."""
        place = self.place(number)
        other = self.device[place]
        known = (self.number[place] == number) & (other != device) & (other > 0)
        known &= np.abs(received - self.received[place]) <= lag
        return np.where(known, other, 0), np.where(known, self.at[place], 0)


class _Windows:
    """The last twelve rows before and with each of some fresh rows, for all devices at once.

    `number` = sum over the window of a row's number times BASE to the power of its age, modulo 2^64; `moves` = steps in it from
    one row to a different one, both of no meaning before the twelfth row; `rows` = rows of the device so far. Each device's twelve
    rows of before stand in front of its fresh ones.
    """

    def __init__(self, state: State, runs: Runs, fresh: Array) -> None:
        self.runs = runs
        slot = runs.slot[runs.starts]
        had = state["rows"][slot]
        age = (had[:, None] + np.arange(WINDOW)) % WINDOW  # places in the ring, the oldest first
        before = state["ring"][slot[:, None], age]
        self.place = np.arange(len(runs)) + WINDOW * (runs.device + 1)
        self.line = np.empty(len(runs) + WINDOW * len(slot), np.uint64)
        front = (runs.starts + WINDOW * np.arange(len(slot)))[:, None] + np.arange(WINDOW)
        self.line[front] = before
        self.line[self.place] = fresh
        moved = np.zeros(len(self.line), np.int64)
        moved[1:] = self.line[1:] != self.line[:-1]
        steps = np.cumsum(moved)
        self.moves: Array = steps[self.place] - steps[self.place - (WINDOW - 1)]
        self.number: Array = np.zeros(len(runs), np.uint64)
        for back in range(WINDOW - 1, -1, -1):
            self.number = self.number * BASE + self.line[self.place - back]
        self.rows: Array = had[runs.device] + np.arange(len(runs)) - runs.starts[runs.device] + 1

    def keep(self, state: State) -> None:
        """What the next batch goes on from."""
        last = self.runs.ends
        slot, rows = self.runs.slot[last], self.rows[last]
        window = self.line[self.place[last][:, None] - np.arange(WINDOW)]  # the newest first
        state["ring"][slot[:, None], (rows[:, None] - 1 - np.arange(WINDOW)) % WINDOW] = window
        state["rows"][slot], state["number"][slot] = rows, self.number[last]
        state["moves"][slot] = self.moves[last]


class TwinStreamsLane(DoubtLane):
    """The rolling windows of one profile's devices."""

    SPEC: ClassVar[Spec] = {
        **STREAK,
        "ring": (f"({WINDOW},)u8", 0),
        "rows": ("i8", 0),
        "number": ("u8", 0),
        "moves": ("i4", 0),
        "twin": ("i8", 0),
        "twin_at": ("i8", 0),
        "at": ("i8", 0),
        "received": ("i8", 0),
    }
    CLEAR = WINDOW
    ended = "数据已不再与其他设备相同"

    def prepare(self) -> None:
        """Parameters."""
        super().prepare()
        self.min_fields = self.number("min_fields", 3)
        self.min_moves = self.number("min_moves", 6)
        self.lag = self.number("lag_s", 3600, SECOND).astype(np.int64)
        self._table: Table | None = None
        self._shown: tuple[Batch, dict[int, int]] | None = None

    def see(self, batch: Batch) -> list[Statement]:
        """Roll the windows on and look each new one up."""
        values = batch.columns.values[:, batch.row]
        valid = (batch.columns.quality[:, batch.row] == Quality.NORMAL) & np.isfinite(values)
        good = (valid.sum(axis=0) >= self.min_fields[batch.slot]) & self.applies[batch.slot]
        if not good.any():
            return []
        runs = batch.runs(good)
        twin, twin_at = self._twins(batch, runs, row_numbers(values, valid))
        is_doubtful = runs.any((twin[runs.row] > 0) | self.in_doubt[runs.slot])
        said: list[Statement] = []
        for rows in batch.rounds_of(runs, is_doubtful):
            said += self._round(batch, rows, twin[rows], twin_at[rows])
        return said

    def _twins(self, batch: Batch, runs: Runs, numbers: Array) -> tuple[Array, Array]:
        """For each row: (device whose window was the same, its time), 0 where there is none; the windows are remembered."""
        table = self.table()  # as it was before these rows
        windows = _Windows(self.state, runs, numbers[runs.row])
        is_lively = np.zeros(len(batch), bool)
        is_lively[runs.row] = (windows.rows >= WINDOW) & (windows.moves >= self.min_moves[runs.slot])
        window = np.zeros(len(batch), np.uint64)
        window[runs.row] = windows.number
        last = runs.row[runs.ends]
        self.state["at"][batch.slot[last]] = batch.at[last]
        self.state["received"][batch.slot[last]] = batch.received_at[last]
        windows.keep(self.state)

        row = np.flatnonzero(is_lively)
        twin, twin_at = np.zeros(len(batch), np.int64), np.zeros(len(batch), np.int64)
        if not len(row):
            return twin, twin_at
        slot, key, when = batch.slot[row], window[row], batch.received_at[row]
        who, lag = self.roster.numbers[slot].astype(np.int64), self.lag[slot]
        found, found_at = table.find(key, who, when, lag)
        new = found == 0
        table.put(key[new], who[new], batch.at[row][new], when[new])
        again, again_at = table.find(key, who, when, lag)  # equal windows within this batch
        twin[row], twin_at[row] = np.where(new, again, found), np.where(new, again_at, found_at)
        return twin, twin_at

    def _round(self, batch: Batch, rows: Array, twin: Array, twin_at: Array) -> list[Statement]:
        """One row each of some devices, of which a window had a twin lately."""
        state, slot = self.state, batch.slot[rows]
        same = twin > 0
        other = self.roster.slots(twin)
        # the pair is told once, about the later one
        echo = same & (other >= 0)
        echo &= state["active"][other] & (state["twin"][other] == self.roster.numbers[slot])
        same &= ~echo
        state["twin"][slot] = np.where(same, twin, state["twin"][slot])
        state["twin_at"][slot] = np.where(same, twin_at, state["twin_at"][slot])
        if same.any():
            self._shown = batch, dict(zip(slot[same].tolist(), batch.row[rows[same]].tolist(), strict=True))
        return self.advance(slot, batch.at[rows], same)

    def table(self) -> Table:
        """Made when first needed, from every device's last window."""
        if self._table is None:
            self._table = Table()
            state = self.state
            full = np.flatnonzero((state["rows"] >= WINDOW) & (state["moves"] >= self.min_moves))
            order = full[np.argsort(state["received"][full], kind="stable")]
            self._table.put(
                state["number"][order],
                self.roster.numbers[order].astype(np.int64),
                state["at"][order],
                state["received"][order],
            )
        return self._table

    def explain(self, slot: int, at: int) -> tuple[str, float | None, float | None, str]:
        """Whose rows they are, and what stands in the last of them."""
        place = self.roster.slot(int(self.state["twin"][slot]))
        other = "另一设备" if place is None else _name(self.roster.devices[place])
        shown = ""
        if self._shown is not None and slot in self._shown[1]:
            columns, row = self._shown[0].columns, self._shown[1][slot]
            shown = "、".join(
                f"{f.title} {words.amount(float(v), f)}"
                for f, v, q in zip(
                    self.profile.fields, columns.values[:, row], columns.quality[:, row], strict=True
                )
                if q == Quality.NORMAL
            )
        later = at - int(self.state["twin_at"][slot])
        behind = f"，时间相差 {words.span(abs(later))}" if later else ""
        return (
            f"最近 {WINDOW} 条读数与设备 {other} 逐值相同{behind}（最新一条：{shown}），疑似复制数据",
            float(WINDOW),
            None,
            "条",
        )

    def proofs(self, slot: int, at: int) -> tuple[str, ...]:
        """The other device's reading."""
        return (reading(int(self.state["twin"][slot]), int(self.state["twin_at"][slot])),)


def _name(device: DeviceEntry) -> str:
    return f"{device.title}（{device.code}）" if device.title else device.code


class TwinStreams(LaneDetector):
    """Copied data."""

    name: ClassVar[str] = "twin_streams"
    lane = TwinStreamsLane
    whole = True
