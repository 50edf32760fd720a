"""Placement: through which partition of the stream a device's readings go.

All devices of one site, and whatever is linked with them, share a partition: rules that look at several devices of a site
(a spray and its monitor, silence beside speech) see all of them in order. A device nobody registered goes by its number.
"""

from collections.abc import Iterable

import msgspec
import numpy as np
from numpy.typing import NDArray

from siteloop.kernel.registry import DeviceEntry, Registry

MOST = 256  # partitions; each is a stream of its own


class Placement:
    """`of` of many devices, `one` of a single one, `of_site` of a finding that names no device."""

    def __init__(self, devices: Iterable[DeviceEntry] = (), partitions: int = 1) -> None:
        if not 1 <= partitions <= MOST:
            raise ValueError(f"partitions must be 1 to {MOST}")
        self.partitions = partitions
        known = list(devices) if partitions > 1 else []
        self._sites: dict[int, int] = {}
        self._table: NDArray[np.int16] = np.full(max((d.number for d in known), default=-1) + 1, -1, np.int16)
        groups = _groups(known)
        for device in known:
            place = groups[_key(device)] % partitions
            self._table[device.number] = place
            if device.site:
                self._sites[device.site] = place

    @classmethod
    def given(cls, places: dict[int, int], partitions: int) -> "Placement":
        """As somebody else worked it out: partition by registry number."""
        made = cls((), partitions)
        made._table = np.full(max(places, default=-1) + 1, -1, np.int16)
        for number, place in places.items():
            made._table[number] = place
        return made

    def of(self, device: NDArray[np.int32]) -> NDArray[np.int64]:
        """Partition of each registry number; int64[n]."""
        number = device.astype(np.int64)
        if not len(self._table):
            return number % self.partitions
        known = self._table[np.minimum(number, len(self._table) - 1)].astype(np.int64)
        return np.where((number < len(self._table)) & (known >= 0), known, number % self.partitions)

    def one(self, number: int) -> int:
        """Partition of one registry number."""
        return int(self.of(np.array([number], np.int32))[0])

    def of_site(self, site: int) -> int:
        """Partition of a site's devices."""
        return self._sites.get(site, site % self.partitions)

    def part(self, registry: Registry, partition: int) -> Registry:
        """The snapshot with the devices of one partition only."""
        if self.partitions == 1:
            return registry
        places = self.of(np.array([d.number for d in registry.devices], np.int32)).tolist()
        mine = tuple(d for d, place in zip(registry.devices, places, strict=True) if place == partition)
        return msgspec.structs.replace(registry, devices=mine)


def _key(device: DeviceEntry) -> tuple[str, int]:
    return ("site", device.site) if device.site else ("device", device.number)


def _groups(devices: list[DeviceEntry]) -> dict[tuple[str, int], int]:
    """Number of the group that each site, or device without one, belongs to: the smallest number in it."""
    by_number = {d.number: d for d in devices}
    parent = {_key(d): _key(d) for d in devices}

    def root(key: tuple[str, int]) -> tuple[str, int]:
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    for device in devices:
        for number in device.linked:
            other = by_number.get(number)
            if other is not None:
                first, second = sorted((root(_key(device)), root(_key(other))), key=lambda k: (k[1], k[0]))
                parent[second] = first
    return {key: root(key)[1] for key in parent}
