"""Bars of days: a round scale, no more dates than fit, nothing where nothing was."""

import datetime as dt

import pytest

from siteloop.screens.settings.day_bars import bars


def _days(*counts: tuple[int, int]) -> list[tuple[str, int, int]]:
    first = dt.date(2026, 11, 1)
    return [((first + dt.timedelta(days=n)).isoformat(), *both) for n, both in enumerate(counts)]


@pytest.mark.parametrize(
    ("most", "lines"),
    [
        (1, [0, 1]),
        (3, [0, 1, 2, 3]),
        (7, [0, 2, 4, 6, 8]),
        (40, [0, 10, 20, 30, 40]),
        (130, [0, 50, 100, 150]),
    ],
)
def test_the_scale_has_round_numbers_and_holds_the_highest_bar(most: int, lines: list[int]) -> None:
    found = bars(_days((most, 0), (0, 1)))
    assert [line["n"] for line in found["lines"]] == lines
    assert (found["lines"][0]["at"], found["lines"][-1]["at"]) == (0, 100)
    assert found["days"][0]["today_height"] == round(100 * most / lines[-1], 2)


def test_dates_and_numbers_are_thinned_out_in_a_long_time() -> None:
    week, quarter = bars(_days(*[(1, 2)] * 7)), bars(_days(*[(1, 2)] * 92))
    assert [d["label"] for d in week["days"]][:2] == ["11-01", "11-02"] and week["has_numbers"]
    assert sum(bool(d["label"]) for d in quarter["days"]) <= 8 and not quarter["has_numbers"]
    assert len(quarter["days"]) == 92


def test_a_time_without_any_has_no_chart() -> None:
    assert bars(_days((0, 0), (0, 0))) == {} == bars([])
