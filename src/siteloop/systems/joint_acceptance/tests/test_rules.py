"""Readiness, papers, clocks, lateness, taking back, withdrawal, failure, days."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from siteloop.foundation.authority.models import Post
from siteloop.foundation.authority.viewers import viewer_for
from siteloop.foundation.cases import actions as casework
from siteloop.foundation.cases import engine
from siteloop.foundation.cases.models import Case
from siteloop.foundation.documents.models import Document
from siteloop.foundation.packs.models import Pack, PackValue
from siteloop.foundation.packs.tests.saying import project_says
from siteloop.foundation.registry.models import Device, Site
from siteloop.framework import events
from siteloop.framework.action import Refused
from siteloop.framework.perform import create, perform
from siteloop.systems.joint_acceptance import (
    actions,
    departments,
    findings,
    opinions,
    overdue,
    settings,
    shown,
    visits,
)
from siteloop.systems.joint_acceptance.models import (
    Department,
    DepartmentOpinion,
    JointApplication,
    JointFinding,
    SiteVisit,
)
from siteloop.systems.joint_acceptance.tests.conftest import (
    HOME,
    WHY,
    County,
    again,
    person,
    photo,
    ready_project,
)

pytestmark = pytest.mark.django_db


def earlier(row: DepartmentOpinion, **span: float) -> DepartmentOpinion:
    """As if the turn had begun and fallen due that much earlier."""
    back = dt.timedelta(**span)
    assert row.turn_at is not None and row.due_at is not None
    row.turn_at, row.due_at, row.began_at = row.turn_at - back, row.due_at - back, row.began_at - back
    row.save()
    return row


def problem(county: County, part: DepartmentOpinion, code: str = "fire") -> JointFinding:
    typed = {"kind": "problem", "content": "疏散指示缺失"}
    perform(opinions.raise_finding, county.examiner(code), part, typed)
    return JointFinding.objects.unscoped(WHY).get(opinion=part)


def refused(action: Any, viewer: Any, row: Any, typed: dict[str, Any] | None = None) -> str:
    with pytest.raises(Refused) as no:
        perform(action, viewer, row, typed or {})
    return no.value.message + str(no.value.errors)


@pytest.mark.requirement("JACC-02")
def test_a_project_whose_stages_are_not_ready_hears_which(county: County, ready: Any) -> None:
    row = county.draft()
    ready(["施工许可（未办理）"])
    assert "施工许可（未办理）" in refused(actions.submit, viewer_for(county.firm.account), row)
    assert again(row).state == "draft"


def test_all_missing_papers_are_told_at_once(county: County) -> None:
    row = JointApplication(project=ready_project(county.builder), applicant=county.builder, extent="1号楼")
    row.save()
    said = refused(actions.submit, viewer_for(county.firm.account), row)
    assert "尚缺 3 项：联合验收申请表、竣工图、工程竣工报告" in said


def test_the_applicant_sees_the_papers_it_handed_in(county: County) -> None:
    row = county.draft()
    seen = shown.papers(row, viewer_for(county.firm.account))["papers"]
    assert [paper.title for paper in seen] == list(settings.papers(row.region_code))


def test_one_application_for_a_project_and_only_by_its_units(county: County) -> None:
    row = county.draft()
    typed = {"project": row.project_id, "applicant": county.builder.pk, "extent": row.extent}
    with pytest.raises(Refused) as no:
        create(JointApplication, viewer_for(county.firm.account), typed)
    assert "已有联合验收申请" in str(no.value.errors)
    with pytest.raises(Refused) as no:
        admin = viewer_for(person("platform_admin", county.body).account)
        create(JointApplication, admin, {**typed, "applicant": county.body.pk})
    assert "建设单位或施工单位" in str(no.value.errors)


def test_departments_and_days_are_the_packs(county: County) -> None:
    pack = Pack(code="county", title="县", region_code=HOME)
    pack.save()
    stated = [{"code": "fire", "title": "消防", "term": {"amount": 2, "unit": "hour"}}]
    PackValue(pack=pack, key="joint_acceptance.departments", value=stated, title="部门").save()
    row = county.examining()
    (part,) = DepartmentOpinion.objects.unscoped(WHY).filter(application=row)
    assert part.due_at is not None
    assert part.due_at - part.began_at == dt.timedelta(hours=2)


def test_a_department_without_a_body_is_named(county: County) -> None:
    Department.objects.unscoped(WHY).filter(code="fire").update(is_active=False)
    row = county.draft()
    perform(actions.submit, viewer_for(county.firm.account), row)
    assert "未登记参验部门：消防" in refused(actions.accept, viewer_for(county.lead.account), row)
    assert again(row).state == "submitted"


def test_the_nearest_body_examines(county: County) -> None:
    near = county.departments["fire"]
    far = Department(code="fire", title="消防", organisation=county.body, region_code="3304")
    far.save()
    chosen = {e.code: d for e, d in departments.over(f"{HOME}001")}
    assert chosen["fire"] == near


def test_the_clock_stands_while_the_applicant_puts_right(county: County) -> None:
    row = county.examining()
    project_says(row.project, "joint_acceptance.recheck", {"amount": 1, "unit": "hour"})
    part = earlier(county.part(row, "fire"), days=2)
    one = problem(county, part)
    perform(opinions.ask_correction, county.examiner("fire"), part)
    part = again(part)
    assert (part.state, part.turn_at) == ("correcting", None)
    assert shown.days_text(part.seconds(timezone.now() + dt.timedelta(days=30))) == "2.0 天"
    typed = {"correction": "已补装", "photos": [photo(county.firm)]}
    perform(findings.correct, viewer_for(county.firm.account), one, typed)
    part = again(part)
    assert part.state == "rechecking"
    assert part.due_at is not None and part.due_at - timezone.now() <= dt.timedelta(
        hours=1
    )  # the project's own


def test_a_department_does_not_put_right_what_it_found(county: County) -> None:
    row = county.examining()
    part = county.part(row, "construction")
    one = problem(county, part, "construction")
    perform(opinions.ask_correction, county.examiner("construction"), part)
    admin = person("platform_admin", county.body)
    typed = {"correction": "代为整改", "photos": [photo(admin)]}
    assert "当前状态" in refused(findings.correct, viewer_for(admin.account), one, typed)


def test_advice_needs_no_correction(county: County) -> None:
    row = county.examining()
    part = county.part(row, "fire")
    perform(opinions.raise_finding, county.examiner("fire"), part, {"kind": "advice", "content": "增设标识"})
    assert "没有待整改" in refused(opinions.ask_correction, county.examiner("fire"), part)
    county.give(row, "fire")
    assert county.part(row, "fire").state == "passed"


@pytest.mark.requirement("JACC-01")
def test_a_late_department_gets_a_case_that_its_opinion_closes(county: County) -> None:
    row = county.examining()
    part = earlier(county.part(row, "fire"), days=40)
    assert overdue.watch() == 1
    assert overdue.watch() == 0, "one case a turn"
    part = again(part)
    assert part.case is not None and part.is_overdue
    holder = part.case.duties.get(is_current=True, is_holder=True)
    assert holder.organisation == county.departments["fire"].organisation
    # a reply without the opinion does not help
    perform(casework.reply, county.examiner("fire"), part.case, {"body": "即将办理"})
    case = Case.objects.unscoped(WHY).get(pk=part.case_id)
    assert (case.step, case.words) == ("urge", "部门意见仍未出具")
    # the lead supervises what stays late
    assert case.deadline is not None
    engine.fire_deadlines(case.deadline + dt.timedelta(minutes=1))
    assert again(case).step == "supervise"
    county.give(row, "fire")
    case, part = again(case), again(part)
    assert (case.state, case.words) == ("closed", "部门意见已出具")
    assert (part.is_overdue, part.was_late) == (False, True)


def test_readings_stand_on_the_page_of_a_case_for_those_who_may_read_them(county: County) -> None:
    row = county.examining()
    site = Site(project=row.project, name="东区", region_code=f"{HOME}001", state="under_construction")
    site.save()
    Device(code="MNJA1", profile="dust", site=site).save()
    part = earlier(county.part(row, "fire"), days=40)
    overdue.watch()
    address = f"/cases/cases/{again(part).case_id}/"
    assert "data-chart" in county.lead.html.get(address).content.decode()
    assert "data-chart" not in county.officers["fire"].html.get(address).content.decode()


def test_a_department_in_time_gets_no_case(county: County) -> None:
    county.examining()
    assert overdue.watch() == 0
    assert not Case.objects.unscoped(WHY).exists()


def test_the_slowest_department_is_visible(county: County) -> None:
    row = county.examining()
    earlier(county.part(row, "archive"), days=3)
    county.give(row, "archive")
    county.give(row, "fire")
    viewer = viewer_for(county.lead.account)
    panel = shown.side_by_side(row, viewer)
    assert panel["slowest"].department.code == "archive"
    assert (panel["given"], panel["waiting"]) == (2, 3)
    page = county.lead.html.get(f"/joint_acceptance/applications/{row.pk}/").content.decode()
    assert "最慢" in page
    counted = shown.with_days(Department.objects.visible_to(viewer)).get(code="archive")
    assert (counted.waiting, counted.given, counted.overdue_now) == (0, 1, 0)
    assert shown.days_text(counted.mean_s) == "3.0 天"


def test_an_opinion_is_taken_back_only_before_the_conclusion(county: County) -> None:
    row = county.examining()
    county.give(row, "fire", "failed", "喷淋不合格")
    part = county.part(row, "fire")
    perform(opinions.take_back, county.examiner("fire"), part, {"reason": "误判"})
    assert again(part).state == "rechecking"
    for code in county.officers:
        county.give(row, code)
    perform(actions.conclude, viewer_for(county.lead.account), row, {"conclusion": "同意"})
    assert "当前状态" in refused(opinions.take_back, county.examiner("fire"), part, {"reason": "再改"})


def test_one_department_against_it_fails_the_acceptance(
    county: County, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    heard: list[Any] = []
    monkeypatch.setitem(events._listeners, "joint_acceptance_passed", [lambda **more: heard.append(more)])
    row = county.examining()
    for code in county.officers:
        county.give(row, code, "failed" if code == "fire" else "passed")
    with django_capture_on_commit_callbacks(execute=True):
        perform(actions.conclude, viewer_for(county.lead.account), row, {"conclusion": "消防不合格"})
    assert again(row).state == "failed"
    assert heard == []
    said = str(Document.objects.unscoped(WHY).get(kind="joint_acceptance.opinion").content)
    assert "综合结论为：不通过" in said
    again_applied = {"project": row.project_id, "applicant": county.builder.pk, "extent": row.extent}
    create(JointApplication, viewer_for(county.firm.account), again_applied)


def test_a_withdrawn_application_ends_every_part_its_visits_and_its_cases(county: County) -> None:
    row = county.examining()
    earlier(county.part(row, "fire"), days=40)
    overdue.watch()
    typed = {"at": timezone.now() + dt.timedelta(days=2), "place": "东门"}
    perform(actions.plan_visit, viewer_for(county.lead.account), row, typed)
    perform(actions.withdraw, viewer_for(county.firm.account), row, {"reason": "推迟竣工"})
    states = DepartmentOpinion.objects.unscoped(WHY).filter(application=row)
    assert set(states.values_list("state", flat=True)) == {"void"}
    assert Case.objects.unscoped(WHY).get().state == "closed"
    assert SiteVisit.objects.unscoped(WHY).get().state == "cancelled"
    assert again(row).withdrawn_why == "推迟竣工"


@pytest.mark.requirement("JACC-01")
def test_only_the_applicant_takes_its_application_back(county: County) -> None:
    row, why = county.examining(), {"reason": "代为撤回"}
    for other, words in (
        (county.lead, "没有权限"),
        (person("city_officer", county.body), "没有权限"),
        (person("platform_admin", county.body), "当前状态"),
    ):
        assert words in refused(actions.withdraw, viewer_for(other.account), row, why)
        assert "撤回申请" not in other.html.get(f"/joint_acceptance/applications/{row.pk}/").content.decode()
    own = county.firm.html.get(f"/joint_acceptance/applications/{row.pk}/").content.decode()
    assert "撤回申请" in own


def test_a_visit_is_planned_ahead_and_recorded_on_its_day(county: County) -> None:
    row, lead = county.examining(), viewer_for(county.lead.account)
    typed: dict[str, Any] = {"at": timezone.now() - dt.timedelta(hours=1), "place": "东门"}
    assert "须晚于现在" in refused(actions.plan_visit, lead, row, typed)
    perform(actions.plan_visit, lead, row, {**typed, "at": timezone.now() + dt.timedelta(days=2)})
    visit = SiteVisit.objects.unscoped(WHY).get()
    held = {"people": "甲", "summary": "已看"}
    assert "日期未到" in refused(visits.record, lead, visit, held)
    perform(visits.cancel, lead, visit, {"reason": "大雨"})
    assert again(visit).cancelled_why == "大雨"


def test_nobody_accepts_what_he_handed_in(county: County) -> None:
    row = county.draft()
    account = person("platform_admin", county.body).account
    role = account.posts.get().role
    Post(account=account, organisation=county.builder, role=role, region_code=HOME).save()
    both = viewer_for(account)
    perform(actions.submit, both, row)
    assert "当前状态" in refused(actions.accept, both, row)


def test_a_problem_names_only_a_visit_of_its_own_application(county: County) -> None:
    row, other = county.examining(), county.examining()
    visit = SiteVisit(application=other, at=timezone.now(), place="别处")
    visit.save()
    typed = {"kind": "problem", "content": "问题", "visit": visit.pk}
    assert "不是本次申请" in refused(
        opinions.raise_finding, county.examiner("fire"), county.part(row, "fire"), typed
    )


@pytest.mark.requirement("PROJ-07")
def test_the_page_of_the_project_shows_its_acceptance(county: County) -> None:
    row = county.examining()
    page = county.lead.html.get(f"/places/projects/{row.project_id}/").content.decode()
    assert f"/joint_acceptance/applications/{row.pk}/" in page
