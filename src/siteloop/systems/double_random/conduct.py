"""What demerits of drawn checks say of conduct, for whoever keeps credit (DRAND-13, CRED-06)."""

import datetime as dt
from collections.abc import Iterator

from django.db.models import Q
from django.utils import timezone

from siteloop.foundation.registry.conduct import Fact
from siteloop.systems.double_random.models import Demerit

WHY = "a demerit counts for credit, whoever asks"


def facts(since: dt.datetime) -> Iterator[Fact]:
    """Demerits told or withdrawn since then."""
    rows = Demerit.objects.unscoped(WHY).filter(Q(told_at__gte=since) | Q(withdrawn_at__gte=since))
    for one in rows.select_related("task__draw").order_by("pk"):
        yield Fact(
            source="double_random.demerit",
            key=f"double_random.demerit:{one.pk}",
            title=f"双随机抽查 {one.task.draw.number} 违规记分",
            link=f"/double_random/demerits/{one.pk}/",
            region_code=one.region_code,
            project=one.project_id,
            organisation=one.organisation_id,
            on=timezone.localdate(one.told_at),
            reason=one.reason,
            clause=one.clause,
            points=one.points,
            withdrawn=one.withdrawn_why or "记分已撤销" if one.withdrawn_at else "",
        )
