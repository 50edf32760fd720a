"""Decided in one system, counted by credit, felt in the draw: the whole way over the real systems."""

import pytest
from django.utils import timezone

from siteloop.foundation.authority.viewers import viewer_for
from siteloop.foundation.people.models import Person
from siteloop.foundation.people.synthetic import synthetic_id
from siteloop.foundation.registry.models import Party, Project
from siteloop.framework.perform import perform
from siteloop.systems.credit import collecting, engine, loading
from siteloop.systems.credit.models import CreditRecord, CreditRule
from siteloop.systems.double_random import library, tasks
from siteloop.systems.double_random.models import Demerit
from siteloop.systems.double_random.tests.conftest import County, county  # noqa: F401 - the fixture
from siteloop.systems.inspection import actions
from siteloop.systems.inspection.models import Order
from siteloop.systems.inspection.tests import rows

pytestmark = pytest.mark.django_db
LOOK = "the test looks"


@pytest.fixture(autouse=True)
def ready(settings, tmp_path):
    settings.FILES = tmp_path / "files"
    loading.load()


def hour_ago():
    return timezone.now() - collecting.LOOK_BACK


def signed():
    return list(
        CreditRecord.objects.unscoped(LOOK).order_by("pk").values_list("rule__code", "signed", "state")
    )


@pytest.mark.requirement("CRED-07")
@pytest.mark.requirement("CRED-10")
def test_orders_count_for_the_enterprise_and_the_project_manager():
    site, manager = rows.staffed_site()
    Person(name="测经理", id_number=synthetic_id(7), account=manager, region_code=site.region_code).save()
    who = viewer_for(rows.inspector())

    def order(code, **more):
        data = {"site": site.pk, "measure": rows.measure(code).pk, "problem": "基坑边堆载", **more}
        perform(actions.issue, who, None, data)
        return Order.objects.unscoped(LOOK).latest("pk")

    stop = order("stop_partial", part="基坑东侧")
    order("rectify")
    order("demerit", points=3)
    assert collecting.collect(hour_ago()) == 2, "an order to rectify costs nothing by itself"
    assert signed() == [("E-STOP-01", -5, "in_force"), ("P-PM-01", -3, "proposed")]
    record = CreditRecord.objects.unscoped(LOOK).get(rule__code="E-STOP-01")
    assert record.organisation == stop.addressee
    assert (record.source_title, record.source_link) == (str(stop), f"/inspection/orders/{stop.pk}/")
    perform(actions.withdraw, who, stop, {"reason": "误开"})
    assert collecting.collect(hour_ago()) == 1
    assert signed()[-1] == ("E-STOP-01", 5, "in_force")


@pytest.mark.requirement("CRED-06")
def test_a_demerit_of_a_drawn_check_counts_and_is_cancelled_with_it(county: County):  # noqa: F811
    task = county.task(county.drawn())
    county.check(task, {"scoring事项2": "旁站缺失"}, "限期改正")
    one = Demerit.objects.unscoped(LOOK).get(task=task)
    assert collecting.collect(hour_ago()) == 1
    record = CreditRecord.objects.unscoped(LOOK).get()
    assert (record.organisation, record.signed) == (one.organisation, -one.points)
    perform(tasks.withdraw, county.keeper, one, {"why": "复核不属实"})
    assert collecting.collect(hour_ago()) == 1
    assert [s for _, s, _ in signed()] == [-one.points, one.points]


@pytest.mark.requirement("CRED-01")
@pytest.mark.requirement("CRED-10")
def test_a_low_grade_makes_the_contractors_project_weigh_more_in_the_draw(county: County):  # noqa: F811
    def weighed():
        return {c.project.pk: c for c in library.objects("330482")}

    project = Project.objects.unscoped(LOOK).filter(parties__organisation=county.contractor).first()
    before = weighed()[project.pk]
    assert all(line.code != "credit" for line in before.lines), (
        "of whom nothing is known nothing is held against"
    )
    rule = CreditRule.objects.unscoped(LOOK).get(code="E-WAGE-01")
    for _ in range(2):
        record = CreditRecord(
            rule=rule,
            organisation=county.contractor,
            region_code="330482",
            points=rule.points,
            happened_on=timezone.localdate(),
            reason="欠薪",
        )
        engine.add(record, engine.ENGINE, counts_from=timezone.localdate())
    after = weighed()[project.pk]
    line = next(x for x in after.lines if x.code == "credit")
    assert (line.value, line.points) == ("D", 60)
    assert after.weight == before.weight + 60
    assert Party.objects.unscoped(LOOK).filter(project=project, organisation=county.contractor).exists()
