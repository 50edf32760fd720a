"""The fast plane's tables: schemas `telemetry` and `fast`, plain SQL, one typed table a device profile."""

from pathlib import Path

import psycopg
from psycopg import sql

from siteloop.gateway import distribution
from siteloop.kernel.profiles import PROFILES, Profile

MIGRATIONS = Path(__file__).with_name("migrations")
ROLES = ("siteloop_web", "siteloop_fast")


class SchemaTooNew(RuntimeError):
    """The database was migrated by a newer program."""


class RolesMissing(RuntimeError):
    """The database's user may neither create nor use the roles of the two planes."""


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

    Raises SchemaTooNew when the database is ahead of this program, RolesMissing when its user lacks the two roles.
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
        distribution.distribute(connection)
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
    # sums, sums of energies, of sines and cosines, or the last value: what longer steps are made of
    connection.execute(
        sql.SQL("ALTER TABLE {} ADD COLUMN IF NOT EXISTS total float8[]").format(
            sql.Identifier("telemetry", f"{name}_rollup")
        )
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
    """The second wall: web cannot write telemetry, the fast plane cannot read people.

    The owner need not be a superuser: it creates the roles (CREATEROLE), or finds them and is a member of both.
    """
    for role in ROLES:
        try:
            with connection.transaction():
                _role(connection, role)
        except psycopg.errors.InsufficientPrivilege as refused:
            user = connection.info.user
            raise RolesMissing(
                f"数据库用户 {user} 不能使用角色 {role}；请由管理员执行："
                f"CREATE ROLE siteloop_web; CREATE ROLE siteloop_fast; GRANT siteloop_web, siteloop_fast TO {user};"
            ) from refused
    # a table can be given only to a role that may create in its schema
    connection.execute("GRANT USAGE, CREATE ON SCHEMA telemetry TO siteloop_fast")


def _role(connection: psycopg.Connection[tuple[object, ...]], role: str) -> None:
    name = sql.Identifier(role)
    if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [role]).fetchone() is None:
        connection.execute(sql.SQL("CREATE ROLE {}").format(name))
    # from PostgreSQL 16 on, who creates a role administers it without being able to become it
    right = "SET" if connection.info.server_version >= 160_000 else "MEMBER"
    able = connection.execute("SELECT pg_has_role(current_user, %s, %s)", [role, right]).fetchone()
    if able != (True,):
        connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(name))
