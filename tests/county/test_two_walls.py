"""Behind the scopes stands a second wall: the roles that the two planes' processes take in the database."""

import psycopg
import pytest

from siteloop.entry.testing_stack import Stack

HOLDS = """
    SELECT n.nspname || '.' || c.relname
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = ANY(%s) AND c.relkind IN ('r', 'p') AND has_table_privilege(%s, c.oid, %s)
     ORDER BY 1"""


def _held(county: Stack, role: str, schemas: list[str], right: str) -> list[str]:
    with psycopg.connect(county.database_url) as connection:
        return [name for (name,) in connection.execute(HOLDS, [schemas, role, right]).fetchall()]


@pytest.mark.requirement("SEC-01", "SEC-03")
@pytest.mark.parametrize("right", ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE"])
def test_the_fast_plane_reads_and_writes_nothing_of_the_business(county: Stack, right: str) -> None:
    assert _held(county, "siteloop_fast", ["public"], right) == []


@pytest.mark.requirement("SEC-09", "SEC-03")
@pytest.mark.parametrize("right", ["INSERT", "UPDATE", "DELETE", "TRUNCATE"])
def test_the_desk_changes_no_reading(county: Stack, right: str) -> None:
    assert _held(county, "siteloop_web", ["telemetry"], right) == []


def test_the_walls_stand_in_a_real_connection(county: Stack) -> None:
    """Not only by the catalogue: the statements are refused."""
    with psycopg.connect(county.database_url, autocommit=True) as connection:
        for role, statement in (
            ("siteloop_fast", "SELECT id_number FROM people_person"),
            ("siteloop_web", "UPDATE telemetry.dust SET pm25 = 0"),
            ("siteloop_web", "DELETE FROM fast.ledger"),
            ("siteloop_web", "DELETE FROM framework_trailentry"),
            ("siteloop_web", "TRUNCATE framework_trailentry"),
        ):
            connection.execute("RESET ROLE")
            connection.execute(f"SET ROLE {role}")
            with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.RestrictViolation)):
                connection.execute(statement)
