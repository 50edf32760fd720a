"""Refused messages: who sees which, what is told about them, what is let out and how."""

import datetime as dt
from typing import Any

import pytest
from django.db import connection

from siteloop.foundation.registry.models import Device
from siteloop.foundation.registry.tests import rows
from siteloop.foundation.telemetry import explaining, pages
from siteloop.foundation.telemetry.models import Quarantine
from siteloop.framework.models import TrailEntry
from siteloop.framework.testing import RegisterTests, caller
from siteloop.kernel.explanation import Check, Explanation
from siteloop.kernel.times import SHANGHAI

WHY = "test"


def refused(device: int, raw: bytes = b"##0010rubbish", reason: str = "bad_crc", **more: str) -> Quarantine:
    """A row as the sink writes it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO fast.quarantine (received_at, listener, device, device_code, peer, reason, detail, raw)"
            " VALUES (now(), %s, %s, %s, '10.0.0.9:4001', %s, %s, %s) RETURNING id",
            [
                more.get("listener", "hj212"),
                device,
                more.get("code", ""),
                reason,
                more.get("detail", ""),
                raw,
            ],
        )
        pk = cursor.fetchone()[0]
    row: Quarantine = Quarantine.objects.unscoped(WHY).get(pk=pk)
    return row


def _crc(segment: bytes) -> int:
    """HJ 212-2017 Annex A, written out here once more so that the codec is not its own witness."""
    crc = 0xFFFF
    for byte in segment:
        crc = (crc >> 8) ^ byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def frame(mn: str, crc: int | None = None, length: int | None = None, age_s: int = 0) -> bytes:
    """A real-time frame of PM2.5 = 36.0."""
    at = dt.datetime.now(SHANGHAI) - dt.timedelta(seconds=age_s)
    segment = (
        f"QN={at:%Y%m%d%H%M%S}001;ST=39;CN=2011;PW=123456;MN={mn};Flag=5;CP=&&DataTime={at:%Y%m%d%H%M%S};"
        "a34004-Rtd=36.0,a34004-Flag=N&&"
    ).encode()
    sent = _crc(segment) if crc is None else crc
    return b"##%04d%s%04X\r\n" % (len(segment) if length is None else length, segment, sent)


class TestRefused(RegisterTests):
    page = pages.refused

    @pytest.fixture(autouse=True)
    def _tables(self, fast_plane: None) -> None:
        self.device: dict[str, Device] = {}

    def make_row(self, region: str) -> Quarantine:
        if region not in self.device:
            self.device[region] = rows.device(region)
        return refused(self.device[region].pk, frame("X"), code=self.device[region].code)


@pytest.mark.django_db
@pytest.mark.requirement("SEC-09")
def test_unknown_senders_are_for_platform_operations_only(fast_plane: None) -> None:
    mine, foreign = rows.device("330482100"), rows.device("330482101")
    seen, hidden, unknown = (refused(n, code=f"C{n}") for n in (mine.pk, foreign.pk, 0))
    town = caller(["telemetry.quarantine.view"], "330482100")
    assert [r["id"] for r in town.get("/api/v1/telemetry/quarantine").json()["results"]] == [seen.pk]
    for row in (hidden, unknown):
        assert town.html.get(f"/telemetry/quarantine/{row.pk}/").status_code == 404
    officer = caller(["telemetry.quarantine.view"], "33")
    assert {r["id"] for r in officer.get("/api/v1/telemetry/quarantine").json()["results"]} == {
        seen.pk,
        hidden.pk,
    }
    operations = caller(["telemetry.quarantine.*"], "330482")
    found = {r["id"] for r in operations.get("/api/v1/telemetry/quarantine").json()["results"]}
    assert found == {seen.pk, hidden.pk, unknown.pk}


def _page(row: Quarantine, *permissions: str) -> str:
    answer = caller(permissions or ["*"], "330482").html.get(f"/telemetry/quarantine/{row.pk}/")
    assert answer.status_code == 200
    return str(answer.content.decode())


def _checks(row: Quarantine) -> dict[str, Check]:
    return {c.code: c for c in explaining.explain(row).checks}


@pytest.mark.django_db
def test_a_bad_crc_is_told_with_both_numbers(fast_plane: None) -> None:
    device = rows.device("330482")
    sound = frame(device.code)
    row = refused(device.pk, frame(device.code, crc=0xBEEF))
    check = _checks(row)["crc"]
    assert (check.ok, check.found) == (False, "BEEF")
    assert check.expected == sound[-6:-2].decode()
    assert explaining.explain(row).reason == "bad_crc"
    page = _page(row)
    assert "BEEF" in page
    assert check.expected in page
    assert "仍会拒收：CRC 校验错误" in page


@pytest.mark.django_db
def test_a_wrong_length_is_told_with_both_lengths(fast_plane: None) -> None:
    device = rows.device("330482")
    row = refused(device.pk, frame(device.code, length=9), "wrong_length")
    check = _checks(row)["length"]
    assert (check.ok, check.found) == (False, "0009")
    assert int(check.expected) == len(frame(device.code)) - 12
    assert "##0009QN=" in _page(row)  # the bytes are legible


@pytest.mark.django_db
def test_a_sound_message_shows_what_would_be_stored(fast_plane: None) -> None:
    device = rows.device("330482")
    found = explaining.explain(refused(device.pk, frame(device.code), "device_disabled"))
    assert found.is_sound
    assert [(v.field, v.value, v.quality) for v in found.values] == [("pm25", 36.0, 0)]
    assert all(c.ok for c in found.checks)


@pytest.mark.django_db
def test_the_time_is_judged_as_of_the_day_of_receipt(fast_plane: None) -> None:
    device = rows.device("330482")
    old = refused(device.pk, frame(device.code, age_s=40 * 86_400), "too_old")
    assert explaining.explain(old).reason == "too_old"
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE fast.quarantine SET received_at = now() - interval '40 days' WHERE id = %s", [old.pk]
        )
    old.refresh_from_db()
    assert explaining.explain(old).is_sound


@pytest.mark.django_db
def test_todays_settings_count(fast_plane: None) -> None:
    """A frame with the two CRC bytes exchanged is sound as soon as the device's setting says so."""
    device = rows.device("330482")
    # one CRC in 256 has two equal bytes
    sound = next(f for n in range(100) if (f := frame(device.code, age_s=n))[-6:-4] != f[-4:-2])
    row = refused(device.pk, sound[:-6] + sound[-4:-2] + sound[-6:-4] + sound[-2:])
    assert explaining.explain(row).reason == "bad_crc"
    assert "hj212_swapped" in _checks(row)["crc"].found
    Device.objects.unscoped(WHY).filter(pk=device.pk).update(crc_quirk="hj212_swapped")
    row = Quarantine.objects.unscoped(WHY).get(pk=row.pk)
    assert explaining.explain(row).is_sound


@pytest.mark.django_db
def test_json_needs_a_sender_that_was_proven(fast_plane: None) -> None:
    device = rows.device("330482")
    body = b'{"pm25": 36}'
    assert explaining.explain(refused(device.pk, body, "device_disabled", listener="http")).is_sound
    stranger = refused(0, body, "wrong_password", listener="http", code=device.code)
    assert explaining.explain(stranger).reason == "wrong_password"
    broken = explaining.explain(refused(device.pk, b'{"pm25": ', "malformed", listener="mqtt"))
    assert broken.reason == "malformed"
    assert [c.code for c in broken.checks if c.ok is False] == ["json"]


@pytest.mark.django_db
def test_an_unknown_sender_can_be_registered_from_here(fast_plane: None) -> None:
    row = refused(0, frame("NEWDEVICE0001"), "unknown_device", code="NEWDEVICE0001")
    link = "/registry/devices/new?code=NEWDEVICE0001"
    assert link in _page(row)
    assert link not in _page(row, "telemetry.quarantine.*")
    form = caller(["*"], "330482").html.get(f"{link}&profile=dust").content.decode()
    assert 'value="NEWDEVICE0001"' in form
    known = rows.device("330482")
    Device.objects.unscoped(WHY).filter(pk=known.pk).update(code="NEWDEVICE0001")
    assert "/registry/devices/new" not in _page(row), "it is registered by now"


def _release(row: Quarantine, **more: Any) -> Any:
    who = caller(more.pop("permissions", ["telemetry.quarantine.*"]), "330482")
    return who.post(
        f"/api/v1/telemetry/quarantine/{row.pk}/actions/release", {"reason": "设备已登记", **more}
    )


@pytest.mark.django_db
def test_a_release_is_asked_for_with_a_reason_and_told(fast_plane: None) -> None:
    device = rows.device("330482")
    row = refused(device.pk, frame(device.code), "device_disabled")
    assert _release(row, reason="").status_code == 422
    assert _release(row, permissions=["telemetry.quarantine.view"]).status_code == 403
    assert _release(row).status_code == 200
    row.refresh_from_db()
    assert (row.state, row.asked_reason) == ("asked", "设备已登记")
    assert row.asked_by.startswith("测试员")
    told = TrailEntry.objects.unscoped(WHY).get(action="telemetry.quarantine.release")
    assert told.object_id == row.pk
    assert _release(row).status_code == 409  # once is enough


@pytest.mark.django_db
def test_what_would_be_refused_again_is_not_let_out(fast_plane: None) -> None:
    device = rows.device("330482")
    row = refused(device.pk, frame(device.code, crc=0xBEEF))
    answer = _release(row)
    assert answer.status_code == 409
    assert "CRC" in answer.content.decode()
    row.refresh_from_db()
    assert row.state == "kept"


@pytest.mark.django_db
def test_without_the_fast_plane_it_says_so(fast_plane: None, monkeypatch: pytest.MonkeyPatch) -> None:
    nobody: list[explaining.Explainer] = []
    monkeypatch.setattr(explaining, "EXPLAINERS", nobody)
    row = refused(rows.device("330482").pk)
    assert _release(row).status_code == 503

    def strange(raw: bytes, *_: object) -> Explanation:
        return Explanation((), reason="", device_code=raw[:2].decode())

    nobody.append(strange)
    assert isinstance(explaining.explain(row), Explanation)


@pytest.mark.django_db
def test_a_door_is_chosen_by_its_name(fast_plane: None) -> None:
    who = caller(["telemetry.quarantine.view", "registry.device.view"])
    asked = who.html.get("/telemetry/quarantine/lookup/listener?q=塔机").json()
    assert [one["text"] for one in asked["results"]] == ["塔机与升降机"]


@pytest.mark.django_db
def test_what_a_door_found_is_said_in_chinese_in_the_list_and_on_the_record(fast_plane: None) -> None:
    row = refused(0, reason="malformed", detail="text before the frame header")
    who = caller(["telemetry.quarantine.view", "telemetry.quarantine.unknown", "registry.device.view"])
    for path in ("/telemetry/quarantine/", f"/telemetry/quarantine/{row.pk}/"):
        page = who.html.get(path).content.decode()
        assert "帧头前有多余内容" in page and "before the frame header" not in page, path
