"""docs/traceability.toml and the tests say the same: a requirement called done is shown by a test that exists and is marked with it."""

import pytest

from tests.architecture import marks

STATES = {"done", "partial", "absent"}
LIST = marks.rows()


@pytest.fixture(scope="module")
def marked() -> dict[str, set[str]]:
    return marks.marked()


def test_every_row_of_the_list_is_well_formed() -> None:
    wrong = [i for i, row in LIST.items() if row["state"] not in STATES or not row["title"]]
    assert not wrong


def test_a_done_requirement_is_shown_by_a_marked_test(marked: dict[str, set[str]]) -> None:
    unproven = [i for i, row in LIST.items() if row["state"] == "done" and not marked.get(i)]
    assert not unproven, f"called done, but no test is marked with it: {unproven}"


def test_a_done_requirement_says_where_it_lives() -> None:
    nowhere = [i for i, row in LIST.items() if row["state"] != "absent" and not row["where"]]
    assert not nowhere, f"done or partial, but `where` is empty: {nowhere}"


def test_a_partial_requirement_says_what_is_missing() -> None:
    silent = [i for i, row in LIST.items() if row["state"] == "partial" and not row.get("why")]
    assert not silent, f"partial, but `why` is empty: {silent}"


def test_every_named_test_exists(marked: dict[str, set[str]]) -> None:
    stale = [t for i, row in LIST.items() for t in row["tests"] if t not in marked.get(i, set())]
    assert not stale, f"named in the list, but not marked with the requirement: {stale}"


def test_no_test_claims_an_unknown_requirement(marked: dict[str, set[str]]) -> None:
    unknown = {i: sorted(tests) for i, tests in marked.items() if i not in LIST}
    assert not unknown


def test_marks_of_functions_classes_and_modules_are_read() -> None:
    source = """
import pytest
pytestmark = [pytest.mark.requirement("A-01")]
@pytest.mark.requirement("B-02", "B-03")
def test_one(): ...
def test_two(): ...
@pytest.mark.requirement("C-04")
class TestThree:
    def test_four(self): ...
def helper(): ...
"""
    found = marks.marks_in(source, "x.py")
    assert found["A-01"] == {"x.py::test_one", "x.py::test_two", "x.py::test_four"}
    assert found["B-02"] == found["B-03"] == {"x.py::test_one"}
    assert found["C-04"] == {"x.py::test_four"}
