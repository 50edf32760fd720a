"""What every installation has: the national code tree and the zones the packs name."""

from siteloop.foundation.regions.loading import WHY, add_zones, bundled, import_rows
from siteloop.foundation.regions.models import Region

ZONES = (("xiuzhou_hightech", "秀洲国家高新技术产业开发区", "330411"),)


def load() -> None:
    """Load once; a later program version adds what is new."""
    if Region.objects.unscoped(WHY).count() < len(bundled()):
        import_rows(bundled())
    add_zones(ZONES)
