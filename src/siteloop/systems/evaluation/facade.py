"""What the centres may ask of evaluation."""

import datetime as dt

from django.db.models import Count, QuerySet

from siteloop.framework.viewer import Viewer
from siteloop.systems.evaluation.deciding import (
    Ranked,
    Reason,
    Watched,
    newest_month,
    ranked,
    stated,
    watched,
)
from siteloop.systems.evaluation.kpis import Asked, Enterprise, Kpi, Part, enterprises, kpis
from siteloop.systems.evaluation.models import LEVELS, Scorecard, SubjectKind

__all__ = (
    "LEVELS",
    "Asked",
    "Enterprise",
    "Kpi",
    "Part",
    "Ranked",
    "Reason",
    "SubjectKind",
    "Watched",
    "cards",
    "enterprises",
    "kpis",
    "levels",
    "months",
    "newest_month",
    "ranked",
    "stated",
    "watched",
)


def months(viewer: Viewer) -> list[dt.date]:
    """Months that have scores, the newest first."""
    rows = Scorecard.objects.visible_to(viewer).order_by("-month")
    return list(rows.values_list("month", flat=True).distinct()[:24])


def cards(viewer: Viewer, kind: str, month: dt.date, region: str = "") -> QuerySet[Scorecard]:
    """Scores of a kind in a month, the lowest first; what has no score stands last."""
    rows = Scorecard.objects.visible_to(viewer).filter(kind=kind, month=month, region_code__startswith=region)
    return rows.prefetch_related("items").order_by("score", "pk")


def levels(viewer: Viewer, kind: str, month: dt.date, region: str = "") -> dict[str, int]:
    """How many stand at each level; "" is what has no score."""
    rows = Scorecard.objects.visible_to(viewer).filter(kind=kind, month=month, region_code__startswith=region)
    return dict(rows.order_by().values_list("level").annotate(n=Count("pk")))
