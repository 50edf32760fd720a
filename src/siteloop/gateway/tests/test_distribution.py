"""Citus: the decision and the statements. The extension itself is not in the embedded PostgreSQL; a stand-in records the calls."""

import os
import uuid
from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from siteloop.gateway import distribution, schema
from siteloop.gateway.distribution import missing, tables

STAND_IN = """
CREATE TABLE public.pg_dist_partition (logicalrelid regclass PRIMARY KEY, beside text);
CREATE FUNCTION public.create_distributed_table(
    table_name regclass, distribution_column text, distribution_type text DEFAULT 'hash',
    colocate_with text DEFAULT 'default', shard_count int DEFAULT NULL) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- as Citus does: the column must be part of every unique key
    IF EXISTS (SELECT FROM pg_index i WHERE i.indrelid = table_name AND i.indisunique AND NOT EXISTS (
        SELECT FROM pg_attribute a WHERE a.attrelid = table_name AND a.attname = distribution_column AND a.attnum = ANY(i.indkey)))
    THEN RAISE EXCEPTION 'cannot create constraint on %', table_name; END IF;
    IF colocate_with <> 'none' AND NOT EXISTS (SELECT FROM public.pg_dist_partition WHERE logicalrelid = colocate_with::regclass)
    THEN RAISE EXCEPTION 'relation % is not distributed', colocate_with; END IF;
    INSERT INTO public.pg_dist_partition VALUES (table_name, colocate_with);
END $$;
"""


@pytest.fixture
def dsn() -> Iterator[str]:
    owner, name = os.environ["SITELOOP_DATABASE_URL"], f"spread_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield make_conninfo(owner, dbname=name)
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_without_the_extension_nothing_is_distributed(dsn: str) -> None:
    schema.migrate(dsn)
    with psycopg.connect(dsn) as connection:
        assert not distribution.is_present(connection)
        assert distribution.distribute(connection) == []


def test_with_it_every_profile_is_distributed_once(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(STAND_IN)
    monkeypatch.setattr(distribution, "is_present", lambda connection: True)
    schema.migrate(dsn)
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(
            "SELECT logicalrelid::text, beside FROM public.pg_dist_partition"
        ).fetchall()
        assert {name.replace('"', "") for name, _ in rows} == set(tables())  # `position` is a word of SQL
        assert {beside for name, beside in rows if name != tables()[0]} == {tables()[0]}
        assert distribution.distribute(connection) == []
    schema.migrate(dsn)  # and a profile that is new later joins the others
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "DELETE FROM public.pg_dist_partition WHERE logicalrelid = 'telemetry.hoist'::regclass"
        )
        assert distribution.distribute(connection) == ["telemetry.hoist"]


def test_what_lies_with_what() -> None:
    assert missing(["a", "b", "c"], []) == [("a", "none"), ("b", "a"), ("c", "a")]
    assert missing(["a", "b", "c"], ["b"]) == [("a", "b"), ("c", "b")]
    assert missing(["a", "b"], ["a", "b"]) == []
