"""Keeping evidence: checked by its first bytes, hashed twice, stored once, found again when it is reused."""

import datetime as dt
import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from siteloop.foundation.authority.viewers import employers
from siteloop.foundation.files.models import Evidence
from siteloop.framework import trail
from siteloop.framework.action import Refused
from siteloop.framework.viewer import Viewer

MAX_BYTES = 30 * 1024 * 1024
#: first bytes -> content type; what is not here is not kept
MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"RIFF", "image/webp"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/vnd.openxmlformats-officedocument"),
    (b"OggS", "audio/ogg"),
    (b"\x1aE\xdf\xa3", "audio/webm"),
    (b"ID3", "audio/mpeg"),
    # reports of our own conformance kit
    (b'{\n "siteloop', "application/json"),
)


def content_type_of(head: bytes) -> str | None:
    """By the bytes themselves, never by the name."""
    if head[4:8] == b"ftyp":
        return "video/mp4"  # sound or picture: what telephones without WebM record
    return next((kind for magic, kind in MAGIC if head.startswith(magic)), None)


def path_of(sha256: str) -> Path:
    """Where the bytes of a hash lie."""
    return Path(settings.FILES) / sha256[:2] / sha256


def keep(
    viewer: Viewer,
    upload: "UploadedFile[Any]",
    *,
    project_id: int | None = None,
    region_code: str = "",
    taken_at: dt.datetime | None = None,
    lon: float | None = None,
    lat: float | None = None,
    device_note: str = "",
) -> Evidence:
    """Keep one upload. Raises Refused 413 when too large, 422 when of a kind that is not kept."""
    if upload.size is None or upload.size > MAX_BYTES:
        raise Refused("文件超过 30 MB", status=413)
    kind = content_type_of(upload.read(16))
    if kind is None:
        raise Refused("不支持的文件类型（可上传图片、PDF、Word/Excel、录音）", status=422)
    upload.seek(0)
    sha, sm3, body = hashlib.sha256(), hashes.Hash(hashes.SM3()), bytearray()
    for chunk in upload.chunks():
        sha.update(chunk)
        sm3.update(chunk)
        body += chunk
    name = sha.hexdigest()
    _write(path_of(name), bytes(body))
    with transaction.atomic():
        first = (
            Evidence.objects.unscoped("a reused photo is found everywhere")
            .filter(sha256=name)
            .order_by("pk")
            .first()
        )
        row = Evidence(
            sha256=name,
            sm3=sm3.finalize().hex(),
            size=upload.size,
            content_type=kind,
            original_name=Path(upload.name or "upload").name[:200],
            received_at=timezone.now(),
            taken_at=taken_at,
            lon=lon,
            lat=lat,
            device_note=device_note[:120],
            uploaded_by_id=viewer.user,
            organisation_id=_employer(viewer),
            project_id=project_id,
            region_code=region_code,
            reused_of=first,
        )
        row.save()
        trail.record(
            viewer, "files.evidence.create", row, f"{viewer.name}上传{row}", changes={"sha256": [None, name]}
        )
    return row


def _employer(viewer: Viewer) -> int | None:
    """The organisation a file is uploaded for: that of the person's main post."""
    if viewer.user is None:
        return None
    return employers(viewer.user).first()


def _write(path: Path, body: bytes) -> None:
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_bytes(body)
    part.replace(path)


def file_under(rows: Iterable[Evidence], project_id: int | None, region_code: str) -> None:
    """Evidence belongs to the record it proves: whoever may see that record may see it. Raises Refused 422 when it proves another project's already."""
    for row in rows:
        if row.project_id not in (None, project_id) or (row.region_code and row.region_code != region_code):
            raise Refused(f"“{row.original_name}”已用于其他项目，请上传本项目的材料", status=422)
        row.project_id, row.region_code = project_id, region_code
        row.save(update_fields=["project_id", "region_code"])
