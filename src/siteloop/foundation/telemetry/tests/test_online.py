"""Online is one thing everywhere: heard of lately, by the time of receipt."""

import datetime as dt

import pytest
from django.db import connection
from django.utils import timezone

from siteloop.foundation.registry.models import Device
from siteloop.foundation.registry.tests import rows
from siteloop.foundation.telemetry import online


def _heard(device: Device, received_at: dt.datetime, at: dt.datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            'INSERT INTO telemetry.latest (device, profile, at, received_at, quality, "values")'
            " VALUES (%s, 'dust', %s, %s, 0, array_fill(1::real, ARRAY[9]))",
            [device.pk, at, received_at],
        )


@pytest.mark.django_db
@pytest.mark.parametrize(("seconds", "is_online"), [(0, True), (170, True), (240, False)])
def test_three_intervals_and_the_way_whatever_the_devices_clock_says(
    fast_plane: None, seconds: int, is_online: bool
) -> None:
    device, silent = rows.device("330482001"), rows.device("330482001")
    Device.objects.unscoped("test").update(interval_s=60)
    now = timezone.now()
    heard = now - dt.timedelta(seconds=seconds)
    _heard(device, heard, now - dt.timedelta(days=2))
    assert online.counted([device.pk, silent.pk]) == int(is_online)
    assert online.counted([silent.pk]) == 0
    assert online.is_online(heard, 60, now) is is_online
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {online.CONDITION} FROM telemetry.latest l, (SELECT 60 AS interval_s) d WHERE l.device = %s",  # noqa: S608 - a constant of ours
            [device.pk],
        )
        assert cursor.fetchone() == (is_online,)


def test_who_was_never_heard_is_not_online() -> None:
    assert not online.is_online(None, 60, timezone.now())
