"""Form fields of a record and of an action, from the model and the declaration alone."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.core.files.uploadedfile import UploadedFile
from django.db import models
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from siteloop.framework import fields, lookups
from siteloop.framework.action import Action, Input
from siteloop.framework.language import pick, term
from siteloop.framework.opening import Openable, openable
from siteloop.framework.page import Column, Page
from siteloop.framework.pages_found import columns, field_at, path_of
from siteloop.framework.scope import visible
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
    if field.choices:
        return "choice"
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
        return fields.choices_of(field)
    if field.is_relation:
        keys = [v for v in values if v.isdigit()]
        return tuple((str(r.pk), str(r)) for r in visible(field.related_model, viewer).filter(pk__in=keys))
    return tuple((v, lookups.title(field.name, v) or v) for v in values if v)


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
    is_coded = lookups.coded_field(page.model, name) is not None and not field.choices
    return Field(
        name=name,
        title=lookups.shown_title(name, fields.title_of(field)) if is_coded else fields.title_of(field),
        kind="reference" if is_coded and not field.is_relation else _kind(field),
        value=values[0] if values else "",
        values=values,
        choices=_choices(field, values, viewer),
        source=f"{path_of(page)}lookup/{name}?for=form" if field.is_relation or is_coded else "",
        required=not field.blank and not field.has_default() and not isinstance(field, models.BooleanField),
        help=term(str(field.help_text or "")),
        errors=tuple(errors.get(name, ())),
    )


def prefilled(page: Page, given: QueryDict) -> Any:
    """An unsaved row holding what a link proposes; it is saved only as typed and judged."""
    row = page.model()
    for name in page.form:
        field: Any = field_at(page.model, name)
        value = given.get(name, "")
        if value and isinstance(field, models.CharField):
            setattr(row, name, value[: field.max_length])
        elif value.isdigit() and isinstance(field, models.ForeignKey):
            setattr(row, field.attname, int(value))
    return row


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


REASON = "reason"


def asks_reason(action: Action) -> bool:
    """A dangerous action asks why, unless what it asks for anyway is such a text."""
    told = any(i.required and i.kind in ("text", "multiline") for i in action.fields)
    return action.danger and not told and all(i.name != REASON for i in action.fields)


def reason_field(data: QueryDict | None, errors: dict[str, list[str]]) -> Field:
    """The question why, which goes into the trail."""
    value = data.get(REASON, "") if data is not None else ""
    return Field(
        name=REASON,
        title=pick("理由", "Reason"),
        kind="multiline",
        value=str(value),
        values=(str(value),),
        choices=(),
        source="",
        required=True,
        help=pick("写入操作留痕", "kept in the trail"),
        errors=tuple(errors.get(REASON, ())),
    )


def inputs_of_action(
    page: Page,
    action: Action,
    data: QueryDict | None,
    errors: dict[str, list[str]],
    viewer: Viewer,
    row: Any = None,
) -> list[Field]:
    """What an action asks of a record, filled from what was just typed; a dangerous one also asks why."""
    asked = [_asked(page, action, one, data, errors, viewer, row) for one in action.fields]
    return [*asked, reason_field(data, errors)] if asks_reason(action) else asked


def _asked(
    page: Page,
    action: Action,
    one: Input,
    data: QueryDict | None,
    errors: dict[str, list[str]],
    viewer: Viewer,
    row: Any,
) -> Field:
    values = tuple(data.getlist(one.name)) if data is not None else ()
    choices = tuple((value, term(title)) for value, title in one.choices)
    kind = one.kind
    if kind == "bool":
        choices = (("true", pick("是", "yes")), ("false", pick("否", "no")))
    elif kind == "reference":
        keys = [v for v in values if v.isdigit()]
        rows = visible(apps.get_model(one.reference), viewer).filter(pk__in=keys)
        choices = tuple((str(r.pk), str(r)) for r in rows)
    elif kind == "text" and lookups.coded(one.name) is not None:
        kind = "reference"
        choices = tuple((v, lookups.title(one.name, v) or v) for v in values if v)
    return Field(
        name=one.name,
        title=pick(one.title, one.title_en),
        kind=kind,
        value=values[0] if values else "",
        values=values,
        choices=choices,
        source=_search(page, action, one, row) if kind == "reference" else "",
        required=one.required,
        help=term(one.help),
        errors=tuple(errors.get(one.name, ())),
    )


def written(
    action: Action, data: QueryDict, files: "MultiValueDict[str, UploadedFile[Any]]", viewer: Viewer
) -> dict[str, Any]:
    """Typed input of an action; uploaded files are kept as evidence first."""
    found: dict[str, Any] = {}
    for one in action.fields:
        if one.kind in ("file", "files"):
            kept = [KEEPERS[0](viewer, upload) for upload in files.getlist(one.name)] if KEEPERS else []
            found[one.name] = kept if one.kind == "files" else (kept[0] if kept else None)
        elif one.kind == "upload":
            found[one.name] = files.get(one.name)
        elif one.name in data:
            found[one.name] = data[one.name]
    return found


def _search(page: Page, action: Action, one: Input, row: Any) -> str:
    """Where an input's search box asks; what belongs to the record is asked for with its key."""
    path = f"{path_of(page)}actions/{action.code}/lookup/{one.name}"
    return f"{path}?row={row.pk}" if one.of and row is not None else path


def record_lines(page: Page, row: Any, viewer: Viewer) -> list[tuple[str, list[tuple[str, str, str]]]]:
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
    others = (fields.referred(row, Column(n)) for _, names in groups for n in names)
    opening = openable(others, viewer)
    return [(title, [_line(page, row, n, opening) for n in names]) for title, names in groups]


def _line(page: Page, row: Any, name: str, opening: Openable) -> tuple[str, str, str]:
    column = next((c for c in columns(page) if c.name == name), Column(name))
    field = field_at(page.model, name)
    title = fields.title_of(field) if field is not None else pick(column.title or name, column.title_en)
    if field is not None and field.many_to_many:
        return title, pick("、", ", ").join(str(r) for r in getattr(row, name).all()), ""
    other = fields.referred(row, Column(name)) if field is not None and field.is_relation else None
    target = fields.place_of(other) if other is not None and (type(other), other.pk) in opening else ""
    words = fields.text(row, column)
    if column.value is None and field is not None and lookups.coded_field(page.model, name) is not None:
        return lookups.shown_title(name, title), lookups.title(name, words) or words, target
    return title, words, target
