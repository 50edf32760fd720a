"""Roster: the devices of one profile in dense order, and the gate that lets only fresh readings in."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import ClassVar, NamedTuple

import numpy as np

from siteloop.kernel.block import Columns, Kind
from siteloop.kernel.quality import Quality
from siteloop.kernel.registry import DeviceEntry
from siteloop.rules.state import Array, State

GATE = {"last": ("i8", 0)}  # device time of the newest row seen, µs


class Runs:
    """Some rows of a batch, device by device, each device's in order of arrival. Arrays run parallel; `row` are positions in the batch."""

    def __init__(self, row: Array, slot: Array) -> None:
        self.row = row
        self.slot = slot
        #: first row of a device
        self.is_first: Array = np.ones(len(row), bool)
        self.is_first[1:] = slot[1:] != slot[:-1]
        #: where each device's rows begin
        self.starts: Array = np.flatnonzero(self.is_first)

    def __len__(self) -> int:
        return len(self.row)

    @cached_property
    def device(self) -> Array:
        """Which of the devices, counted from 0, a row is of."""
        return np.cumsum(self.is_first) - 1

    @cached_property
    def ends(self) -> Array:
        """Where the last row of each device stands."""
        return np.append(self.starts[1:], len(self.row))[: len(self.starts)] - 1

    def before(self, value: Array, kept: Array) -> Array:
        """The value of the same device's row before; of its first row, what is kept of it (an array over all slots)."""
        found = np.empty_like(value)
        found[1:] = value[:-1]
        found[self.starts] = kept[self.slot[self.starts]]
        return found

    def newest(self, flag: Array, value: Array, kept: Array) -> Array:
        """The value of the device's newest row with the flag, up to and with each row; before its first one, what is kept of it."""
        at = self._newest(flag)
        return np.where(at < 0, kept[self.slot], value[at])

    def count_since(self, flag: Array, kept: Array) -> Array:
        """Rows since the device's newest one with the flag, which is counted; before its first one, upon those that are kept."""
        at, here = self._newest(flag), np.arange(len(self))
        return np.where(at < 0, kept[self.slot] + here - self.starts[self.device] + 1, here - at + 1)

    def stages(self, begins: Array) -> Iterator[Array]:
        """Places of the rows, each device's cut where a row begins something: first what goes on from before, then what began first, …"""
        passed = np.cumsum(begins)
        yield from _by_number(passed - (passed - begins)[self.starts][self.device])

    def _newest(self, flag: Array) -> Array:
        """Where it stands, -1 where there is none."""
        at = np.maximum.accumulate(np.where(flag, np.arange(len(self)), -1))
        return np.where(at < self.starts[self.device], -1, at)

    def any(self, flag: Array) -> Array:
        """Per device: whether one of its rows has it."""
        found: Array = np.logical_or.reduceat(flag, self.starts) if len(flag) else flag
        return found


class Batch:
    """Fresh rows of one block. Arrays run parallel; `turn` counts the rows of one device from 0 in order of arrival.

    A block holds one row of each of many devices, or many rows of few. What a device's rows say together is asked of `runs`, for
    all devices at once; only where it matters which row came first, a lane goes on in `rounds`, each as dear as one of a thousand.
    Detectors that let the same rows in share a batch, so what is worked out here is worked out once; its arrays are read-only.
    """

    def __init__(self, columns: Columns, row: Array, slot: Array) -> None:
        self.columns = columns
        self.row = row
        self.slot = slot
        self.at: Array = columns.at[row]
        self.received_at: Array = columns.received_at[row]
        self._values: dict[int, tuple[Array, Array]] = {}
        _freeze(row, slot, self.at, self.received_at)

    def __len__(self) -> int:
        return len(self.row)

    def values(self, column: int) -> tuple[Array, Array]:
        """float64 values of one field (rounded free of float32 noise) and whether each is valid (flag N)."""
        if column not in self._values:
            value = np.round(self.columns.values[column, self.row].astype(np.float64), 4)
            valid = (self.columns.quality[column, self.row] == Quality.NORMAL) & np.isfinite(value)
            _freeze(value, valid)
            self._values[column] = value, valid
        return self._values[column]

    @cached_property
    def _by_device(self) -> Array:
        return np.argsort(self.slot, kind="stable")

    @cached_property
    def _whole(self) -> Runs:
        runs = Runs(self._by_device, self.slot[self._by_device])
        _freeze(runs.row, runs.slot, runs.is_first, runs.starts)
        return runs

    @cached_property
    def turn(self) -> Array:
        """How many rows of the same device stand before each row."""
        whole, index = self._whole, np.arange(len(self))
        turn = np.empty(len(self), np.int64)
        turn[whole.row] = index - whole.starts[whole.device] if len(self) else index
        return turn

    def runs(self, among: Array) -> Runs:
        """The rows with the flag, device by device."""
        if among.all():
            return self._whole
        order = self._by_device
        order = order[among[order]]
        return Runs(order, self.slot[order])

    def rounds(self, among: Array | None = None) -> Iterator[Array]:
        """Positions in the batch, so that each device appears at most once a round and in its own order."""
        positions = np.arange(len(self.row)) if among is None else np.flatnonzero(among)
        for places in _by_number(self.turn[positions]):
            yield positions[places]

    def rounds_of(self, runs: Runs, device: Array) -> Iterator[Array]:
        """Rounds over the rows of some of the runs' devices (a flag each)."""
        if not device.any():
            return
        among = np.zeros(len(self), bool)
        among[runs.row[device[runs.device]]] = True
        yield from self.rounds(among)


class _Admission(NamedTuple):
    """What a roster let in of some columns: `before` and `after` are its gate."""

    columns: Columns
    numbers: Array
    before: Array
    after: Array
    batch: Batch


class Roster:
    """Enabled devices of one profile; `slots` maps registry numbers to positions."""

    #: the last admission of any roster: the detectors of a judge see the same columns one after the other, most of them with
    #: the same devices and the same gate, and then the answer is the same
    _last: ClassVar[_Admission | None] = None

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
        gate, last = self.gate["last"], Roster._last
        if (
            last is not None
            and last.columns is columns
            and np.array_equal(last.before, gate)
            and np.array_equal(last.numbers, self.numbers)
        ):
            gate[:] = last.after
            return last.batch
        before = gate.copy()
        batch = self._admit(columns)
        Roster._last = _Admission(columns, self.numbers, before, gate.copy(), batch)
        return batch

    def _admit(self, columns: Columns) -> Batch:
        slot = self.slots(columns.device)
        row = np.flatnonzero((slot >= 0) & (columns.kind == Kind.REALTIME))
        slot = slot[row]
        if not len(row):
            return Batch(columns, row, slot)
        at = columns.at[row]
        order = np.argsort(slot, kind="stable")
        sorted_slot, sorted_at = slot[order], at[order]
        first = np.concatenate(([True], sorted_slot[1:] != sorted_slot[:-1]))
        newest_before = _running_max(sorted_at, first, self.gate["last"][sorted_slot])
        fresh = np.empty(len(row), bool)
        fresh[order] = sorted_at > newest_before
        row, slot = row[fresh], slot[fresh]
        np.maximum.at(self.gate["last"], slot, columns.at[row])
        return Batch(columns, row, slot)


def _by_number(number: Array) -> Iterator[Array]:
    """Places that have the same number, in their order; the lowest number first."""
    if not len(number):
        return
    if number.min() == number.max():
        yield np.arange(len(number))
        return
    order = np.argsort(number, kind="stable")
    yield from np.split(order, np.flatnonzero(np.diff(number[order])) + 1)


def _freeze(*arrays: Array) -> None:
    """Nobody writes into what others read."""
    for array in arrays:
        array.flags.writeable = False


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
