"""The latency meter: from a device's bytes to the browser's event, stage by stage, as this installation measures it now."""

import datetime as dt
import math
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from siteloop.foundation.telemetry.latency import MINUTES, PERMISSION, WINDOWS, course, spreads
from siteloop.framework.language import pick
from siteloop.framework.perform import require
from siteloop.framework.screen import screen
from siteloop.framework.viewer import viewer_of
from siteloop.kernel.latency import ALARM_BAR_US, Spread, Stage

QUANTILES = (0.5, 0.95, 0.99)
#: the part shown of the course: a millisecond at the bottom, a minute at the top, evenly by octaves
LOW_US, HIGH_US = 1_000.0, 60_000_000.0
WIDTH, HEIGHT = 240.0, 48.0
#: µs, name, decimals; below, milliseconds
UNITS = ((3.6e9, "h", 1), (6e7, "min", 1), (1e6, "s", 2))
TITLES: dict[Stage, tuple[str, str, str, str]] = {
    Stage.DURABLE: (
        "落盘并应答",
        "Durable, answered",
        "读数已写入消息总线磁盘，设备已收到应答",
        "on the bus's disk; the device has its answer",
    ),
    Stage.STORED: ("入库", "Stored", "读数已在数据库提交，页面可查", "committed; pages can read it"),
    Stage.FOUND: (
        "判出预警",
        "Finding written",
        "由该读数判出的预警已写入",
        "a finding made of the reading is committed",
    ),
    Stage.SHOWN: (
        "到达浏览器",
        "At the browser",
        "预警事件已写入打开的页面连接",
        "the finding's event was written to an open page",
    ),
}


@screen
def page(request: HttpRequest) -> HttpResponse:
    """GET /latency/; `?part=1` gives what is read again every five seconds."""
    require(viewer_of(request), PERMISSION)
    is_part = bool(request.GET.get("part"))
    found = {window.code: spreads(window) for window in WINDOWS}
    courses = course()
    context = {
        "stages": [_stage(stage, found, courses[stage]) for stage in Stage],
        "alarm": _alarm(found),
        "bar": words(ALARM_BAR_US),
        "is_empty": not any(spread.total for spreads_of in found.values() for spread in spreads_of.values()),
        "now": timezone.now(),
        "minutes": [] if is_part else _minutes(courses),
        "windows": [pick(w.title, w.title_en) for w in WINDOWS],
    }
    return render(request, "latency/parts/meter.html" if is_part else "latency/latency.html", context)


def words(us: float | None) -> str:
    """A duration as people read it: 0.4 ms, 38 ms, 1.25 s, 3.5 min, 2.1 h; a dash for none."""
    if us is None:
        return "—"
    for size, unit, decimals in UNITS:
        if us >= size:
            return f"{us / size:.{decimals}f} {unit}"
    return f"{us / 1e3:.{0 if us >= 1e4 else 1}f} ms"


def _stage(
    stage: Stage, found: dict[str, dict[Stage, Spread]], minutes: list[tuple[dt.datetime, Spread]]
) -> dict[str, Any]:
    zh, en, what, what_en = TITLES[stage]
    lines = []
    for window in WINDOWS:
        spread = found[window.code][stage]
        lines.append(
            {
                "title": pick(window.title, window.title_en),
                "n": spread.total,
                "quantiles": [words(spread.quantile(q)) for q in QUANTILES],
            }
        )
    last = found["minute"][stage]
    return {
        "code": stage.value,
        "title": pick(zh, en),
        "what": pick(what, what_en),
        "lines": lines,
        "now": words(last.quantile(0.99)),
        "n": last.total,
        "points": _points(minutes),
        "bar_y": round(_y(ALARM_BAR_US), 1),
    }


def _alarm(found: dict[str, dict[Stage, Spread]]) -> dict[str, Any]:
    """The bar of the alarms against the newest window in which a browser was told one."""
    for window in WINDOWS:
        spread = found[window.code][Stage.SHOWN]
        slowest, within = spread.quantile(0.99), spread.within()
        if slowest is not None and within is not None:
            return {
                "p99": words(slowest),
                "within": f"{within * 100:.4g}%",
                "holds": within >= 0.99,
                "window": pick(window.title, window.title_en),
                "n": spread.total,
            }
    return {}


def _minutes(
    courses: dict[Stage, list[tuple[dt.datetime, Spread]]],
) -> list[tuple[dt.datetime, list[tuple[str, str]]]]:
    """The course as a table, newest first: each minute with (stage, p50 / p99 / how many)."""
    by_stage = {stage: dict(minutes) for stage, minutes in courses.items()}
    every = sorted({minute for minutes in by_stage.values() for minute in minutes}, reverse=True)
    return [(minute, [_cell(stage, by_stage[stage].get(minute)) for stage in Stage]) for minute in every]


def _cell(stage: Stage, spread: Spread | None) -> tuple[str, str]:
    text = (
        f"{words(spread.quantile(0.5))} / {words(spread.quantile(0.99))} / {spread.total}" if spread else "—"
    )
    return pick(*TITLES[stage][:2]), text


def _points(minutes: list[tuple[dt.datetime, Spread]]) -> list[dict[str, float]]:
    """The bar of each minute's p99; minutes without a reading have none."""
    end = timezone.now().replace(second=0, microsecond=0)
    drawn = []
    for minute, spread in minutes:
        slowest = spread.quantile(0.99)
        ago = (end - minute).total_seconds() / 60
        if slowest is not None and 0 <= ago < MINUTES:
            x, y = WIDTH * (1 - (ago + 1) / MINUTES), min(_y(slowest), HEIGHT - 1)
            drawn.append({"x": round(x, 1), "y": round(y, 1), "height": round(HEIGHT - y, 1)})
    return drawn


def _y(us: float) -> float:
    """Height of a duration in the course, from the top."""
    share = math.log(max(us, LOW_US) / LOW_US) / math.log(HIGH_US / LOW_US)
    return HEIGHT * (1 - min(share, 1.0))
