"""What the instruments say about a complaint: readings of the site around the moment, sprays, warnings (DUST-29).

The figures are worked out once and frozen in the complaint, so that what was decided on can be shown later.
"""

import datetime as dt
from typing import Any

from django.db import connection

from siteloop.foundation.cases.models import Finding
from siteloop.foundation.packs.resolve import rules
from siteloop.foundation.registry.models import Device, Site
from siteloop.kernel.profiles import DUST
from siteloop.kernel.times import SHANGHAI

WHY = "the evidence of a complaint is the site's own readings"
AROUND = dt.timedelta(minutes=30)
FIELDS = ("pm25", "pm10", "tsp", "noise")
#: field -> the rule whose limit is shown beside it
LIMITS = {"pm25": "dust.pm25_high", "pm10": "dust.pm10_high", "tsp": "dust.tsp_high"}


def collect(site: Site, at: dt.datetime, around: dt.timedelta = AROUND) -> dict[str, Any]:
    """JSON-ready: period, one row a monitor and quantity with valid values, runs of the sprayers, warnings. Five queries."""
    start, end = at - around, at + around
    monitors = list(_devices(site, "dust"))
    limits = _limits(site.region_code)
    return {
        "from": shown(start),
        "to": shown(end),
        "readings": [
            {"device": d.code, "point": d.install_point or d.title, **figures, "limit": limits.get(field)}
            for d in monitors
            for field, figures in _figures(d, start, end).items()
        ],
        "monitors": len(monitors),
        "spray": _spray(list(_devices(site, "sprayer")), start, end),
        "warnings": [
            f"{shown(f.since)} {f.message}"
            for f in Finding.objects.unscoped(WHY)
            .filter(site=site, shadow=False, since__lt=end)
            .exclude(cleared_at__lt=start)
            .order_by("since")[:20]
        ],
    }


def _devices(site: Site, profile: str) -> Any:
    return (
        Device.objects.unscoped(WHY)
        .filter(site=site, profile=profile)
        .exclude(state="retired")
        .order_by("code")
    )


def _limits(region: str) -> dict[str, float]:
    effective = rules(region)
    found = {field: effective[rule].params.get("on") for field, rule in LIMITS.items() if rule in effective}
    return {field: float(limit) for field, limit in found.items() if limit is not None}


def _figures(device: Device, start: dt.datetime, end: dt.datetime) -> dict[str, dict[str, Any]]:
    """Field -> n, mean, high and the moment of the highest valid value; sound levels are averaged by energy."""
    found = {}
    with connection.cursor() as cursor:
        for field in FIELDS:
            index = DUST.index(field)
            mean = f"10 * log(avg(power(10::float8, {field} / 10)))" if field == "noise" else f"avg({field})"
            cursor.execute(
                f"SELECT count(*), {mean}, max({field}), (array_agg(at ORDER BY {field} DESC))[1]"  # noqa: S608 - our own columns
                " FROM telemetry.dust WHERE device = %s AND at >= %s AND at < %s"
                f" AND (quality >> {4 * index}) & 15 = 0 AND {field} IS NOT NULL",
                [device.number, start, end],
            )
            n, average, high, when = cursor.fetchone()
            if n:
                known = DUST.fields[index]
                found[field] = {
                    "field": field,
                    "title": known.title,
                    "unit": known.unit,
                    "n": n,
                    "mean": round(float(average), 1),
                    "high": round(float(high), 1),
                    "high_at": shown(when),
                }
    return found


def _spray(sprayers: list[Device], start: dt.datetime, end: dt.datetime) -> str:
    if not sprayers:
        return "没有登记喷淋设备"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), min(at) FROM telemetry.sprayer WHERE device = ANY(%s) AND at >= %s AND at < %s AND running >= 0.5",
            [[d.number for d in sprayers], start, end],
        )
        n, first = cursor.fetchone()
    return f"期间喷淋有运行回报（首次 {shown(first)}）" if n else "期间喷淋无运行回报"


def shown(moment: dt.datetime) -> str:
    """On Shanghai's clock, to the minute."""
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
