"""Whether a table or line applies at a site: a condition is data, read here and nowhere else.

{} always · {"field": "work_kind", "op": "eq", "value": "housing"} a fact of the project · {"devices": "tower_crane"}
a device of that profile in use at the site. What is not known applies, so that nothing is passed over in silence.
"""

from typing import Any

from siteloop.foundation.packs.eligibility import OPERATIONS
from siteloop.foundation.registry.models import Device, Site

WHY = "whether a table applies follows from what stands at the site"
_UNKNOWN = (None, "")


def problems(condition: dict[str, Any]) -> list[str]:
    """What is wrong with a condition; an empty list is good."""
    if not condition or set(condition) == {"devices"}:
        return []
    if set(condition) != {"field", "op", "value"}:
        return ["条件须为 {field, op, value} 或 {devices}"]
    return [] if condition["op"] in OPERATIONS else [f"不支持的比较 {condition['op']}"]


def applies(condition: dict[str, Any], site: Site, profiles: set[str] | None = None) -> bool:
    """`profiles` are those of the site's devices, to be asked once for many lines."""
    if not condition:
        return True
    if "devices" in condition:
        have = profiles_of(site) if profiles is None else profiles
        return condition["devices"] in have or not have & MACHINES
    value = getattr(site.project, str(condition["field"]), None)
    if value in _UNKNOWN:
        return True
    return OPERATIONS[condition["op"]][1](value, condition["value"])


#: machines that are known by their devices: where none of them reports, nobody knows and the table stays
MACHINES = frozenset({"tower_crane", "hoist", "material_hoist"})


def profiles_of(site: Site) -> set[str]:
    """Profiles of the site's devices in use."""
    rows = Device.objects.unscoped(WHY).filter(site=site, state="active")
    return set(rows.values_list("profile", flat=True))
