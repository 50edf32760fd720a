"""Serving and taking in evidence."""

from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET, require_POST

from siteloop.foundation.files.models import Evidence
from siteloop.foundation.files.store import keep, path_of
from siteloop.framework.action import Refused
from siteloop.framework.viewer import viewer_of


@require_GET
def serve(request: HttpRequest, pk: int) -> HttpResponse | FileResponse:
    """GET /files/<pk>: the bytes, if the viewer may see the row."""
    row = Evidence.objects.visible_to(viewer_of(request)).filter(pk=pk).first()
    if row is None or not path_of(row.sha256).exists():
        raise Http404
    response = FileResponse(path_of(row.sha256).open("rb"), content_type=row.content_type)
    shown = "inline" if row.is_picture else "attachment"
    response["Content-Disposition"] = f"{shown}; filename*=UTF-8''{row.sha256[:12]}"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, max-age=3600"
    return response


@require_POST
def upload(request: HttpRequest) -> JsonResponse:
    """POST /files/upload (field `file`): {"id", "sha256", "reused"}."""
    viewer = viewer_of(request)
    if viewer.user is None:
        return JsonResponse({"title": "请先登录"}, status=401)
    given = request.FILES.get("file")
    if not isinstance(given, UploadedFile):
        return JsonResponse({"title": "没有文件"}, status=422)
    try:
        row = keep(viewer, given)
    except Refused as no:
        return JsonResponse({"title": no.message}, status=no.status)
    return JsonResponse(
        {"id": row.pk, "sha256": row.sha256, "reused": row.reused_of_id is not None}, status=201
    )
