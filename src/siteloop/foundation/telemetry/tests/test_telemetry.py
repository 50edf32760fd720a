"""Readings, commands and the ledger over the API, in scope."""

import datetime as dt
import json

import pytest
from django.db import connection

from siteloop.foundation.registry.tests import rows
from siteloop.foundation.telemetry.buckets import buckets_json
from siteloop.foundation.telemetry.readings import latest
from siteloop.framework.testing import caller
from siteloop.kernel.profiles import PROFILES
from siteloop.kernel.times import SHANGHAI

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)


def _stored(device: int, at: dt.datetime, pm25: float, quality: int = 0) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS telemetry.dust_test PARTITION OF telemetry.dust DEFAULT")
        cursor.execute(
            "INSERT INTO telemetry.dust (device, at, received_at, quality, pm25) VALUES (%s, %s, %s, %s, %s)",
            [device, at, at, quality, pm25],
        )


@pytest.mark.django_db
@pytest.mark.requirement("IOT-02", "DUST-12")
def test_readings_carry_their_flags(fast_plane: None) -> None:
    device = rows.device("330482")
    # pm25 flagged faulty, all other fields absent
    packed = 4 | sum(15 << (4 * i) for i in range(1, 9))
    _stored(device.pk, NOW - dt.timedelta(minutes=5), 80.0, packed)
    body = caller(["*"], "330482").get(f"/api/v1/telemetry/{device.code}/readings?step=raw").json()
    assert [(r["values"], r["quality"]) for r in body["results"]] == [({"pm25": 80.0}, {"pm25": "fault"})]


@pytest.mark.django_db
def test_a_wrong_step_or_range_is_refused(fast_plane: None) -> None:
    device = rows.device("330482")
    who = caller(["*"], "330482")
    assert who.get(f"/api/v1/telemetry/{device.code}/readings?step=7").status_code == 422
    turned = "from=2026-01-02T00:00:00%2B08:00&to=2026-01-01T00:00:00%2B08:00"
    assert who.get(f"/api/v1/telemetry/{device.code}/readings?{turned}").status_code == 422


@pytest.mark.django_db
@pytest.mark.requirement("DUST-06", "DUST-08")
def test_a_command_is_queued_and_its_fate_can_be_read(fast_plane: None) -> None:
    sprayer = rows.device("330482", "sprayer")
    who = caller(["*"], "330482")
    made = who.post("/api/v1/commands", {"device": sprayer.code, "command": "spray_on", "reason": "扬尘"})
    assert made.status_code == 200, made.content
    told = who.get(f"/api/v1/commands/{made.json()['id']}").json()
    assert (told["state"], [t["state"] for t in told["trail"]]) == ("queued", ["queued"])
    assert caller(["*"], "330411").get(f"/api/v1/commands/{made.json()['id']}").status_code == 404
    wrong = who.post("/api/v1/commands", {"device": sprayer.code, "command": "set_time"})
    assert wrong.status_code == 422


@pytest.mark.django_db
@pytest.mark.requirement("IOT-10")
def test_the_ledger_adds_up_and_keeps_to_the_scope(fast_plane: None) -> None:
    mine, foreign = rows.device("330482"), rows.device("330411")
    with connection.cursor() as cursor:
        for device in (mine.pk, foreign.pk):
            cursor.execute(
                "INSERT INTO fast.ledger (day, listener, device, received, stored, control) VALUES (current_date, 'hj212', %s, 10, 7, 1)",
                [device],
            )
            cursor.execute(
                "INSERT INTO fast.ledger_rejected (day, listener, device, reason, n) VALUES (current_date, 'hj212', %s, 'duplicate', 2)",
                [device],
            )
        cursor.execute("SELECT current_date")
        day = cursor.fetchone()[0]
    body = (
        caller(["ledger", "telemetry.ledger.view"], "330482")
        .get(f"/api/v1/intake/ledger?from={day}&to={day}")
        .json()
    )
    assert (body["received"], body["stored"], body["rejected"], body["balanced"]) == (
        10,
        7,
        {"duplicate": 2},
        True,
    )
    assert [line["device"] for line in body["lines"]] == [mine.code]


@pytest.mark.django_db
@pytest.mark.requirement("IOT-02")
def test_minutes_without_a_roll_up_are_the_rows_themselves(fast_plane: None) -> None:
    """Such a roll-up would only repeat its row, so none is written; the answer has the same shape."""
    device = rows.device("330482")  # one row a minute
    start = NOW.replace(second=0) - dt.timedelta(minutes=10)
    only_pm25 = sum(15 << (4 * i) for i in range(1, 9))
    for second, pm25, quality in ((5, 40.0, 0), (65, 50.0, 4), (125, 1.0, 0), (155, 2.0, 0)):
        _stored(device.pk, start + dt.timedelta(seconds=second), pm25, quality | only_pm25)
    with connection.cursor() as cursor:  # two rows in the third minute
        cursor.execute(
            "INSERT INTO telemetry.dust_rollup (device, step, at, expected, n, mean, low, high) VALUES"
            " (%s, 60, %s, 1, array_fill(2, ARRAY[9]), array_fill(1.5, ARRAY[9]), '{}', '{}')",
            [device.pk, start + dt.timedelta(minutes=2)],
        )

    def asked(**more: object) -> list[tuple[str, float | None, str]]:
        type(device).objects.unscoped("a test sets its device up").filter(pk=device.pk).update(**more)
        span = f"from={start:%Y-%m-%dT%H:%M:%SZ}&to={NOW:%Y-%m-%dT%H:%M:%SZ}"
        body = caller(["*"], "330482").get(f"/api/v1/telemetry/{device.code}/readings?step=60&{span}").json()
        return [(r["at"][14:19], r["values"]["pm25"], r["quality"]["pm25"]) for r in body["results"]]

    first = [f"{start + dt.timedelta(minutes=n):%M}:00" for n in range(3)]
    expected = [(first[0], 40.0, "normal"), (first[1], None, "no_value"), (first[2], 1.5, "normal")]
    assert asked(interval_s=60) == asked(interval_s=300) == expected
    assert asked(interval_s=30) == expected[2:]  # its minutes all have roll-ups


def _told(device: int, step: int, end: dt.datetime) -> list[dict[str, object]]:
    """The buckets before `end` as the API says them, from their means as this program reads them, seven digits of each."""
    names = [f.name for f in PROFILES["dust"].fields]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT at, mean FROM telemetry.dust_rollup WHERE device = %s AND step = %s AND at < %s ORDER BY at",
            [device, step, end],
        )
        return [
            {
                "at": at.astimezone(SHANGHAI).isoformat(),
                "received_at": None,
                "values": {
                    n: None if m is None else float(f"{m:.7g}") for n, m in zip(names, mean, strict=True)
                },
                "quality": {
                    n: "no_value" if m is None else "normal" for n, m in zip(names, mean, strict=True)
                },
            }
            for at, mean in cursor.fetchall()
        ]


@pytest.mark.django_db
@pytest.mark.requirement("IOT-02")
@pytest.mark.parametrize("step", [900, 3600, 86_400])
def test_what_the_buckets_say_is_what_their_rows_say(fast_plane: None, step: int) -> None:
    device = rows.device("330482")
    start = dt.datetime(2025, 12, 30, 16, tzinfo=dt.UTC)
    values = [0.1, None, -0.0, 1e-5, 7_654_321.0, 60.12347, 1.0, 35.1833333, None]
    means = [values[n:] + values[:n] for n in range(9)] + [[1.5] * 9, [None] * 9]
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO telemetry.dust_rollup (device, step, at, expected, n, mean, low, high) VALUES"
            " (%s, %s, %s, 1, array_fill(1, ARRAY[9]), %s::real[], '{}', '{}')",
            [(device.pk, step, start + dt.timedelta(seconds=step) * n, mean) for n, mean in enumerate(means)],
        )
    end = start + dt.timedelta(seconds=step) * (len(means) - 1)  # the last bucket begins where the range ends
    told = _told(device.pk, step, end)
    assert len(told) == len(means) - 1
    assert json.loads(buckets_json(device, start, end, step)) == told
    assert buckets_json(device, end + dt.timedelta(days=9), end + dt.timedelta(days=10), step) == b"[]"
    url = f"/api/v1/telemetry/{device.code}/readings?step={step}&from={start:%Y-%m-%dT%H:%M:%SZ}&to={end:%Y-%m-%dT%H:%M:%SZ}"
    body = caller(["*"], "330482").get(url).json()
    assert (body["device"], body["step"], body["results"]) == (device.code, str(step), told)


@pytest.mark.django_db
def test_the_newest_row_of_a_former_profile_is_not_shown_as_this_ones(fast_plane: None) -> None:
    device = rows.device("330482")
    with connection.cursor() as cursor:
        cursor.execute(
            'INSERT INTO telemetry.latest (device, profile, at, received_at, quality, "values")'
            " VALUES (%s, 'sprayer', now(), now(), 0, '{1,2,3,4}')",
            [device.pk],
        )
    assert latest(device) is None
    with connection.cursor() as cursor:
        cursor.execute("UPDATE telemetry.latest SET profile = 'dust', \"values\" = array_fill(7, ARRAY[9])")
    newest = latest(device)
    assert newest is not None and newest.values["pm25"] == 7.0
