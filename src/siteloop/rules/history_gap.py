"""History gap: rows are missing between two that came, so the device is asked to hand them in (补传, HJ 212-2017 C.49/C.50).

A gap waits `settle_s` (180) for the rows the device re-sends by itself. Then one request at a time goes to a device that is
talking, at most `chunk_s` (21600) long, never beyond `oldest_days` (7). The next one follows when the answers have been quiet
for `wait_s` (120); an unanswered one is repeated after `backoff_s` (600, doubled each time) at most `tries` (3) times and then
given up. `most_asks` (20) requests a second over all devices, so that an outage of the platform floods nobody.
More parameters: `missed` (3, reporting intervals that make a gap), `kind` minute|hour|day (what is asked for; a device with
the setting `realtime_history` is asked for real-time rows), `most_gaps` (16 a device). A rule on trial asks for nothing.
"""

import hashlib
from typing import ClassVar

import msgspec
import numpy as np

from siteloop.kernel.block import Block, Columns, Kind
from siteloop.kernel.finding import Command, Finding
from siteloop.kernel.quirks import Quirk
from siteloop.kernel.times import DAY, HOUR, MINUTE, SECOND
from siteloop.rules import words
from siteloop.rules.detector import Statement
from siteloop.rules.episodes import raised, reading
from siteloop.rules.gaps import Asked, Gaps
from siteloop.rules.lane import Lane, LaneDetector
from siteloop.rules.roster import Batch
from siteloop.rules.state import Array, Spec

KINDS = {"realtime": Kind.REALTIME, "minute": Kind.MINUTE, "hour": Kind.HOUR, "day": Kind.DAY}
UNITS = {"realtime": "实时数据", "minute": "分钟数据", "hour": "小时数据", "day": "日数据"}
EXPIRES = 5 * MINUTE
#: the longest periods a device may sum up by (1063: up to 30 minutes); more than two of them without a row are a hole
PERIODS = {"minute": 30 * MINUTE, "hour": HOUR, "day": DAY}
MOST_TOLD = 2_000  # rows of one answer whose times are remembered


class HistoryGapLane(Lane):
    """Devices whose history shall have no holes."""

    SPEC: ClassVar[Spec] = {"last": ("i8", 0), "heard": ("i8", 0)}

    def prepare(self) -> None:
        """Policy of every device. Raises ValueError for one that makes no sense."""
        self.kind = self.text("kind", "minute")
        if self.kind not in KINDS:
            raise ValueError(f"{self.code}: kind {self.kind}")
        self.allowed: Array = (self.number("missed", 3) * self.intervals()).astype(np.int64)
        self.settle = self.number("settle_s", 180, SECOND).astype(np.int64)
        self.chunk = self.number("chunk_s", 21_600, SECOND).astype(np.int64)
        self.oldest = self.number("oldest_days", 7, DAY).astype(np.int64)
        self.wait = self.number("wait_s", 120, SECOND).astype(np.int64)
        self.backoff = self.number("backoff_s", 600, SECOND).astype(np.int64)
        self.tries = self.number("tries", 3)
        self.most_gaps = self.number("most_gaps", 16)
        self.most_asks = int(float(self.text("most_asks", "20")))
        if (self.chunk[self.applies] <= 0).any() or (self.allowed[self.applies] <= 0).any():
            raise ValueError(f"{self.code}: chunk_s and missed must be positive")
        self.open: dict[int, Gaps] = {}  # device number -> its gaps; only devices that have some

    def kind_of(self, slot: int) -> str:
        """What the device is asked for."""
        return "realtime" if Quirk.REALTIME_HISTORY in self.device(slot).quirks else self.kind

    def see(self, batch: Batch) -> list[Statement]:
        """Rows that came later than they should have after the one before."""
        runs, state = batch.runs(self.applies[batch.slot]), self.state
        if not len(runs):
            return []
        slot, at, received = runs.slot, batch.at[runs.row], batch.received_at[runs.row]
        before = runs.before(at, state["last"])
        holes = np.flatnonzero((before > 0) & (at - before > self.allowed[slot]))
        for i in holes[np.argsort(runs.row[holes])]:
            where = int(slot[i])
            gaps = self.open.setdefault(self.device(where).number, Gaps())
            gaps.add(int(before[i]), int(at[i]), int(received[i]), int(self.most_gaps[where]))
        last = runs.ends
        state["last"][slot[last]], state["heard"][slot[last]] = at[last], received[last]
        return []

    def hear(self, columns: Columns) -> None:
        """Late rows and handed-in ones, which no gate lets through."""
        if not self.open:
            return
        for i in np.flatnonzero(np.isin(columns.device, np.fromiter(self.open, np.int64))):
            number, at, kind = int(columns.device[i]), int(columns.at[i]), int(columns.kind[i])
            gaps, slot = self.open[number], self.roster.slot(number)
            if slot is None:
                continue
            asked = gaps.asked
            is_answer = kind == KINDS[self.kind_of(slot)] and (
                asked is not None and asked.begin <= at < asked.end
            )
            if asked is not None and is_answer:
                asked.rows += 1
                if len(asked.told) < MOST_TOLD:
                    asked.told.append(at)
                asked.heard = max(asked.heard, int(columns.received_at[i]))
            elif kind == Kind.REALTIME:
                gaps.fill(at, int(self.allowed[slot]))

    def tick(self, now_us: int, newest: int) -> list[Statement]:
        """Ask, wait, go on, and tell."""
        said: list[Statement] = []
        asks = self.most_asks
        for number in list(self.open):
            slot = self.roster.slot(number)
            if slot is None or not self.applies[slot]:
                del self.open[number]
                continue
            gaps, allowed = self.open[number], int(self.allowed[slot])
            if gaps.gaps and gaps.gaps[0].begin < now_us - int(self.oldest[slot]):
                gaps.trim(now_us - int(self.oldest[slot]), allowed)
            self._answered(gaps, slot, now_us)
            if not gaps.gaps:
                del self.open[number]
                said += self._say_done(slot, gaps, now_us)
            elif gaps.asked is None and gaps.gaps[0].found + int(self.settle[slot]) <= now_us:
                said += self._say_missing(slot, gaps, now_us)
                if asks > 0 and self._may_ask(gaps, slot, now_us):
                    asks -= 1
                    said.append(self._ask(slot, gaps, now_us))
        return said

    def _answered(self, gaps: Gaps, slot: int, now: int) -> None:
        """Close the request under way when its answers have ended or none came."""
        asked, wait = gaps.asked, int(self.wait[slot])
        if asked is None or now - max(asked.at, asked.heard) <= wait:
            return
        gaps.asked = None
        if not asked.rows:
            gaps.tries += 1
            if gaps.tries < int(self.tries[slot]):
                gaps.next_at = now + int(self.backoff[slot]) * 2 ** (gaps.tries - 1)
                return
            gaps.given_up += asked.end - asked.begin
        elif len(asked.told) < MOST_TOLD:
            period = PERIODS.get(self.kind_of(slot))
            gaps.given_up += asked.unanswered(2 * period if period else int(self.allowed[slot]))
        gaps.got += asked.rows
        gaps.tries = 0
        gaps.remove(asked.begin, asked.end, int(self.allowed[slot]))

    def _may_ask(self, gaps: Gaps, slot: int, now: int) -> bool:
        """Only a device that is talking, not before its time, and only by a rule in force."""
        is_talking = now - int(self.state["heard"][slot]) <= int(self.allowed[slot]) + MINUTE
        return is_talking and now >= gaps.next_at and not self.rule(slot).shadow

    def _ask(self, slot: int, gaps: Gaps, now: int) -> Command:
        """The oldest stretch, whole minutes, one chunk at most."""
        gap, device = gaps.gaps[0], self.device(slot)
        begin = gap.begin // MINUTE * MINUTE
        end = min(-(-gap.end // MINUTE) * MINUTE, begin + int(self.chunk[slot]))
        gaps.asked = Asked(begin, end, now)
        name = f"{self.code}|{device.number}|{begin}|{end}|{now}"
        return Command(
            id=hashlib.sha256(name.encode()).hexdigest()[:32],
            device=device.number,
            command="request_history",
            args={"kind": self.kind_of(slot), "from_us": begin, "to_us": end},
            issued_at=now,
            expires_at=now + EXPIRES,
            origin=f"rule:{self.code}",
            reason=f"补传 {words.moment(begin)} 至 {words.moment(end)} 的{UNITS[self.kind_of(slot)]}",
        )

    def _say_missing(self, slot: int, gaps: Gaps, now: int) -> list[Statement]:
        """The raise, once an episode."""
        device = self.device(slot)
        if self.episodes.get(self.code, device.number) is not None:
            return []
        first, last = gaps.gaps[0].begin, gaps.gaps[-1].end
        interval = device.interval_s * SECOND
        rows = sum(max(1, round((g.end - g.begin) / interval) - 1) for g in gaps.gaps)
        message = (
            f"{words.moment(first)} 至 {words.moment(last)} 缺 {len(gaps.gaps)} 段实时数据，"
            f"合计 {words.span(gaps.missing)}、约 {rows} 条"
        )
        said = raised(
            self.rule(slot),
            device,
            first,
            now,
            message,
            value=float(gaps.missing // SECOND),
            limit=float(self.allowed[slot] // SECOND),
            unit="s",
            evidence=(reading(device.number, first), reading(device.number, last)),
            count=rows,
        )
        return [self.episodes.open(device.number, said)]

    def _say_done(self, slot: int, gaps: Gaps, now: int) -> list[Statement]:
        """The end, with what was handed in and what could not be."""
        number = self.device(slot).number
        if self.episodes.get(self.code, number) is None:
            return []  # the device filled the gap by itself in time
        told = f"设备补传 {gaps.got} 条" if gaps.got else "缺口已由设备自行补齐"
        if gaps.given_up:
            told = f"设备补传 {gaps.got} 条，{words.span(gaps.given_up)}的数据设备未能补传"
        said: Finding = self.episodes.clear(self.code, number, now, told, (), max(1, gaps.got))
        return [said]


class HistoryGap(LaneDetector):
    """Missing rows are asked for."""

    name: ClassVar[str] = "history_gap"
    lane = HistoryGapLane

    def __init__(self) -> None:
        super().__init__()
        self._open: dict[str, dict[int, Gaps]] = {}

    def _gap_lanes(self) -> dict[str, HistoryGapLane]:
        return {key: lane for key, lane in self._lanes.items() if isinstance(lane, HistoryGapLane)}

    def _keep(self) -> None:
        """Gaps stay with their rule through a new snapshot."""
        super()._keep()
        self._open |= {key: lane.open for key, lane in self._gap_lanes().items()}

    def _orphans(self) -> None:
        for key, lane in self._gap_lanes().items():
            lane.open = self._open.get(key, {})
        self._open = {}
        super()._orphans()

    def see(self, block: Block, columns: Columns) -> list[Statement]:
        """Late and handed-in rows count as well, also for a gap that a row before them in the same block has opened."""
        said = super().see(block, columns)
        if block.rows:
            for lane in self._gap_lanes().values():
                if lane.profile.code == block.profile:
                    lane.hear(columns)
        return said

    def _dump_extra(self) -> bytes:
        found = self._open | {key: lane.open for key, lane in self._gap_lanes().items()}
        return msgspec.msgpack.encode(found)

    def _load_extra(self, data: bytes) -> None:
        self._open = msgspec.msgpack.decode(data, type=dict[str, dict[int, Gaps]]) if data else {}
