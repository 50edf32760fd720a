"""The sink: every message once, late and doubled ones the slow way, the ledger adds up."""

import asyncio
from pathlib import Path

import numpy as np
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from siteloop.gateway import copying
from siteloop.gateway.raw_archive import read_chunk
from siteloop.gateway.tests.planes import NORMAL_ROW, T0, Plane, block_of, columns_of
from siteloop.kernel import block as blocks
from siteloop.kernel.block import Block, Kind, Reject
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


@pytest.mark.parametrize("step", ["_rows", "_latest", "_ledger", "_position"])
def test_a_death_between_any_two_steps_neither_loses_nor_doubles(
    plane: Plane, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    data = [
        (1, blocks.encode(block_of([(1, T0), (2, T0)]))),
        (2, blocks.encode(block_of([(1, T0 + SECOND)]))),
    ]

    async def test() -> None:
        real = getattr(plane.sink, step)

        async def dies(*given: object) -> None:
            await real(*given)
            raise KeyboardInterrupt

        async with await plane.connect() as connection:
            monkeypatch.setattr(plane.sink, step, dies)
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
