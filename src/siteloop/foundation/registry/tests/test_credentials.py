"""Tokens of devices at the desk: changed with a grace, preset by the maker, imported with errors row by row."""

import csv
import datetime as dt
import io
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from siteloop.foundation.registry import credentials, publish
from siteloop.foundation.registry.models import Device
from siteloop.foundation.registry.tests import rows
from siteloop.framework.models import TrailEntry
from siteloop.framework.testing import caller

API = "/api/v1/registry/devices"
pytestmark = [pytest.mark.django_db, pytest.mark.requirement("SEC-09")]


def _issue(device: Device, **data: Any) -> Any:
    return caller(["*"], "330482").post(f"{API}/{device.pk}/actions/issue_token", data)


def _token(answer: Any) -> str:
    return str(answer.json()["message"].partition("：")[2].partition("；")[0])


def test_the_old_token_stays_good_for_a_day_unless_told_otherwise() -> None:
    device = rows.device("330482")
    first = _token(_issue(device))
    second = _token(_issue(device))
    device.refresh_from_db()
    entry = publish.entry(device)
    assert (entry.token_hash, entry.token_hash_before) == (
        credentials.digest(second),
        credentials.digest(first),
    )
    assert device.previous_until is not None
    left = device.previous_until - timezone.now()
    assert dt.timedelta(hours=23) < left <= dt.timedelta(hours=24)
    assert entry.ha1 == credentials.ha1(device.code, second)
    leaked = _token(_issue(device, grace_hours=0))
    device.refresh_from_db()
    entry = publish.entry(device)
    assert (entry.token_hash, entry.token_hash_before) == (credentials.digest(leaked), "")


@pytest.mark.parametrize("hours", [-1, 169, "abc"])
def test_a_senseless_grace_is_refused(hours: Any) -> None:
    answer = _issue(rows.device("330482"), grace_hours=hours)
    assert answer.status_code == 422
    assert "grace_hours" in answer.json()["errors"]


def test_the_old_token_can_be_revoked_once() -> None:
    device = rows.device("330482")
    _issue(device)
    who = caller(["*"], "330482")
    assert who.post(f"{API}/{device.pk}/actions/revoke_previous").status_code == 409
    _issue(device)
    assert who.post(f"{API}/{device.pk}/actions/revoke_previous").status_code == 200
    device.refresh_from_db()
    assert not device.has_previous_token
    assert device.token_hash


def test_no_token_is_kept_in_clear_anywhere() -> None:
    device = rows.device("330482")
    token = _token(_issue(device))
    with connection.cursor() as cursor:
        cursor.execute("SELECT d::text FROM registry_device d WHERE number = %s", [device.pk])
        row = cursor.fetchone()[0]
    assert token not in row
    assert credentials.ha1(device.code, token) not in row, "as good as a password, so encrypted"
    told = TrailEntry.objects.unscoped("test").filter(object_id=device.pk, model__contains="evice")
    assert token not in " ".join(f"{t.sentence}{t.changes}" for t in told)


def test_a_camera_gets_a_password_its_menu_can_hold() -> None:
    assert credentials.fresh("camera").isalnum()
    assert len(credentials.fresh("camera")) == 16
    assert len(credentials.fresh("dust")) == 32


def _sheet(*lines: tuple[str, ...]) -> io.BytesIO:
    text = io.StringIO()
    csv.writer(text).writerows([("设备编码（MN）", "设备类型", "工地", "预置令牌"), *lines])
    body = io.BytesIO(text.getvalue().encode())
    body.name = "devices.csv"
    return body


def test_devices_come_in_by_a_sheet_with_their_tokens() -> None:
    site = rows.site("330482")
    who = caller(["*"], "330482")
    good = ("IMP-1", "扬尘噪声监测", site.name, "maker-Token-0001"), ("IMP-2", "喷淋雾炮", site.name, "")
    told = who.upload(f"{API}/import?dry_run=false", file=_sheet(*good)).json()
    assert (told["created"], told["errors"]) == (2, [])
    first, second = Device.objects.unscoped("test").filter(code__startswith="IMP-").order_by("code")
    assert first.token_hash == credentials.digest("maker-Token-0001")
    assert (first.preset_token, second.token_hash) == ("", "")


def test_a_weak_token_is_an_error_of_its_row_and_keeps_the_sheet_out() -> None:
    site = rows.site("330482")
    lines = [
        ("IMP-3", "扬尘噪声监测", site.name, "maker-Token-0003"),
        ("IMP-4", "扬尘噪声监测", site.name, "123456"),
        ("IMP-5", "扬尘噪声监测", site.name, "with a space in it"),
        ("IMP-6", "没有的类型", site.name, "aaaaaaaaaaaaaaaa"),
    ]
    answer = caller(["*"], "330482").upload(f"{API}/import?dry_run=false", file=_sheet(*lines))
    told = answer.json()
    assert not told["written"]
    assert [(e["row"], e["column"]) for e in told["errors"]] == [
        (3, "预置令牌"),
        (4, "预置令牌"),
        (5, "设备类型"),
    ]
    assert not Device.objects.unscoped("test").filter(code__startswith="IMP-").exists()
