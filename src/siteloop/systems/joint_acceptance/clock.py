"""A department's clock: it runs in the department's turns, stands while the applicant puts things right, and can run out."""

import datetime as dt

from siteloop.foundation.cases.deadlines import Term, due
from siteloop.systems.joint_acceptance.models import DepartmentOpinion, OpinionState

DAY_S = 86_400


def start(row: DepartmentOpinion, state: OpinionState, term: Term | None, now: dt.datetime) -> None:
    """A turn of the department begins; without a term it never falls due."""
    row.state, row.turn_at = state, now
    row.due_at = due(now, term) if term is not None else None
    row.is_overdue = False


def stop(row: DepartmentOpinion, state: OpinionState, now: dt.datetime) -> None:
    """The department's turn ends; a turn that ended after its time stays known as late."""
    row.used_s = row.seconds(now)
    row.was_late = row.was_late or (row.due_at is not None and now > row.due_at)
    row.state, row.turn_at, row.is_overdue = state, None, False


def days(seconds: float) -> float:
    """Calendar days to one place, as they are shown."""
    return round(seconds / DAY_S, 1)
