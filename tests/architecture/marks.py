"""Which tests show which requirement, read from their marks; `python -m tests.architecture.marks` writes them into the list."""

import ast
import json
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LIST = ROOT / "docs" / "traceability.toml"
FIELDS = ("title", "state", "where", "why")
HEAD = """\
# Every requirement: state done | partial | absent, where it lives, why it is not done, and the tests that show it
# ("folder/test_file.py::test_name"). A test carries the id as @pytest.mark.requirement("DUST-03"); states and reasons are written
# by hand, `tests` by `python -m tests.architecture.marks`; tests/architecture/test_traceability.py holds the two together.
"""


def rows() -> dict[str, dict[str, Any]]:
    """The list: id -> row."""
    return tomllib.loads(LIST.read_text(encoding="utf-8"))


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


def marked() -> dict[str, set[str]]:
    """Requirement id -> tests, over the whole tree."""
    found: dict[str, set[str]] = defaultdict(set)
    for folder in ("src", "tests", "simulators"):
        for path in (ROOT / folder).rglob("test_*.py"):
            for one, tests in marks_in(path.read_text(encoding="utf-8"), str(path.relative_to(ROOT))).items():
                found[one] |= tests
    return found


def written(list_: dict[str, dict[str, Any]]) -> str:
    """The list as its file's text."""
    parts = [HEAD]
    for one, row in list_.items():
        lines = [f"[{one}]"]
        lines += [
            f"{name} = {json.dumps(row[name], ensure_ascii=False)}"
            for name in FIELDS
            if row.get(name, "") or name == "where"
        ]
        tests = "".join(f"\n  {json.dumps(test)}," for test in row["tests"])
        lines.append(f"tests = [{tests}\n]" if tests else "tests = []")
        parts.append("\n".join(lines) + "\n")
    return "\n".join([parts[0], "".join(parts[1:])])


def main() -> None:
    """Bring the lists of tests up to date."""
    found, list_ = marked(), rows()
    for one, row in list_.items():
        row["tests"] = sorted(found.get(one, ()))
    LIST.write_text(written(list_), encoding="utf-8")


if __name__ == "__main__":
    main()
