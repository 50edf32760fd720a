"""Latency buckets: quantiles within their promised error, the bar's share exact, sums that merge."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from siteloop.kernel.latency import ALARM_BAR_US, BOUNDS, BUCKETS, Spread, counts

took = st.lists(st.integers(100, 10**9), min_size=1, max_size=300)


@given(took, st.sampled_from([0.5, 0.95, 0.99]))
def test_a_quantile_lies_in_the_bucket_of_the_value_it_stands_for(values: list[int], share: float) -> None:
    ordered = sorted(values)
    real = ordered[int(np.ceil(share * len(ordered))) - 1]
    found = Spread(counts(np.array(values))).quantile(share)
    assert found is not None
    assert real / 1.1 <= found <= real * 1.1


@given(took)
def test_the_share_within_the_bar_is_counted_exactly(values: list[int]) -> None:
    spread = Spread(counts(np.array(values)))
    assert spread.within() == pytest.approx(sum(v < ALARM_BAR_US for v in values) / len(values))


@given(took, took)
def test_parts_add_up_to_the_whole(one: list[int], other: list[int]) -> None:
    parts = counts(np.array(one)) + counts(np.array(other))
    assert parts.tolist() == counts(np.array(one + other)).tolist()


def test_nothing_measured_has_no_quantile_and_odd_times_still_count() -> None:
    assert (Spread().quantile(0.99), Spread().within(), Spread().total) == (None, None, 0)
    odd = counts(np.array([-5_000_000, 0, 10**15]))  # a clock set back, no time at all, thirty years
    assert len(odd) == BUCKETS == len(BOUNDS) + 1
    assert (odd[0], odd[-1]) == (2, 1)
    assert Spread(odd).quantile(1.0) == BOUNDS[-1]
