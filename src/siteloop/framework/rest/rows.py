"""One row as JSON: the page's API fields, choice and reference titles, computed columns; secrets masked."""

from typing import Any

from django.db import models

from siteloop.framework.fields import kind_of, masked, plain, raw
from siteloop.framework.language import term
from siteloop.framework.masking import is_masked
from siteloop.framework.page import Column, Page
from siteloop.framework.pages_found import columns, field_at


def names(page: Page) -> list[str]:
    """Model fields an answer carries: declared, or every concrete field that is not a secret."""
    if page.api_fields:
        return list(dict.fromkeys(["pk" if n == "id" else n for n in page.api_fields]))
    return [f.name for f in page.model._meta.concrete_fields if not is_masked(f) and not f.primary_key]


def computed(page: Page) -> list[Column]:
    """Columns that are no field of the model itself: `__` paths and computed values."""
    taken = set(names(page))
    return [c for c in columns(page) if c.name not in taken and c.name not in ("pk", "id")]


def as_json(page: Page, row: Any) -> dict[str, Any]:
    """`{"id", "display", <field>, <field>_title …}`; see `schemas.answer_schema` for the types."""
    body: dict[str, Any] = {"id": row.pk, "display": str(row)}
    for name in names(page):
        if name == "pk":
            continue
        field = field_at(page.model, name)
        body[name] = _value(row, name, field)
        if has_title(page, field):
            body[f"{name}_title"] = _title(row, name, field)
    for column in computed(page):
        body[column.name] = _cell(row, column)
    return body


def has_title(page: Page, field: Any) -> bool:
    """Whether a `<name>_title` stands beside the value: choices always, references when the list joins them."""
    if field is None:
        return False
    if getattr(field, "choices", None):
        return True
    return bool(
        field.is_relation and field.concrete and not field.many_to_many and field.name in page.related
    )


def _value(row: Any, name: str, field: Any) -> Any:
    if field is not None and is_masked(field):
        return masked(row, name)
    if field is not None and field.is_relation and field.concrete and not field.many_to_many:
        return getattr(row, field.attname)
    value = getattr(row, name, None)
    if isinstance(value, models.Manager):
        return [other.pk for other in value.all()]
    if isinstance(field, models.FileField):
        return value.name if value else ""
    return plain(value() if callable(value) else value)


def _title(row: Any, name: str, field: Any) -> str:
    if getattr(field, "choices", None):
        return term(str(getattr(row, f"get_{name}_display")()))
    other = getattr(row, name)
    return "" if other is None else str(other)


def _cell(row: Any, column: Column) -> Any:
    if kind_of(type(row), column) == "masked":
        return masked(row, column.name)
    value = raw(row, column)
    if isinstance(value, models.Model):
        return str(value)
    value = plain(value)
    return value if isinstance(value, str | int | float | bool | list | dict | None) else str(value)
