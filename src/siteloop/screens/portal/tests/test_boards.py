"""The notice board of a site: public, without persons, with values only while they can be trusted."""

import pytest
from django.db import connection
from django.test import Client

from siteloop.foundation.registry.models import Device, Party, Project, Site
from siteloop.foundation.registry.tests import rows

pytestmark = pytest.mark.django_db


def text(path: str) -> str:
    answer = Client().get(path)
    assert answer.status_code == 200
    return str(answer.content.decode())


def send(device: int, pm25: float, quality: int = 0) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            'INSERT INTO telemetry.latest (device, profile, at, received_at, quality, "values")'
            " VALUES (%s, 'dust', now(), now(), %s, array_fill(%s::real, ARRAY[9]))",
            [device, quality, pm25],
        )


@pytest.mark.requirement("PORT-01")
def test_the_board_names_the_units_the_permit_and_the_values_of_now(fast_plane: None) -> None:
    device = rows.device("330482")
    site = Site._base_manager.get(pk=device.site_id)
    Project._base_manager.filter(pk=site.project_id).update(permit_number="330482202611010101")
    send(device.pk, 61.5)
    assert f"/portal/boards/{site.pk}/" in text(f"/portal/boards/?q={site.name}")
    page = text(f"/portal/boards/{site.pk}/")
    unit = Party._base_manager.filter(project=site.project, kind="contractor").first()
    assert unit is not None
    for said in ("330482202611010101", unit.organisation.name, "施工单位", "61.5"):
        assert said in page
    assert "q=" in page and "/portal/complaints/new" in page


def test_a_value_that_is_not_trusted_is_not_shown(fast_plane: None) -> None:
    device = rows.device("330482")
    send(device.pk, 987.5, quality=sum(4 << (4 * i) for i in range(9)))  # all flagged D
    page = text(f"/portal/boards/{device.site_id}/")
    assert "没有有效数据" in page
    assert "987.5" not in page


def test_a_site_that_is_not_under_construction_has_no_board(fast_plane: None) -> None:
    device = rows.device("330482")
    Site._base_manager.filter(pk=device.site_id).update(state="completed")
    assert Client().get(f"/portal/boards/{device.site_id}/").status_code == 404
    assert Client().get("/portal/boards/0/").status_code == 404
    Site._base_manager.filter(pk=device.site_id).update(state="under_construction")
    Device._base_manager.filter(pk=device.pk).update(state="retired")
    assert "没有在用的扬尘监测设备" in text(f"/portal/boards/{device.site_id}/")
