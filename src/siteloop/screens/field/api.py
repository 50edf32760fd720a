"""What the phone asks: who am I, what is to be done, what to keep for the day; and where it leaves its files.

Acts are not here: they go to the registers' own addresses with `Idempotency-Key` and `If-Match`.
"""

import datetime as dt
import hashlib
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from siteloop.foundation.files.store import keep
from siteloop.framework.action import Refused
from siteloop.framework.perform import require
from siteloop.framework.rest.kept import answer, once
from siteloop.framework.rest.router import File, Form, Router, UploadedFile
from siteloop.framework.viewer import Viewer, viewer_of
from siteloop.screens.field import places, tasks
from siteloop.systems.inspection import field as inspecting

router = Router(tags=["现场端"])


def _viewer(request: HttpRequest) -> Viewer:
    return viewer_of(request)


@router.get("/me", operation_id="field_me", summary="当前账号")
def me(request: HttpRequest) -> HttpResponse:
    """Whose phone it is now; also renews the CSRF cookie that every act needs."""
    viewer = _viewer(request)
    get_token(request)
    return answer(
        200,
        {
            "id": viewer.user,
            "name": viewer.name,
            "language": viewer.language,
            "may": {"inspect": viewer.may("inspection.inspection.create")},
        },
    )


@router.get("/tasks", operation_id="field_tasks", summary="今日任务")
def today(request: HttpRequest) -> HttpResponse:
    """Records to act on, each with its version and the acts that are open."""
    return answer(200, {"at": timezone.now().isoformat(), "records": tasks.today(_viewer(request))})


@router.get("/kept", operation_id="field_kept", summary="离线资料")
def kept(request: HttpRequest) -> HttpResponse:
    """What an inspection without a network needs: check tables, measures, sites, colleagues."""
    viewer = _viewer(request)
    inspects = viewer.may("inspection.inspection.create")
    return answer(
        200,
        {
            "at": timezone.now().isoformat(),
            "tables": inspecting.tables() if viewer.may("inspection.checktable.view") else [],
            "measures": inspecting.measures() if inspects else [],
            "colleagues": inspecting.colleagues(viewer) if inspects else [],
            "sites": places.sites(viewer),
        },
    )


@router.get("/sites/{int:pk}", operation_id="field_site", summary="工地现况")
def site(request: HttpRequest, pk: int) -> HttpResponse:
    """One site as it is now."""
    return answer(200, places.site(_viewer(request), pk))


@router.post("/files", operation_id="field_file", summary="上传现场文件")
def file(
    request: HttpRequest,
    file: UploadedFile = File(...),  # type: ignore[type-arg]  # noqa: B008
    sha256: str = Form(...),  # type: ignore[type-arg]
    taken_at: str = Form(""),  # type: ignore[type-arg]
    lon: float | None = Form(None),  # type: ignore[type-arg]
    lat: float | None = Form(None),  # type: ignore[type-arg]
    device: str = Form(""),  # type: ignore[type-arg]
) -> HttpResponse:
    """One photo, signature or voice note, whole or not at all: the digest made on the phone must be that of what arrived."""
    viewer = _viewer(request)
    require(viewer, "files.evidence.create")

    def run() -> tuple[int, Any]:
        if _digest(file) != sha256.lower():
            raise Refused("文件在传输中损坏，请重传", status=422, errors={"sha256": ["与收到的内容不符"]})
        row = keep(
            viewer,
            file,
            taken_at=_taken(taken_at),
            lon=lon if lon is not None and abs(lon) <= 180 else None,
            lat=lat if lat is not None and abs(lat) <= 90 else None,
            device_note=device,
        )
        return 201, {"id": row.pk, "sha256": row.sha256, "reused": row.reused_of_id is not None}

    return once(request, run)


def _digest(upload: "UploadedFile") -> str:
    found = hashlib.sha256()
    for chunk in upload.chunks():
        found.update(chunk)
    upload.seek(0)
    return found.hexdigest()


def _taken(text: str) -> dt.datetime | None:
    """When the phone says it was taken; a clock that runs ahead of ours is not believed."""
    try:
        at = parse_datetime(text)
    except ValueError:
        return None
    if at is None or timezone.is_naive(at) or at > timezone.now() + dt.timedelta(minutes=5):
        return None
    return at
