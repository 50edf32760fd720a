"""How long readings take, as the fast roles measured it: spreads of the last minute, hour and day, and the course of an hour."""

import datetime as dt
from dataclasses import dataclass

from django.db import connection

from siteloop.kernel.latency import Spread, Stage

#: the meter is about the platform, not about any site: whoever keeps the intake's books sees it
PERMISSION = "telemetry.ledger.view"


@dataclass(frozen=True)
class Window:
    """A span that ends now, counted from slots of `step` seconds."""

    code: str
    title: str
    title_en: str
    seconds: int
    step: int


WINDOWS = (
    Window("minute", "近 1 分钟", "Last minute", 60, 10),
    Window("hour", "近 1 小时", "Last hour", 3600, 10),
    Window("day", "近 24 小时", "Last 24 hours", 86_400, 900),
)
MINUTES = 60  # of the course


def spreads(window: Window) -> dict[Stage, Spread]:
    """Every stage's durations in a window; empty where nothing reached it. Slots begin in the window, so the first may lack its start."""
    found = {stage: Spread() for stage in Stage}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT stage, bucket, sum(n)::bigint FROM fast.latency"
            " WHERE step = %s AND at > now() - make_interval(secs => %s) GROUP BY stage, bucket",
            [window.step, window.seconds],
        )
        for stage, bucket, n in cursor.fetchall():
            found[Stage(stage)].counts[bucket] = n
    return found


def course() -> dict[Stage, list[tuple[dt.datetime, Spread]]]:
    """The last hour minute by minute, oldest first; only the minutes in which something reached the stage."""
    found: dict[Stage, dict[dt.datetime, Spread]] = {stage: {} for stage in Stage}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT stage, date_bin('1 minute', at, 'epoch') AS minute, bucket, sum(n)::bigint FROM fast.latency"
            " WHERE step = 10 AND at > date_bin('1 minute', now(), 'epoch') - make_interval(mins => %s)"
            " GROUP BY 1, 2, 3 ORDER BY 2",
            [MINUTES],
        )
        for stage, minute, bucket, n in cursor.fetchall():
            found[Stage(stage)].setdefault(minute, Spread()).counts[bucket] = n
    return {stage: list(minutes.items()) for stage, minutes in found.items()}
