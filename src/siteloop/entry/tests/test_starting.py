"""A later start repeats nothing that this edition of the program did before, and builds nothing a page does not need."""

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from siteloop.entry import brought, cli, migrating, rooms
from siteloop.entry.testing_stack import Stack


@pytest.mark.engines
def test_what_this_edition_brought_in_is_not_brought_in_again(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    monkeypatch.setattr(migrating, "migrate", done.append)
    cli._bring_up(stack.database_url)
    assert done == []
    with psycopg.connect(stack.database_url) as connection:
        connection.execute("UPDATE public.brought SET edition = 'an older one'")
    cli._bring_up(stack.database_url)
    assert done == [stack.database_url]
    brought.note(stack.database_url, migrating.TABLES, brought.edition())


@pytest.mark.engines
def test_a_half_done_migration_does_not_count(stack: Stack) -> None:
    brought.prepare(stack.database_url)
    assert not migrating.is_migrated(stack.database_url)
    brought.note(stack.database_url, migrating.TABLES, brought.edition())
    assert migrating.is_migrated(stack.database_url)


def test_a_changed_source_is_another_edition(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(rooms, "SOURCE", tmp_path / "src" / "siteloop")
    source = tmp_path / "src" / "siteloop" / "systems" / "migrations" / "0001.py"
    pack = tmp_path / "packs" / "national.toml"
    for path in (source, pack):
        path.parent.mkdir(parents=True)
        path.write_text("first")
    editions = [brought.edition.__wrapped__()]
    for path in (source, pack):
        path.write_text("second")
        editions.append(brought.edition.__wrapped__())
    source.rename(source.with_name("0002.py"))
    editions.append(brought.edition.__wrapped__())
    assert len(set(editions)) == 4
    (tmp_path / "src" / "siteloop" / "tests").mkdir()
    (tmp_path / "src" / "siteloop" / "tests" / "test_any.py").write_text("any")
    assert brought.edition.__wrapped__() == editions[-1]


def test_pages_do_not_wait_for_the_api() -> None:
    asked = (
        "import sys, siteloop.entry.asgi; from django.urls import get_resolver; get_resolver().url_patterns;"
        "print('siteloop.framework.rest.urls' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"
