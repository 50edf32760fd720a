"""What every installation has: the national code tree and the zones the packs name."""

from siteloop.foundation.regions.importing import WHY, bundled, import_rows
from siteloop.foundation.regions.models import Region, Zone

ZONES = (("xiuzhou_hightech", "秀洲国家高新技术产业开发区", "330411"),)


def load() -> None:
    """Load once; a later program version adds what is new."""
    if Region.objects.unscoped(WHY).count() < len(bundled()):
        import_rows(bundled())
    for code, name, region in ZONES:
        if not Zone.objects.unscoped(WHY).filter(code=code).exists():
            Zone(code=code, name=name, region=Region.objects.unscoped(WHY).get(code=region)).save()
