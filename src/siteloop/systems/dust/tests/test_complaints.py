"""A citizen's complaint: taken in, checked against the readings of its moment, dispatched without the citizen, answered."""

import datetime as dt

import pytest
from django.db import connection
from django.utils import timezone

from siteloop.foundation.authority.viewers import viewer_for
from siteloop.foundation.cases import actions as cases
from siteloop.foundation.cases.models import Case
from siteloop.foundation.notice.models import Notice
from siteloop.foundation.registry import video
from siteloop.foundation.registry.tests import rows
from siteloop.framework.action import Refused
from siteloop.framework.models import TrailEntry
from siteloop.framework.perform import change, perform
from siteloop.framework.testing import RegisterTests
from siteloop.kernel.quality import Quality
from siteloop.systems.dust import complaints, evidence, pages
from siteloop.systems.dust.models import Complaint
from siteloop.systems.dust.tests.conftest import County

AT = timezone.now().replace(microsecond=0) - dt.timedelta(hours=3)
PHONE = "10000000088"


def reading(
    county: County, minutes: int, pm25: float, noise: float, quality: Quality = Quality.NORMAL
) -> None:
    at = AT + dt.timedelta(minutes=minutes)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS telemetry.dust_test PARTITION OF telemetry.dust DEFAULT")
        cursor.execute(
            "INSERT INTO telemetry.dust (device, at, received_at, quality, pm25, noise) VALUES (%s, %s, %s, %s, %s, %s)",
            [county.monitor.pk, at, at, int(quality), pm25, noise],
        )


@pytest.fixture
def complaint(county: County) -> Complaint:
    row = Complaint(
        site=county.site,
        channel="hotline",
        topic="both",
        occurred_at=AT,
        content="夜里扬尘大、很吵",
        contact=PHONE,
    )
    row.full_clean()
    row.save()
    return row


def fresh(row: Complaint) -> Complaint:
    return Complaint.objects.unscoped("test").get(pk=row.pk)


@pytest.mark.requirement("DUST-29")
def test_the_readings_of_the_moment_are_collected_and_frozen(county: County, complaint: Complaint) -> None:
    reading(county, -31, 500, 90)  # outside the half hour
    reading(county, -30, 60, 60)
    reading(county, 10, 90, 70)
    reading(county, 20, 900, 50, Quality.FAULT)  # PM2.5 is flagged, noise is not
    perform(complaints.collect, viewer_for(county.squad), complaint)
    found = {r["field"]: r for r in fresh(complaint).facts["readings"]}
    assert (found["pm25"]["n"], found["pm25"]["mean"], found["pm25"]["high"], found["pm25"]["limit"]) == (
        2,
        75.0,
        90.0,
        75.0,
    )
    assert found["noise"]["n"] == 3
    assert found["noise"]["mean"] == pytest.approx(65.7, abs=0.05), (
        "10·log10 of the mean energy of 60, 70 and 50 dB"
    )
    assert found["pm25"]["high_at"] == evidence.shown(AT + dt.timedelta(minutes=10))
    assert fresh(complaint).facts["spray"] == "期间喷淋无运行回报"
    reading(county, 15, 300, 60)
    assert found == {r["field"]: r for r in fresh(complaint).facts["readings"]}, "what was collected stays"


@pytest.mark.requirement("DUST-29", "ACT-07", "ACT-30")
def test_it_is_dispatched_without_the_citizen_checked_by_the_squad_and_answered(
    county: County, complaint: Complaint
) -> None:
    squad = viewer_for(county.squad)
    reading(county, 0, 88, 66)
    perform(complaints.collect, squad, complaint)
    perform(complaints.dispatch, squad, complaint, {"body": "请立即覆盖裸土"})
    case = Case.objects.unscoped("test").get()
    assert (case.loop, case.source, case.step, case.site) == (
        "dust_complaint",
        "complaint",
        "small_dispose",
        county.site,
    )
    told = Notice.objects.unscoped("test").get(account=county.manager)
    everything = f"{told.title}{told.body}{[e.body for e in case.events.all()]}{case.findings.get().message}"
    assert "市民投诉扬尘噪声" in told.title
    assert "请立即覆盖裸土" in everything
    assert "88" in everything
    assert PHONE not in everything
    assert "很吵" not in everything, "the citizen's own words stay with the authority"
    with pytest.raises(Refused) as no:
        perform(complaints.answer, squad, complaint, {"answer": "已处理"})
    assert case.number in no.value.message
    perform(cases.reply, viewer_for(county.manager), case, {"body": "已覆盖"})
    case.refresh_from_db()
    assert case.machine_passed is None
    assert "没有有效监测数据" in case.machine_message
    with pytest.raises(Refused):
        perform(cases.pass_check, viewer_for(county.supervisor), case, {"body": "好"})
    perform(cases.pass_check, squad, case, {"body": "现场核实"})
    case.refresh_from_db()
    assert (case.state, case.words) == ("closed", "核查通过")
    assert case.findings.get().cleared_at == case.closed_at, "what a citizen told of ends with its case"
    perform(complaints.answer, squad, complaint, {"answer": "已督促工地覆盖裸土"})
    done = fresh(complaint)
    assert (done.state, done.answered_at is not None) == ("answered", True)
    with pytest.raises(Refused) as closed:
        change(done, squad, {"content": "改写"})
    assert "不能修改" in str(closed.value.errors)
    with pytest.raises(Refused):
        perform(complaints.dispatch, squad, complaint, {"body": "再派"})


@pytest.mark.requirement("DUST-29")
def test_an_unfounded_one_is_answered_from_the_readings(county: County, complaint: Complaint) -> None:
    perform(complaints.answer, viewer_for(county.squad), complaint, {"answer": "监测数据未超限"})
    assert fresh(complaint).state == "answered"
    assert not Case.objects.unscoped("test").exists()


@pytest.mark.requirement("DUST-29", "SEC-01")
def test_who_complained_is_encrypted_masked_and_hidden_from_the_project(
    county: County, complaint: Complaint, client
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT contact FROM dust_complaint")
        assert PHONE not in cursor.fetchone()[0]
    role = county.manager.posts.get().role
    role.pk, role.code, role.sees = None, "project_tester", "project"
    role.save()
    county.manager.posts.update(role=role)
    assert not Complaint.objects.visible_to(viewer_for(county.manager)).exists()
    client.force_login(county.squad, backend="django.contrib.auth.backends.ModelBackend")
    shown = client.get(f"/dust/complaints/{complaint.pk}/").content.decode()
    assert "100****0088" in shown
    assert PHONE not in shown
    assert "尚未取证" in shown
    perform(complaints.collect, viewer_for(county.squad), complaint)
    assert PHONE not in str(list(TrailEntry.objects.unscoped("test").values()))


@pytest.mark.requirement("DUST-30")
def test_the_video_of_the_moment_stands_beside_the_readings_when_there_is_one(
    county: County, complaint: Complaint, client, monkeypatch
) -> None:
    client.force_login(county.squad, backend="django.contrib.auth.backends.ModelBackend")
    path = f"/dust/complaints/{complaint.pk}/"
    assert "该工地未接入视频" in client.get(path).content.decode()

    def camera(site, viewer, at):
        return [video.Picture(f"大门 {evidence.shown(at)}", f"/video/{site.pk}/")]

    monkeypatch.setattr(video, "SOURCES", [camera])
    shown = client.get(path).content.decode()
    assert f"大门 {evidence.shown(AT)}" in shown
    assert f"/video/{county.site.pk}/" in shown


class TestComplaints(RegisterTests):
    page = pages.complaints_received

    def make_row(self, region):
        row = Complaint(site=rows.site(region), channel="spot", topic="dust", occurred_at=AT, content="扬尘")
        row.save()
        return row

    def new_data(self, region):
        return {
            "site": rows.site(region).pk,
            "channel": "hotline",
            "topic": "noise",
            "occurred_at": AT.isoformat(),
            "content": "夜间施工噪声",
        }

    def test_the_future_cannot_be_complained_of(self):
        later = (timezone.now() + dt.timedelta(days=1)).isoformat()
        answer = self.local().post(self.api, {**self.new_data(self.home), "occurred_at": later})
        assert answer.status_code == 422
        assert "不能晚于现在" in answer.content.decode()
