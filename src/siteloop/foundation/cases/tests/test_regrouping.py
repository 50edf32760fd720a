"""Cases of one matter become one, a step goes to another unit, a cancelled case is left alone."""

import pytest
from django.utils import timezone

from siteloop.foundation.authority.viewers import viewer_for
from siteloop.foundation.cases import actions, engine
from siteloop.foundation.cases.models import CaseState, Finding
from siteloop.foundation.cases.tests.test_extensions import again, running
from siteloop.foundation.notice.models import Notice
from siteloop.foundation.registry.tests import rows
from siteloop.framework.action import Refused
from siteloop.framework.perform import perform
from siteloop.framework.testing import officer

pytestmark = pytest.mark.django_db


def _finding(case, key):
    row = Finding(
        key=key,
        rule=case.rule,
        subject=case.subject,
        site=case.site,
        project=case.project,
        region_code=case.region_code,
        severity="orange",
        since=timezone.now(),
        last_at=timezone.now(),
        case=case,
    )
    row.save()
    return row


@pytest.mark.requirement("DISP-10")
def test_a_merged_case_gives_its_findings_and_its_future_to_the_other():
    boss = viewer_for(officer(["cases.*"]))
    site = rows.site("330482")
    first, second = running(site=site), running(site=site)
    second.rule = "dust.not_installed"
    second.save()
    finding = _finding(second, "f1")
    perform(actions.merge, boss, second, {"into": first.pk, "body": "同一问题"})
    gone = again(second)
    assert (gone.state, gone.words, gone.merged_into) == (CaseState.CANCELLED, "已并案", first)
    assert again(finding).case == first
    later = _finding(second, "f2")
    assert engine.open_from_finding(later) == first, "the same fault goes on in the case it was merged into"
    assert first.events.filter(kind="merged").count() == 1


@pytest.mark.parametrize("wrong", ["itself", "elsewhere", "ended"])
def test_what_cannot_be_merged_is_refused_with_its_reason(wrong):
    boss = viewer_for(officer(["cases.*"]))
    case = running()
    target = case if wrong == "itself" else running(site=None if wrong == "elsewhere" else case.site)
    if wrong == "ended":
        target.state = CaseState.CLOSED
        target.save()
    with pytest.raises(Refused) as no:
        perform(actions.merge, boss, case, {"into": target.pk, "body": "x"})
    assert "into" in no.value.errors
    assert again(case).state == CaseState.DISPOSING


def test_reassigned_another_unit_holds_the_step_by_the_same_deadline():
    unit = rows.organisation("330482", "urban_management")
    member = officer(["cases.*"], organisation=unit)
    holder, boss = officer(["cases.*"]), officer(["cases.*"])
    case = running(holder=holder)
    perform(actions.reassign, viewer_for(boss), case, {"organisation": unit.pk, "body": "属城管职责"})
    assert again(case).deadline == case.deadline
    held = case.duties.filter(is_current=True, is_holder=True)
    assert [d.organisation for d in held] == [unit]
    assert Notice.objects.unscoped("test").filter(account=member, title__startswith="【改派】").exists()
    with pytest.raises(Refused):
        perform(actions.reply, viewer_for(holder), case, {"body": "已改"})


@pytest.mark.requirement("DISP-08")
def test_a_cancelled_case_never_falls_due():
    boss = viewer_for(officer(["cases.*"]))
    case = running()
    perform(actions.cancel, boss, case, {"body": "误派"})
    assert again(case).state == CaseState.CANCELLED
    assert engine.fire_deadlines(timezone.now() + timezone.timedelta(days=30)) == 0
