"""Reading a page as a person without Chinese: which of the program's own words are left untranslated."""

from html.parser import HTMLParser

from django.db import models

from siteloop.framework import english
from siteloop.framework.check.glossary import is_chinese

#: elements whose text is never data
OWN = frozenset({"th", "label", "legend", "dt", "h2", "button", "summary"})
VOID = frozenset({"input", "br", "img", "hr", "meta", "link", "path", "circle", "line", "rect", "polyline"})
SPOKEN = frozenset({"aria-label", "placeholder", "data-label"})


class _Reader(HTMLParser):
    """Collects the Chinese of <main>: words of the program, told from data by where they stand or by the glossary."""

    def __init__(self, data: frozenset[str]) -> None:
        super().__init__()
        self.data = data
        self.open: list[str] = []
        self.is_searched = False
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Its spoken attributes are words too."""
        if tag == "select":
            self.is_searched = any(name == "data-source" for name, _ in attrs)
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name in SPOKEN:
                self._hear(value or "", is_own=name == "data-label")

    def handle_endtag(self, tag: str) -> None:
        """Closes whatever stayed open inside it."""
        while tag in self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        """Text between tags."""
        is_choice = "option" in self.open and not self.is_searched
        if not {"script", "style", "textarea"} & set(self.open):
            self._hear(data, is_own=is_choice or bool(OWN & set(self.open)))

    def _hear(self, text: str, *, is_own: bool) -> None:
        words = text.strip(" \n：:")
        if (
            "main" in self.open
            and is_chinese(words)
            and (is_own or words in english.terms())
            and words not in self.data
        ):
            self.found.append(f"<{self.open[-1]}> {words}")


def left_in_chinese(page: str, data: frozenset[str] = frozenset()) -> list[str]:
    """Heads, labels and choices in Chinese, and any text that is a Chinese word of the glossary, but for `data`."""
    reader = _Reader(data)
    reader.feed(page)
    return reader.found


def names_in(row: models.Model) -> frozenset[str]:
    """What a row says that is data even where it is a word of the trade: its name, its texts, and whom it refers to."""
    fields = [f for f in row._meta.concrete_fields if not f.flatchoices]
    return frozenset(said.strip() for said in [str(row), *(str(getattr(row, f.name)) for f in fields)])
