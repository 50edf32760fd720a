"""A day of readings for a filled city: rows, hourly roll-ups and newest values of every monitor, written by the database itself.

Plainly synthetic, and only ever written into a data folder of the bench's own.
"""

from siteloop.kernel.profiles import PROFILES

PROFILE = "dust"
#: one monitor in twelve has been silent for two days, one in fifty sends a value it flags as faulty (D)
SILENT, FAULTY = 12, 50


def fill() -> None:
    """Readings every five minutes of the last 24 h of all registered dust monitors. Runs as the tables' owner."""
    from django.db import connection

    names = [f.name for f in PROFILES[PROFILE].fields]
    values = ", ".join("20 + (device.number * 7 + minute * 13) % 90" for _ in names)
    many = len(names)
    with connection.cursor() as cursor:
        cursor.execute(
            f'CREATE TABLE IF NOT EXISTS telemetry."{PROFILE}_bench" PARTITION OF telemetry."{PROFILE}" DEFAULT'
        )
        cursor.execute(
            f'INSERT INTO telemetry."{PROFILE}" (device, at, received_at, quality, {", ".join(names)})'  # noqa: S608 - a profile's own names
            f" SELECT device.number, at, at, CASE WHEN (device.number + minute) % {FAULTY} = 0 THEN 4 ELSE 0 END, {values}"
            " FROM registry_device device,"
            " LATERAL (SELECT extract(minute FROM at)::int AS minute, at FROM generate_series("
            "date_trunc('minute', now()) - interval '24 hours', now(), interval '5 minutes') AS at) AS times"
            f" WHERE device.number % {SILENT} <> 0 ORDER BY device.number, at"
        )
        cursor.execute(
            f'INSERT INTO telemetry."{PROFILE}_rollup" (device, step, at, expected, n, mean, low, high)'  # noqa: S608 - a profile's own name
            " SELECT number, 3600, at, 12, array_fill(12, ARRAY[%s]), array_fill(60::real, ARRAY[%s]),"
            " array_fill(20::real, ARRAY[%s]), array_fill(110::real, ARRAY[%s]) FROM registry_device,"
            " generate_series(date_trunc('hour', now()) - interval '7 days', now(), interval '1 hour') AS at"
            f" WHERE number %% {SILENT} <> 0 ORDER BY number, at",
            [many] * 4,
        )
        cursor.execute(
            'INSERT INTO telemetry.latest (device, profile, at, received_at, quality, "values")'  # noqa: S608 - numbers of ours
            " SELECT number, profile, at, at, 0, array_fill(60::real, ARRAY[%s]) FROM (SELECT number, profile,"
            f" now() - CASE WHEN number %% {SILENT} = 0 THEN interval '2 days' ELSE interval '20 seconds' END AS at"
            " FROM registry_device) AS heard",
            [many],
        )
