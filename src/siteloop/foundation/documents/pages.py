"""Registers of documents and their deliveries."""

from typing import Any

from siteloop.foundation.documents import actions
from siteloop.foundation.documents.models import Document, DocumentDelivery
from siteloop.framework.page import Column, Page, Panel, Section
from siteloop.framework.viewer import Viewer


def _paper(document: Document, viewer: Viewer) -> dict[str, Any]:
    """What the panel shows: the files, the chain of replacements, the receivers."""
    deliveries = DocumentDelivery.objects.unscoped("who may see a document sees where it went").filter(
        document=document
    )
    later = (
        Document.objects.unscoped("who may see a document sees what replaced it")
        .filter(replaces=document)
        .first()
    )
    return {
        "document": document,
        "deliveries": deliveries.select_related("organisation", "account").order_by("pk"),
        "later": later,
    }


documents = Page(
    model=Document,
    code="documents",
    title="文书",
    title_en="Documents",
    icon="file-certificate",
    columns=(
        Column("number", link=True),
        Column("kind", value=lambda d: d.title, title="文书种类", title_en="Kind", sort="kind"),
        "project",
        "authority",
        Column("issued_at", kind="datetime"),
        "issued_by",
        Column("state", kind="state"),
    ),
    filters=("kind", "state", "authority", "project", "issued_at"),
    search=("number", "project__name", "code"),
    sections=(
        Section(
            "文书",
            ("number", "title", "authority", "project", "issued_at", "issued_by", "state", "code", "sha256"),
            "Document",
        ),
        Section("失效", ("ended_at", "ended_reason", "replaces"), "End"),
    ),
    ordering=("-issued_at", "-pk"),
    related=("authority", "project", "issued_by", "replaces"),
    actions=(actions.acknowledge, actions.serve, actions.replace, actions.void),
    panels=(Panel("文件与送达", "documents/parts/paper.html", _paper, "Files and delivery"),),
    api_fields=(
        "id",
        "kind",
        "number",
        "authority",
        "project",
        "region_code",
        "issued_at",
        "issued_by",
        "code",
        "sha256",
        "state",
        "replaces",
        "ended_at",
        "ended_reason",
    ),
    can_create=False,
    can_change=False,
    importable=False,
    empty="还没有文书。检查、整改、停工、处罚等事项办理时自动制作。",
    empty_en="No documents yet. They are made while inspections, orders and penalties are handled.",
)
deliveries = Page(
    model=DocumentDelivery,
    code="deliveries",
    title="文书送达",
    title_en="Deliveries",
    icon="mail-forward",
    columns=(
        Column("document", link=True),
        "title",
        "organisation",
        "account",
        Column("way", kind="choice"),
        Column("sent_at", kind="datetime"),
        Column("opened_at", kind="datetime"),
        Column("received_at", kind="datetime"),
    ),
    filters=("way", "organisation", "sent_at", "received_at"),
    search=("title", "document__number"),
    related=("document", "document__authority", "organisation", "account"),
    can_create=False,
    can_change=False,
    importable=False,
    menu=False,
)
