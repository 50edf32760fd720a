"""The frozen inputs of a draw: everything that decides it, as one canonical text."""

import datetime as dt
from typing import Any

from cryptography.hazmat.primitives import hashes
from django.utils import timezone

from siteloop.foundation.packs import resolve
from siteloop.foundation.regions.names import full_name
from siteloop.systems.double_random import library, people
from siteloop.systems.double_random.draw import ALGORITHM
from siteloop.systems.double_random.models import Draw


def sm3(data: bytes) -> str:
    """SM3 (GB/T 32905) hex digest."""
    made = hashes.Hash(hashes.SM3())
    made.update(data)
    return made.finalize().hex()


def inputs_of(draw: Draw, on: dt.date | None = None) -> dict[str, Any]:
    """Lists as they stand now. Holds no reason of a recusal or an absence, because it becomes public."""
    day = on or timezone.localdate()
    needs = tuple(sorted(draw.plan.needs.values_list("code", flat=True)))
    with resolve.reading():
        found = library.objects(draw.region_code, needs, day)
        known = people.inspectors(draw.region_code, draw.check_from, draw.check_to)
        among = [c for c in found if not c.reason]
        free = [a for a in known if not a.reason]
        barred = people.recusals([a.inspector for a in free], among, draw.region_code, day)
    return {
        "algorithm": ALGORITHM,
        "number": draw.number,
        "plan": draw.plan.title,
        "organisation": draw.plan.organisation.name,
        "region": draw.region_code,
        "region_name": full_name(draw.region_code),
        "year": draw.plan.year,
        "quarter": draw.quarter,
        "check_from": draw.check_from.isoformat(),
        "check_to": draw.check_to.isoformat(),
        "beacon_source": draw.beacon_source,
        "count": draw.count,
        "group_size": draw.plan.group_size,
        "objects": [
            {
                "id": c.project.code,
                "name": c.project.name,
                "weight": c.weight,
                "why": [line.plain() for line in c.lines],
                "needs": list(c.needs),
                "previous": list(c.previous),
            }
            for c in sorted(among, key=lambda c: c.project.code)
        ],
        "inspectors": [
            {
                "id": a.inspector.code,
                "name": a.inspector.name,
                "unit": a.inspector.organisation.name,
                "specialities": list(a.specialities),
            }
            for a in free
        ],
        "recusals": [{"inspector": i, "object": o, "kind": kind} for i, o, kind in barred],
        "left_out": {
            "objects": [
                {"id": c.project.code, "name": c.project.name, "reason": c.reason} for c in found if c.reason
            ],
            "inspectors": [{"id": a.inspector.code, "reason": a.public} for a in known if a.reason],
        },
    }
