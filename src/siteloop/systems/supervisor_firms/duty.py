"""The sum of a post's month: working days owed so far, days there, days of approved leave."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from siteloop.foundation.cases.deadlines import is_working_day
from siteloop.foundation.registry.models import ProjectPost, WorkState
from siteloop.systems.supervisor_firms.models import Leave, LeaveState, PlaceCheck, Presence
from siteloop.systems.supervisor_firms.models.duty import POSTS

WHY = "the month of every post is counted"


@dataclass(frozen=True)
class Sum:
    """One post's month."""

    due: int
    present: int
    leave: int

    @property
    def rate(self) -> float | None:
        """Share of the days owed, at most 1; None while nothing is owed."""
        return min(1.0, self.present / self.due) if self.due else None


def days_of(month: dt.date, until: dt.date) -> list[dt.date]:
    """Working days of a month up to and with a day."""
    day, found = month, []
    while day.month == month.month and day <= until:
        if is_working_day(day):
            found.append(day)
        day += dt.timedelta(days=1)
    return found


def posts(project: int | None = None) -> list[ProjectPost]:
    """Key posts of supervisor firms in projects under construction."""
    rows = ProjectPost.objects.unscoped(WHY).filter(
        kind__in=POSTS, project__state=WorkState.UNDER_CONSTRUCTION, organisation__isnull=False
    )
    if project is not None:
        rows = rows.filter(project=project)
    return list(rows.select_related("project", "organisation", "person", "account").order_by("pk"))


def sums(found: list[ProjectPost], month: dt.date, until: dt.date) -> Iterator[tuple[ProjectPost, Sum]]:
    """The month of each post, in two queries. A presence away from the site does not count; leave takes off what is owed."""
    days = days_of(month, until)
    there: dict[int, set[dt.date]] = defaultdict(set)
    kept = Presence.objects.unscoped(WHY).filter(post__in=found, day__range=(month, until))
    for key, day in kept.exclude(place=PlaceCheck.AWAY).values_list("post_id", "day"):
        there[key or 0].add(day)
    off: dict[int, set[dt.date]] = defaultdict(set)
    leaves = Leave.objects.unscoped(WHY).filter(
        post__in=found, state=LeaveState.APPROVED, from_on__lte=until, to_on__gte=month
    )
    for leave in leaves:
        off[leave.post_id or 0] |= {d for d in days if leave.from_on <= d <= leave.to_on}
    for post in found:
        # whoever came although on leave was there
        leave_days = off[post.pk] - there[post.pk]
        yield post, Sum(len(days) - len(leave_days), len(there[post.pk]), len(leave_days))
