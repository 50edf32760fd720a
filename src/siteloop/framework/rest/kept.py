"""Idempotency-Key: a POST sent twice is done once, and both callers get the same answer."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse

from siteloop.framework.action import Refused
from siteloop.framework.models import KeptAnswer
from siteloop.framework.told_once import without_secrets
from siteloop.framework.viewer import viewer_of

HEADER = "Idempotency-Key"
MAX = 200


def once(request: HttpRequest, run: Callable[[], tuple[int, Any]]) -> HttpResponse:
    """Do `run` and answer its (status, body); with the header, at most once per person and key.

    The act and its kept answer are one transaction; a refused act keeps nothing and may be tried again.
    What is told once only (`framework.told_once.ToldOnce`) is not kept: a repeated request hears that it was told.
    The same key with another request is refused with 422.
    """
    key = request.headers.get(HEADER, "")
    if not key:
        return answer(*run())
    if len(key) > MAX or not key.isprintable():
        raise Refused("幂等键过长或含非法字符", status=422, errors={HEADER: [f"最长 {MAX} 个可见字符"]})
    actor = viewer_of(request).user or 0
    asked = _fingerprint(request)
    with transaction.atomic():
        _lock(actor, key)
        kept = KeptAnswer.objects.filter(actor=actor, key=key).first()
        if kept is None:
            status, body = run()
            told = json.loads(json.dumps(body, cls=DjangoJSONEncoder))
            KeptAnswer.objects.create(
                actor=actor,
                key=key,
                path=request.path[:300],
                fingerprint=asked,
                status=status,
                body=json.loads(json.dumps(without_secrets(body), cls=DjangoJSONEncoder)),
            )
            return answer(status, told)
    if kept.fingerprint != asked:
        raise Refused("该幂等键已用于另一请求", status=422, errors={HEADER: ["已用于另一请求"]})
    response = answer(kept.status, kept.body)
    response.headers["Idempotent-Replayed"] = "true"
    return response


def answer(status: int, body: Any) -> JsonResponse:
    """JSON in UTF-8, Chinese left readable."""
    return JsonResponse(body, status=status, safe=False, json_dumps_params={"ensure_ascii": False})


def _fingerprint(request: HttpRequest) -> str:
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    if request.content_type == "multipart/form-data":
        for name in sorted(request.FILES):
            file: Any = request.FILES[name]
            for chunk in file.chunks():
                digest.update(chunk)
            file.seek(0)
    else:
        digest.update(request.body)
    return digest.hexdigest()


def _lock(actor: int, key: str) -> None:
    """A second request with the same key waits for the first."""
    number = int.from_bytes(hashlib.sha256(f"{actor}\n{key}".encode()).digest()[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])
