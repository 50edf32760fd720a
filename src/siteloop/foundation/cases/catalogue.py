"""All loops of the program, found in the systems' `cases.py`."""

import importlib
import importlib.util

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured

from siteloop.foundation.cases.loop import Loop, problems
from siteloop.foundation.packs.resolve import OF_PROJECTS
from siteloop.framework.language import pick

_loops: dict[str, Loop] = {}


def find() -> None:
    """Collect `LOOPS` of every app's `cases` module. Raises ImproperlyConfigured for a broken declaration."""
    _loops.clear()
    for app in apps.get_app_configs():
        if not app.name.startswith("siteloop.systems."):
            continue
        if importlib.util.find_spec(f"{app.name}.cases") is None:
            continue
        for loop in importlib.import_module(f"{app.name}.cases").LOOPS:
            add(loop)


def add(loop: Loop) -> None:
    """Take one loop in. Raises ImproperlyConfigured when it is broken or its code is taken."""
    wrong = problems(loop)
    if wrong:
        raise ImproperlyConfigured("; ".join(wrong))
    if _loops.get(loop.code, loop) is not loop:
        raise ImproperlyConfigured(f"two loops are called {loop.code}")
    _loops[loop.code] = loop
    # terms are asked for a case's project, so one project may have its own
    OF_PROJECTS.update(key for key in (loop.recurs_within, *(s.deadline for s in loop.steps)) if key)


def get(code: str) -> Loop:
    """Raises KeyError for an unknown loop."""
    return _loops[code]


def for_rule(rule: str) -> Loop | None:
    """The loop that a rule's findings open, or None: such a finding warns but makes no case."""
    return next((loop for loop in _loops.values() if rule in loop.opens_on), None)


def choices() -> list[tuple[str, str]]:
    """(code, title in the language of the reader) of every loop."""
    return [(loop.code, pick(loop.title, loop.title_en)) for loop in _loops.values()]
