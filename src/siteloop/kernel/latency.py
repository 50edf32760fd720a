"""Latency: how long things took since a reading was received, in fixed buckets that add up over processes and time.

Eight buckets an octave, so a quantile is off by 5 % at most; one boundary lies exactly at the bar of the alarms, so the share
within it is counted, not estimated.
"""

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

#: from the device's bytes to the browser's event: 99 of 100 alarms at least as fast as this
ALARM_BAR_US = 500_000
PER_OCTAVE = 8
_BELOW, _ABOVE = 13, 17  # octaves around the bar: 61 µs to 18 hours
#: µs; bucket i holds BOUNDS[i - 1] <= took < BOUNDS[i], the first and the last are open
BOUNDS: NDArray[np.int64] = np.rint(
    ALARM_BAR_US * 2.0 ** (np.arange(-_BELOW * PER_OCTAVE, _ABOVE * PER_OCTAVE + 1) / PER_OCTAVE)
).astype(np.int64)
BUCKETS = len(BOUNDS) + 1


class Stage(StrEnum):
    """What a reading has reached. Every stage is measured from the moment its bytes were received."""

    DURABLE = "durable"  # on the bus's disk, and the device has its answer
    STORED = "stored"  # committed in the database
    FOUND = "found"  # a finding made of it is committed
    SHOWN = "shown"  # the finding's event was written to a browser's stream


def counts(took: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many durations (µs) fall into each bucket: int64[BUCKETS]. A negative one, of a clock set back, counts as none."""
    return np.bincount(np.searchsorted(BOUNDS, took, side="right"), minlength=BUCKETS)


@dataclass
class Spread:
    """Durations of one stage."""

    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(BUCKETS, np.int64))

    @property
    def total(self) -> int:
        """How many."""
        return int(self.counts.sum())

    def quantile(self, share: float) -> float | None:
        """µs that `share` of the durations did not exceed; None when there are none."""
        total = self.total
        if not total:
            return None
        wanted, ends = share * total, np.cumsum(self.counts)
        i = int(np.searchsorted(ends, wanted, side="left"))
        low = float(BOUNDS[i - 1]) if i else 0.0
        high = float(BOUNDS[min(i, len(BOUNDS) - 1)])
        return low + (high - low) * (wanted - float(ends[i] - self.counts[i])) / float(self.counts[i])

    def within(self, bar_us: int = ALARM_BAR_US) -> float | None:
        """Share that took less than the bar, which should be one of BOUNDS; None when there are none."""
        total = self.total
        upto = int(np.searchsorted(BOUNDS, bar_us, side="right"))
        return float(self.counts[:upto].sum()) / total if total else None
