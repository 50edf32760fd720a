"""From decided facts to records: at once when a system says that something was decided, and again by the clock."""

import datetime as dt

from django.utils import timezone

from siteloop.foundation.packs import resolve
from siteloop.foundation.registry import conduct
from siteloop.foundation.registry.conduct import Fact
from siteloop.systems.credit import engine
from siteloop.systems.credit.models import CreditRecord, RecordState

WHY = "facts that are recorded already are left alone"
#: an event may be heard some time after what it tells of was stamped
LOOK_BACK = dt.timedelta(minutes=15)
#: what could not be recorded at first, for nobody was registered who answers for it, is tried for so long
YEAR = dt.timedelta(days=400)


def collect(since: dt.datetime) -> int:
    """Take every fact decided or taken back since then; returns how many records were written."""
    told = conduct.since(since)
    known = dict(
        CreditRecord.objects.unscoped(WHY)
        .filter(source_key__in={fact.key for fact in told})
        .values_list("source_key", "state")
    )
    with resolve.reading():
        return sum(engine.take(fact) is not None for fact in told if _is_new(fact, known.get(fact.key)))


def _is_new(fact: Fact, state: str | None) -> bool:
    if fact.withdrawn:
        return state in (RecordState.IN_FORCE, RecordState.PROPOSED)
    return state is None


def heard(**_: object) -> None:
    """An order, a penalty, a demerit or a recurrence was decided somewhere."""
    collect(timezone.now() - LOOK_BACK)
