"""What counts where: nation → province → city → county → zone overlay, the nearest row wins, within the bounds above it."""

import datetime as dt
from typing import Any

from django.db.models import Q
from django.utils import timezone

from siteloop.foundation.packs.models import Pack, PackRule, PackValue
from siteloop.framework.action import Refused

WHY = "the rules in force are worked out from all packs"


def chain(region_code: str, zone: str = "", on: dt.date | None = None) -> list[Pack]:
    """Packs in force over a place, from the nation down."""
    day = on or timezone.localdate()
    codes = ["", *(region_code[:n] for n in (2, 4, 6, 9) if len(region_code) >= n)]
    found = Pack.objects.unscoped(WHY).filter(
        Q(effective_from__isnull=True) | Q(effective_from__lte=day),
        Q(effective_to__isnull=True) | Q(effective_to__gte=day),
        region_code__in=codes,
        zone__in=["", zone],
    )
    return sorted(found, key=lambda p: (len(p.region_code), bool(p.zone)))


def _in_force(rows: Any, day: dt.date) -> Any:
    return rows.filter(
        Q(effective_from__isnull=True) | Q(effective_from__lte=day),
        Q(effective_to__isnull=True) | Q(effective_to__gte=day),
    )


def row(key: str, region_code: str, on: dt.date | None = None, zone: str = "") -> PackValue | None:
    """The value row that counts at a place on a day."""
    day = on or timezone.localdate()
    rank = {pack.pk: i for i, pack in enumerate(chain(region_code, zone, day))}
    rows = _in_force(PackValue.objects.unscoped(WHY).filter(key=key, pack__in=rank), day).select_related(
        "pack"
    )
    return max(rows, key=lambda r: (rank[r.pack_id], r.effective_from or dt.date.min, r.pk), default=None)


def value(key: str, region_code: str, on: dt.date | None = None, zone: str = "") -> Any:
    """The value that counts, None when no pack states it."""
    found = row(key, region_code, on, zone)
    return found.value if found is not None else None


def rules(region_code: str, on: dt.date | None = None) -> dict[str, PackRule]:
    """Rule code -> the rule row that counts at a place; disabled ones are left out."""
    day = on or timezone.localdate()
    rank = {pack.pk: i for i, pack in enumerate(chain(region_code, on=day))}
    found: dict[str, PackRule] = {}
    rows = _in_force(PackRule.objects.unscoped(WHY).filter(pack__in=rank), day).select_related("pack")
    for rule in sorted(rows, key=lambda r: (rank[r.pack_id], r.version)):
        found[rule.code] = rule
    return {code: rule for code, rule in found.items() if rule.enabled}


def check_bounds(new: dict[str, Any], bounds: dict[str, Any]) -> None:
    """Raises Refused 422 when a lower level leaves the room the level above gave it. `bounds` maps name -> [low, high]."""
    wrong = {}
    for name, number in new.items():
        room = bounds.get(name)
        if room is None or not isinstance(number, int | float) or isinstance(number, bool):
            continue
        low, high = room
        if not low <= number <= high:
            wrong[name] = [f"上级允许范围为 {low}–{high}"]
    if wrong:
        raise Refused("超出上级允许的范围", status=422, errors=wrong)


def bounds_above(code: str, pack: Pack) -> dict[str, Any]:
    """The bounds the nearest pack above states for a rule."""
    above = [p for p in chain(pack.region_code, pack.zone) if p.pk != pack.pk]
    rank = {p.pk: i for i, p in enumerate(above)}
    rows = PackRule.objects.unscoped(WHY).filter(code=code, pack__in=rank)
    nearest = max(rows, key=lambda r: (rank[r.pack_id], r.version), default=None)
    return dict(nearest.bounds) if nearest else {}
