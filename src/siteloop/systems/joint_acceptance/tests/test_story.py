"""The whole way through the API: enterprise, lead and five departments; and what each of them may not do."""

from typing import Any

import pytest
from django.utils import timezone

from siteloop.foundation.documents.models import Document
from siteloop.foundation.notice.models import Notice
from siteloop.framework import events
from siteloop.framework.testing import Caller
from siteloop.systems.joint_acceptance import settings
from siteloop.systems.joint_acceptance.models import JointApplication, SiteVisit
from siteloop.systems.joint_acceptance.tests.conftest import (
    API,
    WHY,
    County,
    organisation,
    person,
    photo,
    ready_project,
)

pytestmark = pytest.mark.django_db


def act(who: Caller, register: str, pk: int, code: str, **typed: Any) -> Any:
    """An action over the API that must be done."""
    answer = who.post(f"{API}/{register}/{pk}/actions/{code}", typed)
    assert answer.status_code == 200, answer.content.decode()
    return answer.json()


def rows(who: Caller, register: str, query: str = "") -> list[dict[str, Any]]:
    answer = who.get(f"{API}/{register}{query}")
    assert answer.status_code == 200, answer.content.decode()
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


def applied(county: County) -> int:
    """The enterprise applies over the API and hands in its papers."""
    project = ready_project(county.builder)
    made = county.firm.post(
        f"{API}/applications",
        {"project": project.pk, "applicant": county.builder.pk, "extent": "整个工程", "contact": "经办甲"},
    )
    assert made.status_code == 201, made.content.decode()
    key = int(made.json()["id"])
    for title in settings.papers(project.region_code):
        act(county.firm, "applications", key, "attach", title=title, files=[photo(county.firm)])
    act(county.firm, "applications", key, "submit")
    return key


@pytest.mark.requirement("JACC-01")
@pytest.mark.requirement("JACC-02")
def test_from_the_application_to_the_opinion(
    county: County, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[dict[str, Any]] = []
    monkeypatch.setitem(events._listeners, "joint_acceptance_passed", [lambda **more: heard.append(more)])
    firm, lead, fire = county.firm, county.lead, county.officers["fire"]

    # the enterprise applies, the lead asks for a correction, then accepts
    key = applied(county)
    act(lead, "applications", key, "correct", correction="竣工图补盖竣工图章")
    act(firm, "applications", key, "submit")
    act(lead, "applications", key, "accept")
    parts = {
        code: next(o for o in rows(officer, "opinions") if o["department"] == county.departments[code].pk)
        for code, officer in county.officers.items()
    }
    assert len(parts) == 5
    assert {p["state"] for p in parts.values()} == {"examining"}

    # one visit for all of them
    act(lead, "applications", key, "plan_visit", at="2099-01-04T09:00:00+08:00", place="工地东门")
    visit = SiteVisit.objects.unscoped(WHY).get(application=key)
    assert Notice.objects.unscoped(WHY).filter(kind="joint_visit", account=fire.account).exists()
    SiteVisit.objects.unscoped(WHY).filter(pk=visit.pk).update(at=timezone.now())
    act(
        lead,
        "visits",
        visit.pk,
        "record",
        people="消防 甲\n住建 乙",
        summary="现场查看",
        photos=[photo(lead)],
    )

    # fire finds something; the enterprise puts it right; fire looks again, twice
    mine = parts["fire"]["id"]
    act(
        fire,
        "opinions",
        mine,
        "raise_finding",
        kind="problem",
        content="3号楼消火栓无水",
        place="3号楼",
        visit=visit.pk,
        photos=[photo(fire)],
    )
    early = fire.post(f"{API}/opinions/{mine}/actions/give", {"verdict": "passed", "words": "合格"})
    assert early.status_code == 409
    assert "1 项问题未整改" in early.json()["detail"]
    act(fire, "opinions", mine, "ask_correction")
    (finding,) = rows(firm, "findings")
    act(firm, "findings", finding["id"], "correct", correction="已接通", photos=[photo(firm)])
    act(fire, "findings", finding["id"], "send_back", words="压力不足")
    act(firm, "findings", finding["id"], "correct", correction="已换泵", photos=[photo(firm)])
    act(fire, "findings", finding["id"], "confirm")

    # everybody's opinion, then the lead's conclusion
    waiting = lead.post(f"{API}/applications/{key}/actions/conclude", {"conclusion": "同意"})
    assert waiting.status_code == 409
    assert "消防（待复查）" in waiting.json()["detail"]
    for code, officer in county.officers.items():
        verdict = "not_concerned" if code == "civil_defence" else "passed"
        act(officer, "opinions", parts[code]["id"], "give", verdict=verdict, words=f"{code} 同意")
    with django_capture_on_commit_callbacks(execute=True):
        act(lead, "applications", key, "conclude", conclusion="各部门意见一致，同意通过联合验收")

    row = JointApplication.objects.unscoped(WHY).get(pk=key)
    papers = Document.objects.unscoped(WHY).filter(subject_model="joint_acceptance.jointapplication")
    assert list(papers.order_by("pk").values_list("kind", flat=True)) == [
        "joint_acceptance.correction",
        "joint_acceptance.accepted",
        "joint_acceptance.opinion",
    ]
    said = str(papers.get(kind="joint_acceptance.opinion").content)
    for words in ("综合结论为：通过", "3号楼消火栓无水", "已换泵", "不涉及", "消防 甲", "各部门意见一致"):
        assert words in said
    assert papers.get(kind="joint_acceptance.opinion").pdf is not None
    assert (row.state, bool(row.number)) == ("passed", True)
    assert heard == [{"project": row.project_id, "number": row.number}]


@pytest.mark.requirement("JACC-01")
def test_a_department_works_on_its_own_part_only(county: County) -> None:
    row = county.examining()
    fire, archive = county.officers["fire"], county.part(row, "archive")
    typed = {"verdict": "passed", "words": "代为同意"}
    assert fire.post(f"{API}/opinions/{archive.pk}/actions/give", typed).status_code == 409
    assert county.lead.post(f"{API}/opinions/{archive.pk}/actions/give", typed).status_code == 409
    needed = {
        "conclude": {"conclusion": "同意"},
        "withdraw": {"reason": "不办"},
        "plan_visit": {"at": "2099-01-04T09:00:00+08:00", "place": "东门"},
    }
    for code in ("accept", "conclude", "plan_visit", "withdraw", "submit"):
        answer = fire.post(f"{API}/applications/{row.pk}/actions/{code}", needed.get(code, {}))
        assert answer.status_code == 403, code
    # the lead is a member of the construction department, so that part is its own
    own = county.part(row, "construction")
    assert county.lead.post(f"{API}/opinions/{own.pk}/actions/give", typed).status_code == 200


@pytest.mark.requirement("JACC-01")
def test_a_department_sees_the_projects_it_examines_and_no_others(county: County) -> None:
    row, untouched = county.examining(), county.draft()
    fire = county.officers["fire"]
    assert [r["id"] for r in rows(fire, "applications")] == [row.pk]
    assert len(rows(fire, "opinions")) == 5, "the others' opinions are open to read"
    assert fire.get(f"{API}/applications/{untouched.pk}").status_code == 404
    stranger = person("joint_examiner", organisation("外部门", "county_authority"))
    for register in ("applications", "opinions", "findings", "visits"):
        assert rows(stranger, register) == []
    rival = person("enterprise_manager", organisation("别的建设单位", "builder"))
    assert rows(rival, "applications") == []


def test_the_enterprise_gives_no_opinion_and_accepts_nothing(county: County) -> None:
    row = county.examining()
    part = county.part(row, "fire")
    typed = {"verdict": "passed", "words": "自行同意"}
    assert county.firm.post(f"{API}/opinions/{part.pk}/actions/give", typed).status_code == 403
    assert (
        county.firm.post(f"{API}/applications/{row.pk}/actions/conclude", {"conclusion": "同意"}).status_code
        == 403
    )
