"""What the instruments say about a complaint: readings of the site around the moment, sprays, warnings (DUST-29).

The figures are worked out once and frozen in the complaint, so that what was decided on can be shown later.
"""

import datetime as dt
from typing import Any

from siteloop.foundation.cases.models import Finding
from siteloop.foundation.packs.resolve import rules
from siteloop.foundation.registry.models import Device, Site
from siteloop.foundation.telemetry import history
from siteloop.foundation.telemetry.reported import mean
from siteloop.kernel.profiles import DUST, SPRAYER
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
            .filter(site=site, shadow=False, since__lt=end, rule__startswith="dust.")
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
    rows = history.rows("dust", [device.number], start, end)
    for field in FIELDS:
        index = DUST.index(field)
        good = [(v, r.at) for r in rows if (v := history.normal("dust", r, index)) is not None]
        if not good:
            continue
        known = DUST.fields[index]
        high, when = max(good, key=lambda pair: pair[0])
        average = mean(known, [v for v, _ in good])
        assert average is not None, "the mean of something"
        found[field] = {
            "field": field,
            "title": known.title,
            "unit": known.unit,
            "n": len(good),
            "mean": round(average, 1),
            "high": round(high, 1),
            "high_at": shown(when),
        }
    return found


def _spray(sprayers: list[Device], start: dt.datetime, end: dt.datetime) -> str:
    if not sprayers:
        return "没有登记喷淋设备"
    running = SPRAYER.index("running")
    rows = history.rows("sprayer", [d.number for d in sprayers], start, end)
    first = min((r.at for r in rows if (r.values[running] or 0) >= 0.5), default=None)
    return f"期间喷淋有运行回报（首次 {shown(first)}）" if first else "期间喷淋无运行回报"


def shown(moment: dt.datetime) -> str:
    """On Shanghai's clock, to the minute."""
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
