"""All kinds of documents, found in the systems' `documents` folders."""

import importlib
import importlib.util

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured

from siteloop.foundation.documents.kind import Kind

_kinds: dict[str, Kind] = {}


def find() -> None:
    """Collect `KINDS` of every system's `documents`. Raises ImproperlyConfigured for a code or mark used twice."""
    _kinds.clear()
    for app in apps.get_app_configs():
        if not app.name.startswith("siteloop.systems."):
            continue
        if importlib.util.find_spec(f"{app.name}.documents") is not None:
            for kind in importlib.import_module(f"{app.name}.documents").KINDS:
                add(kind)


def add(kind: Kind) -> None:
    """Take one kind in; the marks must differ, because numbers are counted by them."""
    same = [k for k in _kinds.values() if k is not kind and (k.code == kind.code or k.word == kind.word)]
    if same:
        raise ImproperlyConfigured(f"{kind.code}: code or mark {kind.word} is taken by {same[0].code}")
    _kinds[kind.code] = kind


def get(code: str) -> Kind:
    """Raises KeyError for an unknown kind."""
    return _kinds[code]


def title(code: str) -> str:
    """Chinese title; the code itself for a kind whose system is gone."""
    return _kinds[code].title if code in _kinds else code


def choices() -> list[tuple[str, str]]:
    """(code, title) of every kind."""
    return [(k.code, k.title) for k in _kinds.values()]
