"""The demo's supervisor firms: each state is one the program can reach, with something for every role to do."""

import pytest

from siteloop.foundation.authority import demo as authority
from siteloop.foundation.authority import reference as roles
from siteloop.foundation.packs import reference as packs
from siteloop.foundation.regions import reference as regions
from siteloop.foundation.registry import demo as registry
from siteloop.systems.supervisor_firms import demo, facade
from siteloop.systems.supervisor_firms.models import DangerReport, DutyMonth, FirmFile, SupervisionReport

LOOK = "the test looks"


@pytest.mark.django_db
@pytest.mark.requirement("SUPV-01", "SUPV-03", "SUPV-04")
def test_the_demo_has_something_for_every_role(settings):
    settings.DEMO_PASSWORD = "Demo-test-2026"
    for load in (regions.load, roles.load, packs.load, authority.load, registry.load, demo.load):
        load()
    reports = SupervisionReport.objects.unscoped(LOOK)
    assert set(reports.values_list("state", flat=True)) == {"due", "submitted", "received"}
    dangers = DangerReport.objects.unscoped(LOOK)
    assert sorted(dangers.values_list("state", flat=True)) == ["answering", "sent"]
    assert set(FirmFile.objects.unscoped(LOOK).values_list("verdict", flat=True)) == {"met", "short"}
    months = DutyMonth.objects.unscoped(LOOK).filter(is_closed=True)
    assert 0 < months.filter(is_short=True).count() < months.count() / 4
    assert facade.count_misconducts() == 1
    count = reports.count()
    demo.load()
    assert reports.count() == count, "loaded once"
