"""The record pages: open in scope, silent out of it, a bounded number of queries."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from siteloop.foundation.registry.tests import rows
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
