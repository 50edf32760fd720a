"""What the program says when it refuses or is done: whole Chinese sentences in the source text, which need their English.

Sentences put together of parts are not found here; code that makes them picks the language itself.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from siteloop.framework.check.folders import SOURCE, acts, modules, relative, tree

#: what carries a sentence to a person, and the short names folders give to raising it
REFUSING = frozenset({"Refused", "Changed", "ValidationError", "ValueError", "refuse", "refused", "wrong"})
#: has its English beside it
PAIRED = frozenset({"pick"})


def said_in(path: Path) -> Iterator[tuple[str, str]]:
    """(sentence, file and line) of every refusal, and of every plain answer of an action, under a folder."""
    for file in modules(path):
        where = relative(file) if file.is_relative_to(SOURCE) else file.name
        for node in ast.walk(tree(file)):
            if isinstance(node, ast.Call) and _name(node).lstrip("_") in REFUSING:
                given = [*node.args, *(word.value for word in node.keywords)]
                yield from ((text, f"{where}:{node.lineno}") for part in given for text in _whole(part))
        for act in acts(tree(file)):
            for node in ast.walk(act):
                if isinstance(node, ast.Return) and isinstance(node.value, ast.Constant):
                    yield str(node.value.value), f"{where}:{node.lineno}"


def _name(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def _whole(node: ast.AST) -> Iterator[str]:
    """Plain texts inside an argument, leaving out what is put together or already paired."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif not isinstance(node, ast.JoinedStr | ast.BinOp) and not (
        isinstance(node, ast.Call) and _name(node) in PAIRED
    ):
        for part in ast.iter_child_nodes(node):
            yield from _whole(part)
