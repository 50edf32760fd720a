"""Citus: where the extension is in the database, the profiles' tables are distributed by device; where it is not, nothing changes.

Every one of these tables has the device in its key, and all share their shards, so that a device's rows, its own aggregates and
its roll-ups lie on one machine. The small tables (latest values, ledger, positions, commands) stay where PostgreSQL's own are: a
transaction of the sink spans both and commits in two phases.
"""

from collections.abc import Sequence

import psycopg

from siteloop.kernel.profiles import PROFILES

COLUMN = "device"
KINDS = ("", "_reported", "_rollup")


def is_present(connection: psycopg.Connection[tuple[object, ...]]) -> bool:
    """Whether the extension was created in this database. Creating it is the administrator's, not ours."""
    return connection.execute("SELECT FROM pg_extension WHERE extname = 'citus'").fetchone() is not None


def tables() -> list[str]:
    """Every table that is distributed, the first of them first: the others lie with it."""
    return [f"telemetry.{code}{kind}" for code in PROFILES for kind in KINDS]


def missing(wanted: Sequence[str], distributed: Sequence[str]) -> list[tuple[str, str]]:
    """(table, table it lies with) of what is not distributed yet; "none" for the first of all."""
    known = [name for name in wanted if name in set(distributed)]
    first = known[0] if known else wanted[0]
    return [(name, "none" if name == first else first) for name in wanted if name not in set(distributed)]


def distribute(connection: psycopg.Connection[tuple[object, ...]]) -> list[str]:
    """Distribute what is not distributed yet, inside the caller's transaction; rows that are there are moved. Returns the names."""
    if not is_present(connection):
        return []
    rows = connection.execute(
        "SELECT n.nspname || '.' || c.relname FROM pg_dist_partition p JOIN pg_class c ON c.oid = p.logicalrelid"
        " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'telemetry'"
    ).fetchall()
    made = missing(tables(), [str(name) for (name,) in rows])
    for name, beside in made:
        connection.execute(
            "SELECT create_distributed_table(%s::text::regclass, %s::text, colocate_with => %s::text)",
            [name, COLUMN, beside],
        )
    return [name for name, _ in made]
