"""From decided facts to records: at once when a system says that something was decided, and again every night."""

import datetime as dt

from django.utils import timezone

from siteloop.foundation.registry import conduct
from siteloop.systems.credit import engine

#: an event may be heard some time after what it tells of was stamped
LOOK_BACK = dt.timedelta(minutes=15)


def collect(since: dt.datetime) -> int:
    """Take every fact decided or taken back since then; returns how many records were written."""
    return sum(engine.take(fact) is not None for fact in conduct.since(since))


def heard(**_: object) -> None:
    """An order, a penalty, a demerit or a recurrence was decided somewhere."""
    collect(timezone.now() - LOOK_BACK)
