"""How the register of events shows one: its pictures with the regions drawn in, and serving a picture through the scope."""

import re
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from siteloop.foundation.telemetry.models import Event
from siteloop.framework.viewer import Viewer, viewer_of

SHOWN_AS = ("image/jpeg", "image/png")
_SHA = re.compile(r"[0-9a-f]{64}")


def pictures(row: Event, viewer: Viewer) -> dict[str, Any]:
    """Panel: addresses and hashes of the pictures, regions as points in percent of the picture."""
    return {
        "pictures": [
            {
                "url": f"/telemetry/events/{row.pk}/pictures/{place}",
                "sha256": p["sha256"],
                "is_there": _path(p["sha256"]).exists(),
            }
            for place, p in enumerate(row.pictures)
        ],
        "regions": [" ".join(f"{x * 100:.2f},{y * 100:.2f}" for x, y in polygon) for polygon in row.region],
        "title": str(row),
    }


def _path(sha256: str) -> Path:
    """Where the fast plane keeps the bytes of a hash."""
    return Path(settings.ENV.data) / "pictures" / sha256[:2] / sha256


@require_GET
def picture(request: HttpRequest, pk: int, place: int) -> HttpResponse | FileResponse:
    """GET /telemetry/events/<pk>/pictures/<n>: the bytes, for who may see events of this device."""
    viewer = viewer_of(request)
    if not viewer.may("telemetry.event.view"):
        raise Http404
    row = Event.objects.visible_to(viewer).filter(pk=pk).first()
    if row is None or place >= len(row.pictures):
        raise Http404
    told = row.pictures[place]
    if not _SHA.fullmatch(told["sha256"]) or told["content_type"] not in SHOWN_AS:
        raise Http404
    path = _path(told["sha256"])
    if not path.exists():
        raise Http404
    answer = FileResponse(path.open("rb"), content_type=told["content_type"])
    answer["Content-Disposition"] = f'inline; filename="{told["sha256"][:12]}"'
    answer["X-Content-Type-Options"] = "nosniff"
    # it may show a person: no copy stays behind
    answer["Cache-Control"] = "private, no-store"
    return answer
