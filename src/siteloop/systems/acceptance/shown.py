"""What the desk shows beside an application, and of the promises."""

from typing import Any

from siteloop.foundation.cases import locks
from siteloop.foundation.documents.models import Document
from siteloop.framework.language import pick
from siteloop.framework.viewer import Viewer
from siteloop.systems.acceptance import commitments, settings
from siteloop.systems.acceptance.models import AfterCheck, Application, Commitment


def materials(row: Application, viewer: Viewer) -> dict[str, Any]:
    """The list of the kind, line by line: there, promised, or missing; and the papers beyond it."""
    papers: dict[str, list[Any]] = {}
    for paper in row.papers.select_related("evidence").order_by("pk"):
        papers.setdefault(paper.title, []).append(paper)
    promised = {c.title: c for c in row.commitments.all()}
    listed = settings.materials(row.kind, row.region_code)
    lines = [
        {
            "title": m.title,
            "may_promise": m.may_promise,
            "papers": papers.get(m.title, []),
            "promise": promised.get(m.title),
        }
        for m in listed
    ]
    known = {m.title for m in listed}
    return {
        "lines": lines,
        "others": [p for title, found in papers.items() if title not in known for p in found],
        "locks": [
            locks.sentence(lock)
            for lock in locks.holding(f"acceptance.{row.kind}", row.project, row.applicant)
        ],
    }


def documents(row: Application | AfterCheck, viewer: Viewer) -> dict[str, Any]:
    """Printed documents of the record, the oldest first."""
    found = Document.objects.visible_to(viewer).filter(subject_model=row._meta.label_lower, subject_id=row.pk)
    return {"documents": list(found.order_by("issued_at", "pk"))}


def after_check(row: Application, viewer: Viewer) -> dict[str, Any]:
    """Panel of an application: how the lot fell, and the check where it hit."""
    found = AfterCheck.objects.visible_to(viewer).filter(application=row)
    return {"row": row, "check": found.select_related("checker", "case").first()}


def draw(row: AfterCheck, viewer: Viewer) -> dict[str, Any]:
    """Panel of an after-check: how it was drawn."""
    return {"row": row.application, "check": row}


def countdown(row: Commitment) -> str:
    """Column: days left, or how long past."""
    left = commitments.days_left(row)
    if left is None:
        return ""
    if left < 0:
        return pick(f"逾期 {-left} 天", f"{-left} days over")
    return pick(f"剩 {left} 天", f"{left} days left")


def promise(row: Commitment, viewer: Viewer) -> dict[str, Any]:
    """Panel of a promise: countdown, case and lock."""
    return {"row": row, "left": countdown(row), "is_locked": row.state == "overdue"}
