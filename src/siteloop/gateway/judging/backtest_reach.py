"""Which devices a back-test judges and by which rules: as they are, and as if the place asked about said other numbers itself.

A place is the nation (region ""), a region, a project or one device. Where something inside has a word of its own the
numbers would not reach it, so it keeps out of both counts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from siteloop.kernel.profiles import POSITION, PROFILES
from siteloop.kernel.registry import DeviceEntry, Registry, RuleEntry
from siteloop.rules.detector import OFF, Rulebook

Value = float | int | str | bool
Rules = tuple[RuleEntry, ...]


class NoSuchRule(LookupError):
    """The published rules have none of that name, there or anywhere; the message says which or where there are."""


@dataclass(frozen=True)
class Place:
    """The narrowest named counts: the device (code), else the project (number), else the region (prefix)."""

    region: str = ""
    project: int = 0
    device: str = ""

    def devices(self, registry: Registry) -> list[DeviceEntry]:
        """Its devices in use. Raises ValueError when there are none."""
        found = [d for d in registry.devices if d.enabled and self._has(d)]
        if not found:
            raise ValueError("没有符合条件的设备")
        return found

    def _has(self, device: DeviceEntry) -> bool:
        inside = device.project == self.project if self.project else device.region.startswith(self.region)
        return inside and self.device in ("", device.code)


@dataclass(frozen=True)
class Reach:
    """What is judged. `tried` is empty when no other numbers are."""

    devices: list[DeviceEntry]
    left_out: int  # devices that the rule could speak of, but the numbers would not reach
    today: Rules
    tried: Rules = ()


def reach(registry: Registry, code: str, place: Place, changes: Mapping[str, Value]) -> Reach:
    """Raises NoSuchRule when the rule does not stand at the place, ValueError when its numbers would reach no device."""
    there = place.devices(registry)
    if not changes:
        return Reach(there, 0, registry.rules)
    _numbers(registry.rules, code, changes)
    word = _word(registry.rules, code, place, there, changes)
    tried = (*(r for r in registry.rules if not _is_same_place(r, word)), word)
    book = Rulebook(tried)
    reached = [d for d in there if book.entry(code, d.region, project=d.project) is word]
    if not reached:
        raise ValueError("此处的设备都另有规定，所试数值对它们不起作用")
    judged = profiles(registry.rules, code)
    left_out = sum(d.profile in judged for d in there) - sum(d.profile in judged for d in reached)
    return Reach(reached, left_out, registry.rules, tried)


def profiles(rules: Iterable[RuleEntry], code: str) -> set[str]:
    """Kinds of device a rule judges."""
    found = {str(r.params.get("profile", "dust")) for r in rules if r.code == code and r.detector != OFF}
    return set(PROFILES) if POSITION.code in found else found  # any device may say where it stands


def with_linked(registry: Registry, devices: Sequence[DeviceEntry]) -> list[DeviceEntry]:
    """Devices to read, with those they act on or are watched with."""
    linked = {n for d in devices for n in d.linked} - {d.number for d in devices}
    return [*devices, *(d for d in registry.devices if d.number in linked and d.enabled)]


def _word(
    rules: Rules, code: str, place: Place, there: Sequence[DeviceEntry], changes: Mapping[str, Value]
) -> RuleEntry:
    """What the place would say: the numbers that count there today, with the changes."""
    region = place.region
    project = place.project
    if place.device or (project and not region):
        region, project = there[0].region, there[0].project
    counting = Rulebook(rules).entry(code, region, project=project)
    if counting is None:
        where = "、".join(sorted({r.region for r in rules if r.code == code and r.detector != OFF}))
        raise NoSuchRule(f"规则 {code} 在此处没有现行规定；作出规定的地区：{where or '全国'}")
    if place.device:
        region, project = counting.region, counting.project  # nobody else is judged: its rule as it stands
    return msgspec.structs.replace(
        counting, region=region, project=project, params={**counting.params, **changes}
    )


def _is_same_place(rule: RuleEntry, word: RuleEntry) -> bool:
    if rule.code != word.code or rule.project != word.project:
        return False
    return bool(word.project) or rule.region == word.region


def _numbers(rules: Rules, code: str, changes: Mapping[str, Value]) -> None:
    """Raises ValueError for a number that is none where the rule has one."""
    for name, value in changes.items():
        had = next((r.params[name] for r in rules if r.code == code and name in r.params), None)
        if isinstance(had, int | float) and isinstance(value, str):
            raise ValueError(f"参数 {name} 应为数字，不是“{value}”")
