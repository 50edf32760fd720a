"""High readings warn the people of the project; other units may urge the one whose turn it is."""

import pytest

from siteloop.foundation.authority.models import Account, Organisation, Post
from siteloop.foundation.authority.viewers import viewer_for
from siteloop.foundation.cases import actions, inbox
from siteloop.foundation.cases.models import Case
from siteloop.foundation.cases.timeline import timeline
from siteloop.foundation.notice.models import Notice
from siteloop.foundation.registry.models import Party
from siteloop.framework.action import Refused
from siteloop.framework.perform import perform
from siteloop.kernel.finding import Act, Severity
from siteloop.kernel.finding import Finding as Seen
from siteloop.kernel.times import to_us
from siteloop.systems.dust.tests.conftest import County
from siteloop.systems.dust.tests.test_loops import NOW, opened


def unit(county: County, kind: str) -> Account:
    """A person of a unit that takes part in the project."""
    organisation = Organisation(name=f"单位{kind}", kind=kind, region_code="330482")
    organisation.save()
    Party(project=county.project, kind=kind, organisation=organisation).save()
    account = Account.objects.create(username=kind, display_name=kind)
    Post(
        account=account, organisation=organisation, role=county.manager.posts.get().role, region_code="330482"
    ).save()
    return account


def high(county: County, at: int = 0, **more: object) -> None:
    since = to_us(NOW) + at
    inbox.apply(
        Seen(
            act=Act.RAISE, rule="dust.pm25_high", subject=f"device:{county.monitor.pk}", since=since, at=since,
            site=county.site.pk, region=county.site.region_code, device=county.monitor.pk, project=county.project.pk,
            severity=Severity.YELLOW, message="PM2.5 88 µg/m³ 高于 75 µg/m³", **more,
        ),
        NOW,
    )  # fmt: skip


def told() -> list[str]:
    return sorted(
        Notice.objects.unscoped("test").filter(kind="warning").values_list("account__username", flat=True)
    )


@pytest.mark.requirement("DUST-08", "DISP-11", "ACT-14", "ACT-15", "ACT-18")
def test_builder_contractor_and_supervisor_firm_hear_of_a_high_reading(
    county: County, django_capture_on_commit_callbacks
) -> None:
    unit(county, "builder")
    unit(county, "supervisor_firm")
    unit(county, "design")
    with django_capture_on_commit_callbacks(execute=True):
        high(county)
    assert told() == ["builder", "manager", "supervisor_firm"]
    notice = Notice.objects.unscoped("test").filter(kind="warning").first()
    assert notice.title == "PM2.5 超限 · 测试工地"
    assert "88" in notice.body
    assert not Case.objects.unscoped("test").exists(), "a high reading is no dispatch"


def test_a_site_warns_once_an_hour_and_a_rule_on_trial_not_at_all(
    county: County, django_capture_on_commit_callbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        high(county, shadow=True)
    assert told() == []
    with django_capture_on_commit_callbacks(execute=True):
        high(county, at=1)
        high(county, at=2)
    assert told() == ["manager"]
    with django_capture_on_commit_callbacks(execute=True):
        high(county, at=3_600_000_000)
    assert told() == ["manager", "manager"]


@pytest.mark.requirement("DISP-09")
def test_related_units_urge_the_one_whose_turn_it_is(county: County) -> None:
    firm = unit(county, "supervisor_firm")
    case = opened(county)
    with pytest.raises(Refused):
        perform(actions.urge, viewer_for(county.manager), case, {"body": "催我自己"})
    perform(actions.urge, viewer_for(firm), case, {"body": "请尽快整改"})
    notice = Notice.objects.unscoped("test").get(title__startswith="【催办】")
    assert (notice.account, notice.level) == (county.manager, "orange")
    assert "supervisor_firm：请尽快整改" in notice.body
    assert [m.title for m in timeline(case) if m.kind == "urged"] == ["催办"]
    with pytest.raises(Refused) as no:
        perform(actions.urge, viewer_for(firm), case, {"body": "再催"})
    assert "一小时内" in no.value.message
    perform(actions.urge, viewer_for(county.officer), case, {"body": "县局也催"})
    assert Notice.objects.unscoped("test").filter(title__startswith="【催办】").count() == 2
