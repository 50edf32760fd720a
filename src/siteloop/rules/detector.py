"""Detector: sees blocks, keeps bounded state, states findings and commands. The contract of every rule kind.

A detector is fed every block of the bus in order and ticked once a second; it never asks anybody anything.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar, Protocol

from siteloop.kernel.block import Block, Columns
from siteloop.kernel.finding import Command, Finding
from siteloop.kernel.registry import Registry, RuleEntry

Statement = Finding | Command
OFF = "off"  # detector name of a rule that a region has switched off


class Detector(Protocol):
    """One kind of rule over all devices."""

    name: ClassVar[str]  # what RuleEntry.detector says

    def configure(self, registry: Registry, rules: Sequence[RuleEntry]) -> None:
        """Rebuild the parameter arrays from a snapshot; devices that stay keep their state. `rules` are all rules."""

    def see(self, block: Block, columns: Columns) -> list[Statement]:
        """Judge one block."""

    def tick(self, now_us: int) -> list[Statement]:
        """Let time pass: absence and deadlines. Called about once a second with the wall clock, µs."""

    def dump(self) -> bytes:
        """The whole state; `load` of it in a fresh detector goes on as if nothing had happened."""

    def load(self, data: bytes) -> None:
        """Take a dumped state over, before or after `configure`. Raises msgspec.DecodeError for foreign bytes."""


class Rulebook:
    """Which entry counts for a code: the project's own, else the longest region prefix. Switched-off entries hide the wider ones."""

    def __init__(self, rules: Iterable[RuleEntry]) -> None:
        self._by_code: dict[str, list[RuleEntry]] = defaultdict(list)
        self._own: dict[str, dict[int, RuleEntry]] = defaultdict(dict)
        self._detectors: dict[str, set[str]] = defaultdict(set)
        for rule in sorted(rules, key=lambda r: (-len(r.region), -r.version)):
            self._detectors[rule.detector].add(rule.code)
            if rule.project:
                self._own[rule.code].setdefault(rule.project, rule)
            else:
                self._by_code[rule.code].append(rule)

    def codes(self, detector: str) -> list[str]:
        """Codes that use a detector somewhere."""
        return sorted(self._detectors.get(detector, ()))

    def entries(self, code: str) -> list[RuleEntry]:
        """The regions' entries of a code, the longest region first."""
        return self._by_code.get(code, [])

    def own(self, code: str) -> Mapping[int, RuleEntry]:
        """Project -> its own entry of a code."""
        return self._own.get(code, {})

    def entry(
        self, code: str, region: str, detector: str | None = None, project: int = 0
    ) -> RuleEntry | None:
        """The entry that counts, None when there is none or the one that counts belongs to another detector."""
        rule = self._own.get(code, {}).get(project)
        if rule is None:
            rule = next((r for r in self._by_code.get(code, ()) if region.startswith(r.region)), None)
        if rule is None or rule.detector == OFF:
            return None
        return rule if detector in (None, rule.detector) else None
