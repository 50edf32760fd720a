"""Layers: many rule codes judged by one lane, as long as no device has two of them.

Ten thousand rules of ten thousand devices would be ten thousand passes over every block if each code had a lane of its own.
Rules of one shape (same field, same words among their parameters) differ in numbers only, and numbers are arrays by device:
such rules share a lane wherever they do not meet on a device. So the number of lanes is the largest number of rules of a
shape on one device, however many rules there are.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from siteloop.kernel.registry import RuleEntry
from siteloop.rules.detector import Rulebook
from siteloop.rules.roster import Roster
from siteloop.rules.state import Array

Shape = tuple[tuple[str, str], ...]


@dataclass
class Unit:
    """One code in one shape: the slots it applies to and the entry in force at each."""

    code: str
    shape: Shape
    slots: Array
    rules: list[RuleEntry]


@dataclass
class Layer:
    """Units that meet on no device."""

    units: list[Unit]
    taken: Array = field(default_factory=lambda: np.zeros(0, bool))

    @property
    def name(self) -> str:
        """The only code, or the first of several."""
        first = self.units[0].code
        return first if len(self.units) == 1 else f"{first}+{len(self.units) - 1}"

    def rule_of(self, slots: int) -> list[RuleEntry | None]:
        """Entry in force at every slot."""
        found: list[RuleEntry | None] = [None] * slots
        for unit in self.units:
            for slot, rule in zip(unit.slots.tolist(), unit.rules, strict=True):
                found[slot] = rule
        return found


def shape_of(rule: RuleEntry) -> Shape:
    """The words among the parameters; numbers may differ inside a lane."""
    return tuple(sorted((k, str(v)) for k, v in rule.params.items() if isinstance(v, str)))


class Regions:
    """The devices of a roster by region and by project, and the regions by prefix."""

    def __init__(self, roster: Roster) -> None:
        self.slots: dict[str, list[int]] = {}
        self.projects: dict[int, list[int]] = {}
        for slot, device in enumerate(roster.devices):
            self.slots.setdefault(device.region, []).append(slot)
            self.projects.setdefault(device.project, []).append(slot)
        self.under: dict[str, list[str]] = {}
        for region in self.slots:
            for length in range(len(region) + 1):
                self.under.setdefault(region[:length], []).append(region)

    def rules(self, book: Rulebook, code: str, detector: str) -> dict[str, RuleEntry]:
        """Region -> entry in force, where it belongs to the detector. The same as asking the book region by region, without project."""
        found: dict[str, RuleEntry] = {}
        for rule in reversed(book.entries(code)):  # the longest prefix comes last and counts
            for region in self.under.get(rule.region, ()):
                found[region] = rule
        return {region: rule for region, rule in found.items() if rule.detector == detector}

    def _under(self, book: Rulebook, code: str, detector: str) -> Iterator[tuple[RuleEntry, list[int]]]:
        """Entries in force with their slots; devices of a project with an entry of its own are left out of their region's."""
        own = {p: rule for p, rule in book.own(code).items() if p in self.projects}
        apart = {slot for project in own for slot in self.projects[project]}
        for region, rule in self.rules(book, code, detector).items():
            slots = self.slots[region]
            yield rule, [s for s in slots if s not in apart] if apart else slots
        for project, rule in own.items():
            if rule.detector == detector:
                yield rule, self.projects[project]

    def units(self, book: Rulebook, code: str, detector: str, profile: str) -> list[Unit]:
        """One unit for each shape the code has in some region."""
        made: dict[Shape, tuple[list[int], list[RuleEntry]]] = {}
        for rule, under in self._under(book, code, detector):
            if under and rule.params.get("profile", "dust") == profile:
                slots, rules = made.setdefault(shape_of(rule), ([], []))
                slots += under
                rules += [rule] * len(under)
        return [Unit(code, shape, np.array(slots, np.int64), rules) for shape, (slots, rules) in made.items()]


def stack(units: Iterable[Unit], slots: int) -> list[Layer]:
    """Put each unit into the first layer of its shape where nobody is in the way."""
    layers: dict[Shape, list[Layer]] = {}
    for unit in units:
        open_layers = layers.setdefault(unit.shape, [])
        for layer in open_layers:
            if not layer.taken[unit.slots].any():
                break
        else:
            layer = Layer([], np.zeros(slots, bool))
            open_layers.append(layer)
        layer.units.append(unit)
        layer.taken[unit.slots] = True
    return [layer for found in layers.values() for layer in found]


def sample(unit: Unit, roster: Roster) -> tuple[Roster, Sequence[RuleEntry | None]]:
    """A small roster with one device for each entry of a unit: enough to see whether the rule can be used."""
    seen: dict[int, tuple[int, RuleEntry]] = {}
    for slot, rule in zip(unit.slots.tolist(), unit.rules, strict=True):
        seen.setdefault(id(rule), (slot, rule))
    chosen = sorted(seen.values(), key=lambda pair: pair[0])
    return Roster([roster.devices[slot] for slot, _ in chosen]), [rule for _, rule in chosen]
