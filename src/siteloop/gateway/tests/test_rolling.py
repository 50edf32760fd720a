"""What the sink sums up in memory is what PostgreSQL makes of the same rows, through late rows, restarts and clocks."""

import asyncio
import datetime as dt
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import psycopg
import pytest

from siteloop.gateway.binary import arrays as binary_arrays
from siteloop.gateway.registry_source import RegistrySource
from siteloop.gateway.rollups import rolling
from siteloop.gateway.rollups.rollup import Roller
from siteloop.gateway.storing.sink import Sink
from siteloop.gateway.tests.planes import NORMAL_ROW, Plane, block_of
from siteloop.kernel.profiles import PROFILES
from siteloop.kernel.registry import DeviceEntry, Registry
from siteloop.kernel.times import MINUTE, SECOND, from_us, to_us

START = to_us(dt.datetime(2026, 9, 21, 4, 0, tzinfo=dt.UTC))
DEVICES = tuple(DeviceEntry(n, f"D{n}", "dust", 1, "330482", interval_s=15) for n in (1, 2, 3))
ONCE_A_MINUTE = tuple(msgspec.structs.replace(d, interval_s=60) for d in DEVICES)
Row = tuple[Any, ...]
Connection = psycopg.AsyncConnection[tuple[Any, ...]]


@pytest.fixture
def plane(tmp_path: Path) -> Plane:
    made = Plane(tmp_path)
    made.sink.use(Registry(1, DEVICES, ()))
    return made


def _roller(plane: Plane, devices: tuple[DeviceEntry, ...] = DEVICES) -> Roller:
    registry = RegistrySource(plane.dsn)
    registry.use(Registry(1, devices, ()))
    return Roller(plane.dsn, registry)


def _row(device: int, second: int, chance: random.Random) -> Row:
    values = [round(v * chance.uniform(0.5, 1.5), 1) for v in NORMAL_ROW]
    flags = [chance.choice((0, 0, 0, 4)) for _ in values]
    gone = chance.randrange(12)
    return (
        device,
        START + second * SECOND,
        [float("nan") if i == gone else v for i, v in enumerate(values)],
        flags,
    )


def _found(plane: Plane) -> dict[tuple[Any, ...], list[Any]]:
    rows = plane.ask(
        "SELECT device, step, at, expected, n, mean, low, high, total FROM telemetry.dust_rollup ORDER BY 1, 2, 3"
    )
    found = {}
    for row in rows:
        values = [v for part in row[3:] for v in (part if isinstance(part, list) else [part])]
        found[row[:3]] = [float("nan") if v is None else v for v in values]
    return found


def _same(one: dict[tuple[Any, ...], list[Any]], other: dict[tuple[Any, ...], list[Any]]) -> None:
    assert one.keys() == other.keys()
    for key, values in one.items():
        assert values == pytest.approx(other[key], rel=1e-5, abs=1e-4, nan_ok=True), key


def _do(plane: Plane, work: Callable[[Connection], Awaitable[None]]) -> None:
    async def test() -> None:
        async with await plane.connect() as connection:
            await work(connection)

    asyncio.run(test())


async def _read_again(
    plane: Plane, connection: Connection, now: int, devices: tuple[DeviceEntry, ...] = DEVICES
) -> dict[tuple[Any, ...], list[Any]]:
    """Everything made again by PostgreSQL from the rows."""
    await connection.execute("DELETE FROM telemetry.dust_rollup")
    await connection.execute(
        "INSERT INTO telemetry.dirty (profile, device, at) SELECT DISTINCT 'dust', device,"
        " date_bin('15 minutes', at, '2000-01-01Z') FROM telemetry.dust"
    )
    await _roller(plane, devices).roll(connection, from_us(now))
    return _found(plane)


@pytest.mark.parametrize("devices", [DEVICES, ONCE_A_MINUTE], ids=["often", "once a minute"])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.requirement("DUST-04")
def test_sums_in_memory_are_the_sums_of_the_stored_rows(
    plane: Plane, seed: int, devices: tuple[DeviceEntry, ...]
) -> None:
    chance = random.Random(seed)
    plane.sink.use(Registry(1, devices, ()))
    rows = [_row(d, s, chance) for d in (1, 2, 3) for s in range(d, 7200, 37 * d)]
    rows.sort(key=lambda row: row[1] + chance.choice((0, 0, 0, 0, 400 * SECOND)) * (seed % 2))
    end = START + 3 * 60 * MINUTE

    async def work(connection: Connection) -> None:
        at = 0
        while at < len(rows):
            size = chance.choice((1, 7, 60, 200))
            await plane.store(connection, block_of(rows[at : at + size]))
            at += size
            if chance.random() < 0.3:
                await plane.sink.rows.write_ripe(connection, rows[min(at, len(rows)) - 1][1])
        await plane.sink.rows.write_ripe(connection, end)
        roller = _roller(plane, devices)
        roller._minute = from_us(end)  # hours only once the repairs are done
        await roller.roll(connection, from_us(end))
        await _roller(plane, devices).roll(connection, from_us(end))
        made = _found(plane)
        assert {step for _, step, _ in made} == {60, 900, 3600}
        _same(made, await _read_again(plane, connection, end, devices))

    _do(plane, work)


def test_a_sink_that_starts_anew_forgets_nothing_of_the_open_quarter(plane: Plane) -> None:
    chance = random.Random(7)
    rows = [_row(1, s, chance) for s in range(0, 1800, 15)]

    async def work(connection: Connection) -> None:
        await plane.store(connection, block_of(rows[:30]))
        again = plane.sink = Sink(plane.settings, plane.bus, plane.archive)
        again.use(Registry(1, DEVICES, ()))
        await again.start(connection)
        await plane.store(connection, block_of(rows[30:]))
        end = START + 60 * MINUTE
        await again.rows.write_ripe(connection, end)
        await _roller(plane).roll(connection, from_us(end + MINUTE))
        made = _found(plane)
        assert [v[0] for k, v in made.items() if k[1] == 900] == [60, 60]
        _same(made, await _read_again(plane, connection, end + MINUTE))

    _do(plane, work)


@pytest.mark.parametrize("is_late", [False, True], ids=["sink", "roller"])
def test_a_minute_that_only_repeats_its_row_is_not_written(plane: Plane, is_late: bool) -> None:
    """A device of one row a minute that once sent two; a longer step counts every row."""
    plane.sink.use(Registry(1, ONCE_A_MINUTE, ()))
    rows: list[Row] = [(1, START + s * SECOND) for s in range(0, 900, 60)]
    rows.insert(6, (1, START + 330 * SECOND))
    end = from_us(START + 20 * MINUTE)
    minutes = "SELECT at, n[1] FROM telemetry.dust_rollup WHERE step = 60 ORDER BY at"

    async def work(connection: Connection) -> None:
        await plane.store(connection, block_of(rows[1:] if is_late else rows))
        if is_late:
            await plane.store(connection, block_of(rows[:1]))
        await plane.sink.rows.write_ripe(connection, START + 20 * MINUTE)
        await _roller(plane, ONCE_A_MINUTE).roll(connection, end)
        assert plane.ask(minutes) == [(from_us(START + 5 * MINUTE), 2)]
        assert plane.ask("SELECT n[1], expected FROM telemetry.dust_rollup WHERE step = 900") == [(16, 15)]
        # one that an older program wrote is kept right, not left to go stale
        await connection.execute(
            "INSERT INTO telemetry.dust_rollup (device, step, at, expected, n, mean, low, high) VALUES"
            " (1, 60, %s, 1, array_fill(1, ARRAY[9]), array_fill(-1, ARRAY[9]), array_fill(1, ARRAY[9]), array_fill(1, ARRAY[9]))",
            [from_us(START)],
        )
        await connection.execute(
            "INSERT INTO telemetry.dirty (profile, device, at) VALUES ('dust', 1, %s)", [from_us(START)]
        )
        await _roller(plane, ONCE_A_MINUTE).roll(connection, end)
        kept = "SELECT mean[1] FROM telemetry.dust_rollup WHERE step = 60 ORDER BY at"
        assert plane.ask(kept) == [(NORMAL_ROW[0],)] * 2

    _do(plane, work)


def test_minutes_of_a_quarter_in_doubt_do_not_wait_for_its_end(plane: Plane) -> None:
    rows: list[Row] = [(1, START + s * SECOND) for s in range(0, 240, 15)]
    minutes = "SELECT n[1] FROM telemetry.dust_rollup WHERE step = 60 ORDER BY at"

    async def work(connection: Connection) -> None:
        await plane.store(connection, block_of(rows[1:]))
        await plane.store(connection, block_of(rows[:1]))  # late: memory gives the quarter hour up
        await plane.sink.rows.write_ripe(connection, START + 5 * MINUTE)
        assert plane.ask(minutes) == [(3,), (4,), (4,)]  # the last was open
        await _roller(plane).roll(connection, from_us(START + 4 * MINUTE + 10 * SECOND))
        assert plane.ask(minutes) == [(4,)] * 4
        assert plane.ask("SELECT count(*)::int FROM telemetry.dirty") == [(1,)]

    _do(plane, work)


def test_a_mark_set_anew_while_its_quarter_is_read_stays(plane: Plane) -> None:
    chance = random.Random(9)
    rows = [_row(1, s, chance) for s in range(0, 900, 15)]
    roller = _roller(plane)
    compute = roller._compute

    async def work(connection: Connection) -> None:
        await plane.store(connection, block_of(rows[1:]))
        await plane.store(connection, block_of(rows[:1]))

        async def slowly(*of: Any) -> None:
            await compute(*of)
            async with await plane.connect() as other:
                await other.execute("UPDATE telemetry.dirty SET marked = marked + 1")

        roller._compute = slowly  # type: ignore[method-assign]
        assert await roller._repair(connection, PROFILES["dust"], from_us(START + 60 * MINUTE))
        assert plane.ask("SELECT count(*)::int FROM telemetry.dirty") == [(1,)]
        roller._compute = compute  # type: ignore[method-assign]
        assert await roller._repair(connection, PROFILES["dust"], from_us(START + 60 * MINUTE))
        assert plane.ask("SELECT count(*)::int FROM telemetry.dirty") == [(0,)]

    _do(plane, work)


def test_the_clock_closes_what_no_row_closes_and_writes_it_once(plane: Plane) -> None:
    chance = random.Random(10)

    async def work(connection: Connection) -> None:
        await plane.store(connection, block_of([_row(1, 10, chance), _row(1, 20, chance)]))
        await plane.sink.rows.write_ripe(connection, START + 30 * SECOND)
        assert plane.ask("SELECT count(*)::int FROM telemetry.dust_rollup") == [(0,)]
        await plane.sink.rows.write_ripe(connection, START + 66 * SECOND)
        assert plane.ask("SELECT step, n[4] FROM telemetry.dust_rollup") == [(60, 2)]
        assert not plane.sink.rows.rolling["dust"].ripe(START + 70 * SECOND).closed
        await plane.store(connection, block_of([_row(1, 40, chance)]))  # a straggler, still in order
        await plane.sink.rows.write_ripe(connection, START + 70 * SECOND)
        assert plane.ask("SELECT step, n[4] FROM telemetry.dust_rollup") == [(60, 3)]

    _do(plane, work)


def test_hours_and_local_days_of_quarter_hours() -> None:
    midnight = to_us(dt.datetime(2026, 9, 20, 16, tzinfo=dt.UTC))
    device, step, start = rolling.upper_buckets(
        np.array([5, 5, 6], np.int32), np.array([midnight, midnight + 900 * SECOND, midnight - 900 * SECOND])
    )
    found = sorted(zip(device.tolist(), step.tolist(), start.tolist(), strict=True))
    day = 86_400 * SECOND
    assert found == [
        (5, 3600, midnight),
        (5, 86_400, midnight),
        (6, 3600, midnight - 3600 * SECOND),
        (6, 86_400, midnight - day),
    ]


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (binary_arrays.Int4s, [1, -(2**31), 2**31 - 1]),
        (binary_arrays.Int8s, [0, -(2**63), 2**63 - 1]),
        (binary_arrays.Float4s, [1.5, -0.25]),
        (binary_arrays.Float8s, [1e300, -1.1]),
        (binary_arrays.Int4s, []),
    ],
)
def test_arrays_reach_the_database_as_they_are(
    plane: Plane, kind: type[binary_arrays.Flat], values: list[float]
) -> None:
    with psycopg.connect(plane.dsn) as connection:
        row = connection.execute("SELECT %s", [kind(values)]).fetchone()
    assert row == (values,)
