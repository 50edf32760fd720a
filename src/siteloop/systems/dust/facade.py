"""What other rooms may ask about dust: frozen answers, in the asker's scope, a fixed number of queries each."""

import datetime as dt
from dataclasses import dataclass

from django.db import connection
from django.db.models import Count, Q
from django.utils import timezone

from siteloop.foundation.cases.models import Case, Finding
from siteloop.foundation.packs.resolve import value as pack_value
from siteloop.foundation.registry.models import Device, Site, WorkState
from siteloop.framework.perform import perform
from siteloop.framework.viewer import Viewer, system_viewer
from siteloop.kernel.profiles import DUST
from siteloop.kernel.quality import Quality, unpack
from siteloop.systems.dust import complaints, installation, kpis
from siteloop.systems.dust.cases import LOOPS
from siteloop.systems.dust.models import Complaint

ONLINE_INTERVALS = 3  # a device is online while its last row is younger than three of its intervals
EXCEEDING = ("dust.pm25_high", "dust.pm10_high", "dust.tsp_high", "dust.noise_day", "dust.noise_night")


@dataclass(frozen=True)
class Reading:
    """A monitor's newest row with its place; `values` by field name, None where absent; `normal` the trustworthy ones."""

    device: int
    code: str
    title: str
    site: int
    site_name: str
    region_code: str
    lon: float | None
    lat: float | None
    at: dt.datetime | None
    values: dict[str, float | None]
    normal: frozenset[str]
    is_online: bool
    colour: str  # green | yellow | red | grey


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
    """Newest row of every active monitor in scope, worst PM2.5 first; two queries."""
    devices = (
        Device.objects.visible_to(viewer)
        .filter(profile="dust", state="active")
        .select_related("site")
        .order_by("number")
    )
    if site is not None:
        devices = devices.filter(site_id=site)
    found = list(devices)
    newest = _latest([d.number for d in found])
    limits: dict[str, float] = {}
    rows = [_reading(d, newest.get(d.number), limits) for d in found]
    return sorted(rows, key=lambda r: (not r.is_online, -(r.values.get("pm25") or 0)))


def _latest(devices: list[int]) -> dict[int, tuple[dt.datetime, int, list[float | None]]]:
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT device, at, quality, "values" FROM telemetry.latest WHERE device = ANY(%s)', [devices]
        )
        return {device: (at, quality, values) for device, at, quality, values in cursor.fetchall()}


def _reading(
    device: Device, row: tuple[dt.datetime, int, list[float | None]] | None, limits: dict[str, float]
) -> Reading:
    at, quality, values = row if row else (None, 0, [])
    names = [f.name for f in DUST.fields]
    flags = unpack(quality, len(names)) if row else []
    normal = frozenset(n for n, q in zip(names, flags, strict=False) if q is Quality.NORMAL)
    known = dict(zip(names, values, strict=False)) if row else {}
    is_online = at is not None and timezone.now() - at < dt.timedelta(
        seconds=ONLINE_INTERVALS * device.interval_s + 5
    )
    county = device.region_code[:6]
    if county not in limits:
        limits[county] = pm25_limit(device.region_code)
    return Reading(
        device=device.number,
        code=device.code,
        title=device.title or device.code,
        site=device.site_id,
        site_name=device.site.name,
        region_code=device.region_code,
        lon=device.lon or device.site.lon,
        lat=device.lat or device.site.lat,
        at=at,
        values=known,
        normal=normal,
        is_online=is_online,
        colour=_colour(known.get("pm25") if "pm25" in normal else None, limits[county], is_online),
    )


def pm25_limit(region_code: str) -> float:
    """Limit of PM2.5 in µg/m³ that the region's pack sets; 75 where none does (DUST-03)."""
    return float(pack_value("dust.pm25_limit", region_code) or 75)


def _colour(pm25: float | None, limit: float, is_online: bool) -> str:
    if not is_online or pm25 is None:
        return "grey"
    return "red" if pm25 > limit else "yellow" if pm25 > limit * 0.8 else "green"


def overview(viewer: Viewer) -> Overview:
    """The board's figures in the viewer's scope."""
    rows = readings(viewer)
    sprayers = list(
        Device.objects.visible_to(viewer)
        .filter(profile="sprayer", state="active")
        .values_list("number", flat=True)
    )
    running = sum(1 for _, _, values in _latest(sprayers).values() if values and (values[0] or 0) >= 0.5)
    findings = Finding.objects.visible_to(viewer).filter(
        cleared_at__isnull=True, rule__startswith="dust.", shadow=False
    )
    by_rule = dict(findings.values_list("rule").annotate(n=Count("pk")).order_by())
    cases = Case.objects.visible_to(viewer).filter(loop=LOOPS[0].code, state__in=["disposing", "verifying"])
    return Overview(
        monitors=len(rows),
        online=sum(r.is_online for r in rows),
        exceeding=sum(by_rule.get(rule, 0) for rule in EXCEEDING),
        sprayers_running=running,
        open_findings=sum(by_rule.values()),
        open_cases=cases.count(),
        overdue_cases=cases.filter(is_overdue=True).count(),
        sites=Site.objects.visible_to(viewer).filter(state=WorkState.UNDER_CONSTRUCTION).count(),
    )


def towns(viewer: Viewer) -> list[installation.TownRate]:
    """Installation rate by town (DUST-31)."""
    return installation.rates_by_town(viewer)


def sprayed(viewer: Viewer) -> list[installation.TownSpray]:
    """Sites with a spray system by town (DUST-07)."""
    return installation.sprayed_by_town(viewer)


def enforcement(viewer: Viewer) -> kpis.Enforced:
    """KPI-12."""
    return kpis.enforced(viewer)


@dataclass(frozen=True)
class TrackedComplaint:
    """What the holder of a tracking code is told of a complaint: nothing of what was written, nothing of the readings."""

    site: str
    topic: str
    received_at: dt.datetime
    state: str
    state_title: str
    case_state: str
    answer: str
    answered_at: dt.datetime | None


@dataclass(frozen=True)
class PublicSite:
    """A site as its notice board at the gate names it."""

    key: int
    name: str
    address: str
    project: str


def sites_like(words: str, most: int = 20) -> list[PublicSite]:
    """Sites under construction whose name, address or project holds the words; a citizen finds the one meant."""
    asked = words.strip()[:40]
    if len(asked) < 2:
        return []
    rows = (
        Site.objects.unscoped("a site under construction stands in public view")
        .filter(state=WorkState.UNDER_CONSTRUCTION)
        .filter(Q(name__icontains=asked) | Q(address__icontains=asked) | Q(project__name__icontains=asked))
        .select_related("project")
        .order_by("name")[:most]
    )
    return [PublicSite(s.pk, s.name, s.address, s.project.name) for s in rows]


def file_complaint(site: int, topic: str, occurred_at: dt.datetime, content: str, contact: str) -> str:
    """Take in a citizen's complaint from the portal; returns the tracking code, which is kept nowhere else.

    Raises Refused 422 with a message for each field.
    """
    data = {
        "site": site,
        "topic": topic,
        "occurred_at": occurred_at,
        "content": content,
        "contact": contact,
    }
    return str(perform(complaints.file_online, system_viewer("公众门户"), None, data))


def track(code: str) -> TrackedComplaint | None:
    """The complaint of a tracking code; None for a code that was never given."""
    row = (
        Complaint.objects.unscoped("whoever holds the code may follow the complaint")
        .select_related("site", "case")
        .filter(tracking=complaints.tracking_hash(code))
        .exclude(tracking="")
        .first()
    )
    if row is None:
        return None
    return TrackedComplaint(
        site=row.site.name,
        topic=row.get_topic_display(),
        received_at=row.received_at,
        state=row.state,
        state_title=row.get_state_display(),
        case_state=row.case.get_state_display() if row.case else "",
        answer=row.answer,
        answered_at=row.answered_at,
    )
