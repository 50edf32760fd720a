"""The fast plane's tables: schemas `telemetry` and `fast`, plain SQL, one typed table a device profile."""

from pathlib import Path

import psycopg
from psycopg import sql

from siteloop.kernel.profiles import PROFILES, Profile

MIGRATIONS = Path(__file__).with_name("migrations")
ROLES = ("siteloop_web", "siteloop_fast")


class SchemaTooNew(RuntimeError):
    """The database was migrated by a newer program."""


def check(dsn: str) -> None:
    """Raises SchemaTooNew when the database is ahead of this program; an empty database is fine."""
    newest = int(sorted(MIGRATIONS.glob("[0-9]*.sql"))[-1].name[:4])
    with psycopg.connect(dsn) as connection:
        if connection.execute("SELECT to_regclass('fast.schema_version')").fetchone() == (None,):
            return
        row = connection.execute("SELECT coalesce(max(version), 0) FROM fast.schema_version").fetchone()
    if row and row[0] > newest:
        raise SchemaTooNew(f"数据库结构版本 {row[0]} 高于本程序的 {newest}，请升级程序后再启动")


def migrate(dsn: str) -> int:
    """Bring the fast plane's schema up to date; safe to repeat and to run twice at once. Returns the version.

    Raises SchemaTooNew when the database is ahead of this program.
    """
    files = sorted(MIGRATIONS.glob("[0-9]*.sql"))
    newest = int(files[-1].name[:4])
    with psycopg.connect(dsn) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(5720211)")
        connection.execute("CREATE SCHEMA IF NOT EXISTS fast")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS fast.schema_version (version int PRIMARY KEY, at timestamptz DEFAULT now())"
        )
        row = connection.execute("SELECT coalesce(max(version), 0) FROM fast.schema_version").fetchone()
        have = row[0] if row else 0
        if have > newest:
            raise SchemaTooNew(f"数据库结构版本 {have} 高于本程序的 {newest}，请升级程序后再启动")
        for file in files:
            if int(file.name[:4]) > have:
                connection.execute(file.read_bytes())
                connection.execute(
                    "INSERT INTO fast.schema_version (version) VALUES (%s)", [int(file.name[:4])]
                )
        _roles(connection)
        for profile in PROFILES.values():
            _profile_tables(connection, profile)
        connection.execute(MIGRATIONS.joinpath("grants.sql").read_bytes())
    return newest


def _profile_tables(connection: psycopg.Connection[tuple[object, ...]], profile: Profile) -> None:
    """The tables of one profile; a field added at the end of a profile is added to them."""
    name = profile.code
    fields = sql.SQL(", ").join(sql.SQL("{} real").format(sql.Identifier(f.name)) for f in profile.fields)
    table = sql.Identifier("telemetry", name)
    connection.execute(
        sql.SQL(
            # eight-byte columns first: no padding, one byte less a reading
            "CREATE TABLE IF NOT EXISTS {} (at timestamptz NOT NULL, received_at timestamptz NOT NULL,"
            " quality bigint NOT NULL, device int NOT NULL, {}, PRIMARY KEY (device, at))"
            " PARTITION BY RANGE (at)"
        ).format(table, fields)
    )
    connection.execute(
        sql.SQL(
            "CREATE TABLE IF NOT EXISTS {} (device int NOT NULL, kind smallint NOT NULL, at timestamptz NOT NULL,"
            " received_at timestamptz NOT NULL, quality bigint NOT NULL, {}, PRIMARY KEY (device, kind, at))"
        ).format(sql.Identifier("telemetry", f"{name}_reported"), fields)
    )
    connection.execute(
        sql.SQL(
            "CREATE TABLE IF NOT EXISTS {} (device int NOT NULL, step int NOT NULL, at timestamptz NOT NULL,"
            " expected int NOT NULL, n int[] NOT NULL, mean real[] NOT NULL, low real[] NOT NULL,"
            " high real[] NOT NULL, PRIMARY KEY (device, step, at))"
        ).format(sql.Identifier("telemetry", f"{name}_rollup"))
    )
    for extra in ("", "_reported", "_rollup"):
        # partitions are made by the sink, and only a table's owner may add one
        connection.execute(
            sql.SQL("ALTER TABLE {} OWNER TO siteloop_fast").format(sql.Identifier("telemetry", name + extra))
        )
    for step in (60, 900, 3600, 86_400):
        connection.execute(
            "INSERT INTO telemetry.rolled (profile, step, until) VALUES (%s, %s, '2000-01-01T00:00:00Z') ON CONFLICT DO NOTHING",
            [name, step],
        )
    for extra in ("", "_reported"):
        for field in profile.fields:
            connection.execute(
                sql.SQL("ALTER TABLE {} ADD COLUMN IF NOT EXISTS {} real").format(
                    sql.Identifier("telemetry", name + extra), sql.Identifier(field.name)
                )
            )


def _roles(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """The second wall: web cannot write telemetry, the fast plane cannot read people."""
    for role in ROLES:
        connection.execute(
            sql.SQL(
                "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {lit}) THEN CREATE ROLE {name}; END IF; END $$"
            ).format(lit=sql.Literal(role), name=sql.Identifier(role))
        )
