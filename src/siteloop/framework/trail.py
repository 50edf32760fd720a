"""The action trail: who did what, for whom, from where, what changed and why, chained so that a later edit shows."""

import datetime as dt
import json
from decimal import Decimal
from typing import Any

from cryptography.hazmat.primitives import hashes
from django.db import connection, models
from django.utils import timezone

from siteloop.framework.models import TrailEntry
from siteloop.framework.viewer import Viewer

GENESIS = "0" * 64
_LOCK = 0x517E100B  # advisory lock: entries are chained one after the other
_CHAINED = [
    "at",
    "actor",
    "actor_name",
    "on_behalf",
    "address",
    "action",
    "model",
    "object_id",
    "object_title",
    "sentence",
    "changes",
    "reason",
    "project_id",
    "region_code",
    "previous",
]


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(timespec="microseconds")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, models.Model):
        return str(value.pk)
    return value


def digest(entry: TrailEntry) -> str:
    """SM3 (GB/T 32905) over the entry's canonical JSON, the previous link included."""
    body = {name: _plain(getattr(entry, name)) for name in _CHAINED}
    text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    sm3 = hashes.Hash(hashes.SM3())
    sm3.update(text.encode())
    return sm3.finalize().hex()


def record(
    viewer: Viewer,
    action: str,
    obj: models.Model | None,
    sentence: str,
    *,
    changes: dict[str, Any] | None = None,
    reason: str = "",
    model: type[models.Model] | None = None,
) -> TrailEntry:
    """Append one entry. Must run inside the transaction of the act it tells."""
    kind: type[models.Model] | None = model or (obj._meta.model if obj is not None else None)
    project, region = _where(obj)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    last = (
        TrailEntry.objects.unscoped("the chain knows its last link")
        .order_by("-pk")
        .values_list("digest")
        .first()
    )
    entry = TrailEntry(
        at=timezone.now(),
        actor=viewer.user,
        actor_name=viewer.name,
        on_behalf=viewer.on_behalf,
        address=viewer.address,
        action=action,
        model=kind._meta.label_lower if kind is not None else "",
        object_id=obj.pk if obj is not None else None,
        object_title=str(obj)[:300] if obj is not None else "",
        sentence=sentence[:500],
        changes=json.loads(
            json.dumps(changes or {}, default=lambda v: _plain(v) if _plain(v) is not v else str(v)),
            # the database may write a float another way than it was given; as text it stays what it was
            parse_float=str,
            parse_constant=str,
        ),
        reason=reason[:500],
        project_id=project,
        region_code=region,
        previous=last[0] if last else GENESIS,
    )
    entry.digest = digest(entry)
    entry.save(force_insert=True)
    return entry


def _where(obj: models.Model | None) -> tuple[int | None, str]:
    """Project and region of the touched row, by its declared scope."""
    scope = getattr(obj, "scope", None)
    if obj is None or scope is None:
        return None, ""
    region = _follow(obj, scope.region) if scope.region else ""
    project = _follow(obj, scope.project) if scope.project else None
    return (project if isinstance(project, int) else None), str(region or "")


def _follow(obj: Any, path: str) -> Any:
    for name in path.split("__"):
        obj = getattr(obj, name, None)
        if obj is None or hasattr(obj, "all"):
            return None
    return obj.pk if isinstance(obj, models.Model) else obj


def verify() -> TrailEntry | None:
    """The first entry whose link or content does not fit, None when the whole chain holds."""
    previous = GENESIS
    entry: TrailEntry
    for entry in TrailEntry.objects.unscoped("the whole chain is checked").order_by("pk").iterator(2000):
        if entry.previous != previous or entry.digest != digest(entry):
            return entry
        previous = entry.digest
    return None
