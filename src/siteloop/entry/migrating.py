"""Bringing a database up to date: Django's tables, the fast plane's, then the data every installation needs."""

import importlib
import importlib.util
from collections.abc import Callable

from siteloop.entry import brought, rooms

#: what `migrate` brings in, by name in `brought`
TABLES = "tables"


def django_ready() -> None:
    """Load Django once."""
    import os

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "siteloop.entry.settings")
    import django

    django.setup()


def tables(dsn: str) -> None:
    """The tables of both planes, and no row in them."""
    django_ready()
    from django.core.management import call_command

    from siteloop.gateway import schema

    call_command("migrate", verbosity=0, interactive=False)
    schema.migrate(dsn)


def migrate(dsn: str) -> None:
    """Everything, in order; safe to repeat. Raises gateway.schema.SchemaTooNew."""
    django_ready()
    from siteloop.gateway import schema

    schema.check(dsn)
    brought.prepare(dsn)
    tables(dsn)
    for load in found("reference"):
        load()
    from siteloop.foundation.registry.publish import publish_registry

    publish_registry()
    brought.note(dsn, TABLES, brought.edition())


def is_migrated(dsn: str) -> bool:
    """Whether this very edition of the program brought the database up to date."""
    return brought.is_current(dsn, TABLES, brought.edition())


def load_demo() -> None:
    """The demo county: every folder's `demo.load()`, foundation first, those that count what others made last."""
    for load in found("demo"):
        load()


def found(module: str) -> list[Callable[[], object]]:
    """`load` of every folder's module of that name, in the order of the floors; `AFTER_ALL` modules come last."""
    modules = [
        importlib.import_module(f"{folder}.{module}")
        for folder in rooms.folders()
        if importlib.util.find_spec(f"{folder}.{module}") is not None
    ]
    modules.sort(key=lambda m: bool(getattr(m, "AFTER_ALL", False)))
    return [m.load for m in modules]
