"""The ledger page: sums that add up, a loud mark when they do not, only the viewer's own devices, drill-down and export."""

import datetime as dt

import pytest
from django.db import connection

from siteloop.foundation.registry.tests import rows
from siteloop.framework.models import TrailEntry
from siteloop.framework.testing import Caller, caller

VIEW = "telemetry.ledger.view"


def _entry(device: int, received: int, stored: int, control: int = 0, day: int = 0, **rejected: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO fast.ledger (day, listener, device, received, stored, control)"
            " VALUES ((now() AT TIME ZONE 'Asia/Shanghai')::date - %s, 'hj212', %s, %s, %s, %s)",
            [day, device, received, stored, control],
        )
        for reason, n in rejected.items():
            cursor.execute(
                "INSERT INTO fast.ledger_rejected (day, listener, device, reason, n)"
                " VALUES ((now() AT TIME ZONE 'Asia/Shanghai')::date - %s, 'hj212', %s, %s, %s)",
                [day, device, reason, n],
            )


def _text(who: Caller, path: str) -> str:
    answer = who.html.get(path)
    assert answer.status_code == 200, answer.content[:500]
    return str(answer.content.decode())


@pytest.mark.django_db
@pytest.mark.requirement("DB-04", "PLAT-15")
@pytest.mark.parametrize("by", ["listener", "device", "day"])
def test_the_sum_is_shown_to_add_up(fast_plane: None, by: str) -> None:
    mine = rows.device("330482")
    _entry(mine.pk, 12, 9, bad_crc=2, duplicate=1)
    page = _text(caller([VIEW, "telemetry.quarantine.view"], "330482"), f"/ledger/?by={by}")
    for name, count in (("received", 12), ("stored", 9), ("control", 0), ("rejected", 3)):
        assert f'data-sum="{name}">{count}<' in page
    assert "账平" in page
    assert "不平" not in page
    assert "/telemetry/quarantine/?reason=bad_crc" in page
    assert "reason=duplicate" not in page  # those are counted, not kept one by one


@pytest.mark.django_db
def test_a_gap_is_marked_loudly(fast_plane: None) -> None:
    mine = rows.device("330482")
    _entry(mine.pk, 12, 9, bad_crc=2)
    page = _text(caller([VIEW], "330482"), "/ledger/?by=device")
    assert "账目不平" in page
    assert "不平，差 1" in page
    assert mine.code in page.split("账目不平")[1][:300]


@pytest.mark.django_db
@pytest.mark.requirement("LVL-03")
def test_a_town_officer_sees_only_devices_of_the_town(fast_plane: None) -> None:
    mine, foreign = rows.device("330482100"), rows.device("330482101")
    _entry(mine.pk, 5, 5)
    _entry(foreign.pk, 70, 70)
    _entry(0, 900, 0, control=900)
    page = _text(caller([VIEW], "330482100"), "/ledger/?by=device")
    assert mine.code in page
    assert foreign.code not in page
    assert 'data-sum="received">5<' in page
    assert "只对平台运维人员显示" in page
    everything = _text(caller(["telemetry.*"], "330482"), "/ledger/?by=device")
    assert 'data-sum="received">975<' in everything
    assert "未登记设备与控制报文" in everything


@pytest.mark.django_db
def test_days_listener_and_search_narrow_it(fast_plane: None) -> None:
    mine, other = rows.device("330482"), rows.device("330482")
    _entry(mine.pk, 5, 5)
    _entry(other.pk, 7, 7)
    _entry(mine.pk, 11, 11, day=20)
    who = caller([VIEW], "330482")
    assert 'data-sum="received">12<' in _text(who, "/ledger/")
    start = (dt.datetime.now(dt.UTC).date() - dt.timedelta(days=25)).isoformat()
    assert 'data-sum="received">23<' in _text(who, f"/ledger/?from={start}")
    assert 'data-sum="received">5<' in _text(who, f"/ledger/?search={mine.code}")
    assert "没有收到报文" in _text(who, "/ledger/?listener=mqtt")
    for wrong in ("from=yesterday", "from=2026-02-01&to=2026-01-01", "from=2001-01-01&to=2026-01-01"):
        assert who.html.get(f"/ledger/?{wrong}").status_code == 422


@pytest.mark.django_db
def test_export_holds_the_same_lines_and_is_told(fast_plane: None) -> None:
    mine, foreign = rows.device("330482"), rows.device("330411")
    _entry(mine.pk, 12, 9, bad_crc=2, too_old=1)
    _entry(foreign.pk, 70, 70)
    who = caller([VIEW, "telemetry.ledger.export"], "330482")
    answer = who.html.get("/ledger/export?by=device")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    head, line = text.strip().splitlines()
    assert head == "对象,收到,入库,控制,拒收,拒收·CRC 校验错误,拒收·时间过旧,标记存疑,差额"
    assert line == f"{mine.code},12,9,0,3,2,1,0,0"
    assert TrailEntry.objects.unscoped("test").filter(action="telemetry.ledger.export").count() == 1
    assert caller([VIEW], "330482").html.get("/ledger/export").status_code == 403


@pytest.mark.django_db
def test_without_the_right_there_is_no_page_and_no_menu_line(fast_plane: None) -> None:
    who = caller(["registry.device.view"], "330482")
    assert who.html.get("/ledger/").status_code == 403
    assert "/ledger/" not in _text(who, "/registry/devices/")
    assert "/ledger/" in _text(caller([VIEW, "registry.device.view"], "330482"), "/registry/devices/")
