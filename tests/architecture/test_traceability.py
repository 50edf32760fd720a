"""docs/traceability.toml and the tests say the same: a requirement called done is shown by a test that exists and is marked with it."""

import ast
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STATES = {"done", "partial", "absent"}
LIST = tomllib.loads((ROOT / "docs" / "traceability.toml").read_text(encoding="utf-8"))


def _ids(mark: ast.expr) -> list[str]:
    """Ids of a `pytest.mark.requirement("A-01", …)` expression."""
    if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.requirement":
        return [
            arg.value for arg in mark.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)
        ]
    return []


def marks_in(source: str, where: str) -> dict[str, set[str]]:
    """Requirement id -> "file::test" of one test file; a module's `pytestmark` counts for all its tests."""
    tree = ast.parse(source)
    everywhere: list[str] = []
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(
            isinstance(t, ast.Name) and t.id == "pytestmark" for t in node.targets
        ):
            given = node.value.elts if isinstance(node.value, ast.List | ast.Tuple) else [node.value]
            everywhere += [one for mark in given for one in _ids(mark)]
    found: dict[str, set[str]] = defaultdict(set)
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    for function in functions:
        if not function.name.startswith("test_"):
            continue
        for one in [*everywhere, *(i for mark in function.decorator_list for i in _ids(mark))]:
            found[one].add(f"{where}::{function.name}")
    for group in (n for n in ast.walk(tree) if isinstance(n, ast.ClassDef)):
        for one in (i for mark in group.decorator_list for i in _ids(mark)):
            found[one] |= {f"{where}::{f.name}" for f in group.body if isinstance(f, ast.FunctionDef)}
    return found


@pytest.fixture(scope="module")
def marked() -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for folder in ("src", "tests", "simulators"):
        for path in (ROOT / folder).rglob("test_*.py"):
            for one, tests in marks_in(path.read_text(encoding="utf-8"), str(path.relative_to(ROOT))).items():
                found[one] |= tests
    return found


def test_every_row_of_the_list_is_well_formed() -> None:
    wrong = [i for i, row in LIST.items() if row["state"] not in STATES or not row["title"]]
    assert not wrong


def test_a_done_requirement_is_shown_by_a_marked_test(marked: dict[str, set[str]]) -> None:
    unproven = [i for i, row in LIST.items() if row["state"] == "done" and not marked.get(i)]
    assert not unproven, f"called done, but no test is marked with it: {unproven}"


def test_a_done_requirement_says_where_it_lives() -> None:
    nowhere = [i for i, row in LIST.items() if row["state"] != "absent" and not row["where"]]
    assert not nowhere, f"done or partial, but `where` is empty: {nowhere}"


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
    found = marks_in(source, "x.py")
    assert found["A-01"] == {"x.py::test_one", "x.py::test_two", "x.py::test_four"}
    assert found["B-02"] == found["B-03"] == {"x.py::test_one"}
    assert found["C-04"] == {"x.py::test_four"}
