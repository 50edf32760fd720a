"""The table of a register as the page draws it: heads, cells, and the person's own shape of it."""

from dataclasses import dataclass
from typing import Any

from siteloop.framework import lookups, shapes
from siteloop.framework.fields import kind_of, link, place_of, raw, referred, text
from siteloop.framework.listing import Listing, titles
from siteloop.framework.opening import Openable, openable
from siteloop.framework.page import Column
from siteloop.framework.tones import tone

NUMBERS = ("number", "money", "percent")


@dataclass(frozen=True)
class Head:
    """One column head. `next` is the order a click asks for, `sorted` the ARIA word of the present one."""

    name: str
    title: str
    sortable: bool
    next: str
    sorted: str
    number: bool


@dataclass(frozen=True)
class Cell:
    """One cell. `colour` is that of a badge: of a risk, or of a state, `full` what a shortened or coded text stands for."""

    title: str
    text: str
    link: str
    kind: str
    colour: str = ""
    full: str = ""
    number: bool = False


@dataclass(frozen=True)
class Choosable:
    """One line of the column chooser; a fixed column cannot be left out."""

    name: str
    title: str
    shown: bool
    fixed: bool


def heads(listing: Listing, shape: shapes.Shape) -> list[Head]:
    """Heads of the shown columns."""
    sortable, order = listing.sortable(), listing.params.get("ordering", "")
    return [
        Head(
            name=column.name,
            title=lookups.shown_title(column.name, title),
            sortable=column.name in sortable,
            next=f"-{column.name}" if order == column.name else column.name,
            sorted={column.name: "ascending", f"-{column.name}": "descending"}.get(order, ""),
            number=kind_of(listing.page.model, column) in NUMBERS,
        )
        for column, title in titles(listing.page, shape.columns)
    ]


def rows(listing: Listing, shape: shapes.Shape) -> list[dict[str, Any]]:
    """The present page of rows as cells."""
    shown = titles(listing.page, shape.columns)
    kinds = {column.name: kind_of(listing.page.model, column) for column, _ in shown}
    page = list(listing.rows())
    opening = openable((referred(row, column) for row in page for column, _ in shown), listing.viewer)
    words = {c.name: _words(page, c) for c, _ in shown if c.value is None and kinds[c.name] == "text"}
    return [
        {
            "pk": row.pk,
            "cells": [
                _cell(row, c, title, kinds[c.name], opening, words.get(c.name, {})) for c, title in shown
            ],
        }
        for row in page
    ]


def _words(page: list[Any], column: Column) -> dict[str, str]:
    """Titles of the codes a column holds."""
    coded = lookups.coded(column.name) is not None
    return lookups.titles(column.name, {text(row, column) for row in page} - {""}) if coded else {}


def choosable(listing: Listing, shape: shapes.Shape) -> list[Choosable]:
    """All declared columns for the chooser."""
    fixed = shapes.fixed(listing.page)
    return [
        Choosable(
            column.name,
            lookups.shown_title(column.name, title),
            column.name in shape.columns,
            column.name in fixed,
        )
        for column, title in titles(listing.page)
    ]


def _cell(
    row: Any, column: Column, title: str, kind: str, opening: Openable, titles_of: dict[str, str]
) -> Cell:
    code = text(row, column)
    words = titles_of.get(code, code)
    full = code if words != code else ""
    colour = str(raw(row, column) or "") if kind == "colour" else ""
    if kind == "state" and words:
        colour = tone(str(getattr(row, column.name, "")))
    other = referred(row, column)
    where = place_of(other) if other is not None and (type(other), other.pk) in opening else link(row, column)
    return Cell(lookups.shown_title(column.name, title), words, where, kind, colour, full, kind in NUMBERS)
