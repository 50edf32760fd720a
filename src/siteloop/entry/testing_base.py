"""A migrated database cluster, made once for the whole machine and copied: by every test run, and by every program under test.

Bringing an empty database up to date renders each of some three hundred models some hundred times (half a minute of one core).
What it depends on is digested, so a change of a migration makes a new cluster; the last few are kept. It holds two databases: PATTERN
with empty tables, which test processes clone, and the program's own as a first start leaves it, for the programs under test.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from siteloop.entry.engines.postgres import Postgres

#: a crash of the machine in the middle of a test loses nothing worth a flush
QUICK = {
    **dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes", "wal_compression"), "off"),
    # what a test writes is taken back; the many small databases would be visited for nothing
    "autovacuum": "off",
    **{"wal_level": "minimal", "max_wal_senders": "0", "checkpoint_timeout": "1h"},
    "max_connections": "200",
}
#: clusters kept: people side by side stand at different commits
KEPT = 8
#: in such a folder: what its tables were made of
SOURCES = "sources.json"
#: where a copy says what it was copied from
MARK = "testing-base"
#: the database that test processes clone, and the program's own
PATTERN, OWN = "siteloop_base", "siteloop"

#: environment variable: the folder of the cluster in use, for the processes of a run
USED = "SITELOOP_TEST_BASE"

_SOURCE = Path(__file__).resolve().parents[1]


def sources() -> dict[str, str]:
    """What the tables come from: file -> digest of its content."""
    single = [
        *(_SOURCE / "gateway" / name for name in ("schema.py", "distribution.py")),
        *(_SOURCE / "kernel" / "profiles.py", _SOURCE.parents[1] / "requirements.lock"),
    ]
    found = sorted(p for p in _SOURCE.glob("**/migrations/*") if p.suffix in (".py", ".sql"))
    return {
        str(path.relative_to(_SOURCE.parents[1])): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (*found, *single)
    }


def made(beside: Path) -> Path:
    """The folder of the cluster that fits these sources; made when missing, by whoever comes first."""
    now, name = sources(), f"siteloop-test-cluster-{os.geteuid()}"
    folder = beside.with_name(f"{name}-{hashlib.sha256(json.dumps(now).encode()).hexdigest()[:16]}")
    with _alone(folder.with_suffix(".lock")):
        if not folder.exists():
            sys.stderr.write("建立测试数据库（一次）/ making the tables for the tests, once\n")
            making = folder.with_suffix(".making")
            _make(making, now, _grown_into(now, beside.parent.glob(f"{name}-*")))
            making.rename(folder)
    folder.touch()
    by_use = sorted(_clusters(beside.parent.glob(f"{name}-*")), key=lambda one: one.stat().st_mtime)
    for old in by_use[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    return folder


def _clusters(folders: Iterable[Path]) -> list[Path]:
    return [folder for folder in folders if not folder.suffix and (folder / SOURCES).exists()]


def _grown_into(now: dict[str, str], folders: Iterable[Path]) -> Path | None:
    """A cluster whose sources have only been added to since: then just the new migrations are run on a copy of it."""
    for folder in sorted(_clusters(folders), key=lambda one: one.stat().st_mtime, reverse=True):
        with suppress(OSError):
            if json.loads((folder / SOURCES).read_text()).items() <= now.items():
                return folder
    return None


def copy(base: Path, data: Path) -> None:
    """A copy of it as the cluster of a data folder that has none."""
    data.mkdir(parents=True, exist_ok=True)
    # keeps the owner: as root the engine runs as a user of its own
    subprocess.run(["cp", "-a", base / "postgres", data / "postgres"], check=True)  # noqa: S603, S607


def renew(base: Path, data: Path) -> None:
    """A run's own folder has the cluster made of these sources, its database set aside as the pattern to clone."""
    mark = data / MARK
    if not mark.exists() or mark.read_text() != base.name:
        shutil.rmtree(data / "postgres", ignore_errors=True)
        copy(base, data)
        mark.write_text(base.name)


def emptied(url: str) -> None:
    """In a run's own cluster the program's database is empty: nothing is found in it by accident."""
    with _on(url, OWN) as connection:
        row = connection.execute("SELECT to_regclass('public.django_migrations')").fetchone()
    if row != (None,):
        _create(url, OWN)


def own_database(url: str, name: str) -> None:
    """A process's own database, fresh: a clone of PATTERN, or migrated here when somebody else runs the server."""
    if USED in os.environ:
        _create(url, name, PATTERN)
        return
    from siteloop.entry.migrating import tables

    _create(url, name)
    tables(psycopg.conninfo.make_conninfo(url, dbname=name))


def _create(url: str, name: str, template: str = "template1") -> None:
    """A database anew, as a copy."""
    drop(url, name)
    with _on(url, "postgres") as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE {template} STRATEGY file_copy')


def drop(url: str, name: str) -> None:
    """Away with a database, whoever is still connected."""
    with _on(url, "postgres") as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def spare_first_start(data: Path) -> None:
    """A data folder as a first start leaves it, as far as the database goes. Does nothing where something lies already."""
    if USED in os.environ and not (data.exists() and any(data.iterdir())):
        copy(Path(os.environ[USED]), data)
        (data / "siteloop").write_text("data folder of siteloop\n")


@contextmanager
def _on(url: str, database: str) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    with psycopg.connect(psycopg.conninfo.make_conninfo(url, dbname=database), autocommit=True) as connection:
        yield connection


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _make(folder: Path, now: dict[str, str], older: Path | None) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if older is not None:
        copy(older, folder)
    server = Postgres(folder, QUICK)
    server.start()
    try:
        if older is None:
            _create(server.url, PATTERN)
        _bring(folder, server.url, PATTERN)
        _create(server.url, OWN, PATTERN)
        _bring(folder, server.url, OWN)
    finally:
        server.stop()
    (folder / SOURCES).write_text(json.dumps(now))


def _bring(folder: Path, url: str, name: str) -> None:
    """In a process of its own, which sees nothing of the run's settings."""
    address = url.replace(f"/{OWN}?", f"/{name}?")
    variables = {"SITELOOP_DATA": str(folder), "SITELOOP_DATABASE_URL": address}
    command = [sys.executable, "-m", "siteloop.entry.testing_base", name]
    subprocess.run(command, env={**os.environ, **variables}, check=True)  # noqa: S603 - our own command


def main(name: str) -> None:
    """Tables only, or all that a first start brings."""
    from siteloop.entry import migrating

    bring = migrating.migrate if name == OWN else migrating.tables
    bring(os.environ["SITELOOP_DATABASE_URL"])


if __name__ == "__main__":
    main(sys.argv[1])
