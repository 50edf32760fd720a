"""More time: asked by who holds the step, granted by another, and the register of it."""

import datetime as dt

import pytest
from django.utils import timezone

from siteloop.foundation.authority.viewers import viewer_for
from siteloop.foundation.cases import actions, catalogue, engine, extending, pages
from siteloop.foundation.cases.models import Case, CaseDuty, CaseExtension
from siteloop.foundation.registry.tests import rows
from siteloop.framework.action import Refused
from siteloop.framework.perform import perform
from siteloop.framework.testing import RegisterTests, officer

REGION = "330482"
LOOK = "the test looks"
LOOP = "dust_equipment"


def running(region: str = REGION, site=None, holder=None) -> Case:
    """A case that waits for its holder, due in two days."""
    now = timezone.now()
    place = site or rows.site(region)
    row = Case(
        number=engine.next_number(region, now),
        loop=LOOP,
        title=f"测试派单 · {place.name}",
        rule="dust.spray_not_linked",
        subject=f"site:{place.pk}",
        site=place,
        project=place.project,
        region_code=region,
        step=catalogue.get(LOOP).first.code,
        opened_at=now,
        step_since=now,
        deadline=now + dt.timedelta(days=2),
    )
    row.save()
    if holder is not None:
        CaseDuty.objects.create(case=row, step=row.step, title="项目经理", account=holder, since=now)
    return row


def again(row):
    """As the database has it."""
    return type(row).objects.unscoped(LOOK).get(pk=row.pk)


def asked(case: Case, holder, days: int = 5) -> CaseExtension:
    """The holder's application."""
    until = case.deadline + dt.timedelta(days=days)
    perform(actions.ask_extension, viewer_for(holder), case, {"until": until, "body": "材料未到场"})
    return CaseExtension.objects.unscoped(LOOK).get(case=case)


class TestCaseExtensions(RegisterTests):
    page = pages.extensions

    def make_row(self, region):
        row = CaseExtension(
            case=running(region),
            step="small_dispose",
            asked_at=timezone.now(),
            until=timezone.now() + dt.timedelta(days=9),
            reason="测试",
        )
        row.save()
        return row


@pytest.mark.django_db
@pytest.mark.requirement("DISP-12")
def test_granted_the_deadline_moves_and_until_then_it_does_not():
    holder, boss = officer(["cases.*"]), officer(["cases.*"])
    case = running(holder=holder)
    row = asked(case, holder)
    assert again(case).deadline == case.deadline
    with pytest.raises(Refused, match="自己的申请"):
        perform(extending.grant, viewer_for(holder), row, {"opinion": "同意"})
    perform(extending.grant, viewer_for(boss), row, {"opinion": "同意"})
    assert again(case).deadline == row.until
    assert case.events.filter(kind="extended").get().data["to"] == row.until.isoformat()
    with pytest.raises(Refused):
        perform(extending.deny, viewer_for(boss), row, {"opinion": "改主意"})


@pytest.mark.django_db
@pytest.mark.requirement("DISP-12")
def test_denied_the_old_deadline_stands_and_one_may_ask_again():
    holder, boss = officer(["cases.*"]), officer(["cases.*"])
    case = running(holder=holder)
    row = asked(case, holder)
    with pytest.raises(Refused):  # one waits already
        perform(actions.ask_extension, viewer_for(holder), case, {"until": row.until, "body": "再申请"})
    perform(extending.deny, viewer_for(boss), row, {"opinion": "理由不足"})
    assert again(case).deadline == case.deadline
    perform(actions.ask_extension, viewer_for(holder), case, {"until": row.until, "body": "补充理由"})
    assert case.extensions.count() == 2


@pytest.mark.django_db
def test_only_the_holder_asks_and_not_for_less_time():
    holder, other = officer(["cases.*"]), officer(["cases.*"])
    case = running(holder=holder)
    typed = {"until": case.deadline + dt.timedelta(days=1), "body": "x"}
    with pytest.raises(Refused):
        perform(actions.ask_extension, viewer_for(other), case, typed)
    with pytest.raises(Refused) as no:
        perform(actions.ask_extension, viewer_for(holder), case, {**typed, "until": case.deadline})
    assert "until" in no.value.errors


@pytest.mark.django_db
def test_a_case_that_moved_on_is_not_extended_any_more():
    holder, boss = officer(["cases.*"]), officer(["cases.*"])
    case = running(holder=holder)
    row = asked(case, holder)
    case.step = "medium_dispose"
    case.save()
    with pytest.raises(Refused, match="下一环节"):
        perform(extending.grant, viewer_for(boss), row, {"opinion": "同意"})
    assert again(row).state == "asked"
