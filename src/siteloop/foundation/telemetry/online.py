"""When a device counts as online, everywhere: the fleet, the board, the map and the workbench.

A device is online while its newest row was **received** less than three of its reporting intervals (and five seconds for the way) ago.
The time of receipt decides, not the device's own: a clock that is wrong is a finding of its own, it takes nobody off line; and a device
that is heard is on line whatever it says.
"""

import datetime as dt
from collections.abc import Sequence

from django.db import connection

INTERVALS = 3
GRACE_S = 5
#: the same as a condition on `telemetry.latest` l and a device's `interval_s`, for queries that count or sort by it
CONDITION = f"now() - l.received_at < (d.interval_s * {INTERVALS} + {GRACE_S}) * interval '1 second'"

_COUNTED = """
    SELECT count(*) FROM telemetry.latest l JOIN registry_device d ON d.number = l.device
    WHERE l.device = ANY(%s) AND {online}
""".replace("{online}", CONDITION)


def is_online(received_at: dt.datetime | None, interval_s: int, now: dt.datetime) -> bool:
    """Whether a device that was last heard at `received_at` (None = never) is online."""
    return received_at is not None and (now - received_at).total_seconds() < INTERVALS * interval_s + GRACE_S


def counted(devices: Sequence[int]) -> int:
    """How many of them are online now."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTED, [list(devices)])
        row = cursor.fetchone()
    return int(row[0]) if row else 0
