"""Registers of the registry with the inherited tests, and what their verbs do."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from siteloop.foundation.registry import pages
from siteloop.foundation.registry.completeness import completeness
from siteloop.foundation.registry.models import (
    AnnualInspection,
    Calibration,
    Device,
    Maintenance,
    OperationContract,
    Party,
    ProjectPost,
    SingleWork,
)
from siteloop.foundation.registry.publish import devices
from siteloop.foundation.registry.tests import rows
from siteloop.framework.testing import RegisterTests, caller

DAY = dt.date(2026, 3, 1)


class Elsewhere:
    """The record opens on a screen of its own; the list leads there."""

    screen = ""

    def test_list_shows_the_row_in_api_and_on_screen(self):
        row = self.make_row(self.home)
        who = self.local()
        assert row.pk in [r.get("id", r.get("number")) for r in who.get(self.api).json()["results"]]
        assert f"{self.screen}{row.pk}/" in who.html.get(self.desk).content.decode()


class TestProjects(Elsewhere, RegisterTests):
    page = pages.projects
    screen = "/places/projects/"

    def make_row(self, region):
        return rows.project(region)

    def new_data(self, region):
        return {"code": f"N{region}", "name": "新项目", "region_code": region, "work_kind": "housing"}

    @pytest.mark.requirement("PROJ-11", "PROJ-13")
    def test_completion_switches_the_devices_off_and_keeps_them(self):
        device = rows.device(self.home)
        project = device.site.project
        who = self.local()
        done = who.post(f"{self.api}/{project.pk}/actions/complete", {"reason": "竣工"})
        assert done.status_code == 200, done.content
        kept = Device.objects.unscoped("test").get(pk=device.pk)
        assert kept.state == "stopped"
        entry = next(d for d in devices() if d.number == device.pk)
        assert not entry.enabled
        assert not entry.site_active

    @pytest.mark.requirement("BASE-08")
    def test_the_county_reviews_what_was_submitted(self):
        project = rows.project(self.home)
        contractor = project.parties.get().organisation
        who = self.local()
        unit = caller(["registry.*"], sees="organisation", organisation=contractor)
        assert who.post(f"{self.api}/{project.pk}/actions/submit", {}).status_code == 409
        told = unit.post(f"{self.api}/{project.pk}/actions/submit", {})
        assert told.status_code == 200, told.content
        assert "尚缺" in told.content.decode()
        again = unit.post(f"{self.api}/{project.pk}/actions/submit", {})
        assert again.status_code == 409
        back = who.post(f"{self.api}/{project.pk}/actions/send_back", {"opinion": "缺许可证"})
        assert back.status_code == 200
        project.refresh_from_db()
        assert (project.review_state, project.review_opinion) == ("returned", "缺许可证")
        assert 0 < project.completeness < 100

    @pytest.mark.requirement("BASE-08")
    def test_what_is_missing_is_named(self):
        project = rows.project(self.home)
        found = completeness(project)
        assert "施工许可证编号" in found.missing
        assert "施工单位" not in found.missing


class TestSites(Elsewhere, RegisterTests):
    page = pages.sites
    screen = "/places/sites/"

    def make_row(self, region):
        return rows.site(region)

    def new_data(self, region):
        return {"project": rows.project(region).pk, "name": "新工地", "region_code": region}


class TestDevices(Elsewhere, RegisterTests):
    page = pages.devices
    screen = "/places/devices/"

    def make_row(self, region):
        return rows.device(region)

    def test_a_token_is_shown_once_and_kept_as_a_digest(self):
        device = self.make_row(self.home)
        told = self.local().post(f"{self.api}/{device.pk}/actions/issue_token", {}).content.decode()
        device.refresh_from_db()
        assert "令牌" in told
        assert len(device.token_hash) == 64
        assert device.token_hash not in told

    @pytest.mark.requirement("LVL-07", "SEC-06")
    def test_a_supplier_sees_its_own_devices_only(self):
        mine, other = rows.device(self.home), rows.device(self.home)
        mine.supplier = rows.organisation(self.home, "supplier")
        mine.save()
        from siteloop.framework.viewer import Viewer

        viewer = Viewer(user=1, name="x", organisations=frozenset({mine.supplier_id}))
        seen = set(Device.objects.visible_to(viewer).values_list("pk", flat=True))
        assert mine.pk in seen
        assert other.pk not in seen


class TestParties(RegisterTests):
    page = pages.parties

    def make_row(self, region):
        return Party.objects.unscoped("test").filter(project=rows.project(region)).get()


class TestPosts(RegisterTests):
    page = pages.posts

    def make_row(self, region):
        row = ProjectPost(project=rows.project(region), kind="project_manager")
        row.save()
        return row


class TestWorks(RegisterTests):
    page = pages.works

    def make_row(self, region):
        row = SingleWork(project=rows.project(region), name="1号楼")
        row.save()
        return row


class TestInspections(RegisterTests):
    page = pages.inspections

    def make_row(self, region):
        row = AnnualInspection(device=rows.device(region), done_on=DAY, valid_until=DAY)
        row.save()
        return row


class TestCalibrations(RegisterTests):
    page = pages.calibrations

    def make_row(self, region):
        row = Calibration(device=rows.device(region), done_on=DAY)
        row.save()
        return row


class TestMaintenances(RegisterTests):
    page = pages.maintenances

    def make_row(self, region):
        row = Maintenance(
            device=rows.device(region), at=dt.datetime(2026, 3, 1, tzinfo=dt.UTC), kind="patrol", note="巡检"
        )
        row.save()
        return row


class TestContracts(RegisterTests):
    page = pages.contracts

    def make_row(self, region):
        row = OperationContract(
            device=rows.device(region),
            kind="lease",
            organisation=rows.organisation(region, "supplier"),
            valid_from=DAY,
        )
        row.save()
        return row


@pytest.mark.django_db
@pytest.mark.requirement("LVL-07")
def test_an_officer_of_another_county_learns_nothing_of_a_device() -> None:
    device = rows.device("330482")
    stranger = caller(["*"], "330411")
    for path in ("latest", "readings", "raw?at=2026-01-01T00:00:00%2B08:00"):
        assert stranger.get(f"/api/v1/telemetry/{device.code}/{path}").status_code == 404
    answer = stranger.post("/api/v1/commands", {"device": device.code, "command": "set_time"})
    assert answer.status_code == 404


@pytest.mark.django_db
@pytest.mark.requirement("IOT-03", "SEC-09")
def test_the_protocol_settings_of_a_device_reach_the_listeners_and_the_key_is_not_readable_at_rest() -> None:
    device = rows.device("330411")
    device.hj212_version, device.quirks, device.sm4_key = "2025", ["length_off", "sentinel:-999"], "3a" * 16
    device.full_clean()
    device.save()
    entry = next(d for d in devices() if d.number == device.number)
    assert (entry.version, entry.quirks, entry.sm4_key) == (
        "2025",
        ("length_off", "sentinel:-999"),
        "3a" * 16,
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT sm4_key FROM registry_device WHERE number = %s", [device.number])
        assert "3a3a" not in cursor.fetchone()[0]


@pytest.mark.django_db
@pytest.mark.parametrize("wrong", ["unpadded_length", ["colour"], [1], ["sentinel:x"]])
def test_a_protocol_setting_nobody_knows_is_refused_in_words(wrong: object) -> None:
    device = rows.device("330411")
    device.quirks = wrong
    with pytest.raises(ValidationError) as refused:
        device.full_clean()
    assert "quirks" in refused.value.message_dict


@pytest.mark.django_db
@pytest.mark.requirement("SEC-01")
def test_who_holds_a_post_in_a_running_project_is_needed() -> None:
    from siteloop.foundation.people import retention
    from siteloop.foundation.people.tests.test_people import person

    project = rows.project("330482")
    one = person("330482")
    ProjectPost(project=project, kind="safety_officer", person=one).save()
    assert retention.needs()[one.pk] == f"{project.name}专职安全员"
    project.state = "completed"
    project.save()
    assert one.pk not in retention.needs()
