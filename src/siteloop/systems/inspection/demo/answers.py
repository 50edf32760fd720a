"""What the projects answered, and who asked for more time."""

import datetime as dt

from siteloop.foundation.cases.deadlines import due
from siteloop.systems.inspection.demo.story import Story
from siteloop.systems.inspection.demo.year import Year
from siteloop.systems.inspection.models import (
    Extension,
    OrderState,
    Reply,
)


def replied(year: Year, stories: list[Story]) -> None:
    """What the projects reported, and the verdicts."""
    Reply.objects.bulk_create(
        [
            Reply(
                order=s.order,
                at=s.replied_at,
                by=year.managers.get(s.site.project_id),
                body="已按通知要求整改到位，并组织自查（演示）",
                passed=True if s.closed_at else None,
                verdict="现场复查，整改到位（演示）" if s.closed_at else "",
                checked_at=s.closed_at,
                checked_by=s.order.issued_by if s.closed_at else None,
            )
            for s in stories
            if s.replied_at is not None
        ],
        batch_size=1000,
    )


def asked_for_time(year: Year, stories: list[Story]) -> None:
    """A few projects have asked for more time."""
    open_ones = [s for s in stories if s.order.state == OrderState.OPEN and not s.colour][:3]
    Extension.objects.bulk_create(
        Extension(
            order=s.order,
            asked_at=max(s.at + dt.timedelta(hours=5), year.now - dt.timedelta(hours=20)),
            asked_by=year.managers.get(s.site.project_id),
            until=due(s.at, year.yellow) + dt.timedelta(days=3),
            reason="连续降雨，外架无法施工（演示）",
        )
        for s in open_ones
    )
