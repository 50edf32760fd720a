"""Register of evidence, read-only."""

from siteloop.foundation.files.models import Evidence
from siteloop.framework.page import Column, Page

evidence = Page(
    model=Evidence,
    code="evidence",
    title="证据材料",
    title_en="Evidence",
    icon="paperclip",
    columns=(
        Column("original_name", link=True),
        "content_type",
        "size",
        "taken_at",
        "received_at",
        "uploaded_by",
        "sha256",
        "reused_of",
    ),
    filters=("received_at",),
    search=("original_name", "sha256"),
    related=("uploaded_by", "reused_of"),
    can_create=False,
    can_change=False,
    importable=False,
)
