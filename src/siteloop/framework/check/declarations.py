"""Rules about pages, actions, detectors and migrations."""

import re
import string
from collections.abc import Iterator

from django.apps import apps
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState
from django.utils import translation

from siteloop.framework import pages_found
from siteloop.framework.action import Action
from siteloop.framework.check.folders import Folder, Problem

_TRIGGER = re.compile(r"raise|trigger|open|above|below|finds|seen|flag|catch|strictly")
_RECOVERY = re.compile(r"clear|recover|close|mend|end|stop|prove")


def pages_name_real_fields(folder: Folder) -> Iterator[Problem]:
    """Columns, filters, search, form and sections name fields that exist; titles come in both languages."""
    for page in pages_found.pages_of(folder.name):
        for message in pages_found.problems(page):
            yield Problem("page", folder.where, message)
        if not (page.title and page.title_en):
            yield Problem("page", folder.where, f"{page.code} lacks a title in Chinese or English")


def actions_of(folder: Folder) -> list[Action]:
    """Actions of the folder's `actions.py` and pages, once each."""
    found: list[Action] = []
    for name in ("actions", "pages"):
        module = folder.module(name)
        found += [v for v in vars(module).values() if isinstance(v, Action)] if module else []
    for page in pages_found.pages_of(folder.name):
        found += page.actions
    return [a for i, a in enumerate(found) if not any(a is b for b in found[:i])]


def actions_have_a_sentence(folder: Folder) -> Iterator[Problem]:
    """Every action tells the trail what was done, with places that exist; titles in both languages."""
    for action in actions_of(folder):
        if not action.log:
            yield Problem("action", folder.where, f"{action.code} has no log sentence")
        known = {"actor", "obj", *(i.name for i in action.fields)}
        places = {name.split(".")[0] for _, name, _, _ in string.Formatter().parse(action.log) if name}
        for place in sorted(places - known):
            yield Problem(
                "action", folder.where, f"{action.code}: the sentence names {{{place}}}, which is no input"
            )
        if not (action.title and action.title_en):
            yield Problem("action", folder.where, f"{action.code} lacks a title in Chinese or English")


def detectors_are_tested_both_ways(folder: Folder) -> Iterator[Problem]:
    """Each detector has a test that it triggers and a test that it recovers, seen by the tests' names."""
    for detector in getattr(folder.module("rules"), "DETECTORS", ()):
        texts = [t for p in folder.test_files() if detector.__name__ in (t := p.read_text(encoding="utf-8"))]
        names = re.findall(r"def (test_\w+)", "\n".join(texts))
        for what, pattern in (("trigger", _TRIGGER), ("recovery", _RECOVERY)):
            if not any(pattern.search(n) for n in names):
                yield Problem("detector", folder.where, f"{detector.__name__} has no {what} test")


def migrations_are_current() -> Iterator[Problem]:
    """No model differs from its migrations."""
    with translation.override(None):  # migrations keep the untranslated words
        yield from _differences(MigrationLoader(None))


def _differences(loader: MigrationLoader) -> Iterator[Problem]:
    ours = {a.label for a in apps.get_app_configs() if a.name.startswith("siteloop.")}
    found = MigrationAutodetector(loader.project_state(), ProjectState.from_apps(apps)).changes(
        graph=loader.graph
    )
    for label in sorted(ours & set(found)):
        told = "; ".join(op.describe() for migration in found[label] for op in migration.operations)
        yield Problem("migrations", label, f"models changed without a migration: {told}")
