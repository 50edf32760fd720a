"""The newest row of every monitor in scope, and the figures counted from them: what the board, the map and the workbench show.

A city has thousands of monitors and its officers open these pages all day, so rows are read as plain values, not as records.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Count, Q
from django.utils import timezone

from siteloop.foundation.cases.models import Case, Finding
from siteloop.foundation.packs import resolve
from siteloop.foundation.registry.models import Device, Site, WorkState
from siteloop.foundation.telemetry import online
from siteloop.framework.viewer import Viewer
from siteloop.kernel.profiles import DUST
from siteloop.kernel.quality import Quality, unpack

EXCEEDING = ("dust.pm25_high", "dust.pm10_high", "dust.tsp_high", "dust.noise_day", "dust.noise_night")
NAMES = tuple(f.name for f in DUST.fields)
PM25 = NAMES.index("pm25")


class Newest(NamedTuple):
    """A device's row of telemetry.latest."""

    at: dt.datetime
    received_at: dt.datetime
    quality: int  # four bits a field
    pm25: float | None
    raw: str  # all values as the database writes an array; read only for what is shown

    @property
    def values(self) -> list[float | None]:
        """In the order of the profile's fields."""
        return [None if v == "NULL" else float(v) for v in self.raw.strip("{}").split(",") if v]


@dataclass(frozen=True)
class Reading:
    """A monitor's newest row with its place."""

    device: int
    code: str
    title: str
    site: int
    site_name: str
    region_code: str
    lon: float | None
    lat: float | None
    newest: Newest | None
    is_online: bool
    colour: str  # green | yellow | red | grey

    @property
    def point(self) -> str:
        """The monitor beside its site: what the title says more than the site's name."""
        return self.title.removeprefix(self.site_name).strip() or self.title

    @property
    def at(self) -> dt.datetime | None:
        """Device time of the row."""
        return self.newest.at if self.newest else None

    @cached_property
    def values(self) -> dict[str, float | None]:
        """By field name, None where absent; empty before the first row."""
        return dict(zip(NAMES, self.newest.values, strict=False)) if self.newest else {}

    @cached_property
    def normal(self) -> frozenset[str]:
        """Fields whose value is trustworthy."""
        flags = unpack(self.newest.quality, len(NAMES)) if self.newest else []
        return frozenset(n for n, q in zip(NAMES, flags, strict=False) if q is Quality.NORMAL)

    @property
    def pm25(self) -> float | None:
        """PM2.5 in µg/m³ as the device said it."""
        return self.newest.pm25 if self.newest else None


@dataclass(frozen=True)
class Overview:
    """Figures of the board; each is counted from the records its link opens."""

    monitors: int
    online: int
    exceeding: int
    sprayers_running: int
    open_findings: int
    open_cases: int
    overdue_cases: int
    sites: int

    @property
    def online_rate(self) -> float | None:
        """Online ÷ monitors, 0..1."""
        return self.online / self.monitors if self.monitors else None


def readings(viewer: Viewer, site: int | None = None) -> list[Reading]:
    """Newest row of every active monitor in scope, worst PM2.5 first, what is offline last; two queries."""
    devices = Device.objects.visible_to(viewer).filter(profile="dust", state="active")
    if site is not None:
        devices = devices.filter(site_id=site)
    told = list(
        devices.values_list(
            "number",
            "code",
            "title",
            "site_id",
            "site__name",
            "region_code",
            "lon",
            "lat",
            "site__lon",
            "site__lat",
            "interval_s",
        ).order_by("number")
    )
    newest = _newest([row[0] for row in told])
    now = timezone.now()
    with resolve.reading():
        limit_of = _limits()
        rows = [_reading(row, newest.get(row[0]), now, limit_of) for row in told]
    return sorted(rows, key=lambda r: (not r.is_online, -(r.pm25 or 0)))


class Spot(NamedTuple):
    """What a site shows on a map: its worst monitor."""

    colour: str
    pm25: float | None
    pm10: float | None
    noise: float | None
    at: dt.datetime | None


_GREY = Spot("grey", None, None, None, None)
_WORSE = {"grey": 0, "green": 1, "yellow": 2, "red": 3}


def spots(viewer: Viewer) -> dict[int, Spot]:
    """The worst active monitor of every site in scope, by site; two queries."""
    devices = Device.objects.visible_to(viewer).filter(profile="dust", state="active")
    told = list(devices.values_list("number", "site_id", "region_code", "interval_s").order_by("number"))
    now = timezone.now()
    found: dict[int, Spot] = {}
    with connection.cursor() as cursor, resolve.reading():
        cursor.execute(
            'SELECT device, at, received_at, quality, "values"[%s], "values"[%s], "values"[%s]'
            " FROM telemetry.latest WHERE device = ANY(%s) AND profile = %s",
            [PM25 + 1, NAMES.index("pm10") + 1, NAMES.index("noise") + 1, [row[0] for row in told], "dust"],
        )
        newest = {device: row for device, *row in cursor.fetchall()}
        limit_of = _limits()
        for number, site, region_code, interval_s in told:
            row = newest.get(number)
            spot = _GREY if row is None else _spot(row, interval_s, now, limit_of(region_code))
            known = found.get(site)
            if known is None or _badness(spot) > _badness(known):
                found[site] = spot
    return found


def _spot(row: list[Any], interval_s: int, now: dt.datetime, limit: float) -> Spot:
    at, received_at, quality, pm25, pm10, noise = row
    colour = _colour(_trusted(quality, pm25), limit, online.is_online(received_at, interval_s, now))
    return Spot(colour, pm25, pm10, noise, at)


def _badness(spot: Spot) -> tuple[int, float]:
    return _WORSE[spot.colour], spot.pm25 or 0.0


def _newest(devices: list[int]) -> dict[int, Newest]:
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT device, at, received_at, quality, "values"[%s], "values"::text FROM telemetry.latest WHERE device = ANY(%s) AND profile = %s',
            [PM25 + 1, devices, "dust"],
        )
        return {device: Newest(*row) for device, *row in cursor.fetchall()}


def _limits() -> Callable[[str], float]:
    """The limit of PM2.5 by division, asked once for each county."""
    known: dict[str, float] = {}

    def limit_of(region_code: str) -> float:
        county = region_code[:6]
        if county not in known:
            known[county] = pm25_limit(region_code)
        return known[county]

    return limit_of


def _reading(
    told: tuple[Any, ...], row: Newest | None, now: dt.datetime, limit_of: Callable[[str], float]
) -> Reading:
    number, code, title, site, site_name, region_code, lon, lat, site_lon, site_lat, interval_s = told
    is_online = row is not None and online.is_online(row.received_at, interval_s, now)
    trusted = _trusted(row.quality, row.pm25) if row else None
    return Reading(
        device=number,
        code=code,
        title=title or code,
        site=site,
        site_name=site_name,
        region_code=region_code,
        lon=lon or site_lon,
        lat=lat or site_lat,
        newest=row,
        is_online=is_online,
        colour=_colour(trusted, limit_of(region_code), is_online),
    )


def _trusted(quality: int, pm25: float | None) -> float | None:
    """PM2.5 unless its flag speaks against it."""
    return pm25 if quality >> 4 * PM25 & 0xF == Quality.NORMAL else None


def pm25_limit(region_code: str) -> float:
    """Limit of PM2.5 in µg/m³ that the region's pack sets; 75 where none does (DUST-03)."""
    return float(resolve.value("dust.pm25_limit", region_code) or 75)


def _colour(pm25: float | None, limit: float, is_online: bool) -> str:
    if not is_online or pm25 is None:
        return "grey"
    return "red" if pm25 > limit else "yellow" if pm25 > limit * 0.8 else "green"


def overview(viewer: Viewer) -> Overview:
    """The board's figures in the viewer's scope; seven queries."""
    active = Device.objects.visible_to(viewer).filter(state="active")
    monitors = list(active.filter(profile="dust").values_list("number", flat=True))
    findings = Finding.objects.visible_to(viewer).filter(
        cleared_at__isnull=True, rule__startswith="dust.", shadow=False
    )
    by_rule = dict(findings.values_list("rule").annotate(n=Count("pk")).order_by())
    # of every system: the figure opens the list of all open cases
    cases = Case.objects.visible_to(viewer).filter(state__in=["disposing", "verifying"])
    counted = cases.order_by().aggregate(n=Count("pk"), late=Count("pk", filter=Q(is_overdue=True)))
    return Overview(
        monitors=len(monitors),
        online=online.counted(monitors),
        exceeding=sum(by_rule.get(rule, 0) for rule in EXCEEDING),
        sprayers_running=_running(list(active.filter(profile="sprayer").values_list("number", flat=True))),
        open_findings=sum(by_rule.values()),
        open_cases=counted["n"],
        overdue_cases=counted["late"],
        sites=Site.objects.visible_to(viewer).filter(state=WorkState.UNDER_CONSTRUCTION).count(),
    )


def _running(sprayers: list[int]) -> int:
    """Sprayers whose newest report says that they run (field 0)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM telemetry.latest WHERE device = ANY(%s) AND profile = 'sprayer' AND \"values\"[1] >= 0.5",
            [sprayers],
        )
        row = cursor.fetchone()
    return int(row[0]) if row else 0
