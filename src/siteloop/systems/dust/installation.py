"""How many dust monitors a site needs and has: 不装少装 (DUST-18) and the installation rate by town (DUST-31, KPI-11)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q

from siteloop.foundation.packs import eligibility, resolve
from siteloop.foundation.packs.resolve import value as pack_value
from siteloop.foundation.registry.models import Device, Project, Site
from siteloop.framework.viewer import Viewer

#: sites named one by one in a query; of more, all are read
NAMED = 200
POINTS = "dust.points_by_area"  # a project may have its own


@dataclass(frozen=True)
class Installed:
    """One site's need and holding of monitors."""

    needed: int
    installed: int
    reason: str = ""

    @property
    def is_short(self) -> bool:
        """不装少装."""
        return self.installed < self.needed


@dataclass(frozen=True)
class TownRate:
    """Installation rate of one town: sites of class-I or standardised projects under construction."""

    region_code: str
    should: int  # monitors
    installed: int  # monitors in use, at most as many as the site needs
    sites: int
    sites_short: int

    @property
    def rate(self) -> float | None:
        """Installed ÷ should install, 0..1; None when nothing is due."""
        return self.installed / self.should if self.should else None


@dataclass(frozen=True)
class TownSpray:
    """Sites under construction of one town, and those with a sprayer in use (DUST-07)."""

    region_code: str
    sites: int
    sprayed: int

    @property
    def rate(self) -> float:
        """0..1."""
        return self.sprayed / self.sites


def needed(project: Project, region_code: str) -> tuple[int, str]:
    """Monitors the packs ask of a project (its own, else its region's), and why. 0 when the eligibility rules do not require any."""
    decision = eligibility.decide(project)
    if decision.outcome != "must":
        return 0, decision.reason
    bands = pack_value(POINTS, region_code, zone=project.zone, project=project.pk) or []
    area = float(project.floor_area or 0)
    fitting = [b for b in bands if area >= float(b["from"])]
    count = int(max(fitting, key=lambda b: float(b["from"]))["points"]) if fitting else 1
    return count, decision.reason


def of_sites(sites: Iterable[Site]) -> dict[int, Installed]:
    """Need and holding of many sites, a handful of queries in all."""
    sites = list(sites)
    held: dict[int, int] = defaultdict(int)
    devices = Device.objects.unscoped("counted for sites the caller already holds")
    devices = devices.filter(profile="dust", state="active")
    if len(sites) <= NAMED:
        devices = devices.filter(site_id__in=[s.pk for s in sites])
    for site_id in devices.values_list("site_id", flat=True):
        held[site_id] += 1
    found = {}
    with resolve.reading():
        for site in sites:
            need, why = needed(site.project, site.region_code)
            found[site.pk] = Installed(need, held[site.pk], why)
    return found


def of_site(site: Site) -> Installed:
    """Need and holding of one site."""
    return of_sites([site])[site.pk]


def rates_by_town(viewer: Viewer) -> list[TownRate]:
    """Installation rate by town/street over class-I and standardised projects (DUST-31), in the viewer's scope."""
    sites = (
        Site.objects.visible_to(viewer)
        .filter(state="under_construction")
        .filter(Q(project__is_class_one=True) | ~Q(project__standardisation="none"))
        .select_related("project")
    )
    towns: dict[str, list[Installed]] = defaultdict(list)
    rows = list(sites)
    states = of_sites(rows)
    for site in rows:
        towns[site.region_code[:9]].append(states[site.pk])
    return [
        TownRate(
            code,
            should=sum(s.needed for s in found),
            installed=sum(min(s.installed, s.needed) for s in found),
            sites=len(found),
            sites_short=sum(s.is_short for s in found),
        )
        for code, found in sorted(towns.items())
    ]


def with_sprayer(sites: Iterable[Site]) -> set[int]:
    """Of these sites those that have a spray or fog system in use."""
    return _sprayed([s.pk for s in sites])


def _sprayed(sites: list[int]) -> set[int]:
    sprayers = Device.objects.unscoped("counted for sites the caller already holds").filter(
        profile="sprayer", state="active"
    )
    if len(sites) <= NAMED:
        sprayers = sprayers.filter(site__in=sites)
    return set(sprayers.values_list("site_id", flat=True)) & set(sites)


def sprayed_by_town(viewer: Viewer) -> list[TownSpray]:
    """Every site under construction has a spray system (DUST-07): how many of each town do, in the viewer's scope."""
    sites = (
        Site.objects.visible_to(viewer).filter(state="under_construction").values_list("pk", "region_code")
    )
    having = _sprayed([pk for pk, _ in sites])
    towns: dict[str, list[int]] = defaultdict(list)
    for pk, region_code in sites:
        towns[region_code[:9]].append(pk)
    return [TownSpray(code, len(found), len(having & set(found))) for code, found in sorted(towns.items())]
