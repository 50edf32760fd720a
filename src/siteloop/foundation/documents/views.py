"""The files of a document, inside the viewer's scope."""

from django.db import transaction
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from siteloop.foundation.documents import store
from siteloop.foundation.documents.models import Document, DocumentDelivery
from siteloop.foundation.files.store import path_of
from siteloop.framework.perform import require
from siteloop.framework.screen import screen
from siteloop.framework.viewer import Viewer, viewer_of

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def _document(request: HttpRequest, pk: int) -> Document:
    viewer = viewer_of(request)
    require(viewer, "documents.document.view")
    found = Document.objects.visible_to(viewer).select_related("authority", "project").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


@require_GET
@screen
def pdf(request: HttpRequest, pk: int) -> HttpResponseBase:
    """GET: the kept PDF, shown in the browser so that it can be printed; `?save=1` saves it. The receiver's first look is noted."""
    document = _document(request, pk)
    viewer = viewer_of(request)
    store.print_out(document, viewer)
    _opened(document, viewer)
    path = path_of(document.sha256)
    if not path.exists():
        raise Http404
    response = FileResponse(path.open("rb"), content_type="application/pdf")
    name = f"{document.number}{document.title}.pdf"
    response["Content-Disposition"] = content_disposition_header("save" in request.GET, name) or "inline"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


@require_GET
@screen
def word(request: HttpRequest, pk: int) -> HttpResponseBase:
    """GET: the same text as a Word file; only the PDF is the document."""
    # the Word library takes a third of a second to load: only who asks for Word waits for it
    from siteloop.foundation.documents.word import docx

    document = _document(request, pk)
    response = HttpResponse(docx(store.sheet(document)), content_type=WORD)
    name = f"{document.number}{document.title}.docx"
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    response["Cache-Control"] = "private, no-store"
    return response


def _opened(document: Document, viewer: Viewer) -> None:
    with transaction.atomic():
        DocumentDelivery.objects.unscoped("the receiver's own look is noted").filter(
            document=document, account_id=viewer.user or 0, opened_at=None
        ).update(opened_at=timezone.now())
