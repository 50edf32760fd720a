"""Form fields of a record and of an action, from the model and the declaration alone."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import models
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from siteloop.framework import fields
from siteloop.framework.action import Action
from siteloop.framework.language import pick
from siteloop.framework.page import Column, Page
from siteloop.framework.pages_found import columns, field_at, page_for, path_of
from siteloop.framework.perform import visible
from siteloop.framework.viewer import Viewer
from siteloop.kernel.times import SHANGHAI

#: keeps an uploaded file and gives its row; the files room fills it
KEEPERS: list[Any] = []


@dataclass(frozen=True)
class Field:
    """One field of a form as the template draws it."""

    name: str
    title: str
    kind: str  # text number date datetime time bool choice reference references json multiline
    value: str
    values: tuple[str, ...]
    choices: tuple[tuple[str, str], ...]
    source: str  # path that searches references
    required: bool
    help: str
    errors: tuple[str, ...]


def _kind(field: Any) -> str:
    for kind, types in (
        ("references", models.ManyToManyField),
        ("reference", models.ForeignKey),
        ("bool", models.BooleanField),
        ("datetime", models.DateTimeField),
        ("date", models.DateField),
        ("time", models.TimeField),
        ("json", models.JSONField),
        ("number", (models.IntegerField, models.FloatField, models.DecimalField)),
    ):
        if isinstance(field, types):
            return kind
    if field.choices:
        return "choice"
    return (
        "multiline" if isinstance(field, models.TextField) and not getattr(field, "masked", False) else "text"
    )


def _shown(row: Any, field: Any) -> tuple[str, ...]:
    import json

    value = getattr(row, field.name, None) if row.pk or not field.many_to_many else None
    if field.many_to_many:
        return tuple(str(r.pk) for r in value.all()) if value is not None else ()
    if field.is_relation:
        value = getattr(row, field.attname)
    if value is None or getattr(field, "masked", False):
        return ("",)
    if isinstance(value, dt.datetime):
        return (value.astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M"),)
    if isinstance(value, bool):
        return ("true" if value else "false",)
    if isinstance(field, models.JSONField):
        return (json.dumps(value, ensure_ascii=False),)
    return (str(value),)


def _choices(field: Any, values: tuple[str, ...], viewer: Viewer) -> tuple[tuple[str, str], ...]:
    if isinstance(field, models.BooleanField):
        return (("true", pick("是", "yes")), ("false", pick("否", "no")))
    if field.choices:
        return tuple((str(k), str(v)) for k, v in field.flatchoices)
    if field.is_relation:
        keys = [v for v in values if v.isdigit()]
        return tuple((str(r.pk), str(r)) for r in visible(field.related_model, viewer).filter(pk__in=keys))
    return ()


def _sections(page: Page) -> list[tuple[str, tuple[str, ...]]]:
    if page.sections:
        return [(pick(s.title, s.title_en), s.fields) for s in page.sections]
    return [(pick("基本信息", "Basics"), page.form)]


def inputs_of(
    page: Page, row: Any, data: QueryDict | None, errors: dict[str, list[str]], viewer: Viewer
) -> list[tuple[str, list[Field]]]:
    """Sections of the form, filled from what was just typed, else from the record, else from the defaults."""
    source = row if row is not None else page.model()
    made = []
    for title, names in _sections(page):
        made.append((title, [_field(page, n, source, data, errors, viewer) for n in names if n in page.form]))
    return [(t, f) for t, f in made if f]


def _field(
    page: Page, name: str, row: Any, data: QueryDict | None, errors: dict[str, list[str]], viewer: Viewer
) -> Field:
    field: Any = field_at(page.model, name)
    values = tuple(data.getlist(name)) if data is not None else _shown(row, field)
    register = page_for(field.related_model) if field.is_relation else None
    return Field(
        name=name,
        title=str(field.verbose_name),
        kind=_kind(field),
        value=values[0] if values else "",
        values=values,
        choices=_choices(field, values, viewer),
        source=f"{path_of(register)}options" if register is not None else "",
        required=not field.blank and not field.has_default() and not isinstance(field, models.BooleanField),
        help=str(field.help_text or ""),
        errors=tuple(errors.get(name, ())),
    )


def posted(page: Page, data: QueryDict) -> dict[str, Any]:
    """Form data as values for `perform`; an empty masked field on a change means: as it was."""
    import json

    found: dict[str, Any] = {}
    for name in page.form:
        field: Any = field_at(page.model, name)
        if name not in data:
            continue
        if field.many_to_many:
            found[name] = [v for v in data.getlist(name) if v]
        elif getattr(field, "masked", False) and not data[name]:
            continue
        elif isinstance(field, models.JSONField):
            try:
                typed = str(data[name]).strip()
                found[name] = json.loads(typed) if typed else None
            except ValueError:
                found[name] = data[name]
            if found[name] is None:
                found.pop(name)
        elif isinstance(field, models.BooleanField) and data[name] == "" and not field.null:
            continue
        else:
            found[name] = data[name]
    return found


def written(
    action: Action, data: QueryDict, files: "MultiValueDict[str, UploadedFile[Any]]", viewer: Viewer
) -> dict[str, Any]:
    """Typed input of an action; uploaded files are kept as evidence first."""
    found: dict[str, Any] = {}
    for one in action.fields:
        if one.kind in ("file", "files"):
            kept = [KEEPERS[0](viewer, upload) for upload in files.getlist(one.name)] if KEEPERS else []
            found[one.name] = kept if one.kind == "files" else (kept[0] if kept else None)
        elif one.name in data:
            found[one.name] = data[one.name]
    return found


def record_lines(page: Page, row: Any) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """Sections of the record as (title, value, link) lines; what the form does not hold follows at the end."""
    if page.sections or page.form:
        groups = _sections(page)
        listed = {n for _, names in groups for n in names}
        rest = tuple(c.name for c in columns(page) if c.name not in listed and c.value is None)
        groups = [*groups, (pick("其他", "Other"), rest)] if rest else groups
    else:
        groups = [
            (
                pick("记录", "Record"),
                tuple(f.name for f in page.model._meta.concrete_fields if f.name != "id"),
            )
        ]
    return [(title, [_line(page, row, n) for n in names]) for title, names in groups]


def _line(page: Page, row: Any, name: str) -> tuple[str, str, str]:
    column = next((c for c in columns(page) if c.name == name), Column(name))
    field = field_at(page.model, name)
    title = str(field.verbose_name) if field is not None else pick(column.title or name, column.title_en)
    if field is not None and field.many_to_many:
        return title, "、".join(str(r) for r in getattr(row, name).all()), ""
    target = fields.link(row, Column(name)) if field is not None and field.is_relation else ""
    return title, fields.text(row, column), target
