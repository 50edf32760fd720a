"""The demo's office: each row reached through the program's own doors, something waiting at every desk."""

import pytest

from siteloop.foundation.authority import demo as authority
from siteloop.foundation.authority import reference as roles
from siteloop.foundation.packs import reference as packs
from siteloop.foundation.regions import reference as regions
from siteloop.systems.office import demo, facade
from siteloop.systems.office.models import Bulletin, DutyShift, HandOver, IncomingPaper, Ticket
from siteloop.systems.office.tests.conftest import WHY


@pytest.mark.django_db
@pytest.mark.requirement("OA-01", "PLAT-31")
def test_the_demo_has_every_stage_and_is_loaded_once(settings):
    settings.DEMO_PASSWORD = "Demo-test-2026"
    for load in (regions.load, roles.load, packs.load, authority.load, demo.load):
        load()
    papers = IncomingPaper.objects.unscoped(WHY)
    assert set(papers.values_list("state", flat=True)) == {"circulating", "archived"}
    tickets = Ticket.objects.unscoped(WHY)
    assert set(tickets.values_list("state", flat=True)) == {"reported", "assigned", "answered", "solved"}
    assert DutyShift.objects.unscoped(WHY).count() == 28
    assert HandOver.objects.unscoped(WHY).get().lines.count() > 2
    county = demo.Office(
        *(demo.Organisation.objects.unscoped(WHY).get(name=n) for n in (demo.BUREAU, demo.STATION))
    )
    told = {f.kind: f for f in facade.feedback(county.who("county"))}
    assert (told["fault"].total, told["fault"].open, told["fault"].rating) == (2, 1, 5.0)
    assert sum(f.total for f in told.values()) == len(demo.PROBLEMS)
    assert facade.items(county.who("quality1")), "something waits"
    demo.load()
    assert Bulletin.objects.unscoped(WHY).count() == 2, "loaded once"
