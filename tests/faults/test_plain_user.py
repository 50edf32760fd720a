"""A database of one's own: its user is no superuser, and the program migrates and runs on it all the same."""

from pathlib import Path

import psycopg
import pytest

from siteloop.entry.engines.postgres import Postgres
from siteloop.gateway import schema


@pytest.mark.engines
def test_an_owner_without_special_rights_can_migrate_twice(tmp_path: Path) -> None:
    server = Postgres(tmp_path)
    server.start()
    try:
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("CREATE ROLE plain LOGIN CREATEROLE PASSWORD 'plain'")
            connection.execute("CREATE DATABASE county OWNER plain")
        plain = psycopg.conninfo.make_conninfo(server.url, user="plain", password="plain", dbname="county")
        assert schema.migrate(plain) == schema.migrate(plain)
        with psycopg.connect(psycopg.conninfo.make_conninfo(plain, options="-c role=siteloop_fast")) as fast:
            fast.execute(
                "CREATE TABLE telemetry.dust_20261121 PARTITION OF telemetry.dust"
                " FOR VALUES FROM ('2026-11-21Z') TO ('2026-11-22Z')"
            )
        with (
            psycopg.connect(psycopg.conninfo.make_conninfo(plain, options="-c role=siteloop_web")) as web,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            web.execute("DELETE FROM telemetry.dust")
        assert schema.migrate(plain)
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("CREATE ROLE stranger LOGIN PASSWORD 'stranger'")
            connection.execute("CREATE DATABASE other OWNER stranger")
        stranger = psycopg.conninfo.make_conninfo(
            server.url, user="stranger", password="stranger", dbname="other"
        )
        with pytest.raises(schema.RolesMissing, match="GRANT siteloop_web, siteloop_fast TO stranger"):
            schema.migrate(stranger)
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("GRANT siteloop_web, siteloop_fast TO stranger")
        assert schema.migrate(stranger)
    finally:
        server.stop()
