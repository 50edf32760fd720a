"""XML and JSON bodies as plain dicts, bounded, without document types or entities.

Some cameras send an unescaped `&`; it is taken as the character (standards.md 7.3). A document type, and with it every entity
of its own, is refused. Chinese encodings, which the parser does not know, are turned into UTF-8 first.
"""

import re
from typing import Any
from xml.parsers import expat

import msgspec

from siteloop.kernel.reasons import Reason
from siteloop.protocols.events.event import NoEvent

MOST_TEXT = 1 << 20
MOST_DEPTH = 32
MOST_ELEMENTS = 10_000
_BARE_AMPERSAND = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9A-Fa-f]{1,6});)")
_CHINESE = re.compile(rb"""^<\?xml[^>]*encoding=["'](gb2312|gbk|gb18030)["'][^>]*\?>""", re.IGNORECASE)
_json = msgspec.json.Decoder()


class _Tree:
    """Builds nested dicts from expat's calls: children by local name, repeated ones as a list, leaves as text."""

    def __init__(self) -> None:
        self.stack: list[dict[str, Any]] = [{}]
        self.names: list[str] = []
        self.texts: list[list[str]] = [[]]
        self.elements = 0

    def start(self, name: str, _: dict[str, str]) -> None:
        self.elements += 1
        if len(self.stack) > MOST_DEPTH or self.elements > MOST_ELEMENTS:
            raise NoEvent(Reason.LENGTH, f"over {MOST_DEPTH} levels or {MOST_ELEMENTS} elements")
        self.names.append(name.rpartition(":")[2])
        self.stack.append({})
        self.texts.append([])

    def end(self, _: str) -> None:
        children, text = self.stack.pop(), "".join(self.texts.pop()).strip()
        value: Any = children or text
        parent, name = self.stack[-1], self.names.pop()
        if name not in parent:
            parent[name] = value
        elif isinstance(parent[name], list):
            parent[name].append(value)
        else:
            parent[name] = [parent[name], value]

    def text(self, data: str) -> None:
        self.texts[-1].append(data)


def _no_doctype(*_: object) -> None:
    raise NoEvent(Reason.MALFORMED, "a DOCTYPE is not allowed")


def from_xml(data: bytes) -> dict[str, Any]:
    """An XML document as a dict: {root: {...}}. Raises NoEvent."""
    if len(data) > MOST_TEXT:
        raise NoEvent(Reason.LENGTH, f"{len(data)} bytes of XML")
    data = data.strip()
    if declared := _CHINESE.match(data):
        data = data[declared.end() :].decode("gb18030", "replace").encode()
    parser, tree = expat.ParserCreate(), _Tree()
    parser.StartDoctypeDeclHandler = _no_doctype
    parser.EntityDeclHandler = _no_doctype
    parser.StartElementHandler = tree.start
    parser.EndElementHandler = tree.end
    parser.CharacterDataHandler = tree.text
    try:
        parser.Parse(_BARE_AMPERSAND.sub(b"&amp;", data), True)
    except (expat.ExpatError, LookupError, ValueError) as wrong:
        if isinstance(wrong, NoEvent):
            raise
        raise NoEvent(Reason.MALFORMED, f"no XML: {wrong}") from wrong
    return tree.stack[0]


def from_json(data: bytes) -> dict[str, Any]:
    """A JSON object. Raises NoEvent."""
    if len(data) > MOST_TEXT:
        raise NoEvent(Reason.LENGTH, f"{len(data)} bytes of JSON")
    try:
        found = _json.decode(data)
    except (msgspec.DecodeError, RecursionError, ValueError) as wrong:
        raise NoEvent(Reason.MALFORMED, f"no JSON: {wrong}") from wrong
    if not isinstance(found, dict):
        raise NoEvent(Reason.WRONG_TYPE, "no JSON object")
    return found


def child(tree: Any, *path: str) -> Any:
    """The value along a path, None where the path ends early; a list is taken by its first entry."""
    for name in path:
        if isinstance(tree, list):
            tree = tree[0] if tree else None
        if not isinstance(tree, dict):
            return None
        tree = tree.get(name)
    return tree


def text(tree: Any, *path: str) -> str:
    """A leaf as text, "" when there is none."""
    value = child(tree, *path)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)[:500] if isinstance(value, str | int | float) else ""


def number(tree: Any, *path: str) -> int:
    """A leaf as a whole number, 0 when it is none."""
    value = text(tree, *path)
    return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else 0


def many(tree: Any, *path: str) -> list[Any]:
    """What stands at a path as a list."""
    value = child(tree, *path)
    return value if isinstance(value, list) else [] if value is None else [value]
