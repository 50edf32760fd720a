"""The printed papers of the system: composed, numbered, delivered."""

import datetime as dt

from siteloop.foundation.authority.models import Organisation
from siteloop.foundation.documents import store
from siteloop.foundation.documents.authorities import nearest
from siteloop.foundation.documents.models import Document
from siteloop.foundation.registry.models import Project
from siteloop.framework.scope import ScopedModel
from siteloop.framework.viewer import Viewer
from siteloop.systems.supervisor_firms import documents
from siteloop.systems.supervisor_firms.models import DangerReport

#: who signs first, where the place has them
FIRST = ("site_supervision", "supervision_body")


def authority_of(region_code: str) -> Organisation:
    """The authority over a place that firms report to. Raises Refused."""
    return nearest(region_code, *FIRST)


def issue(
    what: str,
    row: ScopedModel,
    viewer: Viewer,
    *,
    authority: Organisation,
    region_code: str,
    project: Project | None = None,
    now: dt.datetime | None = None,
    to: tuple[str, ...] = (),
) -> Document:
    """One paper of a row, delivered to these posts of the project."""
    document = store.issue(
        viewer,
        f"supervisor_firms.{what}",
        documents.composed(what, row),
        authority=authority,
        region_code=region_code,
        project=project,
        subject=row,
        now=now,
    )
    if to:
        store.deliver(document, viewer, to, now)
    return document


def receipt(row: DangerReport, viewer: Viewer, now: dt.datetime) -> Document:
    """签收回执 for the firm."""
    return issue(
        "receipt",
        row,
        viewer,
        authority=authority_of(row.region_code),
        region_code=row.region_code,
        project=row.project,
        now=now,
        to=("chief_supervisor",),
    )
