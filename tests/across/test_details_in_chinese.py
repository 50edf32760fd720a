"""Every text a door writes beside a refused message has its Chinese: officers read the quarantine, not programmers."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import translation

from siteloop.foundation.telemetry import details
from siteloop.framework.check.glossary import is_chinese

SOURCE = Path(details.__file__).parents[2]


def written() -> Iterator[tuple[str, str]]:
    """(text with {} for what differs, where) of what follows a Reason in a call or a pair, and of what `detail` is given."""
    for room in ("protocols", "gateway"):
        for path in sorted((SOURCE / room).rglob("*.py")):
            if {"tests", "bench", "conformance"} & set(path.parts):
                continue
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                yield from ((text, f"{path.name}:{node.lineno}") for text in _of(node))


def _of(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Assign) and [ast.unparse(t) for t in node.targets] == ["detail"]:
        yield from _texts(node.value)
    parts = node.args if isinstance(node, ast.Call) else node.elts if isinstance(node, ast.Tuple) else []
    if any(ast.unparse(one).startswith("Reason.") for one in parts):
        yield from (text for one in parts for text in _texts(one))
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "NotAMessage":
        yield from (text for one in parts for text in _texts(one))


def _texts(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(v.value if isinstance(v, ast.Constant) else details.HOLE for v in node.values)
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)


def test_every_text_of_a_door_has_its_chinese() -> None:
    found = dict(written())
    assert len(found) > 90, "the doors are no longer found"
    lacking = {
        text: where for text, where in found.items() if text not in details.chinese() and not is_chinese(text)
    }
    assert not {text: where for text, where in lacking.items() if " " in text}, "add them to details.toml"


def test_no_line_is_left_of_a_text_nobody_writes() -> None:
    texts = [p.read_text("utf-8") for room in ("protocols", "gateway") for p in (SOURCE / room).rglob("*.py")]
    put_together = {"CRC {}, matches no known variant"}
    pieces = {en: max(en.split(details.HOLE), key=len) for en in details.chinese().keys() - put_together}
    assert [en for en, piece in pieces.items() if not any(piece in text for text in texts)] == []


@pytest.mark.parametrize(
    ("detail", "said"),
    [
        ("no frame header", "没有帧头 ##"),
        ("CRC 47C0, matches no known variant", "CRC 47C0 与任何已知算法都不符"),
        ("CRC 47C0, matches modbus", "CRC 47C0 符合另一种算法 modbus"),
        ("part 2 of 3: only the whole message can be read", "分包 2/3，收齐后才能解析"),
        ("a text\nwith {braces} is not a number", "a text\nwith {braces} 不是数值"),
        ("said by nobody", "said by nobody"),
        ("", ""),
    ],
)
def test_a_text_is_told_in_chinese_with_what_differs(detail: str, said: str) -> None:
    assert details.told(detail) == said
    with translation.override("en"):
        assert details.told(detail) == detail
