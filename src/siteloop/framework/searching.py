"""Search over everything: each folder offers what it keeps, every source asks in the viewer's own scope.

A folder's `searching.py` holds `SOURCES`, a tuple of `Source`; found by name. `of_register` makes one from a register.
"""

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from django.apps import apps

from siteloop.framework.action import Refused
from siteloop.framework.language import pick
from siteloop.framework.listing import Listing
from siteloop.framework.menu import menu
from siteloop.framework.page import Page
from siteloop.framework.pages_found import path_of
from siteloop.framework.viewer import Viewer

LONGEST = 80


@dataclass(frozen=True)
class Hit:
    """One line found: its name, what tells it apart, where it opens."""

    text: str
    note: str
    link: str


@dataclass(frozen=True)
class Source:
    """`find(viewer, words, most)` gives the hits and how many there are in all; it raises Refused to stay silent."""

    code: str
    title: str
    title_en: str
    order: int
    find: Callable[[Viewer, str, int], tuple[list[Hit], int]]
    every: str = ""  # path that lists all hits; the words are added as `search`


@dataclass(frozen=True)
class Group:
    """What one source found."""

    code: str
    title: str
    hits: tuple[Hit, ...]
    count: int
    every: str


def of_register(page: Page, order: int, note: Callable[[Any], str]) -> Source:
    """A register is searched by its own search fields, in its own order, with its own rights."""

    def find(viewer: Viewer, words: str, most: int) -> tuple[list[Hit], int]:
        listing = Listing(page, viewer, {"search": words, "page_size": str(most)})
        rows = listing.rows()
        count = listing.count if len(rows) == most else len(rows)
        return [Hit(str(row), note(row), path_of(page, row.pk)) for row in rows], count

    return Source(page.code, page.title, page.title_en, order, find, path_of(page))


@lru_cache(maxsize=1)
def sources() -> tuple[Source, ...]:
    """All sources of the program, in their order."""
    found: list[Source] = []
    for app in apps.get_app_configs():
        if app.name.startswith("siteloop.") and importlib.util.find_spec(f"{app.name}.searching") is not None:
            found += getattr(importlib.import_module(f"{app.name}.searching"), "SOURCES", ())
    return tuple(sorted(found, key=lambda s: s.order))


def search(viewer: Viewer, words: str, most: int = 5) -> list[Group]:
    """Groups with at least one hit; nothing for empty words. Words are joined by AND, at most 80 signs count."""
    words = " ".join(words.replace("\x00", " ").split())[:LONGEST]
    if not words:
        return []
    groups = [_pages(viewer, words, most)]
    for source in sources():
        try:
            hits, count = source.find(viewer, words, most)
        except Refused:
            continue
        every = f"{source.every}?{urlencode({'search': words})}" if source.every else ""
        groups.append(Group(source.code, pick(source.title, source.title_en), tuple(hits), count, every))
    return [g for g in groups if g.hits]


def _pages(viewer: Viewer, words: str, most: int) -> Group:
    """Pages of the menu whose title holds the words."""
    hits = [
        Hit(entry.title, group.title, entry.path)
        for group in menu(viewer)
        for entry in group.entries
        if words.casefold() in entry.title.casefold()
    ]
    return Group("pages", pick("页面", "Pages"), tuple(hits[:most]), len(hits), "")
