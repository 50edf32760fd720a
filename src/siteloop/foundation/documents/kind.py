"""What is printed, as data: a kind of document and the blocks of its text.

A system declares its kinds in `documents/__init__.py` (`KINDS`) and composes the text there in plain Python. The same
blocks are set as PDF (`setting.py`) and as Word (`word.py`), so that both always say the same. Text is text: nothing a
person typed is ever read as markup.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Text:
    """A paragraph; the first line indented by two letters as Chinese documents are."""

    text: str
    indent: bool = True
    bold: bool = False
    align: str = "left"  # left | center | right


@dataclass(frozen=True)
class Head:
    """A heading between the paragraphs, set in 黑体."""

    text: str


@dataclass(frozen=True)
class Facts:
    """Name and value pairs in a ruled box, two pairs a line; a long value takes the whole line."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Grid:
    """A ruled table whose head repeats on every page. `widths` are shares of the width."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...] = ()


@dataclass(frozen=True)
class Signs:
    """Places to sign by hand, each with its date."""

    labels: tuple[str, ...]


@dataclass(frozen=True)
class Pictures:
    """Kept photos by their SHA-256, two a line, with what they show."""

    items: tuple[tuple[str, str], ...]


Block = Text | Head | Facts | Grid | Signs | Pictures
_BLOCKS: dict[str, type[Any]] = {c.__name__.lower(): c for c in (Text, Head, Facts, Grid, Signs, Pictures)}


@dataclass(frozen=True)
class Content:
    """The text of one document. The authority, number, date, seal place and QR code are added when it is set."""

    addressee: str
    blocks: tuple[Block, ...]
    copies_to: str = ""  # 抄送


@dataclass(frozen=True)
class Kind:
    """One kind of document. `word` is its mark in the number (监改); `compose` writes the text anew for its subject's key."""

    code: str
    system: str
    title: str
    title_en: str
    word: str
    compose: Callable[[int], Content] | None = None
    sealed: bool = True  # has a place for the authority's seal


def frozen(content: Content) -> dict[str, Any]:
    """As JSON, so that a reprint says exactly what was issued."""
    blocks = [{"block": type(b).__name__.lower(), **asdict(b)} for b in content.blocks]
    return {"addressee": content.addressee, "copies_to": content.copies_to, "blocks": blocks}


def thawed(kept: dict[str, Any]) -> Content:
    """The content back from its JSON."""

    def tuples(value: Any) -> Any:
        return tuple(tuples(v) for v in value) if isinstance(value, list) else value

    blocks = tuple(
        _BLOCKS[b["block"]](**{k: tuples(v) for k, v in b.items() if k != "block"}) for b in kept["blocks"]
    )
    return Content(kept["addressee"], blocks, kept.get("copies_to", ""))
