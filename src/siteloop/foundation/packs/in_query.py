"""A region's value inside a query: each row is measured by what counts where it lies."""

from collections.abc import Callable
from typing import Any

from django.db.models import Case, Field, FloatField, Value, When

from siteloop.foundation.packs import resolve
from siteloop.foundation.packs.models import PackValue


def stated(
    key: str,
    region: str = "region_code",
    made: Callable[[Any], Any] = float,
    field: "Field[Any, Any] | None" = None,
) -> Case:
    """What counts today where the row's `region` lookup points, turned by `made` into a `field`; NULL where no pack states it."""
    with resolve.reading() as book:
        packs = (row.pack for row in book.rows(PackValue) if row.key == key)
        places = {pack.region_code for pack in packs if not pack.project_id and not pack.zone}
        found = {place: resolve.value(key, place) for place in places}
    nearest_first = sorted(found.items(), key=lambda one: -len(one[0]))
    whens = [
        When(**{f"{region}__startswith": place}, then=Value(made(value)))
        for place, value in nearest_first
        if value is not None
    ]
    return Case(*whens, default=None, output_field=field or FloatField())
