"""The record pages: open in scope, silent out of it, a bounded number of queries."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from siteloop.foundation.registry.completeness import completeness
from siteloop.foundation.registry.tests import rows
from siteloop.foundation.telemetry.tests.test_events import event
from siteloop.framework.testing import caller


@pytest.mark.django_db
@pytest.mark.requirement("PROJ-09")
@pytest.mark.parametrize("kind", ["projects", "sites", "devices"])
def test_a_record_opens_in_scope_and_does_not_exist_outside(fast_plane: None, kind: str) -> None:
    device = rows.device("330482")
    key = {"projects": device.site.project_id, "sites": device.site_id, "devices": device.pk}[kind]
    mine = caller(["*"], "330482").html
    with CaptureQueriesContext(
        connection,
    ) as asked:
        page = mine.get(f"/places/{kind}/{key}/")
    assert page.status_code == 200
    assert len(asked) < 60
    assert sum('FROM "packs_pack"' in q["sql"] for q in asked.captured_queries) <= 1, (
        "the packs are looked at once"
    )
    assert caller(["*"], "330411").html.get(f"/places/{kind}/{key}/").status_code == 404


@pytest.mark.django_db
def test_a_command_button_needs_the_right(fast_plane: None) -> None:
    sprayer = rows.device("330482", "sprayer")
    watcher = caller(["registry.device.view"], "330482").html
    assert "下发指令" not in watcher.get(f"/places/devices/{sprayer.pk}/").content.decode()
    officer = caller(["*"], "330482").html
    done = officer.post(
        f"/places/devices/{sprayer.pk}/commands",
        {"command": "spray_on", "next": "https://elsewhere.example/"},
    )
    assert done.headers["Location"] == f"/places/devices/{sprayer.pk}/"
    with connection.cursor() as cursor:
        cursor.execute("SELECT command, state FROM fast.command WHERE device = %s", [sprayer.pk])
        assert cursor.fetchall() == [("spray_on", "queued")]


@pytest.mark.django_db
@pytest.mark.requirement("IOT-09", "SEC-06")
def test_a_device_that_pushes_events_shows_them_and_no_empty_readings(fast_plane: None) -> None:
    gate = rows.device("330482", "gate")
    told = event(gate, accepted=False, direction="in")
    officer = caller(["*"], "330482").html
    page = officer.get(f"/places/devices/{gate.pk}/").content.decode()
    assert f"/telemetry/events/{told.pk}/" in page and "未放行" in page
    assert "实时数据" not in page and "数据与原始报文" not in page
    assert "张*" not in page, "a person is named where the event is opened, not here"
    supplier = caller(["registry.device.view"], "330482").html
    page = supplier.get(f"/places/devices/{gate.pk}/").content.decode()
    assert f"/telemetry/events/{told.pk}/" not in page and "没有权限查看事件" in page
    other = rows.device("330482", "dust")
    assert "实时数据" in officer.get(f"/places/devices/{other.pk}/").content.decode()


@pytest.mark.django_db
@pytest.mark.requirement("BASE-08")
def test_a_project_says_what_is_missing_before_anybody_handed_it_in(fast_plane: None) -> None:
    project = rows.device("330482").site.project
    assert project.completeness == 0, "kept when it is handed in"
    page = caller(["*"], "330482").html.get(f"/places/projects/{project.pk}/").content.decode()
    found = completeness(project)
    assert 0 < found.score < 100
    assert f"{found.score}%" in page and found.missing[0] in page
