"""Spray linkage: PM2.5 past its limit opens the linked sprayers, and the sprayer's own report proves it (DUST-03, -06, -08).

An order is no proof. A demand is proven by a sprayer's own row `running = 1` within `proof_s` of the order; without it
`dust.spray_not_linked` is raised for the site (DUST-19) and cleared when a sprayer there proves a run on a later demand.
One proven sprayer of several is enough. A monitor past its limit with no linked sprayer is not linked either.
Lock-outs: frost, rain (humidity), hours; a hand on the sprayer makes the automatic step back for `manual_s`.
"""

from collections.abc import Iterator, Sequence
from typing import ClassVar

import msgspec
import numpy as np

from siteloop.kernel.block import Block, Columns
from siteloop.kernel.finding import Command, Finding
from siteloop.kernel.profiles import SPRAYER, Profile
from siteloop.kernel.registry import DeviceEntry, Registry, RuleEntry
from siteloop.kernel.times import MINUTE, SECOND
from siteloop.rules import words
from siteloop.rules.detector import Detector, Rulebook, Statement
from siteloop.rules.episodes import raised, reading
from siteloop.rules.lane import LaneDetector
from siteloop.rules.roster import Roster
from siteloop.rules.state import Spec, State
from siteloop.rules.threshold import Threshold, ThresholdLane
from siteloop.systems.dust.demand import DemandLane, Turn
from siteloop.systems.dust.spraying import Agenda, Demand, Run, Timing, spray_off, spray_on

NOT_LINKED = "dust.spray_not_linked"
HIGH = "dust.pm25_high"
SKEW = 60 * SECOND  # a sprayer's clock may be this slow
RUNNING = SPRAYER.index("running")
RUNNING_SPEC: Spec = {
    "running": ("i1", -1),  # -1 = never heard
    "asked": ("?", False),  # ordered to run and not proven yet
}


class LinkedThreshold(Threshold):
    """A threshold whose open findings carry the proof of the spray they started. Owned by the linkage."""

    name: ClassVar[str] = "linked_threshold"


class Kept(msgspec.Struct):
    """The linkage at rest, beside its lanes."""

    demands: list[Demand] = []
    runs: list[Run] = []
    running: dict[str, bytes] = {}
    warning: bytes = b""


_kept = msgspec.msgpack.Decoder(Kept)


class SprayLinkage(LaneDetector):
    """Opens, proves and stops the sprayers of monitors past their limit."""

    name: ClassVar[str] = "spray_linkage"
    also: ClassVar[tuple[str, ...]] = (LinkedThreshold.name,)  # kinds of rules it judges besides its own
    lane = DemandLane

    def __init__(self) -> None:
        super().__init__()
        self.warning = LinkedThreshold()
        self._demands: dict[int, Demand] = {}
        self._runs: dict[int, Run] = {}
        self._agenda = Agenda()
        self._running = State(RUNNING_SPEC)
        self._devices: dict[int, DeviceEntry] = {}
        self._notes: dict[int, tuple[str, tuple[str, ...]]] = {}

    def configure(self, registry: Registry, rules: Sequence[RuleEntry]) -> None:
        """New snapshot; demands and runs of devices that have gone are forgotten."""
        self.warning.configure(registry, rules)
        self._devices = {d.number: d for d in registry.devices if d.enabled}
        super().configure(registry, rules)
        for lane in self.warning._lanes.values():
            if isinstance(lane, ThresholdLane):
                lane.notes = self._notes
        sprayers = self._rosters.get("sprayer", Roster(()))
        self._running = self._running.moved_to(sprayers.numbers)
        served = {n for n in self._demands if self._place(n) is not None}
        self._demands = {n: d for n, d in self._demands.items() if n in served}
        self._runs = {n: r for n, r in self._runs.items() if n in self._devices}
        for run in self._runs.values():
            run.monitors &= served
            run.due = run.next_due()
        # a new snapshot may have changed links or limits: every demand is looked at once
        for demand in self._demands.values():
            demand.due = demand.due or self._newest or 1
        self._agenda = Agenda([*self._runs.values(), *self._demands.values()])

    def _add_lane(self, code: str, profile: Profile, roster: Roster, book: Rulebook) -> None:
        if code != NOT_LINKED:
            super()._add_lane(code, profile, roster, book)

    def _orphans(self) -> None:
        """A site's finding stays while a monitor there is still under the rule."""
        sites = {
            lane.device(int(slot)).site
            for lane in self._lanes.values()
            for slot in np.flatnonzero(lane.applies)
        }
        for code, site, finding in self._episodes:
            if site not in sites:
                self._waiting.append(
                    self._episodes.clear(
                        code, site, max(finding.at, self._newest), "规则或设备已停用、变更，预警结束"
                    )
                )

    def _place(self, monitor: int) -> tuple[DemandLane, int] | None:
        """Lane and slot of a monitor under the rule."""
        for lane in self._lanes.values():
            slot = lane.roster.slot(monitor)
            if slot is not None and lane.applies[slot] and isinstance(lane, DemandLane):
                return lane, slot
        return None

    # ---- readings ----

    def see(self, block: Block, columns: Columns) -> list[Statement]:
        """Monitors ask, sprayers prove."""
        if block.profile == SPRAYER.code:
            return [*self._drain(), *self._see_sprayers(block, columns)]
        said = [*self.warning.see(block, columns), *super().see(block, columns)]
        turns = [t for lane in self._lanes.values() if isinstance(lane, DemandLane) for t in lane.turns]
        for turn in sorted(turns, key=lambda t: (t.row, t.lane.code)):
            said += self._begin(turn) if turn.begins else self._end(turn)
        for lane in self._lanes.values():
            if isinstance(lane, DemandLane):
                lane.turns.clear()
        return said

    def _begin(self, turn: Turn) -> Iterator[Statement]:
        if turn.lane.rule(turn.slot).shadow:
            return  # a rule on trial orders nothing, so nobody can fail to obey it
        monitor = turn.lane.device(turn.slot)
        demand = Demand(monitor.number, turn.at, turn.received_at, turn.value)
        self._demands[monitor.number] = demand
        if not self._linked(monitor):
            demand.failed = True
            self._agenda.plan(demand, turn.received_at + MINUTE)
            yield from self._not_linked(turn.lane, turn.slot, demand, turn.received_at)
            return
        demand.locked = turn.lane.locked(turn.slot, turn.received_at, turn.temperature, turn.humidity)
        yield from self._start(turn.lane, turn.slot, demand, turn.received_at)

    def _end(self, turn: Turn) -> Iterator[Statement]:
        number = turn.lane.device(turn.slot).number
        demand = self._demands.get(number)
        if demand is None:
            return
        demand.ended = True
        if demand.proven or demand.failed or not demand.deadline:
            del self._demands[number]
        for sprayer in sorted({*self._linked(turn.lane.device(turn.slot)), *demand.sprayers}):
            run = self._runs.get(sprayer)
            if run is None or number not in run.monitors:
                continue
            run.monitors.discard(number)
            if run.phase == "on" and not run.monitors and turn.received_at >= run.on_at + run.timing.min_run:
                yield self._stop(run, turn.received_at, f"{turn.lane.quantity.title} 已回落，停止喷淋")
            else:
                self._agenda.plan(run, run.next_due())

    def _linked(self, monitor: DeviceEntry) -> list[int]:
        known = (self._devices.get(n) for n in monitor.linked)
        return [d.number for d in known if d is not None and d.profile == SPRAYER.code]

    def _start(self, lane: DemandLane, slot: int, demand: Demand, now: int) -> Iterator[Statement]:
        """Order every free sprayer on; join those that already run."""
        demand.next_try = now + MINUTE
        self._agenda.plan(demand, demand.next_try)
        if demand.locked:
            return
        monitor, rule = lane.device(slot), lane.rule(slot)
        demand.commands, demand.sprayers, demand.deadline = [], [], 0
        demand.proven = demand.failed = False
        reason = (
            f"{lane.quantity.title} {words.amount(demand.value, lane.quantity)}，超过"
            f" {words.limit(float(lane.limits.on[slot]), lane.quantity)}，联动喷淋（{monitor.code}）"
        )
        for number in self._linked(monitor):
            run = self._runs.setdefault(number, Run(number))
            run.monitors.add(monitor.number)
            if run.is_free(now):
                run.timing = Timing.of(rule.params)
                # a sprayer can only prove a run as often as it reports
                reports = self._devices[number].interval_s * 3 // 2 * SECOND
                run.timing.proof = max(run.timing.proof, reports)
                yield spray_on(run, rule.code, demand, now, reason)
                self._ask(run, True)
                self._agenda.plan(run, run.next_due())
            elif run.phase != "on":
                continue
            run.joined.add(monitor.number)
            demand.commands.append(run.command)
            demand.sprayers.append(number)
            demand.deadline = max(demand.deadline, run.deadline)
            if run.proven:
                demand.proven, demand.proof = True, run.proof
        if demand.waits:
            self._agenda.plan(demand, demand.deadline + 1)

    def _ask(self, run: Run, asked: bool) -> None:
        slot = self._rosters["sprayer"].slot(run.sprayer) if "sprayer" in self._rosters else None
        if slot is not None:
            self._running["asked"][slot] = asked

    def _stop(self, run: Run, now: int, reason: str, rest: bool = False) -> Command:
        order = spray_off(run, now, reason, rest)
        self._ask(run, False)
        self._agenda.plan(run, run.next_due() or now)
        return order

    def _see_sprayers(self, block: Block, columns: Columns) -> Iterator[Statement]:
        roster = self._rosters.get(block.profile)
        if roster is None or not block.rows:
            return
        batch = roster.admit(columns)
        running, valid = batch.values(RUNNING)
        on = running >= 0.5
        for rows in batch.rounds(valid):
            slot = batch.slot[rows]
            before = self._running["running"][slot]
            self._running["running"][slot] = on[rows]
            changed = (before >= 0) & (before != on[rows])
            for i in np.flatnonzero(changed | (self._running["asked"][slot] & on[rows])):
                sprayer = roster.devices[int(slot[i])]
                at, received = int(batch.at[rows[i]]), int(batch.received_at[rows[i]])
                yield from self._sprayer_spoke(sprayer, at, received, bool(on[rows[i]]), bool(changed[i]))

    def _sprayer_spoke(
        self, sprayer: DeviceEntry, at: int, received: int, running: bool, changed: bool
    ) -> Iterator[Statement]:
        run = self._runs.get(sprayer.number)
        ordered = run is not None and run.phase == "on"
        if run is not None and ordered and running and not run.proven:
            if run.on_at <= received <= run.deadline and at >= run.on_at - SKEW:
                run.proven = True
                self._ask(run, False)
                run.proof = self._words_of(run, sprayer, at)
                yield from self._prove(run, at)
        elif changed and running and not ordered:
            self._hand_on(sprayer, received)
        elif run is not None and ordered and run.proven and changed and not running:
            run.phase = "idle"
            self._hand_on(sprayer, received)

    def _hand_on(self, sprayer: DeviceEntry, received: int) -> None:
        """Somebody started or stopped it by hand: the automatic steps back for a while."""
        run = self._runs.setdefault(sprayer.number, Run(sprayer.number))
        rules = [
            r
            for lane in self._lanes.values()
            if (r := self._book.entry(lane.code, sprayer.region, project=sprayer.project)) is not None
        ]
        timing = Timing.of(rules[0].params) if rules else run.timing
        run.manual_until = received + timing.manual
        self._ask(run, False)
        self._agenda.plan(run, run.next_due())

    def _words_of(self, run: Run, sprayer: DeviceEntry, at: int) -> tuple[str, tuple[str, ...]]:
        proof = f"喷淋设备 {sprayer.code} 于 {words.moment(at)} 回报运行，已联动"
        return proof, (f"command:{run.command}", reading(sprayer.number, at))

    def _prove(self, run: Run, at: int) -> Iterator[Statement]:
        """The sprayer itself says it runs on our order."""
        proof, evidence = run.proof or ("", ())
        sites = set()
        for number in sorted(run.joined):
            demand = self._demands.get(number)
            if demand is None or run.command not in demand.commands:
                continue
            demand.proven = True
            demand.proof = (proof, evidence)
            monitor = self._devices[demand.monitor]
            sites.add(monitor.site)
            yield from self._proof_told(demand, at)
            if demand.ended:
                del self._demands[demand.monitor]
        for site in sites:
            if self._episodes.get(NOT_LINKED, site) is not None:
                yield self._episodes.clear(NOT_LINKED, site, at, f"{proof}，喷雾未联动问题消除", evidence)

    def _proof_told(self, demand: Demand, at: int) -> Iterator[Finding]:
        """Put the proof on the monitor's open warning, once."""
        if demand.proof is None or self.warning._episodes.get(HIGH, demand.monitor) is None:
            return
        (proof, evidence), demand.proof = demand.proof, None
        self._notes[demand.monitor] = (f"；{proof}", evidence)
        yield self._told_high(demand.monitor, at, proof, evidence)

    def _told_high(self, monitor: int, at: int, words_: str, evidence: tuple[str, ...]) -> Finding:
        slot, lane = self.warning._home(HIGH, monitor)
        opened = self.warning._episodes.get(HIGH, monitor)
        assert opened is not None
        count = int(lane.state["count"][slot]) if lane is not None and slot is not None else opened.count
        message = f"{opened.message.split('；')[0]}；{words_}"
        return self.warning._episodes.update(HIGH, monitor, at, message, None, evidence, count)

    # ---- time ----

    def tick(self, now_us: int) -> list[Statement]:
        """Missing proofs, ends of runs and rests, locks that open again."""
        said = [*self.warning.tick(now_us), *super().tick(now_us)]
        for thing in self._agenda.pop(now_us):
            said += self._run_on(thing, now_us) if isinstance(thing, Run) else self._demand_on(thing, now_us)
        return said

    def _run_on(self, run: Run, now: int) -> Iterator[Command]:
        if self._runs.get(run.sprayer) is not run:
            return
        if run.phase == "on":
            if not run.monitors and now >= run.on_at + run.timing.min_run:
                yield self._stop(run, now, "监测值已回落且达到最短运行时间，停止喷淋")
            elif now >= run.on_at + run.timing.max_run:
                yield self._stop(run, now, "达到最长运行时间，停喷间歇", rest=True)
            else:
                self._agenda.plan(run, run.next_due())
            return
        if run.phase == "rest" and now >= run.rest_until:
            run.phase = "idle"
        if run.is_done(now):
            del self._runs[run.sprayer]
        elif run.is_free(now):
            for number in sorted(run.monitors & self._demands.keys()):
                demand = self._demands[number]
                if not demand.waits:
                    self._agenda.plan(demand, now)
        else:
            self._agenda.plan(run, run.next_due())

    def _demand_on(self, demand: Demand, now: int) -> Iterator[Statement]:
        place = self._place(demand.monitor)
        if place is None or self._demands.get(demand.monitor) is not demand:
            return
        lane, slot = place
        self._agenda.plan(demand, now + MINUTE)
        if demand.waits and now > demand.deadline:
            demand.failed = True
            yield from self._not_linked(lane, slot, demand, now)
        if demand.proven:
            yield from self._proof_told(demand, now)
        if demand.ended:
            if demand.failed or demand.proven or not demand.deadline:
                del self._demands[demand.monitor]
            return
        yield from self._again(lane, slot, demand, now)

    def _again(self, lane: DemandLane, slot: int, demand: Demand, now: int) -> Iterator[Statement]:
        """Start once more after a rest, a hand or a lock, on fresh readings only."""
        if demand.waits:
            self._agenda.plan(demand, demand.deadline + 1)
            return
        sprayers = self._linked(lane.device(slot))
        running = any(n in self._runs and self._runs[n].phase == "on" for n in sprayers)
        if running or not sprayers or now < demand.next_try:
            return
        age = now - int(lane.state["heard"][slot])
        if age > Timing.of(lane.rule(slot).params).max_age:
            return
        demand.locked = lane.locked(
            slot, now, float(lane.state["temperature"][slot]), float(lane.state["humidity"][slot])
        )
        if demand.locked and not demand.told and self.warning._episodes.get(HIGH, demand.monitor) is not None:
            demand.told = True
            yield self._told_high(demand.monitor, now, f"未启动喷淋：{demand.locked}", ())
        if demand.locked or any(self._runs.get(n, Run(n)).is_free(now) for n in sprayers):
            yield from self._start(lane, slot, demand, now)

    def _not_linked(self, lane: DemandLane, slot: int, demand: Demand, at: int) -> Iterator[Finding]:
        """No sprayer, or no sprayer that answered."""
        monitor = lane.device(slot)
        rule = self._book.entry(NOT_LINKED, monitor.region, project=monitor.project)
        if rule is None:
            return
        excess = (
            f"{lane.quantity.title} {words.amount(demand.value, lane.quantity)}，超过"
            f" {words.limit(float(lane.limits.on[slot]), lane.quantity)}（{monitor.code}，自 {words.moment(demand.since)} 起）"
        )
        codes = "、".join(self._devices[n].code for n in demand.sprayers if n in self._devices)
        waited = words.span(demand.deadline - demand.began)
        message = (
            f"{excess}，已向喷淋设备 {codes} 下发开启指令，{waited}内未收到设备运行回报，喷雾未联动"
            if demand.sprayers
            else f"{excess}，监测设备没有登记联动的喷淋设备，喷雾未联动"
        )
        evidence = (reading(monitor.number, demand.since), *(f"command:{c}" for c in demand.commands))
        if self._episodes.get(NOT_LINKED, monitor.site) is not None:
            yield self._episodes.update(NOT_LINKED, monitor.site, at, message, demand.value, evidence)
            return
        one = self._devices.get(demand.sprayers[0]) if len(demand.sprayers) == 1 else None
        yield self._episodes.open(
            monitor.site,
            raised(
                rule,
                msgspec.structs.replace(monitor, number=one.number) if one else monitor,
                demand.since,
                at,
                message,
                subject=f"site:{monitor.site}",
                value=demand.value,
                limit=float(lane.limits.on[slot]),
                unit=lane.quantity.unit,
                evidence=evidence,
            ),
        )

    # ---- rest ----

    def _dump_extra(self) -> bytes:
        kept = Kept(
            list(self._demands.values()), list(self._runs.values()), self._running.dump(), self.warning.dump()
        )
        return msgspec.msgpack.encode(kept)

    def _load_extra(self, data: bytes) -> None:
        kept = _kept.decode(data)
        self._demands = {d.monitor: d for d in kept.demands}
        self._runs = {r.sprayer: r for r in kept.runs}
        self._agenda = Agenda([*kept.runs, *kept.demands])
        self._running = State.of(RUNNING_SPEC, kept.running)
        self.warning.load(kept.warning)


DETECTORS: tuple[type[Detector], ...] = (SprayLinkage,)
