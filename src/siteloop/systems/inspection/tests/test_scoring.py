"""Scores and grades of JGJ 59-2011, from marks alone."""

from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siteloop.systems.inspection.scoring import Grade, Judged, Mark, grade, table_score, total


def marks(guaranteed: list[tuple[int, int]], general: list[tuple[int, int]]) -> list[Mark]:
    return [Mark(D(p), D(off), True) for p, off in guaranteed] + [Mark(D(p), D(off)) for p, off in general]


FULL = ([(10, 0)] * 6, [(10, 0)] * 4)


def test_nothing_taken_off_is_a_hundred():
    assert table_score(marks(*FULL)) == 100


def test_missing_lines_are_left_out_of_both_sides():
    lines = marks(*FULL)
    lines[9] = Mark(D(10), applies=False)
    lines[8] = Mark(D(10), D(5))
    assert table_score(lines) == D("94.44")  # 85 of 90


@pytest.mark.parametrize(("off", "score"), [(10, 0), (9, 91)])
def test_a_guaranteed_line_at_nought_makes_the_table_nought(off, score):
    assert table_score(marks([(10, off)] + [(10, 0)] * 5, FULL[1])) == score


def test_a_general_line_at_nought_does_not():
    assert table_score(marks(FULL[0], [(10, 10)] + [(10, 0)] * 3)) == 90


@pytest.mark.parametrize(("each_off", "score"), [(D(3), D(82)), (D(4), D(0))])
def test_guaranteed_lines_below_forty_of_sixty_make_it_nought(each_off, score):
    lines = [Mark(D(10), each_off, True) for _ in range(6)] + [Mark(D(10)) for _ in range(4)]
    assert table_score(lines) == score  # 42 of 60 stands, 36 of 60 does not


def test_with_a_guaranteed_line_missing_the_forty_are_a_share():
    lines = [Mark(D(10), D(3), True) for _ in range(5)] + [Mark(D(10), is_guaranteed=True, applies=False)]
    assert table_score(lines) == 70  # 35 of 50 is above two thirds


def test_a_table_that_does_not_apply_has_no_score():
    assert table_score([Mark(D(10), applies=False)]) is None
    assert total([Judged("a", D(10), None)]) is None


def test_two_tables_of_one_kind_give_their_mean_and_weights_count():
    found = total(
        [Judged("脚手架", D(10), D(80)), Judged("脚手架", D(10), D(90)), Judged("文明施工", D(15), D(60))]
    )
    assert found is not None and found.categories == {"脚手架": D("85.00"), "文明施工": D("60.00")}
    assert found.score == D("70.00")  # (85·10 + 60·15) / 25
    assert found.grade is Grade.PASSED


@pytest.mark.parametrize(
    ("score", "has_zero", "expected"),
    [
        ("80", False, Grade.EXCELLENT),
        ("79.99", False, Grade.PASSED),
        ("70", False, Grade.PASSED),
        ("69.99", False, Grade.FAILED),
        ("95", True, Grade.FAILED),
    ],
)
def test_grades_at_their_limits(score, has_zero, expected):
    assert grade(D(score), has_zero) is expected


def test_one_table_at_nought_fails_the_whole_however_good_the_rest():
    found = total([Judged("a", D(10), D(100)), Judged("b", D(5), D(0)), Judged("c", D(85), D(100))])
    assert found is not None and found.score >= 80 and found.grade is Grade.FAILED and found.has_zero


line = st.builds(
    Mark,
    st.integers(1, 20).map(D),
    st.integers(0, 30).map(D),
    st.booleans(),
    st.booleans(),
)


@given(st.lists(line, max_size=20))
def test_a_score_lies_between_nought_and_a_hundred(lines):
    found = table_score(lines)
    assert found is None or 0 <= found <= 100


@given(st.lists(line, min_size=1, max_size=12), st.data())
def test_taking_more_off_never_raises_a_score(lines, data):
    i = data.draw(st.integers(0, len(lines) - 1))
    worse = list(lines)
    worse[i] = Mark(lines[i].points, lines[i].deducted + 1, lines[i].is_guaranteed, lines[i].applies)
    before, after = table_score(lines), table_score(worse)
    assert before is None or (after is not None and after <= before)
