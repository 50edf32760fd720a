"""Awards: refused with the reason, granted by another person, a merit afterwards."""

from typing import Any

import pytest

from siteloop.framework.action import Refused
from siteloop.framework.perform import perform
from siteloop.systems.credit import awarding, facade, ranking
from siteloop.systems.credit.models import Award
from siteloop.systems.credit.tests.conftest import WHY, County, again
from siteloop.systems.credit.tests.test_blacklist import listed

pytestmark = pytest.mark.django_db


def nominated(county: County, **more: Any) -> Award:
    typed = {"title": "标准化工地", "giver": "市住建局", "organisation": county.firm.pk, **more}
    perform(awarding.nominate, county.desk, None, typed)
    return Award.objects.unscoped(WHY).latest("pk")


@pytest.mark.requirement("CRED-10")
def test_low_credit_and_the_blacklist_are_refused_with_the_reason(county: County) -> None:
    county.recorded("E-WAGE-01")
    with pytest.raises(Refused) as no:
        nominated(county)
    assert "等级 C，低于评优评先要求的 B 级" in no.value.message
    listed(county)
    with pytest.raises(Refused) as no:
        nominated(county)
    assert "已列入黑名单" in no.value.message
    assert not Award.objects.unscoped(WHY).exists()


@pytest.mark.requirement("CRED-07")
@pytest.mark.requirement("CRED-10")
def test_a_project_manager_at_the_limit_is_refused(county: County) -> None:
    for _ in range(4):
        county.recorded("P-PM-02")
    with pytest.raises(Refused) as no:
        nominated(county, organisation=None, person=county.person.pk)
    assert "有效扣分 12 分，达到上限 12 分" in no.value.message


@pytest.mark.requirement("CRED-09")
def test_a_granted_award_is_a_merit_and_is_published(county: County) -> None:
    row = nominated(county)
    with pytest.raises(Refused):
        perform(awarding.grant, county.desk, row)
    perform(awarding.grant, county.second, row)
    row = again(row)
    assert row.record.signed == 5
    assert len(row.checked) == 2
    assert ranking.ranks("organisation", [county.firm.pk])[county.firm.pk].score == 105
    assert [x.name for x in facade.published("good")] == [county.firm.name]


@pytest.mark.requirement("CRED-10")
def test_credit_that_fell_after_the_nomination_stops_the_grant(county: County) -> None:
    row = nominated(county)
    county.recorded("E-WAGE-01")
    with pytest.raises(Refused) as no:
        perform(awarding.grant, county.second, row)
    assert "不能授予" in no.value.message
    perform(awarding.decline, county.desk, again(row), {"reason": "信用等级下降"})
    assert again(row).state == "declined"
