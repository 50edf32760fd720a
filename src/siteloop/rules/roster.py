"""Roster: the devices of one profile in dense order, and the gate that lets only fresh readings in."""

from collections.abc import Iterator, Sequence

import numpy as np

from siteloop.kernel.block import Columns, Kind
from siteloop.kernel.registry import DeviceEntry
from siteloop.rules.state import Array, State

GATE = {"last": ("i8", 0)}  # device time of the newest row seen, µs


class Batch:
    """Fresh rows of one block. Arrays run parallel; `turn` counts the rows of one device from 0 in order of arrival."""

    def __init__(self, columns: Columns, row: Array, slot: Array, turn: Array) -> None:
        self.columns = columns
        self.row = row
        self.slot = slot
        self.turn = turn
        self.at: Array = columns.at[row]
        self.received_at: Array = columns.received_at[row]

    def __len__(self) -> int:
        return len(self.row)

    def rounds(self, among: Array | None = None) -> Iterator[Array]:
        """Positions in the batch, so that each device appears at most once a round and in its own order."""
        positions = np.arange(len(self.row)) if among is None else np.flatnonzero(among)
        if not len(positions):
            return
        turn = self.turn[positions]
        if not turn.any():
            yield positions
            return
        order = np.argsort(turn, kind="stable")
        cuts = np.flatnonzero(np.diff(turn[order])) + 1
        yield from np.split(positions[order], cuts)


class Roster:
    """Enabled devices of one profile; `slots` maps registry numbers to positions."""

    def __init__(self, devices: Sequence[DeviceEntry], gate: State | None = None) -> None:
        self.devices = sorted(devices, key=lambda d: d.number)
        self.numbers: Array = np.array([d.number for d in self.devices], np.int32)
        self.gate = (gate or State(GATE)).moved_to(self.numbers)

    def __len__(self) -> int:
        return len(self.devices)

    def slots(self, device: Array) -> Array:
        """Position of each number, -1 where it is not on the roster."""
        if not len(self):
            return np.full(len(device), -1, np.int64)
        at = np.minimum(np.searchsorted(self.numbers, device), len(self) - 1)
        found: Array = np.where(self.numbers[at] == device, at, -1)
        return found

    def slot(self, number: int) -> int | None:
        """Position of one device, None when it is not on the roster."""
        at = int(np.searchsorted(self.numbers, number))
        return at if at < len(self) and self.numbers[at] == number else None

    def admit(self, columns: Columns) -> Batch:
        """Real-time rows of known devices that are newer than all before; late ones and duplicates stay out."""
        slot = self.slots(columns.device)
        row = np.flatnonzero((slot >= 0) & (columns.kind == Kind.REALTIME))
        slot = slot[row]
        if not len(row):
            return Batch(columns, row, slot, row)
        at = columns.at[row]
        order = np.argsort(slot, kind="stable")
        sorted_slot, sorted_at = slot[order], at[order]
        first = np.concatenate(([True], sorted_slot[1:] != sorted_slot[:-1]))
        newest_before = _running_max(sorted_at, first, self.gate["last"][sorted_slot])
        fresh = np.empty(len(row), bool)
        fresh[order] = sorted_at > newest_before
        row, slot = row[fresh], slot[fresh]
        np.maximum.at(self.gate["last"], slot, columns.at[row])
        return Batch(columns, row, slot, _turns(slot))


def _running_max(at: Array, first: Array, floor: Array) -> Array:
    """Newest device time before each row within its segment, at least `floor` (constant in a segment)."""
    segment = np.cumsum(first) - 1
    base = int(at.min()) - 1  # nothing older than this can matter to the comparison
    previous = np.maximum(np.where(first, floor, np.concatenate(([0], at[:-1]))), base)
    width = int(previous.max()) - base + 1
    if width * int(segment[-1] + 1) < 2**62:
        shifted = segment * width + (previous - base)
        shifted_max: Array = np.maximum(np.maximum.accumulate(shifted) - segment * width + base, floor)
        return shifted_max
    running = previous.copy()  # decades within one block: the shift would overflow
    for start, stop in zip(np.flatnonzero(first), [*np.flatnonzero(first)[1:], len(at)], strict=True):
        running[start:stop] = np.maximum.accumulate(previous[start:stop])
    found: Array = np.maximum(running, floor)
    return found


def _turns(slot: Array) -> Array:
    """How many rows of the same device stand before each row."""
    if not len(slot):
        return slot
    order = np.argsort(slot, kind="stable")
    ordered = slot[order]
    index = np.arange(len(slot))
    first = np.concatenate(([True], ordered[1:] != ordered[:-1]))
    turn = np.empty(len(slot), np.int64)
    turn[order] = index - np.maximum.accumulate(np.where(first, index, 0))
    return turn
