"""Parts of the device page: rows with their flags, a frame decoded, reported data next to ours, commands followed."""

import datetime as dt
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from siteloop.foundation.registry.models import Device
from siteloop.foundation.registry.tests import rows
from siteloop.foundation.telemetry import reported
from siteloop.framework.models import TrailEntry
from siteloop.framework.testing import Caller, caller
from siteloop.kernel.lifting import CraneLimit, mask
from siteloop.kernel.profiles import DUST, TOWER_CRANE
from siteloop.kernel.times import SHANGHAI, to_us

NOW = timezone.now().replace(second=0, microsecond=0) - dt.timedelta(minutes=1)


def _row(
    device: Device, at: dt.datetime, pm25: float, noise: float = 60.0, flag: int = 0, kind: int = 0
) -> None:
    quality = flag | sum(15 << (4 * i) for i in range(1, 9) if i != 3)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS telemetry.dust_test PARTITION OF telemetry.dust DEFAULT")
        if kind:
            cursor.execute(
                "INSERT INTO telemetry.dust_reported (device, kind, at, received_at, quality, pm25, noise) VALUES (%s, %s, %s, %s, %s, %s, %s)",
                [device.pk, kind, at, at, quality, pm25, noise],
            )
        else:
            cursor.execute(
                "INSERT INTO telemetry.dust (device, at, received_at, quality, pm25, noise) VALUES (%s, %s, %s, %s, %s, %s)",
                [device.pk, at, at, quality, pm25, noise],
            )


def _part(who: Caller, device: Device, part: str, status: int = 200) -> str:
    answer = who.html.get(f"/places/devices/{device.pk}/?part={part}")
    assert answer.status_code == status, answer.content[:300]
    return str(answer.content.decode())


@pytest.mark.django_db
@pytest.mark.requirement("DUST-12", "IOT-02")
def test_rows_of_a_period_carry_their_flags_in_words(fast_plane: None) -> None:
    device = rows.device("330482")
    _row(device, NOW, 31)
    _row(device, NOW - dt.timedelta(hours=5), 999, flag=9)
    who = caller(["*"], "330482")
    recent = _part(who, device, "rows")
    assert "<strong>31.0</strong>" in recent
    assert "999" not in recent
    start = (NOW - dt.timedelta(hours=6)).astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M")
    longer = _part(who, device, f"rows&from={start}")
    assert "超出物理范围" in longer
    assert "999" in longer
    assert "起止时间有误" in _part(who, device, "rows&from=2020-01-01", 422)
    assert "时间" in _part(who, device, "rows&from=gestern", 422)


@pytest.mark.django_db
@pytest.mark.requirement("TC-16", "TC-14")
def test_what_a_crane_s_limiter_holds_back_stands_in_words(fast_plane: None) -> None:
    device = rows.device("330482", "tower_crane")
    n, names = len(TOWER_CRANE.fields), ("limit_bits", "sensor_bits", "alarm_bits")
    held = {"limit_bits": mask(CraneLimit.RIGHT_SLOW, CraneLimit.UP), "sensor_bits": 16, "alarm_bits": 0}
    quality = sum(15 << (4 * i) for i in range(n) if TOWER_CRANE.fields[i].name not in names)
    values = [float(held[f.name]) if f.name in names else None for f in TOWER_CRANE.fields]
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE IF NOT EXISTS telemetry.tower_crane_test PARTITION OF telemetry.tower_crane DEFAULT"
        )
        cursor.execute(
            "INSERT INTO telemetry.tower_crane (device, at, received_at, quality, limit_bits, sensor_bits, alarm_bits)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [device.pk, NOW, NOW, quality, *(held[name] for name in names)],
        )
        cursor.execute(
            'INSERT INTO telemetry.latest (device, profile, at, received_at, quality, "values") VALUES (%s, %s, %s, %s, %s, %s)',
            [device.pk, "tower_crane", NOW, NOW, quality, values],
        )
    who = caller(["*"], "330482")
    page = who.html.get(f"/places/devices/{device.pk}/").content.decode()
    for shown in (page, _part(who, device, "rows")):
        assert "右减速、上限位" in shown
        assert "风速仪" in shown
        assert "无</strong>" in shown


def _kept(device: Device, at: dt.datetime, frame: bytes) -> None:
    """A chunk of the raw archive as the sink writes it."""
    index = zlib.compress(np.int32(device.pk).tobytes() + np.int64(to_us(at)).tobytes())
    body = (
        np.int32(-2).tobytes()
        + np.array([0, len(frame)], np.int32).tobytes()
        + np.int32(len(index)).tobytes()
        + index
        + zlib.compress(frame)
    )
    path = Path(settings.ENV.data) / "raw" / f"test-{device.pk}.raw"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO telemetry.raw_chunk (profile, listener, received_from, received_to, file, position, size, frames)"
            " VALUES ('dust', 'http', %s, %s, %s, 0, %s, 1)",
            [at, at, path.name, len(body)],
        )


@pytest.mark.django_db
def test_the_frame_of_a_row_is_shown_and_decoded(fast_plane: None) -> None:
    device = rows.device("330482")
    _row(device, NOW, 31)
    at = NOW.isoformat().replace("+", "%2B")
    who = caller(["*"], "330482")
    assert "没有保存该报文" in _part(who, device, f"frame&at={at}", 404)
    _kept(device, NOW, b'{"pm25": 31, "flags": {"pm25": "D"}}')
    text = _part(who, device, f"frame&at={at}")
    assert "&quot;pm25&quot;: 31" in text
    assert "故障" in text  # the device's D in words
    plain = caller(["registry.device.view", "telemetry.reading.view"], "330482")
    assert "没有权限" in _part(plain, device, f"frame&at={at}", 403)


@pytest.mark.django_db
@pytest.mark.requirement("DUST-12")
def test_reported_means_stand_next_to_ours_with_the_difference(fast_plane: None) -> None:
    device = rows.device("330482")
    start = NOW - dt.timedelta(minutes=30)
    for minute, (pm25, noise, flag) in enumerate([(30, 50.0, 0), (50, 70.0, 0), (900, 60.0, 4)]):
        _row(device, start + dt.timedelta(minutes=minute), pm25, noise, flag)
    _row(device, start, 60, 67.0, kind=1)
    (period,) = reported.compare(device, "minute", start - dt.timedelta(hours=1), NOW)
    pm25, noise = period.cells
    assert (pm25.theirs, pm25.ours, pm25.n, pm25.difference) == (
        60,
        40,
        2,
        20,
    )  # the value flagged D does not count
    assert pm25.is_notable
    # by energy over all three: 10·lg((10^5+10^7+10^6)/3)
    assert noise.ours == pytest.approx(65.68, abs=0.01)
    assert not noise.is_notable
    page = _part(caller(["*"], "330482"), device, "reported&kind=minute")
    assert "+20.0" in page
    assert "相差较大" in page
    assert "没有上报此类数据" in _part(caller(["*"], "330482"), device, "reported&kind=day")
    _part(caller(["*"], "330482"), device, "reported&kind=year", 422)


def test_directions_are_averaged_and_compared_the_short_way_round() -> None:
    field = DUST.fields[DUST.index("wind_direction")]
    assert reported.mean(field, [350.0, 10.0]) == pytest.approx(0.0, abs=1e-6) or reported.mean(
        field, [350.0, 10.0]
    ) == pytest.approx(360.0)
    cell = reported.Cell(field, 2.0, reported.Quality.NORMAL, 358.0, 9)
    assert cell.difference == 4.0


def _posted(who: Caller, device: Device, **data: str) -> list[tuple[Any, ...]]:
    who.html.post(f"/places/devices/{device.pk}/commands", data)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT command, args, state FROM fast.command WHERE device = %s ORDER BY issued_at", [device.pk]
        )
        return list(cursor.fetchall())


@pytest.mark.django_db
@pytest.mark.requirement("DUST-13")
def test_history_is_asked_for_within_bounds_and_followed(fast_plane: None) -> None:
    device = rows.device("330482")
    who = caller(["*"], "330482")
    for wrong in (
        {"kind": "year"},
        {"kind": "minute", "from": "2026-01-02T00:00", "to": "2026-01-01T00:00"},
        {"kind": "minute", "from": "2025-01-01T00:00", "to": "2026-01-01T00:00"},
        {"kind": "minute", "to": "2999-01-01T00:00"},
    ):
        assert _posted(who, device, command="request_history", **wrong) == []
    ((name, args, state),) = _posted(
        who,
        device,
        command="request_history",
        kind="hour",
        **{"from": "2026-01-01T00:00", "to": "2026-01-02T00:00"},
    )
    args = args if isinstance(args, dict) else json.loads(args)
    assert (name, state, args["kind"]) == ("request_history", "queued", "hour")
    assert args["to_us"] - args["from_us"] == 86_400 * 1_000_000
    assert (
        TrailEntry.objects.unscoped("test")
        .filter(action="telemetry.command.issue", object_id=device.pk)
        .count()
        == 1
    )
    with connection.cursor() as cursor:
        cursor.execute("UPDATE fast.command SET state = 'sent' WHERE device = %s", [device.pk])
    followed = _part(who, device, "commands")
    assert "补传历史数据" in followed
    assert "待发送" in followed
    assert "已发送" in followed


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("profile", "offered", "not_offered"),
    [
        ("dust", "下发补传", "开启喷淋"),
        ("sprayer", "开启喷淋", "下发补传"),
        ("hoist", "没有可下发的指令", "校时"),
    ],
)
def test_only_commands_the_device_knows_are_offered(
    fast_plane: None, profile: str, offered: str, not_offered: str
) -> None:
    device = rows.device("330482", profile)
    page = caller(["*"], "330482").html.get(f"/places/devices/{device.pk}/").content.decode()
    assert offered in page
    assert not_offered not in page
