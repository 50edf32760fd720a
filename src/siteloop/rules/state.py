"""Per-device state in arrays: one row a device, so memory is bounded by the registry and a block is judged at once."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Spec = Mapping[str, tuple[str, float | int | bool]]  # column -> (numpy dtype, value of a device never seen)


class State:
    """Columns of state for the devices `numbers` (sorted registry numbers)."""

    def __init__(self, spec: Spec, numbers: Array | None = None) -> None:
        self.spec = spec
        self.numbers: Array = np.empty(0, np.int32) if numbers is None else numbers
        self._columns: dict[str, Array] = {
            name: np.full(len(self.numbers), fill, dtype) for name, (dtype, fill) in spec.items()
        }

    def __getitem__(self, name: str) -> Array:
        return self._columns[name]

    def moved_to(self, numbers: Array) -> "State":
        """The same state for another set of devices: known ones keep theirs, new ones start fresh."""
        moved = State(self.spec, numbers)
        if len(self.numbers) and len(numbers):
            at = np.minimum(np.searchsorted(self.numbers, numbers), len(self.numbers) - 1)
            known = self.numbers[at] == numbers
            for name in self.spec:
                moved[name][known] = self[name][at[known]]
        return moved

    def take_over(self, other: "State", keys: Array, other_keys: Array) -> None:
        """Copy what another state knows of devices that have the same non-empty key there as here."""
        if not len(self.numbers) or not len(other.numbers):
            return
        at = np.minimum(np.searchsorted(other.numbers, self.numbers), len(other.numbers) - 1)
        same = (other.numbers[at] == self.numbers) & (other_keys[at] == keys) & (keys != "")
        for name in self.spec:
            self[name][same] = other[name][at[same]]

    def reset(self, slots: Array | int) -> None:
        """Forget what is known of some devices."""
        for name, (_, fill) in self.spec.items():
            self[name][slots] = fill

    def dump(self) -> dict[str, bytes]:
        """Raw columns by name, with the device numbers."""
        return {"": self.numbers.astype("<i4").tobytes(), **{n: self[n].tobytes() for n in self.spec}}

    @classmethod
    def of(cls, spec: Spec, saved: Mapping[str, bytes]) -> "State":
        """From `dump`; a column that did not exist then starts fresh."""
        state = cls(spec, np.frombuffer(saved[""], "<i4").copy())
        for name, (dtype, _) in spec.items():
            if name in saved and len(saved[name]) == len(state.numbers) * np.dtype(dtype).itemsize:
                state._columns[name] = np.frombuffer(saved[name], dtype).copy()
        return state
