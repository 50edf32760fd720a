"""The trail in people's words: fields by their titles, codes by their words, moments on Shanghai's clock, rows by their names."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import models

from siteloop.framework import lookups
from siteloop.framework.fields import ENDS, term_end, title_of
from siteloop.framework.language import pick, term
from siteloop.framework.models import TrailEntry
from siteloop.framework.scope import visible
from siteloop.framework.viewer import Viewer
from siteloop.kernel.times import SHANGHAI

NOTHING = "—"
LONGEST = 60


@dataclass(frozen=True)
class Change:
    """One field of one entry, as it was and as it became."""

    title: str
    before: str
    after: str


@dataclass(frozen=True)
class Told:
    """One entry with its changes. `is_new`: the row was made then, so every field is only its first value."""

    entry: TrailEntry
    changes: list[Change]
    is_new: bool


def told(entries: list[TrailEntry], viewer: Viewer) -> list[Told]:
    """Entries of one register in words; rows they refer to are named where the viewer may see them."""
    names = _names(entries, viewer)
    return [_told(entry, names) for entry in entries]


def _told(entry: TrailEntry, names: dict[tuple[str, str], str]) -> Told:
    changes = []
    for name, (before, after) in sorted(entry.changes.items()):
        field = _field(entry.model, name)
        if field is None or not field.primary_key:
            line = Change(_title(field, name), _word(field, before, names), _word(field, after, names))
            if line.before != line.after:
                changes.append(line)
    return Told(entry, changes, all(before is None for before, _ in entry.changes.values()))


def _field(model: str, name: str) -> Any:
    try:
        return apps.get_model(model)._meta.get_field(name)
    except (LookupError, ValueError, FieldDoesNotExist):
        return None  # the model or its field is of an earlier version


def _title(field: Any, name: str) -> str:
    return lookups.shown_title(name, title_of(field, name))


def _word(field: Any, value: Any, names: dict[tuple[str, str], str]) -> str:
    if value is None or value in ("", [], {}):
        return NOTHING
    if isinstance(value, bool):
        return pick("是", "yes") if value else pick("否", "no")
    text = _listed(value)
    if field is not None and field.is_relation:
        text = names.get((field.name, text), text)
    elif field is not None and field.choices:
        text = term(str(dict(field.flatchoices).get(value, value)))
    elif isinstance(field, models.DateTimeField):
        text = _moment(text, field.name in ENDS)
    elif field is not None:
        text = lookups.title(field.name, text) or text
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _listed(value: Any) -> str:
    """What a field of JSON holds, without its punctuation; rows of rows only by their number."""
    if isinstance(value, dict):
        return pick("，", ", ").join(f"{name} {one}" for name, one in value.items())
    if isinstance(value, list):
        if any(isinstance(one, (dict, list)) for one in value):
            return pick(f"{len(value)} 条", f"{len(value)} rows")
        return pick("、", ", ").join(map(str, value))
    return str(value)


def _moment(text: str, is_end: bool) -> str:
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError:
        return text
    return term_end(at) if is_end else at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


def _names(entries: list[TrailEntry], viewer: Viewer) -> dict[tuple[str, str], str]:
    """(field, key) -> name of the row it refers to; one query a field."""
    wanted: dict[str, tuple[type[models.Model], set[str]]] = {}
    for entry in entries:
        for name, values in entry.changes.items():
            field = _field(entry.model, name)
            if field is not None and field.many_to_one:
                keys = wanted.setdefault(name, (field.related_model, set()))[1]
                keys.update(str(v) for v in values if str(v).isdigit())
    return {
        (name, str(row.pk)): str(row)
        for name, (model, keys) in wanted.items()
        for row in (visible(model, viewer).filter(pk__in=keys) if keys else ())
    }
