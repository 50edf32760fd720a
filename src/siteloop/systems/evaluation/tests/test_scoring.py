"""The formula: shares of what has records, deductions, levels, what is set aside. Points always sum up to the score."""

import json
from dataclasses import asdict
from decimal import Decimal

import pytest

from siteloop.systems.evaluation.scoring import Formula, Measured, settle

STATED = {
    "weights": {"a": 60, "b": 40},
    "deduct": {"p": {"each": 10, "most": 25}},
    "levels": {"a": 90, "b": 80, "c": 60},
}
BY = Formula.of(STATED)


def _score(*told: Measured) -> tuple[list[Decimal], Decimal | None]:
    lines, score = settle(BY, told)
    return [line.points for line in lines], score


@pytest.mark.requirement("CTR-06")
def test_each_share_earns_its_weight_by_what_is_good() -> None:
    points, score = _score(Measured("a", 4, 3), Measured("b", 2, 1), Measured("p", 0, 0))
    assert points == [Decimal("45.00"), Decimal("20.00"), Decimal(0)]
    assert score == Decimal("65.00")


def test_what_has_no_records_leaves_its_weight_to_the_others() -> None:
    points, score = _score(Measured("a", 0, 0), Measured("b", 4, 3), Measured("p", 0, 0))
    assert (points[1], score) == (Decimal("75.00"), Decimal("75.00"))


def test_nothing_counted_is_no_score_and_no_level() -> None:
    _, score = _score(Measured("a", 0, 0), Measured("b", 0, 0), Measured("p", 3, 0))
    assert score is None
    assert BY.level(score) == ""


@pytest.mark.parametrize(("n", "left"), [(1, 90), (2, 80), (3, 75), (9, 75)])
def test_deductions_stop_at_their_most(n: int, left: int) -> None:
    _, score = _score(Measured("a", 1, 1), Measured("b", 1, 1), Measured("p", n, 0))
    assert score == Decimal(left)


def test_no_score_below_nothing() -> None:
    _, score = _score(Measured("a", 10, 1), Measured("b", 10, 0), Measured("p", 9, 0))
    assert score == Decimal(0)


def test_what_an_appeal_set_aside_does_not_count() -> None:
    points, score = _score(Measured("a", 4, 0, is_void=True), Measured("b", 2, 2), Measured("p", 0, 0))
    assert (points[0], score) == (Decimal(0), Decimal("100.00"))


@pytest.mark.parametrize(("score", "level"), [("90", "A"), ("89.99", "B"), ("60", "C"), ("59.99", "D")])
def test_levels_begin_at_their_lowest_score(score: str, level: str) -> None:
    assert BY.level(Decimal(score)) == level


def test_a_card_keeps_its_formula_as_json() -> None:
    assert Formula.of(json.loads(json.dumps(asdict(BY)))) == BY


@pytest.mark.parametrize("broken", [{}, {"weights": {"a": "x"}, "levels": {}}, {"weights": {"a": 1}}])
def test_a_broken_formula_is_told(broken: dict[str, object]) -> None:
    with pytest.raises((KeyError, ValueError, TypeError)):
        Formula.of(broken)
