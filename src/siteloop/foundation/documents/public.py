"""The public page behind the QR code: whether a paper is real, whether it still counts, whether a file is unchanged.

Nothing personal and nothing of the matter is shown: kind, number, authority, date, state and fingerprint only.
"""

import hashlib
import re

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from siteloop.foundation.documents.models import Document
from siteloop.foundation.files.store import MAX_BYTES

WHY = "anybody who holds the paper may ask whether it is real"
_NOISE = re.compile(r"[^0-9A-Za-z]")


@require_GET
def ask(request: HttpRequest) -> HttpResponse:
    """GET /verify/?code=: the form, or on to the document's page."""
    typed = _NOISE.sub("", request.GET.get("code", "")).upper()[:32]
    if typed:
        return redirect("verify-document", code=typed)
    return render(request, "documents/verify.html", {"asked": False})


@never_cache
@require_http_methods(["GET", "POST"])
def verify(request: HttpRequest, code: str) -> HttpResponse:
    """GET: what is known of the code. POST (`file`): whether that PDF is the one that was issued."""
    typed = _NOISE.sub("", code).upper()[:32]
    found = Document.objects.unscoped(WHY).select_related("authority").filter(code=typed).first()
    later = Document.objects.unscoped(WHY).filter(replaces=found).first() if found is not None else None
    context = {"asked": True, "code": typed, "document": found, "later": later, **_compared(request, found)}
    return render(request, "documents/verify.html", context, status=200 if found else 404)


def _compared(request: HttpRequest, document: Document | None) -> dict[str, object]:
    given = request.FILES.get("file")
    if request.method != "POST" or document is None:
        return {}
    if not isinstance(given, UploadedFile):
        return {"verdict": "missing"}
    if given.size is None or given.size > MAX_BYTES:
        return {"verdict": "large"}
    sha = hashlib.sha256()
    for chunk in given.chunks():
        sha.update(chunk)
    same = bool(document.sha256) and sha.hexdigest() == document.sha256
    return {"verdict": "same" if same else "different", "given": sha.hexdigest()}
