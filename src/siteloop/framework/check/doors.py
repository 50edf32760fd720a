"""Rules found in the source text: rows are read in somebody's scope and written through actions."""

import ast
from collections.abc import Iterator
from pathlib import Path

from siteloop.framework.check.folders import FLOORS, SOURCE, Folder, Problem, acts, modules, relative, tree

PLAIN_MANAGERS = {"_machinery", "_base_manager", "_default_manager", "unguarded"}
WRITES = {"save", "delete", "bulk_create", "bulk_update", "update_or_create", "get_or_create"}
#: files of these names, and folders named so, may write: they are the inside of an action, a model's own method, or the demo
INSIDE = {"actions.py", "models.py", "demo.py", "engine.py", "inbox.py", "store.py", "loading.py", "send.py"}


def no_way_round_the_scope(folder: Folder) -> Iterator[Problem]:
    """Django's plain managers and models fetched by name would pass the scope by."""
    for path in modules(folder.path):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Attribute) and node.attr in PLAIN_MANAGERS:
                yield Problem("scope", _at(path, node), f"{node.attr} passes the scope by")
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "get_model"
            ):
                yield Problem("scope", _at(path, node), "import the model or ask the owner's facade")


def writes_go_through_actions(folder: Folder) -> Iterator[Problem]:
    """`.save()` and its kin only inside actions, models and the engines behind them."""
    for path in modules(folder.path):
        if path.name in INSIDE or f"{path.parent.name}.py" in INSIDE:
            continue
        inside = {id(n) for act in acts(tree(path)) for n in ast.walk(act)}
        for node in ast.walk(tree(path)):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            if node.func.attr in WRITES and id(node) not in inside and not _files_or_sets(node):
                yield Problem("door", _at(path, node), f".{node.func.attr}() outside an action: use perform")


def _files_or_sets(node: ast.Call) -> bool:
    """`book.save(path)` writes a file, not a row: a row's save takes keywords only."""
    return isinstance(node.func, ast.Attribute) and node.func.attr in ("save", "delete") and bool(node.args)


def reasons_are_given(folder: Folder) -> Iterator[Problem]:
    """`.unscoped(reason)` with a reason of some substance, as a literal or a named constant."""
    for path, node, reason in _unscoped(folder.path):
        if reason is not None and len(reason.strip()) < 8:
            yield Problem("unscoped", _at(path, node), "the reason says nothing")
        if not node.args and not node.keywords:
            yield Problem("unscoped", _at(path, node), "no reason is given")


def unscoped_reasons() -> list[tuple[str, str]]:
    """Every unscoped read of the program with its reason, for the list that `siteloop check` prints."""
    found = []
    for floor in (*FLOORS, "framework"):
        for path, node, reason in _unscoped(SOURCE / floor):
            found.append((_at(path, node), reason if reason is not None else "(a constant of the module)"))
    return found


def _unscoped(root: Path) -> Iterator[tuple[Path, ast.Call, str | None]]:
    for path in modules(root):
        constants = {
            target.id: str(node.value.value)
            for node in tree(path).body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree(path)):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "unscoped"
            ):
                given = node.args[0] if node.args else None
                if isinstance(given, ast.Constant):
                    yield path, node, str(given.value)
                elif isinstance(given, ast.Name):
                    yield path, node, constants.get(given.id)
                else:
                    yield path, node, None


def _at(path: Path, node: ast.expr) -> str:
    return f"{relative(path) if path.is_relative_to(SOURCE) else path.name}:{node.lineno}"
