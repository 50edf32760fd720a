"""Roll-ups against numbers worked out by hand."""

import asyncio
import datetime as dt
import math
from pathlib import Path

import pytest

from siteloop.gateway.registry_source import RegistrySource
from siteloop.gateway.rollup import Roller
from siteloop.gateway.tests.planes import NORMAL_ROW, Plane, block_of
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
                await plane.sink.write_ripe(connection, START + minutes * MINUTE)
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
