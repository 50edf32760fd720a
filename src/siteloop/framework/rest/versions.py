"""Versions of a record: whoever changes it may say which one he saw, and is told when it is no longer that one.

    GET  …/12                    -> ETag: "8841-5f0c…"
    POST …/12/actions/reply      If-Match: "8841-5f0c…"      -> 409 with `conflict`, when somebody acted meanwhile

A version is the record's last entry in the trail and a digest of its fields, so that an act on what belongs to it and
a change by the engine, which leaves no entry, both make a new one. No column is needed for it.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.http import HttpRequest

from siteloop.framework.action import Changed
from siteloop.framework.models import TrailEntry
from siteloop.framework.page import Page
from siteloop.framework.perform import snapshot
from siteloop.framework.rest.rows import as_json

HEADER = "If-Match"
WHY = "who holds the row sees what was done to it"
MOST = 20  # acts of others that a conflict tells
IF_MATCH = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "schema": {"type": "string", "maxLength": 80},
    "description": "所依据的版本（读取时的 ETag）；记录已被他人改动时返回 409 与双方版本",
}


def version_of(row: models.Model) -> str:
    """`<last entry of the trail>-<digest of the fields>`; one query."""
    fields = json.dumps(snapshot(row), cls=DjangoJSONEncoder, sort_keys=True, default=str)
    return f"{_last(row)}-{hashlib.sha256(fields.encode()).hexdigest()[:12]}"


def _told(row: models.Model) -> Any:
    return TrailEntry.objects.unscoped(WHY).filter(model=row._meta.label_lower, object_id=row.pk)


def _last(row: models.Model) -> int:
    return int(_told(row).order_by("-pk").values_list("pk", flat=True).first() or 0)


@contextmanager
def unchanged(request: HttpRequest, page: Page, row: models.Model) -> Iterator[None]:
    """Holds the row while the act inside runs. Raises Changed when the caller saw another version than the present one."""
    seen = request.headers.get(HEADER, "").removeprefix("W/").strip('"')
    with transaction.atomic():
        if seen and seen != "*":
            now = page.model._base_manager.select_for_update(of=("self",)).get(pk=row.pk)
            if version_of(now) != seen:
                raise Changed("记录已被他人改动，请核对后决定", _conflict(page, now, seen))
        yield


def _conflict(page: Page, row: models.Model, seen: str) -> dict[str, Any]:
    since = seen.partition("-")[0]
    entries = _told(row).filter(pk__gt=int(since) if since.isdecimal() else 0).order_by("-pk")[:MOST]
    return {
        "kind": "record",
        "version": version_of(row),
        "row": json.loads(json.dumps(as_json(page, row), cls=DjangoJSONEncoder)),
        "changes": [{"at": e.at.isoformat(), "by": e.actor_name, "sentence": e.sentence} for e in entries],
    }
