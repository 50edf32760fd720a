"""The demo's joint acceptances: some at each step, one overdue by a department, the figures real."""

import pytest

from siteloop.foundation.authority import demo as authority
from siteloop.foundation.authority import reference as roles
from siteloop.foundation.documents.models import Document
from siteloop.foundation.packs import reference as packs
from siteloop.foundation.regions import reference as regions
from siteloop.foundation.registry import demo as registry
from siteloop.systems.joint_acceptance import demo, shown
from siteloop.systems.joint_acceptance.models import (
    Department,
    DepartmentOpinion,
    JointApplication,
    State,
)

LOOK = "the test looks"


@pytest.mark.django_db
def test_the_demo_has_applications_at_each_step_and_one_late_department(settings):
    settings.DEMO_PASSWORD = "Demo-test-2026"
    for load in (regions.load, roles.load, packs.load, authority.load, registry.load, demo.load):
        load()
    rows = JointApplication.objects.unscoped(LOOK)
    assert set(rows.values_list("state", flat=True)) == set(State.values)
    (late,) = DepartmentOpinion.objects.unscoped(LOOK).filter(is_overdue=True)
    assert late.department.code == "fire"
    assert late.case is not None
    assert late.case.step == "urge"
    concluded = rows.filter(state__in=("passed", "failed"))
    assert concluded.count() == demo.CONCLUDED
    for row in concluded:
        assert (
            Document.objects.unscoped(LOOK).get(subject_id=row.pk, kind="joint_acceptance.opinion").number
            == row.number
        )
        assert row.concluded_at is not None
        assert all(o.given_at and o.given_at <= row.concluded_at for o in row.opinions.all())
    counted = shown.with_days(Department.objects.unscoped(LOOK)).get(code="fire")
    assert counted.given == demo.CONCLUDED
    assert counted.overdue_now == 1
    demo.load()
    assert rows.count() == demo.CONCLUDED + len(demo.RUNNING), "loaded once"
