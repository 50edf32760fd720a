"""Dump and restore of the database with PostgreSQL's own programs, and counts that tell whether all came along."""

import subprocess
from pathlib import Path

import psycopg
from psycopg import sql

from siteloop.entry.engines.postgres import binaries
from siteloop.entry.trouble import Trouble

#: tables whose exact count is kept in the manifest; every profile's table of readings is added
COUNTED = (
    ("public", "authority_account"),
    ("public", "registry_project"),
    ("public", "registry_device"),
    ("public", "cases_case"),
    ("public", "files_evidence"),
    ("public", "framework_trailentry"),
    ("fast", "ledger"),
    ("fast", "quarantine"),
)


def dump(url: str, folder: Path, rows_of: psycopg.Connection[tuple[object, ...]]) -> dict[str, int]:
    """Write the dump of one moment; returns the counts of that same moment. Raises Trouble with pg_dump's own words."""
    snapshot = rows_of.execute("SELECT pg_export_snapshot()").fetchone()
    assert snapshot is not None, "PostgreSQL names every snapshot"
    _run(
        "pg_dump",
        "--format=directory",
        "--jobs=2",
        "--compress=1",
        f"--snapshot={snapshot[0]}",
        f"--file={folder}",
        url,
    )
    return counts(rows_of)


def restore(url: str, folder: Path) -> None:
    """Into an empty database; all or nothing of every object, ended at the first error. Raises Trouble."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname IN ('public', 'fast', 'telemetry')"
        ).fetchone()
    if row is None or row[0]:
        raise Trouble(
            "目标数据库不是空的，恢复只写入空库",
            "the database is not empty; a restore only fills an empty one",
        )
    _run(
        "pg_restore",
        "--no-owner",
        "--no-privileges",
        "--exit-on-error",
        "--jobs=2",
        f"--dbname={url}",
        str(folder),
    )


def counts(connection: psycopg.Connection[tuple[object, ...]]) -> dict[str, int]:
    """Exact rows of the telling tables."""
    profiles = connection.execute(
        "SELECT c.relname FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid"
        " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'telemetry' ORDER BY 1"
    ).fetchall()
    found = {}
    for schema, table in (*COUNTED, *(("telemetry", str(name)) for (name,) in profiles)):
        query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(schema, table))
        row = connection.execute(query).fetchone()
        found[f"{schema}.{table}"] = int(str(row[0])) if row else 0
    return found


def _run(program: str, *arguments: str) -> None:
    done = subprocess.run(  # noqa: S603 - PostgreSQL's own program with our own arguments
        [str(binaries() / program), *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        words = done.stderr.strip().splitlines()[-1:] or [f"exit {done.returncode}"]
        raise Trouble(f"{program} 失败：{words[0]}", f"{program} failed")
