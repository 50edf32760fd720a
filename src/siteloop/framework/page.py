"""Page: one declaration per register. From it come the list, detail and form, REST, OpenAPI, import, export and tests.

Declared in a system's `pages.py` as module-level values; found by name, no registration elsewhere.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model

from siteloop.framework.action import Action


@dataclass(frozen=True)
class Column:
    """One column. `name` is a model field, a `__` path or a computed attribute; computed ones cannot be sorted."""

    name: str
    title: str = ""  # default: the field's verbose_name
    title_en: str = ""
    kind: str = ""  # text number date datetime bool choice state colour money percent link masked; "" = from the field
    link: bool = False  # links to the record
    value: Callable[[Any], Any] | None = None  # computed column
    to: Callable[[Any], str] | None = None  # where the cell leads when not to its record; "" for nowhere
    sort: str = ""  # lookup to sort by; default: the name when it is a real field


@dataclass(frozen=True)
class Section:
    """A titled group of fields on the detail page and in the form."""

    title: str
    fields: tuple[str, ...]
    title_en: str = ""


@dataclass(frozen=True)
class Panel:
    """An extra piece of the detail page: `template` rendered with `context(obj, viewer)`. Loaded lazily by HTMX when `lazy`."""

    title: str
    template: str
    context: Callable[[Any, Any], dict[str, Any]]
    title_en: str = ""
    lazy: bool = False


@dataclass(frozen=True)
class Page:
    """A register. Names in `columns`, `filters`, `form`, `search` must exist; `siteloop check` and start-up fail otherwise."""

    model: type[Model]
    code: str  # plural noun in the path: /<system>/<code>, /api/v1/<system>/<code>
    title: str
    title_en: str
    columns: tuple[str | Column, ...]
    filters: tuple[str, ...] = ()  # field names or __ paths; choices, FKs, dates (as from/to), booleans
    search: tuple[str, ...] = ()  # lookups joined by OR, icontains
    form: tuple[str, ...] = ()  # writable fields; empty = read-only register
    sections: tuple[Section, ...] = ()
    ordering: tuple[str, ...] = ("-pk",)
    related: tuple[str, ...] = ()  # select_related
    prefetch: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()  # besides the given create, change, delete
    panels: tuple[Panel, ...] = ()
    can_create: bool = True
    can_change: bool = True
    can_delete: bool = False  # most registers are retired, not deleted
    importable: bool = True
    exportable: bool = True
    icon: str = "list"
    menu: bool | str = True  # the code of a menu group when it is not the system's own
    key: str = ""  # natural key field, used by the import to update instead of create
    empty: str = ""  # what to tell when there is nothing yet
    empty_en: str = ""
    help: str = ""
    annotate: Callable[[Any], Any] | None = (
        None  # queryset -> queryset, for computed columns without a query a row
    )
    api_fields: tuple[str, ...] = ()  # default: every concrete field that is not masked
    extra: dict[str, Any] = field(default_factory=dict)
