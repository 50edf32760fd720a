"""What was brought into a database, and by which edition of the program.

Migrations, reference data and the demo county are safe to repeat, but cost ten seconds a time. A database that was
brought up to date by this very edition is left as it is; `siteloop migrate` repeats everything all the same.
"""

import hashlib
from functools import lru_cache
from importlib import metadata
from pathlib import Path

import psycopg

from siteloop.entry import rooms

#: whose migrations run besides our own
OTHERS = ("django", "django-allauth", "django-axes", "procrastinate")
KINDS = frozenset({".py", ".sql", ".toml", ".csv", ".json", ".typ", ".gz", ".xlsx"})
TABLE = "CREATE TABLE IF NOT EXISTS public.brought (what text PRIMARY KEY, edition text NOT NULL, at timestamptz NOT NULL)"


@lru_cache(maxsize=1)
def edition() -> str:
    """Digest of everything that decides what is brought in: our sources and data files, the packs, others' versions."""
    digest = hashlib.sha256()
    for name in OTHERS:
        digest.update(f"{name} {metadata.version(name)}\n".encode())
    for path in _files():
        digest.update(f"{path.relative_to(rooms.SOURCE.parent.parent)}\n".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _files() -> list[Path]:
    root = rooms.SOURCE.parent.parent
    found = [path for folder in (rooms.SOURCE, root / "packs") for path in folder.rglob("*")]
    return sorted(p for p in found if p.suffix in KINDS and "tests" not in p.parts)


def is_current(dsn: str, what: str, by: str) -> bool:
    """Whether `what` was last brought in by `by`; False for a database that has nothing yet."""
    with psycopg.connect(dsn) as connection:
        if connection.execute("SELECT to_regclass('public.brought')").fetchone() == (None,):
            return False
        row = connection.execute("SELECT edition FROM public.brought WHERE what = %s", [what]).fetchone()
    return row == (by,)


def prepare(dsn: str) -> None:
    """Make the table, before rights are given; what is about to be brought in does not count until it is noted."""
    with psycopg.connect(dsn) as connection:
        connection.execute(TABLE)
        connection.execute("DELETE FROM public.brought")


def note(dsn: str, what: str, by: str) -> None:
    """Remember that all of `what` is in."""
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "INSERT INTO public.brought VALUES (%s, %s, now())"
            " ON CONFLICT (what) DO UPDATE SET edition = excluded.edition, at = excluded.at",
            [what, by],
        )
