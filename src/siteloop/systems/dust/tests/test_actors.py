"""The loop walked with the roles as they are shipped: each actor may do its part and no other's (Appendix B.1)."""

import pytest
from django.utils import timezone

from siteloop.foundation.authority.loading import load_roles
from siteloop.foundation.authority.models import Account, Role
from siteloop.foundation.authority.viewers import viewer_for
from siteloop.foundation.cases import actions, engine
from siteloop.foundation.cases.models import Case
from siteloop.foundation.registry.models import MaintenanceReview
from siteloop.framework.action import Refused
from siteloop.framework.perform import perform
from siteloop.framework.viewer import Viewer
from siteloop.systems.dust import complaints
from siteloop.systems.dust.models import Complaint
from siteloop.systems.dust.tests.conftest import County
from siteloop.systems.dust.tests.test_loops import fresh, held_by, opened
from siteloop.systems.dust.tests.test_warnings import unit


@pytest.fixture
def cast(county: County) -> dict[str, Account]:
    """The county's people with the posts they have in life."""
    load_roles()
    found = {
        "project_manager": county.manager,
        "site_supervision": county.supervisor,
        "county_officer": county.officer,
        "urban_management": county.squad,
        "supervisor_engineer": unit(county, "supervisor_firm"),
        "enterprise_manager": unit(county, "builder"),
    }
    for code, account in found.items():
        account.posts.update(role=Role.objects.unscoped("test").get(code=code))
    return found


def may(viewer: Viewer, case: Case, *verbs: str) -> dict[str, bool]:
    """What the case page would offer."""
    known = {a.code: a for a in actions.ALL}
    sees = Case.objects.visible_to(viewer).filter(pk=case.pk).exists()
    return {
        v: sees and viewer.may(f"cases.case.{v}") and known[v].available(fresh(case), viewer) for v in verbs
    }


def do(verb: object, who: Account, case: Case, **data: object) -> None:
    perform(verb, viewer_for(who), fresh(case), {"body": "已办理", **data})  # type: ignore[arg-type]


@pytest.mark.requirement("ACT-16", "ACT-17", "ACT-15", "DUST-21")
def test_the_project_manager_alone_answers_the_first_dispatch(
    county: County, cast: dict[str, Account]
) -> None:
    case = opened(county)
    for code, account in cast.items():
        offered = may(viewer_for(account), case, "reply", "pass_check", "record_enforcement")
        assert offered == {
            "reply": code == "project_manager",
            "pass_check": False,
            "record_enforcement": False,
        }, code


@pytest.mark.requirement("ACT-05", "DUST-22")
def test_the_site_supervision_department_checks_and_is_told_of_the_second_round(
    county: County, cast: dict[str, Account]
) -> None:
    case = opened(county)
    do(actions.reply, county.manager, case)  # no sprayer ran: the machine fails it
    second = fresh(case)
    assert second.words == "核查不通过，重新整改"
    informed = {d.title for d in second.duties.filter(is_current=True, is_holder=False)}
    assert informed == {"整改单位（施工单位）", "工地监管部门"}
    engine.outcome(second, engine.Outcome.REPLY, engine.ENGINE)
    assert fresh(case).step == "medium_dispose", "and fails it again"
    Case.objects.unscoped("test").filter(pk=case.pk).update(step="medium_verify", state="verifying")
    engine.enter(fresh(case), engine.catalogue.get(case.loop).step("medium_verify"), case.opened_at)
    for code, account in cast.items():
        assert may(viewer_for(account), case, "pass_check")["pass_check"] is (code == "site_supervision"), (
            code
        )


@pytest.mark.requirement("ACT-07", "DUST-23", "DUST-25")
def test_the_squad_takes_over_what_is_overdue_and_records_what_it_enforced(
    county: County, cast: dict[str, Account]
) -> None:
    case = opened(county)
    engine.fire_deadlines(case.deadline)
    assert fresh(case).words == "核查不通过，转派城管处置"
    assert held_by(case) == ["当湖街道中队"]
    for code, account in cast.items():
        assert may(viewer_for(account), case, "reply")["reply"] is (code == "urban_management"), code
    do(actions.record_enforcement, county.squad, case, kind="filed", decided_on="2026-06-01")
    do(actions.reply, county.squad, case)


@pytest.mark.requirement("ACT-18", "ACT-14", "DISP-09")
def test_builder_and_supervisor_firm_see_the_case_and_urge_but_move_nothing(
    county: County, cast: dict[str, Account]
) -> None:
    case = opened(county)
    for code in ("supervisor_engineer", "enterprise_manager"):
        offered = may(viewer_for(cast[code]), case, "urge", "comment", "reply", "extend", "cancel")
        assert offered == {"urge": True, "comment": True, "reply": False, "extend": False, "cancel": False}, (
            code
        )
    county.project.parties.filter(organisation__kind="supervisor_firm").delete()
    gone = Case.objects.visible_to(viewer_for(cast["supervisor_engineer"]))
    assert not gone.filter(pk=case.pk).exists(), "a unit that left the project sees nothing of it"
    assert may(viewer_for(cast["county_officer"]), case, "urge", "extend") == {"urge": True, "extend": True}
    with pytest.raises(Refused):
        do(actions.reply, cast["supervisor_engineer"], case)


@pytest.mark.requirement("ACT-07", "DUST-29")
def test_urban_management_takes_complaints_in_and_the_project_does_not_see_them(
    county: County, cast: dict[str, Account]
) -> None:
    row = Complaint(
        site=county.site,
        channel="spot",
        topic="dust",
        occurred_at=timezone.now(),
        content="扬尘",
    )
    row.save()
    perform(complaints.collect, viewer_for(county.squad), row)
    perform(complaints.dispatch, viewer_for(county.squad), row, {"body": "请降尘"})
    for code in ("project_manager", "enterprise_manager", "supervisor_engineer"):
        viewer = viewer_for(cast[code])
        assert not viewer.may("dust.complaint.view")
        assert not Complaint.objects.visible_to(viewer).exists(), code


@pytest.mark.requirement("ACT-16", "DUST-16")
def test_the_leader_may_review_the_month_and_others_with_the_right_may_not(
    county: County, cast: dict[str, Account]
) -> None:
    from siteloop.foundation.registry.actions import confirm_review

    review = MaintenanceReview(project=county.project, month="2026-05-01", devices=1)
    review.save()
    review.refresh_from_db()
    assert confirm_review.available(review, viewer_for(county.manager))
    assert not confirm_review.available(review, viewer_for(cast["enterprise_manager"]))
    perform(confirm_review, viewer_for(county.manager), review, {"opinion": "属实"})
