"""Which of the ten or twenty frames a second of a continuous indicator make a row: what says something new."""

from siteloop.protocols.weighbridge.xk3190 import Steady


class Weighing:
    """One scale. A weight that has come to rest, one that left its rest, and otherwise one an interval.

    `interval` and `at` in µs of a clock that does not jump; weights in kg; `tolerance` is what a weight at rest may differ by.
    """

    def __init__(self, interval: int, tolerance: float = 20.0) -> None:
        self.interval, self.steady = interval, Steady(tolerance=tolerance)
        self.tolerance = tolerance
        self._kept_at: int | None = None
        self._kept, self._was_steady = 0.0, False

    def see(self, weight: float, at: int) -> tuple[bool, bool]:
        """(whether the weight stands still, whether it is worth a row)."""
        is_steady = self.steady.see(weight)
        news = is_steady != self._was_steady or (is_steady and abs(weight - self._kept) > self.tolerance)
        is_due = self._kept_at is None or at - self._kept_at >= self.interval
        if news or is_due:
            self._kept_at, self._kept, self._was_steady = at, weight, is_steady
        return is_steady, news or is_due
