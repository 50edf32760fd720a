"""The demo's stages: in the order the packs demand, the ledger as the acts would have written it."""

import pytest

from siteloop.foundation.authority import demo as authority
from siteloop.foundation.authority import reference as roles
from siteloop.foundation.packs import reference as packs
from siteloop.foundation.regions import reference as regions
from siteloop.foundation.registry import demo as registry
from siteloop.foundation.registry.models import Project
from siteloop.systems.project_stages import demo
from siteloop.systems.project_stages.models import Permit, StageMark, VisibleProgress
from siteloop.systems.project_stages.settings import needs

LOOK = "the test looks"


@pytest.mark.django_db
@pytest.mark.requirement("PROJ-09")
def test_the_projects_of_the_demo_stand_where_the_packs_allow(settings):
    settings.DEMO_PASSWORD = "Demo-test-2026"
    for load in (regions.load, roles.load, packs.load, authority.load, registry.load, demo.load):
        load()
    reached: dict[int, dict[str, str]] = {}
    for mark in StageMark.objects.unscoped(LOOK):
        reached.setdefault(mark.project_id, {})[mark.stage] = mark.state
    assert len(reached) == Project.objects.unscoped(LOOK).count()
    for states in reached.values():
        for stage in states:
            assert all(states.get(before) == "passed" for before in needs(stage, "330482")), stage
    assert Permit.objects.unscoped(LOOK).filter(state="submitted").exists(), "the officer has something to do"
    for row in VisibleProgress.objects.unscoped(LOOK).select_related("project", "work"):
        row.clean_fields()
        assert row.begun_on is not None
        assert row.begun_on <= row.reported_on
    count = StageMark.objects.unscoped(LOOK).count()
    demo.load()
    assert StageMark.objects.unscoped(LOOK).count() == count, "loaded once"
