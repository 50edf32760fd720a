"""Cells: how one value of a row is shown, exported or sent."""

import datetime as dt
from decimal import Decimal
from typing import Any

from django.db import models

from siteloop.framework.language import pick, term
from siteloop.framework.masking import is_masked
from siteloop.framework.page import Column
from siteloop.framework.pages_found import field_at, page_for, path_of
from siteloop.kernel.times import SHANGHAI


def title_of(field: Any, name: str = "") -> str:
    """Title of a model's field in the active language; `name` where there is no such field."""
    return term(str(getattr(field, "verbose_name", name)))


def choices_of(field: Any) -> tuple[tuple[str, str], ...]:
    """Choices of a model's field as (value, title in the active language)."""
    return tuple((str(value), term(str(title))) for value, title in field.flatchoices)


def raw(row: Any, column: Column) -> Any:
    """The value behind a cell; `__` paths are followed, missing links give None."""
    if column.value is not None:
        return column.value(row)
    for name in column.name.split("__"):
        row = getattr(row, name, None)
        if row is None:
            return None
    return row() if callable(row) and not isinstance(row, models.Manager) else row


def kind_of(model: type[models.Model], column: Column) -> str:
    """The column's kind: declared, or from the model field."""
    if column.kind:
        return column.kind
    field = field_at(model, column.name)
    if field is None:
        return "text"
    if is_masked(field):
        return "masked"
    for kind, types in (
        ("datetime", models.DateTimeField),
        ("date", models.DateField),
        ("bool", models.BooleanField),
    ):
        if isinstance(field, types):
            return kind
    if field.choices:
        return "choice"
    if field.is_relation:
        return "reference"
    numbers = (models.IntegerField, models.FloatField, models.DecimalField)
    return "number" if isinstance(field, numbers) and not field.primary_key else "text"


#: fields that hold a month as its first day
MONTHS = frozenset({"month"})
#: fields that say when a term ends
ENDS = frozenset({"deadline", "due_at", "until", "hear_until"})


def term_end(moment: dt.datetime, shape: str = "%Y-%m-%d %H:%M") -> str:
    """The end of a term on Shanghai's clock: a midnight closes its day and reads 24:00, not 00:00 of the day after."""
    here = moment.astimezone(SHANGHAI)
    if (here.hour, here.minute, here.second) == (0, 0, 0):
        return (here - dt.timedelta(days=1)).strftime(shape.replace("%H:%M", "24:00"))
    return here.strftime(shape)


def text(row: Any, column: Column) -> str:
    """As people read it: local time, choice titles, masked where it must be."""
    value = raw(row, column)
    kind = kind_of(type(row), column)
    if value is None or value in ("", {}, []):
        return ""
    if kind == "masked":
        return masked(row, column.name)
    display = getattr(row, f"get_{column.name}_display", None)
    if display is not None:
        return term(str(display()))
    if isinstance(value, dt.datetime):
        is_end = column.name.rsplit("__", 1)[-1] in ENDS
        return term_end(value) if is_end else value.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, dt.date):
        return f"{value:%Y-%m}" if column.name.rsplit("__", 1)[-1] in MONTHS else value.isoformat()
    if isinstance(value, bool):
        return pick("是", "yes") if value else pick("否", "no")
    if kind == "percent":
        return f"{float(value) * 100:.1f}%"
    if kind == "money":
        return f"{Decimal(value):,.2f}"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, list | dict):
        return pick("、", ", ").join(map(str, value)) if isinstance(value, list) else str(value)
    return _chosen(row, column, value) if kind == "choice" and column.value is None else str(value)


def _chosen(row: Any, column: Column, value: Any) -> str:
    """The title of a choice at the end of a `__` path, for which Django has no `get_…_display`."""
    field: Any = field_at(type(row), column.name)
    return term(str(dict(field.flatchoices).get(value, value))) if field is not None else str(value)


def masked(row: Any, name: str) -> str:
    """A secret as people may see it: the row's own `masked_<name>`, else dots."""
    return str(getattr(row, f"masked_{name}", "•••"))


def link(row: Any, column: Column) -> str:
    """Where the cell leads: the column's own word, or its own record; "" for nowhere. `referred` tells of other records."""
    if column.to is not None:
        return column.to(row)
    page = page_for(type(row))
    return path_of(page, row.pk) if column.link and page is not None else ""


def referred(row: Any, column: Column) -> models.Model | None:
    """The other record the cell names, and leads to where the viewer may open it."""
    value = None if column.link or column.to is not None else raw(row, column)
    return value if isinstance(value, models.Model) else None


def place_of(row: models.Model) -> str:
    """Path of a record, "" for one that stands in no register."""
    page = page_for(type(row))
    return path_of(page, row.pk) if page is not None else ""


def plain(value: Any) -> Any:
    """For JSON: aware ISO times, decimals as text, rows as keys."""
    if isinstance(value, dt.datetime):
        return value.astimezone(SHANGHAI).isoformat()
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, models.Model):
        return value.pk
    return value
