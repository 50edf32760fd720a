"""Borders for the map."""

import re
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Max, Q
from django.http import HttpRequest, JsonResponse
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import condition, require_GET

from siteloop.foundation.regions.models import Boundary

WHY = "borders are public, like the names of the divisions"


def _asked(request: HttpRequest) -> list[str]:
    """Trimmed codes in `?in=`; at most 20."""
    return [c for c in request.GET.get("in", "").split(",") if re.fullmatch(r"\d{2,9}", c)][:20]


def _wanted(codes: list[str]) -> Q:
    """A division's own border, all borders below it, and its neighbours in the same city for orientation."""
    found = Q(pk__in=[])
    for code in codes:
        found |= Q(region__code__startswith=code) | Q(region__code__startswith=code[:4], region__level__lte=3)
    return found


def _etag(request: HttpRequest) -> str:
    rows = Boundary.objects.unscoped(WHY)
    latest = rows.aggregate(at=Max("imported_at"))["at"]
    return f'"{latest.timestamp() if latest else 0}-{rows.count()}-{"-".join(_asked(request))}"'


@login_required
@require_GET
@gzip_page
@condition(etag_func=_etag)
def boundaries(request: HttpRequest) -> JsonResponse:
    """GET /regions/boundaries.json?in=330482: borders and their labels as GeoJSON; empty where none were imported."""
    rows = Boundary.objects.unscoped(WHY).filter(_wanted(_asked(request))).select_related("region")
    features: list[dict[str, Any]] = []
    for row in rows.order_by("region__code"):
        about = {"code": row.region.code, "name": row.region.name, "level": row.region.level}
        features.append({"type": "Feature", "geometry": row.geometry, "properties": about})
        point = {"type": "Point", "coordinates": [row.label_lon, row.label_lat]}
        features.append({"type": "Feature", "geometry": point, "properties": about})
    return JsonResponse({"type": "FeatureCollection", "features": features})
