"""What recorded bad behaviour says of conduct, for whoever keeps credit (CRED-08)."""

import datetime as dt
from collections.abc import Iterator

from django.db.models import Q
from django.utils import timezone

from siteloop.foundation.registry.conduct import Fact
from siteloop.systems.supervisor_firms.models import Misconduct, MisconductState

WHY = "a recorded behaviour counts for credit, whoever asks"
FIRM, PERSON = "supervisor_firms.misconduct", "supervisor_firms.person_misconduct"


def facts(since: dt.datetime) -> Iterator[Fact]:
    """Records published or withdrawn since then; liable is the firm, or the person."""
    rows = (
        Misconduct.objects.unscoped(WHY)
        .filter(
            Q(published_at__gte=since) | Q(ended_at__gte=since),
            state__in=(MisconductState.PUBLISHED, MisconductState.WITHDRAWN),
        )
        .select_related("behaviour")
        .order_by("pk")
    )
    for row in rows:
        is_person = row.person_id is not None
        yield Fact(
            source=PERSON if is_person else FIRM,
            key=f"supervisor_firms.misconduct:{row.pk}",
            title=str(row.behaviour),
            link=f"/supervisor_firms/misconducts/{row.pk}/",
            region_code=row.region_code,
            project=row.project_id,
            organisation=None if is_person else row.firm_id,
            person=row.person_id,
            on=timezone.localdate(row.decided_at) if row.decided_at else row.happened_on,
            reason=row.fact,
            clause=row.clause,
            decided_by=row.decided_by_id,
            withdrawn=row.ended_reason if row.state == MisconductState.WITHDRAWN else "",
        )
