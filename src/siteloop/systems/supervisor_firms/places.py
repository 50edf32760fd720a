"""Whether something happened at the site: its place against the places of the project's sites."""

import math

from siteloop.foundation.registry.models import Project, Site
from siteloop.systems.supervisor_firms import settings
from siteloop.systems.supervisor_firms.models import PlaceCheck

WHY = "a place is compared with the sites of its project"
EARTH_M = 6_371_000.0


def metres(lon: float, lat: float, to_lon: float, to_lat: float) -> float:
    """Great-circle distance in metres; degrees of one datum."""
    a, b = math.radians(lat), math.radians(to_lat)
    half = math.sin((b - a) / 2) ** 2
    half += math.cos(a) * math.cos(b) * math.sin(math.radians(to_lon - lon) / 2) ** 2
    return 2 * EARTH_M * math.asin(math.sqrt(half))


def compare(project: Project, lon: float | None, lat: float | None) -> tuple[PlaceCheck, int | None]:
    """On site, away or unknown, with the metres to the nearest site."""
    if lon is None or lat is None:
        return PlaceCheck.UNKNOWN, None
    sites = Site.objects.unscoped(WHY).filter(project=project, lon__isnull=False, lat__isnull=False)
    far = [metres(lon, lat, s.lon, s.lat) for s in sites if s.lon is not None and s.lat is not None]
    if not far:
        return PlaceCheck.UNKNOWN, None
    nearest = round(min(far))
    near = nearest <= settings.near_m(project)
    return (PlaceCheck.ON_SITE if near else PlaceCheck.AWAY), nearest
