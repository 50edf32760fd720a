"""What the program says when it refuses or is done: whole Chinese sentences in the source text, which need their English.

A sentence with values in it is known by its shape, `{}` for each value: “当前环节“{}”不能做此操作”. What is put together
otherwise is not found here; code that does so picks the language itself.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from siteloop.framework import english
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
    """Texts inside an argument, leaving out what is already paired; with `{}` for what is put into one."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr) or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add)):
        yield _shape(node)
    elif not (isinstance(node, ast.Call) and _name(node) in PAIRED):
        for part in ast.iter_child_nodes(node):
            yield from _whole(part)


def _shape(node: ast.AST) -> str:
    """The sentence with `{}` for each value in it."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(map(_shape, node.values))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _shape(node.left) + _shape(node.right)
    return english.HOLE
