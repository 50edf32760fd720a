"""Devices that present themselves: listed from what goes into quarantine, bounded, adopted with a site, or ignored."""

from typing import Any

import pytest
from django.db import connection

from siteloop.foundation.registry.models import Device, DeviceModel
from siteloop.foundation.registry.tests import rows
from siteloop.foundation.telemetry import pages
from siteloop.foundation.telemetry.models import Waiting
from siteloop.foundation.telemetry.tests.test_quarantine import frame, refused
from siteloop.framework.models import TrailEntry
from siteloop.framework.testing import RegisterTests, caller

WHY = "test"
API = "/api/v1/telemetry/waiting"
pytestmark = [pytest.mark.django_db, pytest.mark.requirement("IOT-03", "IOT-06")]


def knock(code: str, listener: str = "hj212", raw: bytes = b"", reason: str = "unknown_device") -> None:
    """An unregistered device speaks: the sink keeps its message in quarantine."""
    refused(0, raw or frame(code), reason, listener=listener, code=code)


def _waiting(code: str) -> Waiting | None:
    row: Waiting | None = Waiting.objects.unscoped(WHY).filter(code=code).first()
    return row


def _adopt(row: Waiting, who: Any = None, **data: Any) -> Any:
    return (who or caller(["*"], "330482")).post(f"{API}/{row.pk}/actions/adopt", data)


class TestWaiting(RegisterTests):
    page = pages.waiting

    @pytest.fixture(autouse=True)
    def _tables(self, fast_plane: None) -> None:
        self.numbers = iter(range(1000))

    def make_row(self, region: str) -> Waiting:
        code = f"KNOCK{next(self.numbers)}"
        knock(code)
        row = _waiting(code)
        assert row is not None
        return row


@pytest.fixture(autouse=True)
def _tables(fast_plane: None) -> None:
    pass


def test_only_who_named_itself_and_is_unknown_waits() -> None:
    knock("STRANGER1")
    knock("STRANGER2", reason="bad_crc")
    for odd in ("", "ab", "x" * 41, "a b c d", "中文编码一二三"):
        knock(odd)
    assert [w.code for w in Waiting.objects.unscoped(WHY)] == ["STRANGER1"]
    row = _waiting("STRANGER1")
    assert row is not None
    assert bytes(row.samples[0]).startswith(b"##")


def test_a_talkative_device_is_one_line_with_at_most_five_samples() -> None:
    for _ in range(8):
        knock("TALKER")
        with connection.cursor() as cursor:  # a second passes
            cursor.execute("UPDATE fast.waiting SET last_seen = last_seen - interval '2 seconds'")
    row = _waiting("TALKER")
    assert row is not None
    assert len(row.samples) == 5
    assert Waiting.objects.unscoped(WHY).count() == 1


def test_one_address_cannot_fill_the_list() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO fast.waiting (listener, code, peer, host, first_seen, last_seen)"
            " SELECT 'hj212', 'FLOOD' || n, '10.0.0.9:1', '10.0.0.9', now(), now() FROM generate_series(1, 200) AS n"
        )
    knock("ONEMORE")
    assert _waiting("ONEMORE") is None
    with connection.cursor() as cursor:
        cursor.execute("UPDATE fast.waiting SET host = '10.0.0.8' WHERE code = 'FLOOD7'")
    knock("ONEMORE")
    assert _waiting("ONEMORE") is not None


def test_a_full_list_makes_room_only_by_forgetting_the_silent() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO fast.waiting (listener, code, host, first_seen, last_seen)"
            " SELECT 'hj212', 'FULL' || n, n::text, now(), now() FROM generate_series(1, 1000) AS n"
        )
    knock("LATECOMER")
    assert _waiting("LATECOMER") is None
    with connection.cursor() as cursor:
        cursor.execute("UPDATE fast.waiting SET last_seen = now() - interval '31 days' WHERE code = 'FULL5'")
    knock("LATECOMER")
    assert _waiting("LATECOMER") is not None
    assert _waiting("FULL5") is None


def test_adopting_makes_a_device_of_the_chosen_site() -> None:
    knock("NEWMN0001")
    row, site = _waiting("NEWMN0001"), rows.site("330482")
    assert row is not None
    told = _adopt(row, site=site.pk, title="1号扬尘", keep_password=True)
    assert told.status_code == 200, told.content
    assert "下一条报文起即可入库" in told.json()["message"]
    device = Device.objects.unscoped(WHY).get(code="NEWMN0001")
    assert (device.profile, device.site, device.password) == ("dust", site, "123456")
    row.refresh_from_db()
    assert (row.state, row.device) == ("adopted", device)
    assert _adopt(row, site=site.pk).status_code == 409
    told_in_trail = set(TrailEntry.objects.unscoped(WHY).values_list("action", flat=True))
    assert told_in_trail >= {"registry.device.create", "telemetry.waiting.adopt"}


def test_a_device_of_a_token_door_is_given_its_token_once() -> None:
    knock("MQTT-NEW", "mqtt", b"CONNECT vendor-1")
    row, site = _waiting("MQTT-NEW"), rows.site("330482")
    assert row is not None
    assert _adopt(row, site=site.pk).status_code == 422, "nobody can guess what an MQTT device measures"
    model = DeviceModel(maker="某厂", name="D-1", profile="sprayer", protocol="mqtt")
    model.save()
    told = _adopt(row, site=site.pk, model=model.pk)
    assert told.status_code == 200, told.content
    device = Device.objects.unscoped(WHY).get(code="MQTT-NEW")
    assert (device.profile, device.model, device.model_name) == ("sprayer", model, "D-1")
    assert len(device.token_hash) == 64
    assert "令牌" in told.json()["message"]


def test_nobody_adopts_into_a_foreign_site_or_without_the_right_to_register() -> None:
    knock("NEWMN0002")
    row, foreign = _waiting("NEWMN0002"), rows.site("330411")
    assert row is not None
    assert _adopt(row, site=foreign.pk).status_code == 422
    weak = caller(["telemetry.waiting.*", "registry.site.view"], "330482")
    assert _adopt(row, weak, site=rows.site("330482").pk).status_code == 403
    row.refresh_from_db()
    assert row.state == "waiting"
    assert not Device.objects.unscoped(WHY).filter(code="NEWMN0002").exists()


def test_a_device_registered_by_hand_waits_no_longer_and_comes_back_when_it_is_lost_again() -> None:
    knock("NEWMN0003")
    device = rows.device("330482")
    Device(code="NEWMN0003", profile="dust", site=device.site).save()
    row = _waiting("NEWMN0003")
    assert row is not None
    assert row.state == "adopted"
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE fast.waiting SET done_at = now() - interval '1 hour', last_seen = now() - interval '1 hour'"
        )
    knock("NEWMN0003")
    row.refresh_from_db()
    assert row.state == "waiting"


def test_an_ignored_device_stays_ignored() -> None:
    knock("NOISE-01")
    row = _waiting("NOISE-01")
    assert row is not None
    who = caller(["*"], "330482")
    assert who.post(f"{API}/{row.pk}/actions/ignore", {}).status_code == 422
    assert who.post(f"{API}/{row.pk}/actions/ignore", {"reason": "外县设备"}).status_code == 200
    with connection.cursor() as cursor:
        cursor.execute("UPDATE fast.waiting SET last_seen = now() - interval '1 hour'")
    knock("NOISE-01")
    row.refresh_from_db()
    assert (row.state, row.note) == ("ignored", "外县设备")


def test_its_page_shows_what_it_said() -> None:
    knock("NEWMN0004")
    row = _waiting("NEWMN0004")
    assert row is not None
    page = caller(["*"], "330482").html.get(f"/telemetry/waiting/{row.pk}/").content.decode()
    assert "a34004-Rtd=36.0" in page
    assert "36.0" in page
    assert "登记接入" in page
    assert 'search=NEWMN0004">1</a>' in page


def test_the_desk_s_role_may_mark_a_device_and_not_change_what_it_said() -> None:
    knock("NEWMN0005")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE siteloop_web")
        cursor.execute("UPDATE fast.waiting SET state = 'ignored' WHERE code = 'NEWMN0005'")
        cursor.execute(
            "SELECT has_column_privilege('fast.waiting', 'samples', 'UPDATE'), has_table_privilege('fast.waiting', 'DELETE')"
        )
        assert cursor.fetchone() == (False, False)
        cursor.execute("RESET ROLE")
