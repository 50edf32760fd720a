"""Events of cameras and gates at the desk: whose they are, what they show, and that a picture goes through the scope."""

import hashlib
import json
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from siteloop.foundation.registry.models import Device
from siteloop.foundation.registry.tests import rows
from siteloop.foundation.telemetry import pages
from siteloop.foundation.telemetry.models import Event
from siteloop.framework.testing import RegisterTests, caller

JPEG = b"\xff\xd8\xff\xe0 a picture \xff\xd9"
SHA = hashlib.sha256(JPEG).hexdigest()
WHY = "test"
_serial = count(1)
pytestmark = [pytest.mark.django_db, pytest.mark.requirement("IOT-09", "SEC-06")]


def event(device: Device, pictures: list[dict[str, Any]] | None = None, **more: Any) -> Event:
    """A row as the sink writes it."""
    told = {
        "device": device.pk,
        "maker": "hikvision",
        "kind": "access",
        "code": "AccessControllerEvent",
        "serial": str(next(_serial)),
        "person": "17",
        "person_name": "张*",
        "pictures": json.dumps(pictures or []),
        **more,
    }
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO telemetry.event (at, received_at, {', '.join(told)})"  # noqa: S608 - names written above
            f" VALUES (now(), now(), {', '.join(['%s'] * len(told))}) RETURNING id",
            list(told.values()),
        )
        pk = cursor.fetchone()[0]
    row: Event = Event.objects.unscoped(WHY).get(pk=pk)
    return row


@pytest.fixture(autouse=True)
def _tables(fast_plane: None) -> None:
    pass


class TestEvents(RegisterTests):
    page = pages.events

    def make_row(self, region: str) -> Event:
        if not hasattr(self, "cameras"):
            self.cameras: dict[str, Device] = {}
        if region not in self.cameras:
            self.cameras[region] = rows.device(region, "camera")
        return event(self.cameras[region])


@pytest.fixture
def shot() -> Event:
    """An event with a picture that lies in the folder."""
    path = Path(settings.ENV.data) / "pictures" / SHA[:2] / SHA
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(JPEG)
    kept = [{"sha256": SHA, "content_type": "image/jpeg", "size": len(JPEG)}]
    return event(rows.device("330482", "camera"), kept, region="[[[0.1, 0.2], [0.4, 0.2], [0.4, 0.6]]]")


def test_a_picture_is_served_to_who_may_see_the_event_only(shot: Event) -> None:
    url = f"/telemetry/events/{shot.pk}/pictures/0"
    answer = caller(["telemetry.event.view"], "330482").html.get(url)
    assert b"".join(answer.streaming_content) == JPEG
    assert answer["Content-Type"] == "image/jpeg"
    assert answer["Cache-Control"] == "private, no-store"
    assert caller(["telemetry.event.view"], "330411").html.get(url).status_code == 404
    assert caller(["registry.*"], "330482").html.get(url).status_code == 404
    assert Client().get(url).status_code in (302, 401, 403, 404)
    assert caller(["*"], "330482").html.get(url[:-1] + "1").status_code == 404


def test_what_is_no_picture_is_not_served(shot: Event) -> None:
    who = caller(["*"], "330482")
    camera = shot.device
    for told in (
        {"sha256": "../../secrets/django", "content_type": "image/jpeg", "size": 1},
        {"sha256": SHA, "content_type": "text/html", "size": 1},
        {"sha256": "0" * 64, "content_type": "image/jpeg", "size": 1},
    ):
        row = event(camera, [told])
        assert who.html.get(f"/telemetry/events/{row.pk}/pictures/0").status_code == 404


def test_the_page_shows_the_passage_the_picture_and_the_region(shot: Event) -> None:
    page = caller(["*"], "330482").html.get(f"/telemetry/events/{shot.pk}/").content.decode()
    for words in ("门禁通行", "张*", f"/telemetry/events/{shot.pk}/pictures/0", "10.00,20.00", SHA):
        assert words in page


def test_a_supplier_of_the_camera_does_not_see_people(shot: Event) -> None:
    supplier = rows.organisation("330482", "supplier")
    camera = shot.device
    camera.supplier = supplier
    camera.save()
    who = caller(["*"], "330482", sees="organisation", organisation=supplier)
    assert who.get("/api/v1/registry/devices").json()["count"] == 1
    assert who.get("/api/v1/telemetry/events").json()["count"] == 0


def test_the_desk_s_role_may_not_change_an_event(shot: Event) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT has_table_privilege('siteloop_web', 'telemetry.event', p) FROM unnest(ARRAY['SELECT','UPDATE','DELETE']) AS p"
        )
        assert [r[0] for r in cursor.fetchall()] == [True, False, False]
