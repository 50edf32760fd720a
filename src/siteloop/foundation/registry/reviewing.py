"""The review of a month's upkeep: who may do it, and what stands behind its figures."""

from collections.abc import Callable
from dataclasses import dataclass

from siteloop.foundation.registry.models import MaintenanceReview, Party, PostKind, ProjectPost
from siteloop.framework.viewer import Viewer

WHY = "who reviews follows from the project's posts, not from the viewer's scope"


@dataclass(frozen=True)
class Table:
    """Figures behind a review: titles of the columns and rows of shown text, the first cell a link where `links` has one."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    links: tuple[str, ...] = ()


#: functions (review, viewer) -> tables shown on the review's page; the systems that count fill it
DETAILS: list[Callable[[MaintenanceReview, Viewer], list[Table]]] = []


def may_review(review: MaintenanceReview, viewer: Viewer) -> bool:
    """The contractor's project leader (DUST-16); where none is registered, the contractor itself."""
    if review.state != "waiting" or viewer.user is None:
        return False
    leaders = set(
        ProjectPost.objects.unscoped(WHY)
        .filter(project=review.project_id, kind=PostKind.PROJECT_MANAGER, account__isnull=False)
        .values_list("account_id", flat=True)
    )
    if leaders:
        return viewer.user in leaders
    contractors = Party.objects.unscoped(WHY).filter(project=review.project_id, kind="contractor")
    return bool(set(contractors.values_list("organisation_id", flat=True)) & viewer.organisations)


def details(review: MaintenanceReview, viewer: Viewer) -> dict[str, object]:
    """Context of the panel: a table with its rows and links side by side."""
    tables = [table for find in DETAILS for table in find(review, viewer)]
    return {
        "tables": [
            (
                t.title,
                t.heads,
                [(row, t.links[i] if i < len(t.links) else "") for i, row in enumerate(t.rows)],
            )
            for t in tables
        ]
    }
