"""A document of credit, issued in the name of whoever acts and sent to the subject."""

from siteloop.foundation.documents import store
from siteloop.foundation.documents.authorities import issuing_for
from siteloop.foundation.documents.models import Document
from siteloop.framework.viewer import Viewer
from siteloop.systems.credit import documents
from siteloop.systems.credit.models import OfSubject


def issue(viewer: Viewer, what: str, row: OfSubject) -> Document:
    """Number, text, PDF and delivery together. Raises Refused where no authority can issue."""
    document = store.issue(
        viewer,
        f"credit.{what}",
        documents.composed(what, row),
        authority=issuing_for(viewer, row.region_code),
        region_code=row.region_code,
        project=getattr(row, "project", None),
        subject=row,
        prints=not viewer.is_system,
    )
    account = row.person.account if row.person is not None else None
    employer = row.organisation or (row.person.organisation if row.person is not None else None)
    store.send(
        document, viewer, [("记分对象" if what in ("record", "withdrawn") else "当事人", employer, account)]
    )
    return document
