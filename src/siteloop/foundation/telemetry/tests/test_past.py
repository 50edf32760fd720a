"""Days that left the tables are found by every reader of the desk; terms are values of the packs."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.db import connection

from siteloop.foundation.packs.models import Pack, PackValue
from siteloop.foundation.registry.models import Device
from siteloop.foundation.registry.tests import rows
from siteloop.foundation.telemetry import history, rates, readings, reported, retention
from siteloop.framework.action import Refused
from siteloop.framework.testing import caller
from siteloop.kernel import archived
from siteloop.kernel.block import Columns
from siteloop.kernel.profiles import DUST, PROFILES
from siteloop.kernel.times import MINUTE, to_us

DAY = dt.date(2024, 9, 21)
NOON = dt.datetime(2024, 9, 21, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


@pytest.fixture(autouse=True)
def _archive(fast_plane: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(history, "folder", lambda: tmp_path)
    yield


def write(device: int, minutes: dict[int, float], part: int = 1, flag: int = 0) -> Path:
    """A part of the day with these values of PM2.5, and its line."""
    n = len(minutes)
    at = np.array([to_us(NOON) + m * MINUTE for m in minutes], np.int64)
    values = np.full((9, n), np.nan, np.float32)
    values[0] = list(minutes.values())
    quality = np.full((9, n), 15, np.uint8)
    quality[0] = flag
    columns = Columns(np.full(n, device, np.int32), at, at + 1, values, quality, np.zeros(n, np.uint8))
    name = archived.name_of("dust", DAY, part)
    path = history.folder() / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        writing = archived.Writing(file, DUST)
        writing.add(columns)
        writing.close()
    _line(part, "archived", name)
    return path


def _line(part: int, state: str, name: str = "") -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO telemetry.archived_day (profile, day, part, state, path) VALUES ('dust', %s, %s, %s, %s)",
            [DAY, part, state, name],
        )


def store(device: int, minutes: dict[int, float], table: str = "dust") -> None:
    """Rows in a table."""
    with connection.cursor() as cursor:
        if table == "dust":
            cursor.execute(
                "CREATE TABLE IF NOT EXISTS telemetry.dust_20240921 PARTITION OF telemetry.dust"
                " FOR VALUES FROM ('2024-09-21T00:00Z') TO ('2024-09-22T00:00Z')"
            )
        else:
            cursor.execute(f"CREATE TABLE telemetry.{table} (LIKE telemetry.dust)")
        for minute, value in minutes.items():
            at = NOON + dt.timedelta(minutes=minute)
            cursor.execute(
                f"INSERT INTO telemetry.{table} (device, at, received_at, quality, pm25) VALUES (%s, %s, %s, %s, %s)",  # noqa: S608
                [device, at, at, sum(15 << (4 * i) for i in range(1, 9)), value],
            )


def found(device: Device) -> list[float | None]:
    return [r.values["pm25"] for r in readings.stored(device, NOON, NOON + HOUR)]


@pytest.mark.django_db
@pytest.mark.requirement("IOT-10")
def test_the_api_finds_an_archived_day(fast_plane: None) -> None:
    device = rows.device("330482")
    write(device.pk, {0: 30.0, 1: 31.0})
    body = caller(["*"], "330482").get(
        f"/api/v1/telemetry/{device.code}/readings?step=raw&from=2024-09-21T20:00&to=2024-09-21T21:00"
    )
    assert body.status_code == 200, body.content
    assert [r["values"]["pm25"] for r in body.json()["results"]] == [30.0, 31.0]


@pytest.mark.django_db
def test_a_row_that_a_replay_changed_says_so() -> None:
    device = rows.device("330482")
    store(device.pk, {0: 5.0, 1: 6.0})
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO telemetry.replay (received_from, received_to) VALUES (%s, %s) RETURNING id",
            [NOON, NOON],
        )
        cursor.execute(
            "INSERT INTO telemetry.replayed_row (replay, profile, device, kind, at, act) VALUES (%s, 'dust', %s, 0, %s, 'changed')",
            [cursor.fetchone()[0], device.pk, NOON],
        )
    body = caller(["*"], "330482").get(
        f"/api/v1/telemetry/{device.code}/readings?step=raw&from=2024-09-21T20:00&to=2024-09-21T21:00"
    )
    assert [r.get("replayed", False) for r in body.json()["results"]] == [True, False]


@pytest.mark.django_db
def test_of_a_key_the_table_counts_before_the_file_and_the_later_part_before_the_earlier() -> None:
    device = rows.device("330482")
    write(device.pk, {0: 1.0, 1: 1.0, 2: 1.0})
    write(device.pk, {1: 2.0}, part=2)
    store(device.pk, {2: 3.0, 3: 3.0})
    assert found(device) == [1.0, 2.0, 3.0, 3.0]


@pytest.mark.django_db
def test_a_day_that_is_leaving_is_read_from_its_own_table() -> None:
    device = rows.device("330482")
    store(device.pk, {0: 5.0}, "dust_20240921_leaving")
    _line(1, "leaving")
    store(device.pk, {1: 6.0})
    assert found(device) == [5.0, 6.0]


@pytest.mark.django_db
def test_a_missing_or_damaged_file_is_told_and_not_passed_over() -> None:
    device = rows.device("330482")
    path = write(device.pk, {0: 5.0})
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(Refused, match="2024-09-21 的归档文件无法读取"):
        found(device)
    path.unlink()
    with pytest.raises(Refused, match="无法读取"):
        found(device)


@pytest.mark.django_db
def test_rates_and_comparisons_count_archived_rows() -> None:
    device = rows.device("330482")
    write(device.pk, {m: 10.0 for m in range(3)})
    write(device.pk, {5: 10.0}, part=2, flag=4)
    measure = rates.measures([device], NOON, NOON + HOUR)[device.pk]
    assert (measure.received, measure.fault_rate) == (4, 0.25)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO telemetry.dust_reported (device, kind, at, received_at, quality, pm25) VALUES (%s, 2, %s, %s, %s, 12)",
            [device.pk, NOON, NOON, sum(15 << (4 * i) for i in range(1, 9))],
        )
    (period,) = reported.compare(device, "hour", NOON, NOON + HOUR)
    assert [(c.theirs, c.ours, c.n) for c in period.cells] == [(12.0, 10.0, 3)]


@pytest.mark.django_db
def test_too_many_points_are_refused_without_reading_every_file(monkeypatch: pytest.MonkeyPatch) -> None:
    device = rows.device("330482")
    monkeypatch.setattr(readings, "MOST_POINTS", 2)
    write(device.pk, {0: 1.0, 1: 1.0, 2: 1.0})
    path = write(device.pk, {3: 1.0}, part=2)
    path.unlink()
    with pytest.raises(Refused, match="数据点过多"):
        found(device)


@pytest.mark.django_db
def test_the_longest_term_in_force_counts_for_all() -> None:
    nation = Pack.objects.create(code="n", title="n")
    county = Pack.objects.create(code="c", title="c", region_code="330482")
    over = Pack.objects.create(code="o", title="o", region_code="31", effective_to=dt.date(2020, 1, 1))
    for pack, value in ((nation, 100), (county, 300), (over, 900)):
        PackValue.objects.create(pack=pack, key="retention.dust.rows_days", title="t", value=value)
    PackValue.objects.create(pack=nation, key="retention.hoist.rows_days", title="t", value=3)
    PackValue.objects.create(pack=nation, key="retention.raw_days", title="t", value="ten")
    assert retention.terms() == retention.Terms({"dust": 300}, None)


@pytest.mark.django_db
def test_the_nightly_job_hands_the_terms_to_the_archiver(monkeypatch: pytest.MonkeyPatch) -> None:
    from siteloop.foundation.telemetry import jobs

    heard: list[Any] = []
    monkeypatch.setattr(retention, "ARCHIVERS", [lambda terms: heard.append(terms) or {"waiting": []}])
    monkeypatch.setattr(jobs.timezone, "localtime", lambda *_: dt.datetime(2026, 1, 1, 3, 10))  # noqa: DTZ001
    jobs.archive(0)
    assert heard == []
    monkeypatch.setattr(jobs.timezone, "localtime", lambda *_: dt.datetime(2026, 1, 1, 2, 10))  # noqa: DTZ001
    jobs.archive(0)
    assert len(heard) == 1


def test_every_profile_has_a_shipped_term() -> None:
    import tomllib

    shipped = tomllib.loads((Path(__file__).parents[5] / "packs" / "national.toml").read_text())
    terms = {v["key"]: v["value"] for v in shipped["value"] if v["key"].startswith("retention.")}
    assert set(terms) == {retention.RAW, *(retention.key_of(p) for p in PROFILES)}
    assert min(terms.values()) >= retention.LEAST_DAYS
