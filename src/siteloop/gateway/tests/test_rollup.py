"""Roll-ups against numbers worked out by hand."""

import asyncio
import datetime as dt
import math
from pathlib import Path

import pytest

from siteloop.gateway.registry_source import RegistrySource
from siteloop.gateway.rollups.rollup import Roller
from siteloop.gateway.tests.planes import NORMAL_ROW, Plane, block_of
from siteloop.kernel.block import Kind
from siteloop.kernel.registry import DeviceEntry, Registry
from siteloop.kernel.times import MINUTE, SECOND, from_us, to_us

START = to_us(dt.datetime(2026, 9, 21, 4, 0, tzinfo=dt.UTC))  # noon in Shanghai
NAN = float("nan")


@pytest.fixture
def plane(tmp_path: Path) -> Plane:
    return Plane(tmp_path)


def _roller(plane: Plane, interval_s: int = 15) -> Roller:
    registry = RegistrySource(plane.dsn)
    registry.use(Registry(1, (DeviceEntry(1, "D1", "dust", 1, "330482", interval_s=interval_s),), ()))
    plane.sink.use(registry.current)
    return Roller(plane.dsn, registry)


def _row(
    second: float, noise: float = 60, direction: float = 90, pm10: float = 80, flag: int = 0
) -> tuple[object, ...]:
    values = [*NORMAL_ROW]
    values[1], values[3], values[8] = pm10, noise, direction
    return (1, START + int(second * SECOND), values, [0, flag, 0, 0, 0, 0, 0, 0, 0])


def _run(plane: Plane, rounds: list[tuple[list[tuple[object, ...]], int]]) -> None:
    """Each round: store some rows, then roll at START + minutes."""
    roller = _roller(plane)

    async def test() -> None:
        async with await plane.connect() as connection:
            for rows, minutes in rounds:
                if rows:
                    await plane.store(connection, block_of(rows))
                await plane.sink.rows.write_ripe(connection, START + minutes * MINUTE)
                await roller.roll(connection, from_us(START + minutes * MINUTE))

    asyncio.run(test())


def _bucket(plane: Plane, step: int, column: str, field: int) -> object:
    found = plane.ask(
        f"SELECT {column}[{field + 1}] FROM telemetry.dust_rollup WHERE step = %s ORDER BY at LIMIT 1",  # noqa: S608
        step,
    )
    return found[0][0]


@pytest.mark.requirement("DUST-04")
def test_noise_is_averaged_by_energy_and_wind_as_vectors(plane: Plane) -> None:
    rows = [_row(0, 60, 350), _row(15, 70, 10), _row(30, 60, 350), _row(45, 70, 10)]
    _run(plane, [(rows, 2)])
    assert _bucket(plane, 60, "mean", 3) == pytest.approx(10 * math.log10((1e6 + 1e7) / 2), abs=1e-3)  # 67.40
    direction = _bucket(plane, 60, "mean", 8)
    assert min(direction, 360 - direction) == pytest.approx(0, abs=1e-3)
    assert (_bucket(plane, 60, "low", 3), _bucket(plane, 60, "high", 3)) == (60, 70)
    assert _bucket(plane, 60, "mean", 1) == 80


def test_three_of_four_values_are_enough_and_two_are_not(plane: Plane) -> None:
    _run(plane, [([_row(0, pm10=10), _row(15, pm10=20), _row(30, pm10=30), _row(45, pm10=1000, flag=4)], 2)])
    assert (_bucket(plane, 60, "n", 1), _bucket(plane, 60, "mean", 1)) == (3, 20)
    _run(
        plane, [([_row(300, pm10=10), _row(315, pm10=20), _row(330, pm10=NAN), _row(345, pm10=9, flag=2)], 8)]
    )
    found = plane.ask(
        "SELECT n[2], mean[2] FROM telemetry.dust_rollup WHERE step = 60 ORDER BY at DESC LIMIT 1"
    )
    assert found == [(2, None)]


def test_late_rows_repair_every_bucket_they_lie_in(plane: Plane) -> None:
    on_time = [_row(s, pm10=10) for s in range(0, 3600, 15) if s % 60]
    late = [_row(s, pm10=50) for s in range(0, 3600, 60)]
    _run(plane, [(on_time, 61)])
    assert (_bucket(plane, 60, "n", 1), _bucket(plane, 3600, "mean", 1)) == (3, 10)
    _run(plane, [(late, 62)])
    assert (_bucket(plane, 60, "n", 1), _bucket(plane, 60, "mean", 1)) == (4, 20)
    assert (_bucket(plane, 900, "mean", 1), _bucket(plane, 3600, "mean", 1)) == (20, 20)
    assert plane.ask("SELECT count(*)::int FROM telemetry.dirty") == [(0,)]


def test_a_row_seconds_late_is_not_forgotten(plane: Plane) -> None:
    _run(plane, [([_row(0, pm10=10), _row(15, pm10=10), _row(30, pm10=10)], 2), ([_row(45, pm10=50)], 16)])
    assert _bucket(plane, 60, "mean", 1) == 20


def test_days_begin_at_midnight_in_shanghai(plane: Plane) -> None:
    _run(plane, [([_row(0)], 24 * 60)])
    (at,) = plane.ask("SELECT at FROM telemetry.dust_rollup WHERE step = 86400")[0]
    assert at == dt.datetime(2026, 9, 20, 16, tzinfo=dt.UTC)


@pytest.mark.requirement("DUST-27")
def test_hours_a_device_hands_in_afterwards_close_the_gap_in_every_step(plane: Plane) -> None:
    """Back-fill with RF=1: a morning without a line, handed in when it came back."""
    hours = [_row(h * 3600 + m * 60 + s, pm10=10) for h in (0, 4) for m in range(60) for s in (0, 15, 30, 45)]
    _run(plane, [(hours, 5 * 60 + 1)])
    hourly = "SELECT n[2], mean[2] FROM telemetry.dust_rollup WHERE step = 3600 ORDER BY at"
    assert plane.ask(hourly) == [(240, 10), (240, 10)]
    gap = [
        _row(h * 3600 + m * 60 + s, pm10=40) for h in (1, 2, 3) for m in range(60) for s in (0, 15, 30, 45)
    ]
    _run(plane, [(gap, 5 * 60 + 2), ([], 13 * 60)])
    assert plane.ask(hourly) == [(240, 10), (240, 40), (240, 40), (240, 40), (240, 10)]
    assert plane.ask(
        "SELECT count(*)::int, sum(n[2])::int FROM telemetry.dust_rollup WHERE step = 60 AND mean[2] = 40"
    ) == [(180, 720)]
    assert plane.ask("SELECT n[2] FROM telemetry.dust_rollup WHERE step = 86400") == [(5 * 240,)]


def test_what_is_sent_again_counts_once(plane: Plane) -> None:
    rows = [_row(s, pm10=10) for s in (0, 15, 30, 45)]
    _run(plane, [(rows, 2), (rows, 16), ([], 17)])
    assert (_bucket(plane, 60, "n", 1), _bucket(plane, 900, "n", 1), _bucket(plane, 60, "mean", 1)) == (
        4,
        4,
        10,
    )


def test_a_value_that_a_second_sending_fills_enters_the_mean(plane: Plane) -> None:
    rows = [_row(0, pm10=10), _row(15, pm10=10), _row(30, pm10=NAN), _row(45, pm10=9, flag=4)]
    _run(plane, [(rows, 2)])
    assert (_bucket(plane, 60, "n", 1), _bucket(plane, 60, "mean", 1)) == (2, None)
    _run(plane, [([_row(30, pm10=40), _row(45, pm10=40)], 16)])
    assert (_bucket(plane, 60, "n", 1), _bucket(plane, 60, "mean", 1)) == (4, 25)


def test_the_devices_own_means_stay_beside_ours(plane: Plane) -> None:
    """2051 answers of a history request are shown next to our means, they are never mixed into them."""
    roller = _roller(plane)

    async def test() -> None:
        async with await plane.connect() as connection:
            await plane.store(connection, block_of([_row(0), _row(15), _row(30), _row(45)]))
            await plane.store(connection, block_of([_row(60, pm10=99)], Kind.MINUTE))
            await roller.roll(connection, from_us(START + 20 * MINUTE))

    asyncio.run(test())
    assert plane.ask("SELECT mean[2] FROM telemetry.dust_rollup WHERE step = 60") == [(80,)]
    assert plane.ask("SELECT count(*) FROM telemetry.dirty") == [(0,)]
