"""What makes the tests quick takes nothing from what they show."""

import json
from pathlib import Path

import pytest

from siteloop.entry import settings as written
from siteloop.entry import testing_base

BEFORE = {"a/migrations/0001_initial.py": "one", "requirements.lock": "lock"}


def cluster(folder: Path, name: str, sources: dict[str, str]) -> Path:
    made = folder / name
    made.mkdir()
    (made / testing_base.SOURCES).write_text(json.dumps(sources))
    return made


@pytest.mark.parametrize(
    ("now", "grows"),
    [
        ({**BEFORE, "a/migrations/0002_more.py": "two"}, True),
        ({**BEFORE, "a/migrations/0001_initial.py": "edited"}, False),
        ({"requirements.lock": "lock"}, False),
        ({**BEFORE, "requirements.lock": "newer"}, False),
    ],
    ids=["a migration added", "one edited", "one taken away", "other libraries"],
)
def test_tables_grow_from_those_whose_sources_were_only_added_to(
    tmp_path: Path, now: dict[str, str], grows: bool
) -> None:
    older = cluster(tmp_path, "base-0-1", BEFORE)
    cluster(tmp_path, "base-0-2", {"requirements.lock": "quite another"})
    (tmp_path / "base-0-3.making").mkdir()  # of another process, not whole yet
    found = testing_base._grown_into(now, tmp_path.glob("base-*"))
    assert found == (older if grows else None)


def test_every_migration_of_the_program_counts() -> None:
    files = set(testing_base.sources())
    for path in ("gateway/migrations/grants.sql", "foundation/registry/migrations/0001_initial.py"):
        assert f"src/siteloop/{path}" in files


@pytest.mark.django_db
def test_the_tables_are_those_of_the_migrations() -> None:
    """The copied tables are neither behind nor ahead of the sources."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    assert executor.migration_plan(executor.loader.graph.leaf_nodes()) == []
    assert set(executor.loader.applied_migrations) <= set(executor.loader.disk_migrations)


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("mine")
    testing_base.spare_first_start(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["letters.txt"]


def test_outside_tests_passwords_are_hashed_by_argon2() -> None:
    assert written.PASSWORD_HASHERS[0] == "django.contrib.auth.hashers.Argon2PasswordHasher"
