"""The quarantine is bounded: the oldest go, strangers before devices, and never what somebody asked to release."""

from pathlib import Path

import psycopg
import pytest

from siteloop.gateway.quarantine import keeping
from siteloop.gateway.tests.listening import until, within
from siteloop.gateway.tests.planes import Plane


def _fill(
    connection: psycopg.Connection[tuple[object, ...]],
    device: int,
    n: int,
    days: int = 0,
    state: str = "kept",
) -> None:
    connection.execute(
        "INSERT INTO fast.quarantine (received_at, listener, device, reason, peer, raw, state)"
        " SELECT now() - %s * interval '1 day', 'hj212', %s, 'bad_crc', '10.0.0.1:1', 'x', %s FROM generate_series(1, %s)",
        [days, device, state, n],
    )


def _counted(connection: psycopg.Connection[tuple[object, ...]]) -> int:
    """What the server's own counting has heard of so far."""
    row = connection.execute(
        "SELECT n_live_tup FROM pg_stat_user_tables WHERE relid = 'fast.quarantine'::regclass"
    ).fetchone()
    return int(str(row[0])) if row else 0


def _left(connection: psycopg.Connection[tuple[object, ...]]) -> list[tuple[object, ...]]:
    return connection.execute(
        "SELECT device, state, count(*) FROM fast.quarantine GROUP BY 1, 2 ORDER BY 1, 2"
    ).fetchall()


@pytest.mark.requirement("IOT-02")
def test_a_flood_of_strangers_pushes_out_strangers_and_no_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plane = Plane(tmp_path)
    monkeypatch.setattr(keeping, "AT_ONCE", 7)
    with psycopg.connect(plane.dsn, autocommit=True) as connection:
        _fill(connection, 7, 30)
        _fill(connection, 0, 3, state="asked")
        _fill(connection, 7, 4, days=500)
        _fill(connection, 0, 2, days=500, state="asked")
        _fill(connection, 0, 100)
        connection.execute("SELECT pg_stat_force_next_flush()")

        async def test() -> None:
            await until(lambda: _counted(connection) >= 130)
            assert await keeping.forget(plane.dsn, most=25, of_strangers=20) == 4 + 80 + 5
            assert await keeping.forget(plane.dsn, most=25, of_strangers=20) == 0

        within(30, test)
        assert _left(connection) == [(0, "asked", 5), (0, "kept", 20), (7, "kept", 25)]
