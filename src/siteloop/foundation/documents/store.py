"""Issuing documents: numbered once, their text frozen, set as PDF, kept, delivered, ended with a reason.

    document = issue(viewer, "inspection.rectification", content, authority=body, region_code=…, project=…, subject=order)
    deliver(document, viewer, kinds=("project_manager", "chief_supervisor"))

Everything runs inside the caller's transaction: an act that fails gives its number back, so numbers have no gaps.
"""

import datetime as dt
import secrets
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import models, transaction
from django.utils import timezone

from siteloop.foundation.authority.models import Account, Organisation
from siteloop.foundation.documents import catalogue, setting
from siteloop.foundation.documents.kind import Content, Kind, frozen
from siteloop.foundation.documents.models import (
    Document,
    DocumentCounter,
    DocumentDelivery,
    DocumentState,
)
from siteloop.foundation.files.store import keep, path_of
from siteloop.foundation.notice.send import notify
from siteloop.foundation.packs import resolve
from siteloop.foundation.registry.models import Project, ProjectPost
from siteloop.framework import trail
from siteloop.framework.action import Refused
from siteloop.framework.viewer import Viewer
from siteloop.kernel.times import SHANGHAI

WHY = "a document finds its project's posts for whoever delivers it"
#: no 0 1 I O: a code is also read aloud and typed
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
CODE_LENGTH = 20
PATTERN = "documents.number"
DEFAULT_PATTERN = "{word}〔{year}〕{serial:04d}号"


def numbered(pattern: str, word: str, year: int, serial: int) -> str:
    """平建监改〔2026〕0001号 from its pattern. Raises Refused 422 when the region's pattern cannot be used."""
    try:
        number = pattern.format(word=word, year=year, serial=serial)
    except (KeyError, IndexError, ValueError) as wrong:
        raise Refused(f"本地文号格式“{pattern}”有误，请联系管理员在规则库中更正", status=422) from wrong
    if "{serial" not in pattern or len(number) > 60:
        raise Refused(f"本地文号格式“{pattern}”有误：须含序号且不超过 60 字", status=422)
    return number


def take_numbers(authority: Organisation, word: str, year: int, count: int = 1) -> range:
    """The next numbers of an authority, mark and year, in order; others wait until this transaction ends."""
    DocumentCounter.objects.get_or_create(authority=authority, word=word, year=year)
    counter = DocumentCounter.objects.select_for_update().get(authority=authority, word=word, year=year)
    first = counter.last + 1
    counter.last += count
    counter.save(update_fields=["last"])
    return range(first, first + count)


def drafted(
    kind: Kind,
    content: Content,
    serial: int,
    *,
    authority: Organisation,
    region_code: str,
    issued_at: dt.datetime,
    project: Project | None = None,
    subject: models.Model | None = None,
    issued_by: int | None = None,
    pattern: str | None = None,
) -> Document:
    """An unsaved document with its number; `issue` saves it, the demo saves many at once."""
    year = issued_at.astimezone(SHANGHAI).year
    stated = pattern or resolve.value(PATTERN, region_code) or DEFAULT_PATTERN
    return Document(
        kind=kind.code,
        number=numbered(str(stated), kind.word, year, serial),
        authority=authority,
        word=kind.word,
        year=year,
        serial=serial,
        subject_model=subject._meta.label_lower if subject is not None else "",
        subject_id=subject.pk if subject is not None else None,
        project=project,
        region_code=region_code,
        issued_at=issued_at,
        issued_by_id=issued_by,
        code="".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH)),
        content=frozen(content),
    )


def issue(
    viewer: Viewer,
    code: str,
    content: Content,
    *,
    authority: Organisation,
    region_code: str,
    project: Project | None = None,
    subject: models.Model | None = None,
    replaces: Document | None = None,
    now: dt.datetime | None = None,
    prints: bool = True,
) -> Document:
    """Give the next number, freeze the text, set and keep the PDF. Raises KeyError for an unknown kind, Refused.

    `prints` False leaves the PDF to whoever opens it first, for many documents at once.
    """
    kind, at = catalogue.get(code), now or timezone.now()
    with transaction.atomic():
        (serial,) = take_numbers(authority, kind.word, at.astimezone(SHANGHAI).year)
        document = drafted(
            kind,
            content,
            serial,
            authority=authority,
            region_code=region_code,
            issued_at=at,
            project=project,
            subject=subject,
            issued_by=viewer.user,
        )
        document.replaces = replaces
        document.save()
        if prints:
            print_out(document, viewer)
        trail.record(viewer, "documents.document.issue", document, f"{viewer.name}制作{document}")
    return document


def print_out(document: Document, viewer: Viewer) -> Document:
    """Set and keep the PDF if that has not been done; what is kept is never set again."""
    with transaction.atomic():
        held = (
            Document.objects.unscoped("printing what the caller already holds")
            .select_for_update(of=("self",))
            .select_related("authority", "project")
            .get(pk=document.pk)
        )
        if held.pdf_id is None:
            body = setting.pdf(sheet(held), held.issued_at)
            upload = SimpleUploadedFile(f"{held.number}{held.title}.pdf", body, "application/pdf")
            held.pdf = keep(viewer, upload, project_id=held.project_id, region_code=held.region_code)
            held.sha256 = held.pdf.sha256
            held.save(update_fields=["pdf", "sha256"])
    document.pdf, document.sha256 = held.pdf, held.sha256
    return document


def verify_url(code: str) -> str:
    """What the QR code opens: the public address of this installation."""
    door = str(settings.NOTICE_OUT["public_url"]).rstrip("/") or f"http://{settings.ENV.http}"
    return f"{door}/verify/{code}"


def sheet(document: Document) -> dict[str, Any]:
    """Everything the setter prints, as plain data."""
    blocks = []
    for block in document.content["blocks"]:
        if block["block"] == "pictures":
            # photos are read from the store by their hash; one that is gone is left out with its caption kept
            kept = [[f"/{sha[:2]}/{sha}", words] for sha, words in block["items"] if path_of(sha).exists()]
            block = {**block, "items": kept}
        blocks.append(block)
    url = verify_url(document.code)
    return {
        "authority": document.authority.name,
        "title": document.title,
        "number": document.number,
        "addressee": document.content["addressee"],
        "copies_to": document.content.get("copies_to", ""),
        "blocks": blocks,
        "date": setting.chinese_date(document.issued_at.astimezone(SHANGHAI).date()),
        "code": document.code,
        "url": url,
        "qr": setting.qr_svg(url),
        "sealed": catalogue.get(document.kind).sealed,
    }


def deliver(
    document: Document, viewer: Viewer, kinds: tuple[str, ...], now: dt.datetime | None = None
) -> list[DocumentDelivery]:
    """Send it to the project's posts of these kinds; each receiver is told and asked for the receipt."""
    at = now or timezone.now()
    if document.project_id is None:
        return []
    posts = (
        ProjectPost.objects.unscoped(WHY)
        .filter(project_id=document.project_id, kind__in=kinds)
        .select_related("account", "organisation")
        .order_by("pk")
    )
    return send(
        document, viewer, [(post.get_kind_display(), post.organisation, post.account) for post in posts], at
    )


def send(
    document: Document,
    viewer: Viewer,
    receivers: Sequence[tuple[str, Organisation | None, Account | None]],
    now: dt.datetime | None = None,
) -> list[DocumentDelivery]:
    """Send it to these receivers (what they are, organisation, account); each is told and asked for the receipt."""
    at = now or timezone.now()
    sent = [
        DocumentDelivery(
            document=document, title=title, organisation=organisation, account=account, sent_at=at
        )
        for title, organisation, account in receivers
    ]
    DocumentDelivery.objects.bulk_create(sent)
    notify(
        [d.account for d in sent if d.account is not None],
        "document",
        f"【送达】{document.title} {document.number}",
        body="请打开文书并签收；签收后开始按文书要求办理。",
        link=f"/documents/documents/{document.pk}/",
        level="yellow",
        subject=f"document:{document.pk}",
    )
    return sent


def end(document: Document, state: DocumentState, reason: str, now: dt.datetime | None = None) -> None:
    """Void or replaced: the document stays to be read, but no longer counts."""
    document.state, document.ended_reason = state, reason[:300]
    document.ended_at = now or timezone.now()
    document.save(update_fields=["state", "ended_reason", "ended_at"])
