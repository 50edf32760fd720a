"""Every declared page of the program, found in the apps' `pages.py` and checked: a page naming an unknown field fails at start."""

import importlib
import importlib.util
from functools import lru_cache

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured
from django.db import models

from siteloop.framework.page import Column, Page


@lru_cache(maxsize=1)
def all_pages() -> tuple[Page, ...]:
    """All pages, in the order of the apps. Raises ImproperlyConfigured for a broken one."""
    found: list[Page] = []
    for app in apps.get_app_configs():
        if not app.name.startswith("siteloop.") or importlib.util.find_spec(f"{app.name}.pages") is None:
            continue
        module = importlib.import_module(f"{app.name}.pages")
        found += [
            value for value in vars(module).values() if isinstance(value, Page) and label(value) == app.label
        ]
    wrong = [problem for page in found for problem in problems(page)]
    if wrong:
        raise ImproperlyConfigured("; ".join(wrong))
    return tuple(found)


def label(page: Page) -> str:
    """App label of a page: the first part of its path."""
    return page.model._meta.app_label


@lru_cache(maxsize=1)
def _by_label() -> dict[str, tuple[Page, ...]]:
    """The menu asks for every system's pages on each page that is shown."""
    found: dict[str, list[Page]] = {}
    for one in all_pages():
        found.setdefault(label(one), []).append(one)
    return {name: tuple(pages) for name, pages in found.items()}


@lru_cache(maxsize=1)
def _by_model() -> dict[type[models.Model], Page]:
    return {one.model: one for one in reversed(all_pages())}


def pages_of(app_label: str) -> tuple[Page, ...]:
    """Pages of one system."""
    return _by_label().get(app_label, ())


def page(app_label: str, code: str) -> Page | None:
    """One page by its path."""
    return next((p for p in pages_of(app_label) if p.code == code), None)


def page_for(model: type[models.Model]) -> Page | None:
    """The register of a model, None when it has no page of its own."""
    return _by_model().get(model)


#: models whose records have a page of their own on a screen: model -> path with a {} for the key; filled by the screens
RECORD_PATHS: dict[type[models.Model], str] = {}


def path_of(found: Page, pk: object = None) -> str:
    """HTML path of a register or of one of its rows."""
    if pk is not None and found.model in RECORD_PATHS:
        return RECORD_PATHS[found.model].format(pk)
    tail = "" if pk is None else f"{pk}/"
    return f"/{label(found)}/{found.code}/{tail}"


def columns(found: Page) -> list[Column]:
    """Columns as `Column` values."""
    return [c if isinstance(c, Column) else Column(c) for c in found.columns]


def field_at(model: type[models.Model], path: str) -> models.Field | None:  # type: ignore[type-arg]
    """The model field a `__` path ends at, None when there is none."""
    current: type[models.Model] | None = model
    field = None
    for name in path.split("__"):
        if current is None:
            return None
        try:
            field = current._meta.pk if name == "pk" else current._meta.get_field(name)
        except FieldDoesNotExist:
            return None
        current = field.related_model if field is not None and field.is_relation else None
    return field  # type: ignore[return-value]


def problems(found: Page) -> list[str]:
    """Names in a page that do not exist."""
    where = f"{label(found)}.{found.code}"
    wrong = []
    for column in columns(found):
        known = field_at(found.model, column.name) is not None or hasattr(
            found.model, column.name.split("__")[0]
        )
        if not known and column.value is None:
            wrong.append(f"{where}: no column {column.name}")
    plain = {
        "filter": found.filters,
        "search": found.search,
        "related": found.related,
        "key": (found.key,) if found.key else (),
        "ordering": () if found.annotate else tuple(n.lstrip("-") for n in found.ordering),
    }
    for kind, names in plain.items():
        wrong += [f"{where}: no {kind} field {n}" for n in names if field_at(found.model, n) is None]
    for name in found.form:
        field = field_at(found.model, name)
        automatic = isinstance(field, models.AutoField)
        if field is None or "__" in name or automatic or not getattr(field, "editable", False):
            wrong.append(f"{where}: {name} cannot be written")
    for section in found.sections:
        wrong += [
            f"{where}: no field {n} in section {section.title}"
            for n in section.fields
            if field_at(found.model, n) is None and not hasattr(found.model, n)
        ]
    for kind, names in (("prefetch", found.prefetch), ("API", found.api_fields)):
        wrong += [
            f"{where}: no {kind} field {n}"
            for n in names
            if isinstance(n, str) and n != "pk" and not hasattr(found.model, n.split("__")[0])
        ]
    wrong += [f"{where}: action {a.code} has no log sentence" for a in found.actions if not a.log]
    return wrong
