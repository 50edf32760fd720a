"""The fleet page: states, rates counted from stored rows, papers that run out, filters, order, export, scope."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from siteloop.foundation.authority.models import Organisation
from siteloop.foundation.registry.models import AnnualInspection, Calibration, Device, Site
from siteloop.foundation.registry.tests import rows
from siteloop.foundation.telemetry import rates
from siteloop.foundation.telemetry.rates import measures, period
from siteloop.framework.testing import Caller, caller

MAY = ["registry.device.view", "registry.device.export", "telemetry.reading.view"]
ABSENT = sum(15 << (4 * i) for i in range(1, 9))  # only the first field is there


def _text(who: Caller, path: str) -> str:
    answer = who.html.get(path)
    assert answer.status_code == 200, answer.content[:300]
    return str(answer.content.decode())


def _rolled(device: int, hours: int, valid: int, expected: int = 12) -> None:
    end = period(timezone.now(), 1)[1]
    with connection.cursor() as cursor:
        for n in range(1, hours + 1):
            cursor.execute(
                "INSERT INTO telemetry.dust_rollup (device, step, at, expected, n, mean, low, high)"
                " VALUES (%s, 3600, %s, %s, array_fill(%s, ARRAY[9]), array_fill(1, ARRAY[9]), array_fill(1, ARRAY[9]), array_fill(1, ARRAY[9]))",
                [device, end - dt.timedelta(hours=n), expected, valid],
            )


def _stored(device: int, flags: list[int]) -> None:
    end = period(timezone.now(), 1)[1]
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS telemetry.dust_test PARTITION OF telemetry.dust DEFAULT")
        for n, flag in enumerate(flags):
            cursor.execute(
                "INSERT INTO telemetry.dust (device, at, received_at, quality, pm25) VALUES (%s, %s, now(), %s, 30)",
                [device, end - dt.timedelta(minutes=n + 1), flag | ABSENT],
            )


def _latest(device: int, age_s: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            'INSERT INTO telemetry.latest (device, profile, at, received_at, quality, "values")'
            " VALUES (%s, 'dust', now(), now() - %s * interval '1 second', 0, '{}')",
            [device, age_s],
        )


@pytest.mark.django_db
@pytest.mark.requirement("IOT-02", "DUST-13")
def test_rates_are_counted_from_what_was_stored(fast_plane: None) -> None:
    device = rows.device("330482")
    _rolled(rows.device("330482").pk, hours=25, valid=12)
    _rolled(device.pk, hours=12, valid=6)  # half the day, half the values of each of those hours
    _stored(device.pk, [0, 0, 0, 4])  # one of four flagged D
    page = _text(caller(MAY, "330482"), "/fleet/")
    for share in ("50.0%", "25.0%"):
        assert share in page
    assert page.count("25.0%") == 2  # valid-data rate and fault rate


@pytest.mark.django_db
def test_nobody_is_off_line_before_the_platform_began(fast_plane: None) -> None:
    device, later = rows.device("330482"), rows.device("330482")
    start, end = period(timezone.now(), 1)
    before = measures([device], start, end)[device.pk]
    _rolled(device.pk, hours=6, valid=12)
    _rolled(later.pk, hours=3, valid=6)
    first, second = (measures([device, later], start, end)[one.pk] for one in (device, later))
    assert (first.online_rate, first.valid_rate) == (1.0, 1.0)
    assert (second.online_rate, second.valid_rate) == (0.5, 0.25), (
        "it might have served since the first one did"
    )
    assert (before.online_rate, before.valid_rate) == (None, None), "there was nothing to be on line to"
    page = _text(caller(MAY, "330482"), "/fleet/rates/?by=device&days=1")
    assert "75.0%" not in page
    assert page.count("100.0%") == 2


@pytest.mark.django_db
def test_state_and_age_follow_the_registered_interval(fast_plane: None) -> None:
    fresh, silent, never = (rows.device("330482") for _ in range(3))
    _latest(fresh.pk, 120)
    _latest(silent.pk, 7200)
    who = caller(MAY, "330482")
    assert "2 分钟前" in _text(who, "/fleet/?state=online")
    offline = _text(who, "/fleet/?state=offline")
    assert "2 小时前" in offline
    assert silent.code in offline
    assert fresh.code not in offline
    assert f">{never.code}<" in _text(who, "/fleet/?state=never")


@pytest.mark.django_db
@pytest.mark.requirement("IOT-08")
def test_papers_that_run_out_are_found(fast_plane: None) -> None:
    device, other = rows.device("330482"), rows.device("330482")
    today = timezone.localdate()
    AnnualInspection(
        device=device,
        done_on=today - dt.timedelta(days=400),
        valid_until=today - dt.timedelta(days=35),
        result="passed",
    ).save()
    page = _text(caller(MAY, "330482"), "/fleet/?due=overdue")
    assert device.code in page
    assert "已过期" in page
    assert f">{other.code}<" not in page


@pytest.mark.django_db
@pytest.mark.requirement("SEC-11")
def test_suppliers_stand_by_name_unless_the_person_sorts(fast_plane: None) -> None:
    good, bad = rows.device("330482"), rows.device("330482")
    for device, name in ((good, "乙服务单位"), (bad, "丙服务单位")):
        supplier = Organisation(name=name, kind="supplier", region_code="330482")
        supplier.save()
        Device.objects.unscoped("test").filter(pk=device.pk).update(supplier=supplier)
    _rolled(good.pk, hours=24, valid=12)
    who = caller(MAY, "330482")
    by_name = _text(who, "/fleet/rates/?by=supplier")
    assert by_name.index("丙服务单位") < by_name.index("乙服务单位")
    by_rate = _text(who, "/fleet/rates/?by=supplier&sort=-valid_rate")
    assert by_rate.index("乙服务单位") < by_rate.index("丙服务单位")
    assert "有效数据个数 ÷ 按登记的上报间隔应到个数" in by_name


@pytest.mark.django_db
def test_scope_rights_and_wrong_parameters(fast_plane: None) -> None:
    mine, foreign = rows.device("330482100"), rows.device("330482101")
    town = caller(MAY, "330482100")
    for path in ("/fleet/", "/fleet/rates/?by=device"):
        page = _text(town, path)
        assert mine.code in page
        assert foreign.code not in page
    assert caller(["registry.device.view"], "330482").html.get("/fleet/").status_code == 403
    assert town.html.get("/fleet/?days=3000").status_code == 422
    assert town.html.get("/fleet/rates/?by=colour").status_code == 422
    assert "没有符合条件的设备" in _text(town, "/fleet/?search=没有这个")


@pytest.mark.django_db
def test_export_holds_what_the_page_shows(fast_plane: None) -> None:
    device = rows.device("330482")
    Device.objects.unscoped("test").filter(pk=device.pk).update(model_name="YC-100", firmware="2.1.7")
    rows.device("330411")
    who = caller(MAY, "330482")
    for path, first in (("/fleet/export", device.code), ("/fleet/rates/export?by=device", device.code)):
        text = b"".join(who.html.get(path).streaming_content).decode("utf-8-sig")
        assert len(text.strip().splitlines()) == 2
        assert text.strip().splitlines()[1].startswith(first)
        assert ("YC-100 2.1.7" in text) is (path == "/fleet/export")
    assert device.code in _text(who, "/fleet/?search=2.1.7")
    assert caller(MAY[:1] + MAY[2:], "330482").html.get("/fleet/export").status_code == 403


@pytest.mark.django_db
def test_more_devices_ask_no_more_queries(fast_plane: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "KEPT_S", -1.0)
    rows.device("330482")
    who = caller(MAY, "330482")
    _text(who, "/fleet/")
    with CaptureQueriesContext(connection) as few:
        _text(who, "/fleet/")
    for _ in range(5):
        rows.device("330482")
    with CaptureQueriesContext(connection) as many:
        _text(who, "/fleet/")
    assert len(many) <= len(few)


@pytest.mark.django_db
def test_only_the_shown_devices_become_records(fast_plane: None) -> None:
    for _ in range(53):
        rows.device("330482")
    who = caller(MAY, "330482")
    first = _text(who, "/fleet/")
    assert first.count("/places/devices/") == 50
    assert "53/53" in first
    assert _text(who, "/fleet/?page=2").count("/places/devices/") == 3
    assert _text(who, "/fleet/rates/?by=device&page=2").count("/places/devices/") == 3


@pytest.mark.django_db
@pytest.mark.parametrize(
    "sort", ["code", "site", "state", "age", "model", "supplier", "inspection", "calibration"]
)
def test_order_by_what_the_database_knows(fast_plane: None, sort: str) -> None:
    low, high = rows.device("330482"), rows.device("330482")
    today = timezone.localdate()
    for device, sign in ((low, "A"), (high, "B")):
        _latest(device.pk, 60 if device is low else 7200)
        supplier = Organisation(name=f"{sign}服务单位", kind="supplier", region_code="330482")
        supplier.save()
        Device.objects.unscoped("test").filter(pk=device.pk).update(
            title=f"{sign}点", supplier=supplier, model_name=sign
        )
        Site.objects.unscoped("test").filter(pk=device.site_id).update(name=f"{sign}工地")
        until = today + dt.timedelta(days=10 if device is low else 90)
        AnnualInspection(device=device, done_on=today, valid_until=until, result="passed").save()
        Calibration(device=device, done_on=today, valid_until=until).save()
    who = caller(MAY, "330482")
    up, down = _text(who, f"/fleet/?sort={sort}"), _text(who, f"/fleet/?sort=-{sort}")
    assert up.index(low.code) < up.index(high.code)
    assert down.index(high.code) < down.index(low.code)


@pytest.mark.django_db
@pytest.mark.parametrize("sort", ["online", "valid", "fault", "quarantine"])
def test_order_by_figures(fast_plane: None, sort: str) -> None:
    low, high = rows.device("330482"), rows.device("330482")
    for device, hours in ((low, 6), (high, 12)):
        _rolled(device.pk, hours=hours, valid=12)
    _stored(high.pk, [0, 4])
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO fast.quarantine (received_at, listener, device, reason, raw) VALUES (now(), 'hj212', %s, 'crc', 'x')",
            [high.pk],
        )
    who = caller(MAY, "330482")
    up, down = _text(who, f"/fleet/?sort={sort}"), _text(who, f"/fleet/?sort=-{sort}")
    assert up.index(low.code) < up.index(high.code)
    assert down.index(high.code) < down.index(low.code)
