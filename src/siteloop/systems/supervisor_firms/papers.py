"""The printed papers of the system: composed, numbered, delivered."""

import datetime as dt

from siteloop.foundation.authority.models import Organisation
from siteloop.foundation.documents import store
from siteloop.foundation.documents.models import Document
from siteloop.foundation.registry.models import Project
from siteloop.framework.action import Refused
from siteloop.framework.scope import ScopedModel
from siteloop.framework.viewer import Viewer
from siteloop.systems.supervisor_firms import documents
from siteloop.systems.supervisor_firms.models import DangerReport

WHY = "a paper finds the authority of its place for whoever makes it"
#: who issues in the authority's name, the nearest of the first kind there is
AUTHORITIES = ("site_supervision", "supervision_body", "county_authority")


def authority_of(region_code: str, kinds: tuple[str, ...] = AUTHORITIES) -> Organisation:
    """The authority over a place. Raises Refused 422."""
    over = [region_code[:n] for n in (9, 6, 4, 2) if len(region_code) >= n]
    rows = list(
        Organisation.objects.unscoped(WHY).filter(kind__in=kinds, region_code__in=over, is_active=True)
    )
    if not rows:
        raise Refused("本地未登记监管部门，不能制作文书", status=422)
    return min(rows, key=lambda o: (kinds.index(o.kind), -len(o.region_code), o.pk))


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
