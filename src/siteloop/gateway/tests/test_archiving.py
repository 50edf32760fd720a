"""Days past their term: written, read back, dropped; found by every reader at every moment, also when it stops half-way."""

import asyncio
import datetime as dt
import io
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest

from siteloop.gateway.history import past, stored_history
from siteloop.gateway.history.archive_store import FolderStore
from siteloop.gateway.history.archiving import Archiver, Unlike, remove_raw
from siteloop.gateway.registry_source import RegistrySource
from siteloop.gateway.rollups.rollup import Roller
from siteloop.gateway.tests.planes import NORMAL_ROW, Plane, block_of
from siteloop.kernel import archived
from siteloop.kernel.block import Columns
from siteloop.kernel.profiles import DUST, PROFILES
from siteloop.kernel.registry import DeviceEntry, Registry
from siteloop.kernel.times import DAY, MINUTE, from_us, to_us

DAY0 = to_us(dt.datetime(2024, 9, 21, tzinfo=dt.UTC))
NOON = DAY0 + 12 * 60 * MINUTE
DATE = dt.date(2024, 9, 21)
TODAY = dt.date(2024, 11, 1)
TERMS = {"dust": 30}


class Past(Plane):
    """A plane whose rows are old enough to leave."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.store_folder = FolderStore(folder / "archive")
        self.sink.rows.past = self.store_folder
        registry = RegistrySource(self.dsn)
        registry.use(
            Registry(
                1, tuple(DeviceEntry(n, f"D{n}", "dust", 1, "330482", interval_s=60) for n in (1, 2, 3)), ()
            )
        )
        self.roller = Roller(self.dsn, registry, self.store_folder)

    def receive(self, *rounds: list[tuple[Any, ...]], roll: bool = True) -> None:
        """Each round one block; then roll-ups."""

        async def run() -> None:
            async with await self.connect() as connection:
                for rows in rounds:
                    await self.store(connection, block_of(rows))
                if roll:
                    await self.roller.roll(connection, from_us(NOON + 3 * DAY))

        asyncio.run(run())

    def archiver(self) -> Archiver:
        return Archiver(psycopg.connect(self.dsn, autocommit=True), self.store_folder)

    def leave(self) -> Any:
        return self.archiver().run(TERMS, TODAY)

    def all(self) -> list[tuple[int, int, float]]:
        """(device, minute after noon, PM2.5) wherever the rows lie."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            found = stored_history.read(connection, DUST, DAY0, DAY0 + DAY, [1, 2, 3], self.store_folder)
        order = np.lexsort((found.at, found.device))
        return [
            (int(found.device[i]), int((found.at[i] - NOON) // MINUTE), round(float(found.values[0, i]), 1))
            for i in order
        ]

    def here(self) -> int:
        return int(self.ask("SELECT count(*) FROM telemetry.dust")[0][0])


def row(device: int, minute: int, pm25: float = 35.0, flags: list[int] | None = None) -> tuple[Any, ...]:
    return (device, NOON + minute * MINUTE, [pm25, *NORMAL_ROW[1:]], flags or [0] * 9)


@pytest.fixture
def plane(tmp_path: Path) -> Past:
    return Past(tmp_path)


FIRST = [row(d, m, 30 + d + m / 10) for d in (1, 2) for m in range(5)]
KEPT = [(d, m, round(30 + d + m / 10, 1)) for d in (1, 2) for m in range(5)]


@pytest.mark.requirement("IOT-10")
def test_a_day_past_its_term_leaves_and_is_still_found(plane: Past) -> None:
    plane.receive(FIRST)
    assert plane.all() == KEPT
    report = plane.leave()
    assert (report.days, report.rows, report.waiting) == (["dust 2024-09-21"], 10, [])
    assert plane.here() == 0
    assert plane.all() == KEPT
    ((state, path, rows, size, sha256),) = plane.ask(
        "SELECT state, path, rows, bytes, sha256 FROM telemetry.archived_day"
    )
    file = plane.folder / "archive" / path
    assert (state, rows, size) == ("archived", 10, file.stat().st_size)
    assert path == "dust/2024/20240921-1.parquet"
    assert len(sha256) == 64
    assert plane.leave().days == []


def test_a_day_within_its_term_stays(plane: Past) -> None:
    plane.receive(FIRST)
    assert plane.archiver().run({"dust": 41}, TODAY).days == []
    assert plane.archiver().run({"dust": 39}, dt.date(2024, 10, 30)).days == []
    assert plane.here() == 10
    assert plane.archiver().run({"dust": 39}, dt.date(2024, 10, 31)).days == ["dust 2024-09-21"]


def test_values_flags_times_and_gaps_come_back_as_they_were(plane: Past) -> None:
    odd = [1.25, float("nan"), 3.0, 60.0, -5.5, 50.0, 101.0, 2.0, 359.0]
    plane.receive([(3, NOON + 1, odd, [4, 0, 9, 0, 0, 0, 0, 0, 14])])
    before = plane.ask("SELECT * FROM telemetry.dust")
    plane.leave()
    with psycopg.connect(plane.dsn, autocommit=True) as connection:
        found = past.rows(connection, plane.store_folder, DUST, DAY0, DAY0 + DAY)
    assert found is not None
    assert (found.at[0], found.received_at[0]) == (NOON + 1, NOON + 500_001)
    assert found.quality[:, 0].tolist() == [4, 15, 9, 0, 0, 0, 0, 0, 14]
    assert np.isnan(found.values[1, 0])
    assert [v for v in found.values[:, 0].tolist() if v == v] == [v for v in before[0][4:] if v is not None]


@pytest.mark.requirement("IOT-10")
@pytest.mark.parametrize("steps", [1, 2])
def test_what_stopped_half_way_loses_nothing_and_goes_on(plane: Past, steps: int) -> None:
    plane.receive(FIRST)
    archiver = plane.archiver()
    wait, part = archiver.detach("dust", DATE)
    assert (wait, plane.here()) == ("", 0)
    assert part is not None
    if steps == 2:
        archiver.write(part)
    archiver.connection.close()  # the crash
    assert plane.all() == KEPT
    # rows for that day meanwhile go into a new table
    plane.receive([row(3, 0, 99.0)])
    assert plane.all() == [*KEPT, (3, 0, 99.0)]
    report = plane.leave()
    assert report.days == ["dust 2024-09-21", "dust 2024-09-21"]
    assert plane.all() == [*KEPT, (3, 0, 99.0)]
    assert plane.ask("SELECT part, state, rows FROM telemetry.archived_day ORDER BY part") == [
        (1, "archived", 10),
        (2, "archived", 1),
    ]


def test_a_crash_in_the_last_step_undoes_all_of_it(plane: Past, monkeypatch: pytest.MonkeyPatch) -> None:
    plane.receive(FIRST)
    archiver = plane.archiver()
    _, part = archiver.detach("dust", DATE)
    assert part is not None
    written = archiver.write(part)
    with pytest.raises(psycopg.errors.UndefinedTable):
        archiver.drop(past.Part("dust", dt.date(2024, 9, 20), 1, "leaving", ""), written)
    assert plane.ask("SELECT state FROM telemetry.archived_day") == [("leaving",)]
    plane.leave()
    assert plane.all() == KEPT


def test_a_file_that_reads_back_otherwise_keeps_the_table(plane: Past) -> None:
    plane.receive(FIRST)

    class Lossy(FolderStore):
        def put(self, name: str, write: Any) -> tuple[int, str]:
            def half(target: Any) -> None:
                whole = io.BytesIO()
                write(whole)
                first = next(iter(archived.groups_of(whole, DUST)))
                writing = archived.Writing(target, DUST)
                writing.add(archived._pick(first, np.arange(3)))
                writing.close()

            return super().put(name, half)

    archiver = plane.archiver()
    archiver.store = Lossy(plane.folder / "archive")
    with pytest.raises(Unlike):
        archiver.run(TERMS, TODAY)
    assert plane.ask("SELECT state FROM telemetry.archived_day") == [("leaving",)]
    assert plane.all() == KEPT
    plane.leave()
    assert plane.all() == KEPT


@pytest.mark.requirement("IOT-10")
def test_rows_resent_for_an_archived_day_are_duplicates_and_leave_nothing(plane: Past) -> None:
    plane.receive(FIRST)
    plane.leave()
    plane.receive(FIRST)
    assert plane.all() == KEPT
    assert plane.ledger() == (20, 10, 0, 10)
    assert plane.here() == 0
    plane.leave()
    assert plane.ask("SELECT count(*) FROM telemetry.archived_day") == [(1,)]


@pytest.mark.requirement("IOT-10")
def test_late_rows_fill_an_archived_day_without_doubling_it(plane: Past) -> None:
    gap = [float("nan"), *NORMAL_ROW[1:]]
    plane.receive([*FIRST, (1, NOON + 7 * MINUTE, gap)])
    plane.leave()
    plane.receive([row(1, 7, 77.0), row(1, 8, 88.0), row(1, 0, 999.0)])  # fills a gap, is new, is a twin
    late = [(1, m, round(31 + m / 10, 1)) for m in range(5)] + [(1, 7, 77.0), (1, 8, 88.0)]
    assert [r for r in plane.all() if r[0] == 1] == late
    assert plane.here() == 2
    received, stored, _, rejected = plane.ledger()
    assert (received, stored, rejected) == (14, 13, 1)
    plane.leave()
    assert plane.here() == 0
    assert [r for r in plane.all() if r[0] == 1] == late
    assert plane.ask("SELECT part, rows FROM telemetry.archived_day ORDER BY part") == [(1, 11), (2, 2)]


def test_late_rows_for_an_archived_day_repair_its_roll_ups_from_all_its_rows(plane: Past) -> None:
    hour = [row(1, m, 10.0) for m in range(59)]
    plane.receive(hour)
    asked = "SELECT n[1], mean[1] FROM telemetry.dust_rollup WHERE device = 1 AND step = 3600 AND at = %s"
    assert plane.ask(asked, from_us(NOON)) == [(59, 10.0)]
    plane.leave()
    plane.receive([row(1, 59, 70.0)])
    assert plane.ask(asked, from_us(NOON)) == [(60, 11.0)]
    day = plane.ask("SELECT n[1] FROM telemetry.dust_rollup WHERE device = 1 AND step = 86400")
    assert day == [(60,)]


@pytest.mark.parametrize("damage", ["missing", "cut"])
def test_a_file_that_cannot_be_read_stops_neither_the_intake_nor_the_roller(
    plane: Past, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    plane.receive([row(1, m, 10.0) for m in range(60)])
    asked = "SELECT n[1], mean[1] FROM telemetry.dust_rollup WHERE device = 1 AND step = 3600"
    plane.leave()
    (file,) = (plane.folder / "archive").rglob("*.parquet")
    if damage == "missing":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-30])
    plane.receive([row(1, 0, 70.0)])
    assert plane.here() == 1
    assert plane.ask(asked) == [(60, 10.0)]  # better than what one row alone would make of it
    assert "cannot be read" in caplog.text
    assert "stay as they are" in caplog.text


def test_a_day_waits_until_its_roll_ups_are_made(plane: Past) -> None:
    plane.receive(FIRST, roll=False)
    assert plane.leave().waiting == ["dust 2024-09-21：汇总尚未完成"]
    assert plane.here() == 10
    plane.receive([])
    plane.receive([row(3, 0)], roll=False)
    assert plane.leave().waiting == ["dust 2024-09-21：迟到数据尚待重新汇总"]
    plane.receive([])
    assert plane.leave().rows == 11


def test_an_empty_day_is_dropped_without_a_file(plane: Past) -> None:
    plane.receive(FIRST)
    plane.ask_owner("DELETE FROM telemetry.dust")
    plane.leave()
    assert plane.ask(
        "SELECT to_regclass('telemetry.dust_20240921'), count(*) FROM telemetry.archived_day"
    ) == [(None, 0)]


def test_a_reader_that_holds_the_table_makes_a_day_wait(plane: Past, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("siteloop.gateway.history.archiving.LOCK_WAIT", "50ms")
    plane.receive(FIRST)
    with psycopg.connect(plane.dsn) as reader:
        reader.execute("SELECT count(*) FROM telemetry.dust")
        assert plane.leave().waiting == ["dust 2024-09-21：表正忙，下次再试"]
    assert plane.leave().rows == 10


def test_raw_frames_past_their_term_go_lines_first(plane: Past) -> None:
    plane.receive(FIRST)
    plane.receive([row(3, 3 * 24 * 60)])
    folder = plane.folder / "raw"
    assert sorted(p.name for p in folder.iterdir()) == ["20240921", "20240924"]
    (folder / "20240801").mkdir()
    (folder / "20240801" / "dust.raw").write_bytes(b"left over from a crash")
    with psycopg.connect(plane.dsn, autocommit=True) as connection:
        gone = remove_raw(connection, folder, 10, dt.datetime(2024, 10, 2, 1, tzinfo=dt.UTC))
    assert gone == (2, 1)
    assert [p.name for p in folder.iterdir()] == ["20240924"]
    assert plane.ask("SELECT left(file, 8) FROM telemetry.raw_chunk") == [("20240924",)]


def measured(devices: int = 100) -> Columns:
    """A day of minutes that wander as measured ones do."""
    rng = np.random.default_rng(7)
    shape = (9, devices, 1440)
    start = np.array(NORMAL_ROW)[:, None, None]
    values = start + np.cumsum(rng.normal(0, 0.3, shape), axis=2) + rng.normal(0, 1, shape)
    n = devices * 1440
    at = DAY0 + np.tile(np.arange(1440) * MINUTE, devices)
    return Columns(
        np.repeat(np.arange(1, devices + 1, dtype=np.int32), 1440),
        at,
        at + rng.integers(50_000, 2_000_000, n),
        np.round(np.clip(values, 0, None), 1).astype(np.float32).reshape(9, n),
        np.zeros((9, n), np.uint8),
        np.zeros(n, np.uint8),
    )


@pytest.mark.requirement("IOT-10")
def test_a_reading_takes_at_most_four_bytes_in_the_archive() -> None:
    columns, file = measured(), io.BytesIO()
    writing = archived.Writing(file, DUST)
    writing.add(columns)
    writing.close()
    assert len(file.getvalue()) / columns.values.size <= 4
    one = archived.read(file, DUST, NOON, NOON + 60 * MINUTE, [57])
    assert (len(one.device), set(one.device.tolist())) == (60, {57})
    mine = (columns.device == 57) & (columns.at >= NOON) & (columns.at < NOON + 60 * MINUTE)
    assert np.array_equal(one.values, columns.values[:, mine])


def test_only_groups_that_may_hold_the_rows_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    columns, file = measured(), io.BytesIO()
    writing = archived.Writing(file, DUST)
    writing.add(columns)
    writing.close()
    touched: list[int] = []
    plain = archived.pq.ParquetFile.read_row_groups
    monkeypatch.setattr(
        archived.pq.ParquetFile,
        "read_row_groups",
        lambda self, groups, **more: touched.extend(groups) or plain(self, groups, **more),
    )
    archived.read(file, DUST, DAY0, DAY0 + DAY, [1])
    assert touched == [0]
    assert len(archived.read(file, DUST, DAY0 - DAY, DAY0, [1]).device) == 0
    assert len(archived.read(file, DUST, DAY0, DAY0 + DAY, [5_000]).device) == 0
    assert touched == [0]


def test_every_profile_survives_the_file() -> None:
    for profile in PROFILES.values():
        n = len(profile.fields)
        values = np.array([[f.low, f.high, np.nan] for f in profile.fields], np.float32)
        columns = Columns(
            np.array([1, 1, 2], np.int32),
            np.array([DAY0, DAY0 + 1, DAY0], np.int64),
            np.array([DAY0, DAY0 + 1, DAY0], np.int64),
            values,
            np.tile(np.array([0, 9, 15], np.uint8), (n, 1)),
            np.zeros(3, np.uint8),
        )
        file = io.BytesIO()
        writing = archived.Writing(file, profile)
        writing.add(columns)
        writing.close()
        found = archived.read(file, profile, DAY0, DAY0 + DAY)
        assert np.array_equal(found.values, columns.values, equal_nan=True), profile.code
        assert np.array_equal(found.quality, columns.quality), profile.code
