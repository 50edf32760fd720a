"""Silent at work: a device says nothing while another device of its site still does, so power and line of the site are fine.

Parameters: those of an absence, and `working_s` (1800, how fresh the other device's rows must be).
"""

from collections.abc import Sequence
from typing import ClassVar

import msgspec
import numpy as np

from siteloop.kernel.block import Block, Columns
from siteloop.kernel.registry import Registry, RuleEntry
from siteloop.kernel.times import SECOND
from siteloop.rules import words
from siteloop.rules.absence import Absence, AbsenceLane
from siteloop.rules.detector import Statement
from siteloop.rules.roster import Roster
from siteloop.rules.state import Array, Spec, State

HEARD: Spec = {"heard": ("i8", 0)}


class Sites:
    """When every device was last heard, whatever its profile, and who else of its site spoke last."""

    def __init__(self, registry: Registry, state: State) -> None:
        self.roster = Roster([d for d in registry.devices if d.enabled])
        self.state = state.moved_to(self.roster.numbers)
        self.site: Array = np.array([d.site for d in self.roster.devices], np.int64)

    def hear(self, columns: Columns) -> None:
        """Rows of any profile."""
        slot = self.roster.slots(columns.device)
        known = slot >= 0
        np.maximum.at(self.state["heard"], slot[known], columns.received_at[known])

    def others(self) -> tuple[Array, Array]:
        """Per device: when another device of its site was last heard (0 = never or none), and that device's number."""
        heard, n = self.state["heard"], len(self.roster)
        when, who = np.zeros(n, np.int64), np.zeros(n, np.int64)
        if not n:
            return when, who
        order = np.lexsort((heard, self.site))
        ends = np.flatnonzero(np.append(self.site[order][1:] != self.site[order][:-1], True))
        starts = np.concatenate(([0], ends[:-1] + 1))
        best = order[ends]
        has_second = ends > starts
        second = order[np.where(has_second, ends - 1, ends)]
        group = np.empty(n, np.int64)
        group[order] = np.repeat(np.arange(len(ends)), ends - starts + 1)
        mine = best[group] == np.arange(n)
        other = np.where(mine, second[group], best[group])
        alone = mine & ~has_second[group]
        when = np.where(alone, 0, heard[other])
        who = np.where(alone, 0, self.roster.numbers[other])
        return when, who


class SilentAtWorkLane(AbsenceLane):
    """A silence counts while somebody else of the site speaks."""

    sites: Sites

    def prepare(self) -> None:
        """How fresh the others must be."""
        super().prepare()
        self.working = self.number("working_s", 1800, SECOND).astype(np.int64)
        self._when: Array = np.zeros(len(self.roster), np.int64)
        self._who: Array = np.zeros(len(self.roster), np.int64)

    def counts(self, now_us: int) -> Array:
        """Whether another device of the site was heard lately."""
        when, who = self.sites.others()
        place = self.sites.roster.slots(self.roster.numbers)
        self._when, self._who = when[place], who[place]
        found: Array = (self._when > 0) & (now_us - self._when <= self.working)
        return found

    def more(self, slot: int) -> str:
        """Names the device that still speaks."""
        place = self.sites.roster.slot(int(self._who[slot]))
        if place is None:
            return ""
        other = self.sites.roster.devices[place]
        name = f"{other.title}（{other.code}）" if other.title else other.code
        return f"；同工地设备 {name} {words.moment(int(self._when[slot]))} 仍有数据"


class SilentAtWork(Absence):
    """Devices that fell silent while their site goes on."""

    name: ClassVar[str] = "silent_at_work"
    lane = SilentAtWorkLane

    def __init__(self) -> None:
        super().__init__()
        self._sites = Sites(Registry(0, (), ()), State(HEARD))

    def configure(self, registry: Registry, rules: Sequence[RuleEntry]) -> None:
        """Sites of the new snapshot; what was heard stays."""
        self._sites = Sites(registry, self._sites.state)
        super().configure(registry, rules)
        for lane in self._lanes.values():
            if isinstance(lane, SilentAtWorkLane):
                lane.sites = self._sites

    def see(self, block: Block, columns: Columns) -> list[Statement]:
        """Every profile's rows show that a site works."""
        if block.rows and self._lanes:
            self._sites.hear(columns)
        return super().see(block, columns)

    def _dump_extra(self) -> bytes:
        return msgspec.msgpack.encode(self._sites.state.dump())

    def _load_extra(self, data: bytes) -> None:
        if data:
            self._sites.state = State.of(HEARD, msgspec.msgpack.decode(data, type=dict[str, bytes]))
