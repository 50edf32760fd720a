"""Looking things up while typing: what a filter, a form field or an action's input may refer to, inside the viewer's scope.

A filter offers only what the viewer's own list already shows; a form and an action offer what the viewer may refer to.
Text fields that hold a code of another table (a division) are looked up as well: the owner of the codes adds itself
to `CODED` by the field's name.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import models

from siteloop.framework.action import Action, Refused
from siteloop.framework.masking import is_masked
from siteloop.framework.page import Page
from siteloop.framework.pages_found import field_at, page_for
from siteloop.framework.perform import permission_of, require
from siteloop.framework.scope import ScopedModel, visible
from siteloop.framework.viewer import Viewer
from siteloop.framework.words import holding

MOST = 30
SHOWN = "rows that the viewer's own list already shows"


@dataclass(frozen=True)
class Choice:
    """One line of a search box: what is sent, what is read, and what tells two alike ones apart."""

    value: str
    text: str
    note: str = ""


@dataclass(frozen=True)
class Coded:
    """Codes kept as plain text. `subtree`: a filter on a code takes every code that starts with it."""

    search: Callable[[Viewer, str], list[Choice]]
    title: Callable[[str], str]
    subtree: bool = False
    titles: Callable[[set[str]], dict[str, str]] | None = (
        None  # many at once, where one alone asks the database
    )


#: name of the field (the last part of a path) -> the codes it holds
CODED: dict[str, Coded] = {}


def coded(path: str) -> Coded | None:
    """The codes a field holds, None for an ordinary field."""
    return CODED.get(path.rsplit("__", 1)[-1])


def coded_field(model: type[models.Model], path: str) -> Coded | None:
    """The codes behind a field of a model: a reference of the same name finds its own rows."""
    field = field_at(model, path)
    return None if field is not None and field.is_relation else coded(path)


def for_filter(page: Page, name: str, viewer: Viewer, words: str) -> list[Choice]:
    """What the rows in the viewer's list refer to. Raises Refused 403 without the right to see the list, 404."""
    require(viewer, permission_of(page.model, "view"))
    if name not in page.filters:
        raise Refused("没有这个筛选", status=404)
    codes = coded_field(page.model, name)
    if codes is not None:
        return codes.search(viewer, words)
    other = _target(page.model, name)
    used = visible(page.model, viewer).exclude(**{name: None}).order_by().values(name)
    rows = (
        other.objects.unscoped(SHOWN) if issubclass(other, ScopedModel) else other._default_manager.all()
    ).filter(pk__in=used)
    return _found(other, rows, words)


def for_form(page: Page, name: str, viewer: Viewer, words: str) -> list[Choice]:
    """What a record may refer to. Raises Refused 403 without the right to write such a record, 404."""
    require(viewer, *(permission_of(page.model, verb) for verb in ("create", "change")))
    if name not in page.form:
        raise Refused("没有这个字段", status=404)
    codes = coded_field(page.model, name)
    if codes is not None:
        return codes.search(viewer, words)
    other = _target(page.model, name)
    return _found(other, visible(other, viewer), words)


def for_action(action: Action, name: str, viewer: Viewer, words: str, row: str = "") -> list[Choice]:
    """What an action's input may refer to, of the record `row` where it says so. Raises Refused 403 without the right, 404."""
    require(viewer, action.permission or permission_of(action.model, action.code))
    asked = next((i for i in action.fields if i.name == name), None)
    if asked is None:
        raise Refused("没有这一项", status=404)
    if asked.kind != "reference":
        codes = coded(name)
        if codes is None:
            raise Refused("没有这一项", status=404)
        return codes.search(viewer, words)
    other = apps.get_model(asked.reference)
    rows = visible(other, viewer)
    if asked.of:
        rows = rows.filter(**{asked.of: int(row) if row.isdigit() else None})
    return _found(other, rows, words)


def title(path: str, value: str) -> str:
    """A code in words, "" for a field without codes or an unknown code."""
    codes = coded(path)
    return codes.title(value) if codes is not None and value else ""


def titles(path: str, values: set[str]) -> dict[str, str]:
    """Code -> its words, for a page of rows; codes nobody knows are left out."""
    codes = coded(path)
    if codes is None:
        return {}
    if codes.titles is not None:
        return codes.titles(values)
    return {value: words for value in values if (words := codes.title(value))}


def shown_title(path: str, title: str) -> str:
    """Title of a field as people read it: where the name is shown, the title does not promise a code."""
    return title.removesuffix("代码").removesuffix(" code") if coded(path) is not None else title


def _target(model: type[models.Model], name: str) -> Any:
    field = field_at(model, name)
    if field is None or not field.is_relation or field.related_model is None:
        raise Refused("没有这个字段", status=404)
    return field.related_model


def _found(model: type[models.Model], rows: models.QuerySet[Any], words: str) -> list[Choice]:
    if "\x00" in words:
        return []
    register = page_for(model)
    ordering = register.ordering if register is not None and not register.annotate else ("pk",)
    found = rows.filter(holding(model, searched(model), words))
    if register is not None and register.related:
        found = found.select_related(*register.related)
    return [Choice(str(r.pk), str(r), _note(model, r)) for r in found.order_by(*ordering, "pk")[:MOST]]


def searched(model: type[models.Model]) -> tuple[str, ...]:
    """Lookups a model is searched by: those of its register, else its plain text fields."""
    register = page_for(model)
    if register is not None and register.search:
        return register.search
    return tuple(
        f.name
        for f in model._meta.concrete_fields
        if isinstance(f, models.CharField) and not f.choices and not is_masked(f)
    )


def _note(model: type[models.Model], row: Any) -> str:
    """A row may tell itself apart from others of the same name by `lookup_note`, else by its code."""
    note = getattr(row, "lookup_note", None)
    if note is not None:
        return str(note() if callable(note) else note)
    code = str(getattr(row, "code", "") or "")
    return "" if code == str(row) else code
