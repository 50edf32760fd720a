"""The lines of a weight add up to it, whatever the facts and the table."""

from hypothesis import given
from hypothesis import strategies as st

from siteloop.systems.double_random.weights import DEFAULT, Facts, lines, weight

facts = st.builds(
    Facts,
    is_class_one=st.booleans(),
    is_public_key=st.booleans(),
    floor_area=st.integers(0, 200_000),
    was_checked=st.booleans(),
    last_had_problems=st.booleans(),
    cases=st.integers(0, 50),
    overdue=st.integers(0, 50),
    demerits=st.integers(0, 100),
    grade=st.sampled_from(["", "A", "B", "C", "D"]),
)


@given(facts)
def test_the_lines_add_up_and_stay_within_the_limits(known: Facts) -> None:
    found = lines(known, {})
    assert sum(line.points for line in found) == weight(found)
    assert DEFAULT["lowest"] <= weight(found) <= DEFAULT["highest"]
    assert len({line.code for line in found}) == len(found)
    assert all(line.points for line in found[1:]), "a line that gives nothing is not shown"


@given(facts)
def test_a_bad_record_never_makes_a_draw_less_likely(known: Facts) -> None:
    worse = Facts(**{**known.__dict__, "overdue": known.overdue + 1, "cases": known.cases + 1})
    assert weight(lines(worse, {})) >= weight(lines(known, {}))


def test_a_region_sets_its_own_points_and_no_weight_falls_below_one() -> None:
    assert weight(lines(Facts(was_checked=True), {"base": 7, "lowest": 1})) == 7
    good = Facts(was_checked=True, grade="A")
    assert weight(lines(good, {"base": 10, "credit_a": -50, "lowest": 0, "highest": 0})) == 1
    assert [line.code for line in lines(good, {"base": 10, "credit_a": -50})] == ["base", "credit", "limit"]


def test_points_per_case_are_capped() -> None:
    found = {line.code: line for line in lines(Facts(was_checked=True, cases=99), {})}
    assert found["cases"].points == DEFAULT["case_most"] and found["cases"].value == "99 件"
