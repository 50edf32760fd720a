"""Lane: one rule code over the devices it applies to, and the detector base that keeps lanes, gates and episodes.

A detector of this shape judges each block lane by lane with arrays; Python runs per row only where something is said.
"""

import logging
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar

import msgspec
import numpy as np

from siteloop.kernel.block import Block, Columns
from siteloop.kernel.finding import Finding
from siteloop.kernel.profiles import PROFILES, Field, Profile
from siteloop.kernel.registry import DeviceEntry, Registry, RuleEntry
from siteloop.kernel.times import DAY, MINUTE, OFFSET
from siteloop.rules.detector import Rulebook, Statement
from siteloop.rules.episodes import Episodes
from siteloop.rules.layers import Regions, Unit, sample, stack
from siteloop.rules.roster import GATE, Batch, Roster
from siteloop.rules.state import Array, Spec, State

log = logging.getLogger(__name__)


class Saved(msgspec.Struct):
    """A detector at rest."""

    states: dict[str, dict[str, bytes]] = {}
    open: list[tuple[str, int, Finding]] = []
    waiting: list[Finding] = []
    newest: int = 0
    extra: bytes = b""


_saved = msgspec.msgpack.Decoder(Saved)


class Lane:
    """One rule code, or a layer of several, on one profile. `rule_of[slot]` is the entry in force there, `applies` where there is one."""

    SPEC: ClassVar[Spec] = {}

    def __init__(self, code: str, profile: Profile, roster: Roster, rule_of: list[RuleEntry | None]) -> None:
        self.code = code
        self.profile = profile
        self.roster = roster
        self.rule_of = rule_of
        #: code in force at each slot, "" where there is none
        self.codes: Array = np.array(["" if r is None else r.code for r in rule_of], object)
        self.applies: Array = np.array([r is not None for r in rule_of], bool)
        self._distinct = list({id(r): r for r in rule_of if r is not None}.values())
        position = {id(r): i + 1 for i, r in enumerate(self._distinct)}
        self._which: Array = np.array([position.get(id(r), 0) for r in rule_of], np.int32)
        self.state = State(self.SPEC, roster.numbers)
        self.episodes = Episodes()
        #: names of the parameters this kind of rule reads
        self.parameters: set[str] = {"profile"}
        self.prepare()

    def prepare(self) -> None:
        """Build the parameter arrays. Raises KeyError or ValueError for parameters that make no sense."""

    def number(self, name: str, default: float, factor: float = 1) -> Array:
        """A parameter for every slot, times `factor`."""
        self.parameters.add(name)
        return np.array(
            [0.0, *(float(r.params.get(name, default)) * factor for r in self._distinct)], np.float64
        )[self._which]

    def text(self, name: str, default: str) -> str:
        """A parameter that must be the same in every region. Raises ValueError when it is not."""
        self.parameters.add(name)
        found = {str(r.params.get(name, default)) for r in self._distinct}
        if len(found) > 1:
            raise ValueError(f"{self.code}: {name} differs between regions: {sorted(found)}")
        return found.pop() if found else default

    def field(self) -> tuple[int, Field]:
        """Column and description of the judged quantity. Raises KeyError for one the profile does not have."""
        column = self.profile.index(self.text("field", ""))
        return column, self.profile.fields[column]

    def intervals(self) -> Array:
        """Expected µs between two rows of each device."""
        return np.array([d.interval_s for d in self.roster.devices], np.int64) * 1_000_000

    def rule(self, slot: int) -> RuleEntry:
        """The entry in force for a slot the lane applies to."""
        rule = self.rule_of[slot]
        assert rule is not None, "only slots where the lane applies are judged"
        return rule

    def device(self, slot: int) -> DeviceEntry:
        """The registered device of a slot."""
        return self.roster.devices[slot]

    def see(self, batch: Batch) -> list[Statement]:
        """Judge the fresh rows of one block."""
        raise NotImplementedError

    def tick(self, now_us: int, newest: int) -> list[Statement]:
        """Let time pass; `newest` is the newest receive time of the stream."""
        return []

    def deaf(self, until_us: int) -> None:
        """Until then nothing could be heard; most rules do not care."""


def within(at: Array, start: Array, end: Array) -> Array:
    """Whether local time of day lies in [start, end) minutes; equal ends mean all day, start > end wraps midnight."""
    minute = (at + OFFSET) % DAY // MINUTE
    straight = (minute >= start) & (minute < end)
    wrapped = (minute >= start) | (minute < end)
    return np.where(start < end, straight, np.where(start > end, wrapped, True))


CODES, CODE_OF = "codes", "code_of"  # columns beside a saved lane's state


def _dump_codes(codes: Array) -> dict[str, bytes]:
    """The code of every device, as a list of names and a number each."""
    names, numbers = np.unique(codes.astype(str), return_inverse=True)
    return {
        CODES: msgspec.msgpack.encode(names.tolist()),
        CODE_OF: numbers.astype("<i4").tobytes(),
    }


def _codes_of(saved: dict[str, bytes], code: str) -> Array:
    """From `_dump_codes`; a state saved before there were layers has one code for all."""
    if CODES not in saved:
        return np.full(len(saved[""]) // 4, code, object)
    names = np.array(msgspec.msgpack.decode(saved[CODES], type=list[str]), object)
    found: Array = names[np.frombuffer(saved[CODE_OF], "<i4")]
    return found


class LaneDetector:
    """Base of the detectors that judge each rule code on its own."""

    name: ClassVar[str]
    lane: ClassVar[Callable[..., Lane]]
    #: whether codes that meet on no device may share a lane; needs a lane that asks `rule(slot)` for its code
    layered: ClassVar[bool] = False
    #: profiles of records that a device of any profile may send; judged with all devices on the roster
    of_any: ClassVar[frozenset[str]] = frozenset()
    #: whether it compares devices of different sites, so that one judge must see all of them
    whole: ClassVar[bool] = False

    def __init__(self) -> None:
        self._rosters: dict[str, Roster] = {}
        self._lanes: dict[str, Lane] = {}
        self._states: dict[str, State] = {}
        self._codes: dict[str, Array] = {}
        self._saved = Saved()
        self._episodes = Episodes()
        self._waiting: list[Finding] = []
        self._newest = 0
        self._book = Rulebook(())
        self._configured: tuple[Registry, Sequence[RuleEntry]] | None = None
        #: rules of the present snapshot that cannot be used, in words
        self.problems: list[str] = []

    def configure(self, registry: Registry, rules: Sequence[RuleEntry]) -> None:
        """Rebuild lanes. Open episodes whose device or rule is gone are cleared at the next see or tick.

        A caller may hand over only this detector's rules; the snapshot's others are read too, because a rule that a
        region switched off (detector "off") hides the wider one. `rules` win over the snapshot's (back-tests).
        """
        if not self._saved.states:
            self._keep()
        self._configured = (registry, rules)
        by_profile: dict[str, list[DeviceEntry]] = {code: [] for code in PROFILES}
        for device in registry.devices:
            if device.enabled and device.profile in by_profile:
                for profile in {device.profile, *self.of_any}:
                    by_profile[profile].append(device)
        self._rosters = {
            profile: Roster(devices, self._restored(f"gate:{profile}", GATE))
            for profile, devices in by_profile.items()
            if devices
        }
        self._book = book = Rulebook((*rules, *registry.rules))
        self._lanes = {}
        self.problems = []
        for roster_profile, roster in self._rosters.items():
            if self.layered:
                self._add_layers(PROFILES[roster_profile], roster, book)
                continue
            for code in book.codes(self.name):
                self._add_lane(code, PROFILES[roster_profile], roster, book)
        self._states, self._codes, self._saved = {}, {}, Saved()
        self._orphans()

    def _add_lane(self, code: str, profile: Profile, roster: Roster, book: Rulebook) -> None:
        known: dict[tuple[str, int], RuleEntry | None] = {}
        rule_of: list[RuleEntry | None] = []
        own = book.own(code)
        for device in roster.devices:
            place = device.region, device.project if device.project in own else 0
            if place not in known:
                known[place] = book.entry(code, place[0], self.name, place[1])
            rule = known[place]
            rule_of.append(rule if rule and rule.params.get("profile", "dust") == profile.code else None)
        if not any(rule_of):
            return
        try:
            self._put(f"{code}:{profile.code}", self.lane(code, profile, roster, rule_of))
        except (KeyError, ValueError) as wrong:
            self._refuse(code, wrong)

    def _add_layers(self, profile: Profile, roster: Roster, book: Rulebook) -> None:
        """As few lanes as the rules of one device allow."""
        regions = Regions(roster)
        units = [
            unit
            for code in book.codes(self.name)
            for unit in regions.units(book, code, self.name, profile.code)
        ]
        for layer in stack(units, len(roster)):
            try:
                lane = self.lane(layer.name, profile, roster, layer.rule_of(len(roster)))
            except (KeyError, ValueError):
                # one rule that makes no sense must not take the others with it
                layer.units = [u for u in layer.units if self._is_usable(u, profile, roster)]
                if not layer.units:
                    continue
                lane = self.lane(layer.name, profile, roster, layer.rule_of(len(roster)))
            key = f"{layer.name}:{profile.code}"
            self._put(key if key not in self._lanes else f"{len(self._lanes)}/{key}", lane)

    def _is_usable(self, unit: Unit, profile: Profile, roster: Roster) -> bool:
        few, rules = sample(unit, roster)
        try:
            self.lane(unit.code, profile, few, rules)
        except (KeyError, ValueError) as wrong:
            self._refuse(unit.code, wrong)
            return False
        return True

    def _refuse(self, code: str, wrong: Exception) -> None:
        log.error("rule %s of detector %s cannot be used: %s", code, self.name, wrong)
        self.problems.append(f"{code}：{wrong}")

    def _put(self, key: str, lane: Lane) -> None:
        """Take a lane into service with what was known of its devices under the same codes."""
        for state, codes in self._known(lane):
            lane.state.take_over(state, lane.codes, codes)
        lane.state.reset(np.flatnonzero(~lane.applies))
        lane.episodes = self._episodes
        self._lanes[key] = lane

    def _known(self, lane: Lane) -> Iterator[tuple[State, Array]]:
        """States of lanes of the same profile, with the code each device had there."""
        if self._saved.states:
            for key, saved in self._saved.states.items():
                kind, _, rest = key.partition(":")
                code, _, profile = rest.rpartition(":")
                if kind == "lane" and profile == lane.profile.code:
                    yield State.of(lane.SPEC, saved), _codes_of(saved, code)
            return
        for key, state in self._states.items():
            if key in self._codes and key.rpartition(":")[2] == lane.profile.code:
                yield state, self._codes[key]

    def parameters(self, code: str) -> set[str]:
        """Names of the parameters a rule of this kind reads; empty when it applies nowhere."""
        return {n for lane in self._lanes.values() if (lane.codes == code).any() for n in lane.parameters}

    def _restored(self, key: str, spec: Spec) -> State:
        if key in self._saved.states:
            return State.of(spec, self._saved.states[key])
        return self._states.get(key) or State(spec)

    def _orphans(self) -> None:
        """Close what nobody would ever close: the device left the registry, or its rule was switched off or to trial."""
        for code, number, finding in self._episodes:
            slot, lane = self._home(code, number)
            if lane is not None and slot is not None and lane.applies[slot]:
                if lane.rule(slot).shadow == finding.shadow:
                    continue
                lane.state.reset(slot)
            self._waiting.append(
                self._episodes.clear(
                    code, number, max(finding.at, self._newest), "规则或设备已停用、变更，预警结束"
                )
            )

    def _home(self, code: str, number: int) -> tuple[int | None, Lane | None]:
        for lane in self._lanes.values():
            slot = lane.roster.slot(number)
            if slot is not None and lane.codes[slot] == code:
                return slot, lane
        return None, None

    def _keep(self) -> None:
        """Hold the running state by name, so that `configure` and `dump` find it."""
        self._states = {f"gate:{p}": r.gate for p, r in self._rosters.items()}
        self._states |= {f"lane:{key}": lane.state for key, lane in self._lanes.items()}
        self._codes = {f"lane:{key}": lane.codes for key, lane in self._lanes.items()}

    def _drain(self) -> list[Statement]:
        said: list[Statement] = [*self._waiting]
        self._waiting = []
        return said

    def see(self, block: Block, columns: Columns) -> list[Statement]:
        """Judge one block, lane by lane."""
        said: list[Statement] = self._drain()
        roster = self._rosters.get(block.profile)
        if roster is None or not block.rows:
            return said
        self._newest = max(self._newest, int(columns.received_at.max()))
        batch = roster.admit(columns)
        if len(batch):
            for lane in self._lanes.values():
                if lane.profile.code == block.profile:
                    said += lane.see(batch)
        return said

    def tick(self, now_us: int) -> list[Statement]:
        """Let time pass in every lane."""
        said: list[Statement] = self._drain()
        for lane in self._lanes.values():
            said += lane.tick(now_us, self._newest)
        return said

    def deaf(self, until_us: int) -> None:
        """Until then nothing could be heard by our own fault: an outage of ours, or a clock of ours that jumped."""
        for lane in self._lanes.values():
            lane.deaf(until_us)

    def dump(self) -> bytes:
        """Compressed msgpack of all states and open episodes."""
        states = self._saved.states  # loaded, but not configured yet
        if not states:
            self._keep()
            states = {
                key: state.dump() | (_dump_codes(self._codes[key]) if key in self._codes else {})
                for key, state in self._states.items()
            }
        saved = Saved(states, list(self._episodes), self._waiting, self._newest, self._dump_extra())
        return zlib.compress(msgspec.msgpack.encode(saved), 1)

    def load(self, data: bytes) -> None:
        """Take over a dumped state. Raises msgspec.DecodeError or zlib.error for foreign bytes."""
        self._saved = _saved.decode(zlib.decompress(data))
        self._episodes = Episodes(self._saved.open)
        self._waiting = list(self._saved.waiting)
        self._newest = self._saved.newest
        self._load_extra(self._saved.extra)
        if self._configured is not None:
            self.configure(*self._configured)

    def _dump_extra(self) -> bytes:
        return b""

    def _load_extra(self, data: bytes) -> None:
        """Nothing to take over by default."""
