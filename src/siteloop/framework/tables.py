"""The table of a register as the page draws it: heads, cells, and the person's own shape of it."""

from dataclasses import dataclass
from typing import Any

from siteloop.framework import lookups, shapes
from siteloop.framework.fields import kind_of, link, text
from siteloop.framework.listing import Listing, titles
from siteloop.framework.page import Column

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
    """One cell. `colour` is a risk colour shown as a badge, `full` what a shortened or coded text stands for."""

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
    return [
        {"pk": row.pk, "cells": [_cell(row, column, title, kinds[column.name]) for column, title in shown]}
        for row in listing.rows()
    ]


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


def _cell(row: Any, column: Column, title: str, kind: str) -> Cell:
    words, full = text(row, column), ""
    if column.value is None and words:
        coded = lookups.title(column.name, words)
        words, full = (coded, words) if coded else (words, "")
    # Risk colour of a colour cell, so that it is shown as a badge
    colour = str(getattr(row, column.name, "")) if kind == "colour" else ""
    return Cell(
        lookups.shown_title(column.name, title), words, link(row, column), kind, colour, full, kind in NUMBERS
    )
