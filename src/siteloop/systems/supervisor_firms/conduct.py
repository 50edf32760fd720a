"""What recorded bad behaviour says of conduct, for whoever keeps credit (CRED-08)."""

import datetime as dt
from collections.abc import Iterator

from django.db.models import Q
from django.utils import timezone

from siteloop.foundation.registry.conduct import Fact
from siteloop.foundation.registry.models import ProjectPost
from siteloop.systems.supervisor_firms.models import Misconduct, MisconductState
from siteloop.systems.supervisor_firms.models.duty import POSTS

WHY = "a recorded behaviour counts for credit, whoever asks"
FIRM, PERSON = "supervisor_firms.misconduct", "supervisor_firms.person_misconduct"


def facts(since: dt.datetime) -> Iterator[Fact]:
    """Records published or withdrawn since then; a person is named by the post held in the project."""
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
        post = _post(row) if row.person_id is not None else ""
        if row.person_id is not None and not post:
            continue
        yield Fact(
            source=PERSON if post else FIRM,
            key=f"supervisor_firms.misconduct:{row.pk}",
            title=str(row.behaviour),
            link=f"/supervisor_firms/misconducts/{row.pk}/",
            region_code=row.region_code,
            project=row.project_id,
            organisation=None if post else row.firm_id,
            person=row.person_id,
            post=post,
            on=timezone.localdate(row.decided_at) if row.decided_at else row.happened_on,
            reason=row.fact,
            clause=row.clause,
            decided_by=row.decided_by_id,
            withdrawn=row.ended_reason if row.state == MisconductState.WITHDRAWN else "",
        )


def _post(row: Misconduct) -> str:
    held = ProjectPost.objects.unscoped(WHY).filter(
        project=row.project_id, person=row.person_id, kind__in=POSTS
    )
    return held.order_by("pk").values_list("kind", flat=True).first() or ""
