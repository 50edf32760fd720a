"""Whose word is tried: the region's, one project's or one device's; those inside that speak for themselves keep out of it."""

import pytest
from msgspec import structs

from siteloop.gateway.judging.backtest_reach import NoSuchRule, Place, Reach, reach, with_linked
from siteloop.kernel.registry import DeviceEntry, Registry, RuleEntry
from siteloop.rules.detector import Rulebook

TOWN, OTHER, ABROAD = "330482001", "330482002", "330411001"


def _device(number: int, region: str, project: int, **more: object) -> DeviceEntry:
    return DeviceEntry(number, f"D{number}", "dust", 10 + number, region, project=project, **more)  # type: ignore[arg-type]


def _rule(region: str, on: float, project: int = 0, detector: str = "threshold") -> RuleEntry:
    return RuleEntry("pm10", detector, region, 1, {"field": "pm10", "on": on}, "blue", project=project)


DEVICES = (
    _device(1, TOWN, 71),
    _device(2, TOWN, 72),
    _device(3, OTHER, 73),
    _device(4, ABROAD, 74),
    _device(5, ABROAD, 72),  # a site of project 72 over the border
)
#: the nation, one town and one project have a word of their own
RULES = (_rule("", 150), _rule(OTHER, 140), _rule(TOWN, 130, project=71))
REGISTRY = Registry(1, DEVICES, RULES)


def _reach(place: Place, registry: Registry = REGISTRY, **changes: float) -> Reach:
    return reach(registry, "pm10", place, changes)


def _limits(found: Reach) -> dict[int, tuple[float, float]]:
    """Device -> (limit today, limit tried)."""
    today, tried = Rulebook(found.today), Rulebook(found.tried)

    def limit(book: Rulebook, d: DeviceEntry) -> float:
        entry = book.entry("pm10", d.region, project=d.project)
        assert entry is not None
        return float(entry.params["on"])

    return {d.number: (limit(today, d), limit(tried, d)) for d in found.devices}


@pytest.mark.requirement("DUST-26")
def test_a_region_leaves_out_places_and_projects_with_a_word_of_their_own() -> None:
    found = _reach(Place("330482"), on=100)
    assert (_limits(found), found.left_out) == ({2: (150, 100)}, 2)
    assert _limits(_reach(Place(), on=100)) == {2: (150, 100), 4: (150, 100), 5: (150, 100)}
    assert _limits(_reach(Place(OTHER), on=100)) == {3: (140, 100)}


@pytest.mark.requirement("DUST-26")
def test_a_project_is_judged_on_all_its_devices_and_no_others() -> None:
    assert _limits(_reach(Place(TOWN, 71), on=100)) == {1: (130, 100)}  # from its own word
    assert _limits(_reach(Place(TOWN, 72), on=100)) == {2: (150, 100), 5: (150, 100)}
    assert _limits(_reach(Place("", 73), on=100)) == {3: (140, 100)}  # from its town's


def test_one_device_is_judged_by_the_word_that_counts_for_it() -> None:
    for code, was in (("D1", 130), ("D2", 150), ("D3", 140)):
        assert list(_limits(_reach(Place(device=code), on=100)).values()) == [(was, 100)]


def test_other_numbers_stay_and_the_rules_of_others_too() -> None:
    found = _reach(Place("330482"), on=100)
    assert {r.params["field"] for r in found.tried} == {"pm10"}
    assert [r for r in found.tried if r.region == OTHER or r.project] == [RULES[1], RULES[2]]
    twice = Registry(1, DEVICES, (*RULES, structs.replace(RULES[0], region="330482", version=9)))
    assert len([r for r in _reach(Place("330482"), twice, on=100).tried if r.region == "330482"]) == 1


def test_without_other_numbers_everything_there_is_judged_as_it_stands() -> None:
    found = _reach(Place("330482"))
    assert ([d.number for d in found.devices], found.left_out, found.tried) == ([1, 2, 3], 0, ())
    assert [d.number for d in _reach(Place(TOWN, 72)).devices] == [2, 5]


def test_where_the_rule_does_not_stand_it_is_told() -> None:
    local = Registry(1, DEVICES, (_rule(TOWN, 150),))
    with pytest.raises(NoSuchRule, match=f"没有现行规定；作出规定的地区：{TOWN}"):
        _reach(Place(), local, on=100)
    off = Registry(1, DEVICES, (*RULES, _rule(TOWN, 0, 72, "off")))
    with pytest.raises(NoSuchRule, match="没有现行规定"):
        _reach(Place(TOWN, 72), off, on=100)


def test_where_everybody_speaks_for_himself_there_is_nothing_to_try() -> None:
    alone = Registry(1, DEVICES[:1], RULES)
    with pytest.raises(ValueError, match="都另有规定"):
        _reach(Place("330482"), alone, on=100)
    with pytest.raises(ValueError, match="没有符合条件的设备"):
        _reach(Place(TOWN, 99), on=100)


def test_linked_devices_are_read_too_and_no_disabled_ones() -> None:
    linked = (*DEVICES[:2], _device(8, ABROAD, 74), _device(9, ABROAD, 74, enabled=False))
    monitor = structs.replace(linked[0], linked=(8, 9))
    found = with_linked(Registry(1, linked, RULES), [monitor])
    assert [d.number for d in found] == [1, 8]
