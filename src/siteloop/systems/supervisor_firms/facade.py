"""What the public may see: recorded bad behaviour within its term, and nothing else. Persons are masked."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from siteloop.foundation.regions.names import full_name
from siteloop.systems.supervisor_firms.models import Misconduct, MisconductState

WHY = "the public sees what was published, whoever asks"


@dataclass(frozen=True)
class PublicMisconduct:
    """One published record."""

    subject: str
    firm: str
    is_person: bool
    behaviour: str
    clause: str
    project: str
    region: str
    happened_on: dt.date
    published_on: dt.date
    public_until: dt.date


def _published(words: str) -> Any:
    rows = Misconduct.objects.unscoped(WHY).filter(
        state=MisconductState.PUBLISHED, public_until__gte=timezone.localdate()
    )
    if words:
        rows = rows.filter(firm__name__icontains=words)
    return rows


def count_misconducts(words: str = "") -> int:
    """How many are public, of firms whose name holds the words."""
    return int(_published(words).count())


def misconducts(words: str = "", start: int = 0, most: int = 20) -> list[PublicMisconduct]:
    """Published records, the newest first. One query for the rows."""
    rows = _published(words).select_related("firm", "person", "project", "behaviour")
    return [
        PublicMisconduct(
            subject=row.person.masked_name if row.person is not None else row.firm.name,
            firm=row.firm.name,
            is_person=row.person is not None,
            behaviour=row.behaviour.title,
            clause=row.clause,
            project=row.project.name if row.project is not None else "",
            region=full_name(row.region_code),
            happened_on=row.happened_on,
            published_on=timezone.localdate(row.published_at),
            public_until=row.public_until,
        )
        for row in rows.order_by("-published_at", "-pk")[start : start + most]
    ]
