"""Placement: sites and what is linked stay together, the load is spread, strangers have a place too."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from siteloop.kernel.placement import Placement
from siteloop.kernel.registry import DeviceEntry, Registry


def device(number: int, site: int, linked: tuple[int, ...] = ()) -> DeviceEntry:
    return DeviceEntry(number, f"D{number}", "dust", site, "330482", linked=linked)


@given(
    st.lists(st.tuples(st.integers(0, 8), st.lists(st.integers(1, 20), max_size=2)), max_size=20),
    st.integers(1, 7),
)
def test_a_site_and_its_links_share_a_partition(made: list[tuple[int, list[int]]], partitions: int) -> None:
    devices = [device(n, site, tuple(linked)) for n, (site, linked) in enumerate(made, 1)]
    place = Placement(devices, partitions)
    known = {d.number for d in devices}
    for one in devices:
        assert 0 <= place.one(one.number) < partitions
        for other in devices:
            if (one.site and one.site == other.site) or other.number in one.linked:
                assert place.one(one.number) == place.one(other.number)
        if one.site:
            assert place.of_site(one.site) == place.one(one.number)
    numbers = np.arange(1, 30, dtype=np.int32)
    assert [place.one(n) for n in numbers.tolist()] == place.of(numbers).tolist()
    assert all(place.one(n) == n % partitions for n in numbers.tolist() if n not in known)


def test_a_link_chain_pulls_sites_together() -> None:
    devices = [device(1, 1, (2,)), device(2, 2), device(3, 3, (2,)), device(4, 4)]
    place = Placement(devices, 4)
    assert {place.one(n) for n in (1, 2, 3)} == {1}
    assert place.one(4) == 0


def test_sites_are_spread_evenly() -> None:
    place = Placement([device(n, 1 + n // 3) for n in range(3_000)], 8)
    counts = Counter(place.of(np.arange(3_000, dtype=np.int32)).tolist())
    assert len(counts) == 8 and max(counts.values()) - min(counts.values()) <= 6


def test_every_device_is_in_exactly_one_part() -> None:
    registry = Registry(5, tuple(device(n, n % 5) for n in range(1, 40)), ())
    place = Placement(registry.devices, 3)
    parts = [place.part(registry, p) for p in range(3)]
    assert sorted(d.number for part in parts for d in part.devices) == list(range(1, 40))
    assert {part.version for part in parts} == {5}


def test_one_partition_changes_nothing() -> None:
    registry = Registry(1, (device(1, 1), device(2, 9)), ())
    place = Placement(registry.devices, 1)
    assert place.part(registry, 0) is registry
    assert place.of(np.array([1, 2, 99], np.int32)).tolist() == [0, 0, 0]


def test_a_senseless_number_of_partitions_is_refused() -> None:
    with pytest.raises(ValueError, match="1 to 256"):
        Placement((), 0)
