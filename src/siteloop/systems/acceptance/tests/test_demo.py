"""The demo's applications: each state is one the program itself can reach, the oldest promise has locked, the others run."""

import pytest

from siteloop.foundation.authority import demo as authority
from siteloop.foundation.authority import reference as roles
from siteloop.foundation.cases.models import Lock
from siteloop.foundation.packs import reference as packs
from siteloop.foundation.regions import reference as regions
from siteloop.foundation.registry import demo as registry
from siteloop.systems.acceptance import demo
from siteloop.systems.acceptance.commitments import days_left
from siteloop.systems.acceptance.models import AfterCheck, Application, Commitment

LOOK = "the test looks"


@pytest.mark.django_db
@pytest.mark.requirement("BIZ-02")
def test_the_promises_of_the_demo_run_end_soon_and_have_locked(settings):
    settings.DEMO_PASSWORD = "Demo-test-2026"
    for load in (regions.load, roles.load, packs.load, authority.load, registry.load, demo.load):
        load()
    promises = list(Commitment.objects.unscoped(LOOK).order_by("promised_at"))
    assert [(p.state, days_left(p)) for p in promises] == [
        ("overdue", -3),
        *[("open", n) for n in (1, 4, 9, 18, 27)],
    ]
    lock = Lock.objects.unscoped(LOOK).get(lifted_at=None)
    assert lock.source == f"acceptance.commitment:{promises[0].pk}"
    count = Application.objects.unscoped(LOOK).count()
    assert count == demo.APPLICATIONS + len(demo.PROMISED_DAYS)
    for row in Application.objects.unscoped(LOOK).select_related("project", "applicant"):
        row.clean_fields()
        assert row.officer is not None
        assert row.project.parties.filter(kind="builder", organisation=row.applicant).exists()
    checks = AfterCheck.objects.unscoped(LOOK).order_by("pk")
    assert [(c.state, c.checker is not None and c.checker.username) for c in checks] == [
        (state, demo.CHECKER) for state in ("drawn", "mending", "passed")
    ]
    demo.load()
    assert Application.objects.unscoped(LOOK).count() == count, "loaded once"
