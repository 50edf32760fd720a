"""Demo: a year of inspection in a synthetic Pinghu at the seeds' figures, from a fixed seed, written in bulk.

1,053 notices to rectify, 72 stop-work orders, 18 transfers (S0:29): most are settled, some are yellow, a few red and
locked. Their documents are numbered like any other; a PDF is set when somebody first opens it.
"""

from django.db import transaction
from django.utils import timezone

from siteloop.foundation.authority.demo import COUNTY, WHY
from siteloop.foundation.authority.models import Organisation
from siteloop.foundation.packs import resolve
from siteloop.foundation.registry.models import Site, WorkState
from siteloop.systems.inspection.demo import answers, dispatches, papers, transfers, visits
from siteloop.systems.inspection.demo.story import BODY
from siteloop.systems.inspection.demo.year import Year
from siteloop.systems.inspection.models import Order


@transaction.atomic
def load() -> None:
    """Everything, once."""
    if Order.objects.unscoped(WHY).filter(region_code__startswith=COUNTY).exists():
        return
    body = Organisation.objects.unscoped(WHY).filter(name=BODY).first()
    sites = list(
        Site.objects.unscoped(WHY)
        .filter(project__code__startswith="DEMO", state=WorkState.UNDER_CONSTRUCTION)
        .select_related("project")
        .prefetch_related("project__parties__organisation")
        .order_by("pk")
    )
    if body is None or not sites:
        return
    _write(Year(body, sites, timezone.now()))


def _write(year: Year) -> None:
    """Stories first, then each kind of row in one go."""
    stories = year.stories()
    inspections = visits.visited(year, stories)
    papers.ordered(year, stories, inspections)
    visits.judged(year, stories, inspections)
    with resolve.reading():
        papers.printed(year, stories)
    dispatches.dispatched(year, stories)
    answers.replied(year, stories)
    answers.asked_for_time(year, stories)
    transfers.transferred(year, stories)
