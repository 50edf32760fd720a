"""The sink: every message once, late and doubled ones the slow way, the ledger adds up."""

import asyncio
import datetime as dt
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from siteloop.gateway.binary import copying
from siteloop.gateway.history import partitions
from siteloop.gateway.raw.archive import read_chunk
from siteloop.gateway.storing import alongside
from siteloop.gateway.tests.planes import NORMAL_ROW, T0, Plane, block_of, columns_of
from siteloop.kernel import block as blocks
from siteloop.kernel.block import Block, Kind, Reject
from siteloop.kernel.profiles import PROFILES
from siteloop.kernel.times import SECOND

NAN = float("nan")


@pytest.fixture
def plane(tmp_path: Path) -> Plane:
    return Plane(tmp_path)


def _store(plane: Plane, *batches: list[Block]) -> None:
    async def test() -> None:
        async with await plane.connect() as connection:
            for batch in batches:
                await plane.store(connection, *batch)

    asyncio.run(test())


def _with(**changed: float) -> list[float]:
    names = [
        "pm25",
        "pm10",
        "tsp",
        "noise",
        "temperature",
        "humidity",
        "pressure",
        "wind_speed",
        "wind_direction",
    ]
    return [changed.get(n, v) for n, v in zip(names, NORMAL_ROW, strict=True)]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.integers(1, 2**31 - 1),
            st.integers(0, 2**52),
            st.lists(st.floats(width=32, allow_infinity=False), min_size=9, max_size=9),
            st.lists(st.integers(0, 15), min_size=9, max_size=9),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_our_copy_bytes_read_as_what_the_driver_writes(
    rows: list[tuple[int, int, list[float], list[int]]],
) -> None:
    columns = columns_of(rows)
    encoded = copying.encode(columns)
    assert encoded.startswith(copying.HEADER) and encoded.endswith(copying.TRAILER)
    body, at, seen = encoded[len(copying.HEADER) : -2], 0, []
    while at < len(body):
        fields = []
        count = int.from_bytes(body[at : at + 2], "big")
        at += 2
        for _ in range(count):
            length = int.from_bytes(body[at : at + 4], "big", signed=True)
            at += 4
            fields.append(None if length < 0 else body[at : at + length])
            at += max(length, 0)
        seen.append(fields)
    packed = copying.pack_quality(columns.quality)
    wanted = []
    for i in range(len(rows)):
        dumped = [
            int(columns.device[i]).to_bytes(4, "big"),
            *(
                (int(t[i]) - copying.EPOCH_2000).to_bytes(8, "big", signed=True)
                for t in (columns.at, columns.received_at)
            ),
            int(packed[i]).to_bytes(8, "big", signed=True),
            *(None if np.isnan(v) else np.array(v, ">f4").tobytes() for v in columns.values[:, i]),
        ]
        wanted.append(dumped)
    assert sorted(map(repr, seen)) == sorted(map(repr, wanted))


@pytest.mark.requirement("IOT-01")
def test_rows_go_in_by_copy_with_null_for_absent(plane: Plane) -> None:
    _store(plane, [block_of([(7, T0, _with(pm10=NAN)), (7, T0 + SECOND)])])
    assert plane.ask("SELECT pm25, pm10, (quality >> 4) & 15 FROM telemetry.dust ORDER BY at") == [
        (35, None, 15),
        (35, 80, 0),
    ]
    assert plane.ask(
        'SELECT (extract(epoch FROM at) * 1000000)::bigint, "values"[2] FROM telemetry.latest'
    ) == [(T0 + SECOND, 80)]
    file, position, size = plane.ask("SELECT file, position, size FROM telemetry.raw_chunk")[0]
    assert read_chunk(plane.folder / "raw", file, position, size) == [
        f"frame 7 {T0}".encode(),
        f"frame 7 {T0 + SECOND}".encode(),
    ]


def test_a_doubled_row_is_counted_and_the_stored_value_stays(plane: Plane) -> None:
    _store(
        plane,
        [block_of([(1, T0), (1, T0, _with(pm25=999.0))])],
        [block_of([(1, T0, _with(pm25=500.0)), (2, T0)])],
    )
    assert plane.ask("SELECT device, pm25 FROM telemetry.dust ORDER BY 1") == [(1, 35), (2, 35)]
    assert plane.ledger() == (4, 2, 0, 2)
    assert plane.ask("SELECT DISTINCT reason, device FROM fast.ledger_rejected") == [("duplicate", 1)]


def test_a_resent_row_fills_only_what_was_missing_or_not_normal(plane: Plane) -> None:
    faulty = [4, 0, 0, 0, 0, 0, 0, 0, 0]
    _store(
        plane,
        [block_of([(1, T0, _with(pm25=0.0, tsp=NAN), faulty)])],
        [block_of([(1, T0, _with(pm25=36.0, pm10=999.0, tsp=121.0))])],
    )
    assert plane.ask("SELECT pm25, pm10, tsp, quality FROM telemetry.dust") == [(36, 80, 121, 0)]
    assert plane.ledger() == (2, 2, 0, 0)


def test_late_rows_are_stored_and_do_not_become_the_latest(plane: Plane) -> None:
    _store(
        plane, [block_of([(1, T0)])], [block_of([(1, T0 - 86_400 * SECOND, _with(pm25=1.0)), (1, T0 + 1)])]
    )
    assert plane.ask("SELECT count(*)::int FROM telemetry.dust") == [(3,)]
    assert plane.ask('SELECT "values"[1] FROM telemetry.latest') == [(35,)]


def test_aggregates_of_the_device_go_to_their_own_table(plane: Plane) -> None:
    _store(plane, [block_of([(1, T0), (1, T0)], Kind.HOUR)], [block_of([(1, T0)], Kind.MINUTE)])
    assert plane.ask("SELECT kind::int FROM telemetry.dust_reported ORDER BY 1") == [
        (Kind.MINUTE,),
        (Kind.HOUR,),
    ]
    assert plane.ask("SELECT count(*)::int FROM telemetry.dust") == [(0,)]
    assert plane.ledger() == (3, 2, 0, 1)


@pytest.mark.requirement("IOT-10")
def test_received_is_stored_and_control_and_rejected(plane: Plane) -> None:
    reject = Reject(T0, "bad_crc", "CRC 0000", b"##junk", 3, "MN3", "1.2.3.4")
    _store(plane, [block_of([(1, T0), (1, T0)], rejects=(reject,), control=4)])
    received, stored, control, rejected = plane.ledger()
    assert (received, stored, control, rejected) == (7, 1, 4, 2)
    assert plane.ask("SELECT reason, device_code, peer, raw FROM fast.quarantine") == [
        ("bad_crc", "MN3", "1.2.3.4", b"##junk")
    ]


def test_a_re_send_is_counted_and_not_kept(plane: Plane) -> None:
    again = Reject(T0, "duplicate", "QN 1 again", b"##", device=1, device_code="MN1", peer="1.2.3.4")
    _store(plane, [block_of([(1, T0)], rejects=(again,))])
    assert plane.ledger() == (2, 1, 0, 1)
    assert plane.ask("SELECT device, reason, n::int FROM fast.ledger_rejected") == [(1, "duplicate", 1)]
    assert plane.ask("SELECT * FROM fast.quarantine") == []


@pytest.mark.parametrize(
    "step", ["rows.write", "write_latest", "write_events", "write_ledger", "_position", "_committed"]
)
def test_a_death_between_any_two_steps_neither_loses_nor_doubles(
    plane: Plane, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    data = [
        (1, blocks.encode(block_of([(1, T0), (2, T0)]))),
        (2, blocks.encode(block_of([(1, T0 + SECOND)]))),
    ]

    async def test() -> None:
        part, _, name = step.rpartition(".")
        owner = plane.sink.rows if part else alongside if name.startswith("write") else plane.sink
        real = getattr(owner, name)

        async def dies(*given: object) -> None:
            await real(*given)
            raise KeyboardInterrupt

        async with await plane.connect() as connection:
            monkeypatch.setattr(owner, name, dies)
            with pytest.raises(KeyboardInterrupt):
                await plane.sink.store(connection, data)
        monkeypatch.undo()
        for _ in range(
            2
        ):  # the bus hands all of them out again, after a death and after a commit it did not hear of
            async with await plane.connect() as connection:
                await plane.sink.store(connection, data)

    asyncio.run(test())
    assert plane.ask("SELECT count(*)::int FROM telemetry.dust") == [(3,)]
    assert plane.ledger() == (3, 3, 0, 0)


def test_a_second_sink_cannot_store_what_the_first_has(plane: Plane) -> None:
    async def test() -> None:
        async with await plane.connect() as connection:
            await plane.store(connection, block_of([(1, T0)]))
            plane.sink.position = 0
            with pytest.raises(psycopg.OperationalError):
                await plane.sink.store(connection, [(1, blocks.encode(block_of([(2, T0)])))])

    asyncio.run(test())
    assert plane.ledger() == (1, 1, 0, 0)


@pytest.mark.requirement("IOT-10")
def test_a_block_nobody_can_read_is_kept_and_counted_and_the_stream_goes_on(plane: Plane) -> None:
    async def test() -> None:
        async with await plane.connect() as connection:
            sound = [blocks.encode(block_of([(d, T0)])) for d in (1, 2)]
            await plane.sink.store(connection, [(1, sound[0]), (2, b"\xc1 no block"), (3, sound[1])])

    asyncio.run(test())
    assert plane.ask("SELECT device FROM telemetry.dust ORDER BY 1") == [(1,), (2,)]
    assert (plane.folder / "put_aside" / "2.block").read_bytes() == b"\xc1 no block"
    ((listener, reason, detail, raw),) = plane.ask(
        "SELECT listener, reason, detail, raw FROM fast.quarantine"
    )
    assert (listener, reason, raw) == ("bus", "damaged_block", b"\xc1 no block")
    assert "put_aside/2.block" in detail
    assert plane.ledger() == (3, 2, 0, 1)
    assert plane.sink.position == 3


def test_a_block_the_database_refuses_is_put_aside_alone(
    plane: Plane, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = plane.sink.rows.write

    async def refuses(connection: Any, profile: Any, parts: Any, batch: Any, careful: bool) -> None:
        await real(connection, profile, parts, batch, careful)
        if any(2 in c.device for _, c in parts):
            await connection.execute("SELECT 'x'::int")  # as a value out of range would

    monkeypatch.setattr(plane.sink.rows, "write", refuses)
    many = [(n, blocks.encode(block_of([(n, T0), (n, T0 + SECOND)]))) for n in (1, 2, 3)]

    async def test() -> None:
        async with await plane.connect() as connection:
            await plane.sink.store(connection, many)

    asyncio.run(test())
    assert plane.ask("SELECT DISTINCT device FROM telemetry.dust ORDER BY 1") == [(1,), (3,)]
    assert plane.ledger() == (6, 4, 0, 2)
    assert (plane.folder / "put_aside" / "2.block").read_bytes() == many[1][1]


def test_a_missing_table_is_no_reason_to_put_blocks_aside(plane: Plane) -> None:
    plane.ask_owner("DROP TABLE telemetry.dust")
    with pytest.raises(psycopg.errors.UndefinedTable):
        _store(plane, [block_of([(1, T0)])])
    assert not (plane.folder / "put_aside").exists()


def test_rows_of_many_devices_in_any_order_are_all_stored_once(plane: Plane) -> None:
    rows = [(d, T0 + t * SECOND) for t in (3, 1, 2, 0, 2) for d in (70_000, 5, 900)]
    _store(plane, [block_of(rows)])
    assert plane.ask("SELECT device, count(*)::int FROM telemetry.dust GROUP BY 1 ORDER BY 1") == [
        (5, 4),
        (900, 4),
        (70_000, 4),
    ]
    assert plane.ask(
        "SELECT count(*)::int FROM telemetry.latest WHERE at = to_timestamp(%s)", T0 / 1e6 + 3
    ) == [(3,)]
    assert plane.ledger() == (15, 12, 0, 3)


def test_the_ledger_names_the_listener_of_every_row(plane: Plane) -> None:
    other = msgspec.structs.replace(block_of([(1, T0 + SECOND), (2, T0)]), listener="mqtt")
    _store(plane, [block_of([(1, T0)]), other], [other])
    assert plane.ask(
        "SELECT listener, device, received::int, stored::int FROM fast.ledger ORDER BY 1, 2"
    ) == [("hj212", 1, 1, 1), ("mqtt", 1, 2, 1), ("mqtt", 2, 2, 1)]


def test_partitions_are_made_ahead_and_making_them_again_changes_nothing(plane: Plane) -> None:
    now = dt.datetime(2026, 11, 21, 23, 59, tzinfo=dt.UTC)

    async def test() -> None:
        async with await psycopg.AsyncConnection.connect(plane.dsn, autocommit=True) as connection:
            for _ in range(2):
                await partitions.make_ahead(connection, now)

    asyncio.run(test())
    made = {
        name for (name,) in plane.ask("SELECT relname FROM pg_class WHERE relkind = 'r' AND relispartition")
    }
    assert made == {f"{code}_202611{day}" for code in PROFILES for day in (21, 22, 23, 24)}


def test_a_day_that_is_over_is_vacuumed_once_and_one_that_grows_is_left_alone(plane: Plane) -> None:
    now = dt.datetime(2026, 11, 21, 23, 59, tzinfo=dt.UTC)
    hours = dt.timedelta(hours=1)

    async def test() -> list[list[str]]:
        async with await psycopg.AsyncConnection.connect(plane.dsn, autocommit=True) as connection:
            await partitions.make_ahead(connection, now)
            return [await partitions.settle(connection, now + n * hours) for n in (0, 5, 7, 8)]

    before, soon, settled, again = asyncio.run(test())
    assert (before, soon, again) == ([], [], [])
    assert settled == sorted(f"{code}_20261121" for code in PROFILES)
    assert plane.ask(
        "SELECT DISTINCT reloptions::text FROM pg_class WHERE relkind = 'r' AND relispartition"
    ) == [("{autovacuum_vacuum_insert_threshold=-1}",)]
    assert plane.ask(
        "SELECT count(*)::int FROM pg_stat_all_tables WHERE schemaname = 'telemetry' AND last_vacuum IS NOT NULL"
    ) == [(len(PROFILES),)]
