"""One story over five roles through REST: points, the draw's weight, blacklist, hearing, appeal, publication, repair."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from siteloop.foundation.authority.models import Post
from siteloop.framework.rest.tokens import issue
from siteloop.framework.testing import Caller
from siteloop.systems.credit.models import BlacklistEntry, CreditRule
from siteloop.systems.credit.tests.conftest import WHY, County, account, days, evidence

pytestmark = pytest.mark.django_db
API = "/api/v1/credit"


def calls(who: Any) -> Caller:
    html = Client()
    html.force_login(who, backend="django.contrib.auth.backends.ModelBackend")
    return Caller(who, html, issue(who))


def done(answer: Any, status: int = 200) -> Any:
    assert answer.status_code == status, answer.content.decode()
    return answer.json()


def portal(kind: str) -> str:
    answer = Client().get(f"/portal/credit/?kind={kind}")
    assert answer.status_code == 200
    return str(answer.content.decode())


@pytest.mark.requirement("CRED-01")
@pytest.mark.requirement("CRED-02")
@pytest.mark.requirement("CRED-04")
@pytest.mark.requirement("CRED-05")
@pytest.mark.requirement("CRED-11")
@pytest.mark.requirement("PROJ-07")
def test_from_the_fact_to_the_repair(county: County) -> None:
    body = Post.objects.unscoped(WHY).get(account=county.officer).organisation
    inspector = calls(account("监督员", body, "supervisor"))
    officer, reviewer = calls(county.officer), calls(county.reviewer)
    legal = calls(account("法制科", body, "county_officer"))
    firm, manager = calls(county.firm_manager), calls(county.manager)

    # an inspector proposes, with evidence; he cannot review, an officer does
    wage = CreditRule.objects.unscoped(WHY).get(code="E-WAGE-01").pk
    typed = {
        "rule": wage,
        "organisation": county.firm.pk,
        "project": county.project.pk,
        "happened_on": str(timezone.localdate()),
        "reason": "欠付 12 名工人两个月工资",
        "files": [evidence(inspector.account).pk],
    }
    done(inspector.post(f"{API}/records/actions/propose", typed))
    assert inspector.post(f"{API}/records/actions/propose", {**typed, "files": []}).status_code == 422
    row = done(officer.get(f"{API}/records?state=proposed"))["results"][0]
    path = f"{API}/records/{row['id']}"
    assert inspector.post(f"{path}/actions/approve").status_code == 403
    assert firm.post(f"{API}/records/actions/propose", typed).status_code == 403
    done(officer.post(f"{path}/actions/approve", {"opinion": "属实"}))

    # the enterprise sees its score fall and why; the file's page opens every line
    file = done(firm.get(f"{API}/files"))["results"][0]
    assert (file["score"], file["grade"]) == (80, "C")
    page = firm.html.get(f"/credit/files/{file['id']}/").content.decode()
    assert f"/credit/records/{row['id']}/" in page
    assert "拖欠农民工工资" in page
    assert "欠付 12 名工人" in firm.html.get(f"/credit/records/{row['id']}/").content.decode()
    assert county.firm.name in portal("bad")

    # the project's page shows the standing of its units
    shown = officer.html.get(f"/places/projects/{county.project.pk}/").content.decode()
    assert f"/credit/files/{file['id']}/" in shown

    # blacklist: proposed, told, heard, decided by another
    done(
        officer.post(
            f"{API}/blacklist/actions/propose",
            {
                "organisation": county.firm.pk,
                "cause": "拖欠农民工工资",
                "basis": "本地办法",
                "term_months": 12,
                "record": row["id"],
            },
        )
    )
    entry = done(officer.get(f"{API}/blacklist"))["results"][0]["id"]
    path = f"{API}/blacklist/{entry}"
    done(officer.post(f"{path}/actions/tell"))
    assert reviewer.post(f"{path}/actions/enter", {"opinion": "列入"}).status_code == 409
    assert manager.post(f"{path}/actions/state_case", {"statement": "代答"}).status_code in (404, 409)
    done(firm.post(f"{path}/actions/state_case", {"statement": "正在筹款"}))
    done(reviewer.post(f"{path}/actions/enter", {"opinion": "未付清，列入"}))
    assert done(firm.get(f"{API}/files/{file['id']}"))["grade"] == "D"
    assert county.firm.name in portal("blacklist")
    refused = officer.post(
        f"{API}/awards/actions/nominate",
        {"title": "优质工程", "giver": "市住建局", "organisation": county.firm.pk},
    )
    assert refused.status_code == 409
    assert "已列入黑名单" in refused.json()["detail"]

    # appeal: publication rests, a third person reviews; then repair after its months
    done(firm.post(f"{path}/actions/appeal", {"statement": "金额有误"}))
    assert county.firm.name not in portal("blacklist")
    asked = done(legal.get(f"{API}/requests?state=submitted"))["results"][0]["id"]
    assert reviewer.post(f"{API}/requests/{asked}/actions/deny", {"reason": "x"}).status_code == 409
    done(legal.post(f"{API}/requests/{asked}/actions/deny", {"reason": "金额属实"}))
    assert county.firm.name in portal("blacklist")
    early = firm.post(f"{path}/actions/repair", {"statement": "已付清"})
    assert early.status_code == 409
    BlacklistEntry.objects.unscoped(WHY).update(listed_on=timezone.localdate() - days(120))
    paid = evidence(county.firm_manager)
    done(firm.post(f"{path}/actions/repair", {"statement": "已付清", "files": [paid.pk]}))
    asked = done(legal.get(f"{API}/requests?state=submitted"))["results"][0]["id"]
    assert paid.original_name in legal.html.get(f"/credit/requests/{asked}/").content.decode()
    done(legal.post(f"{API}/requests/{asked}/actions/grant", {"opinion": "已履行"}))
    assert county.firm.name not in portal("blacklist")
    assert done(firm.get(f"{API}/files/{file['id']}"))["grade"] == "C"
    for what in (f"blacklist/{entry}", f"requests/{asked}", f"records/{row['id']}"):
        assert firm.html.get(f"/credit/{what}/").status_code == 200, what


@pytest.mark.requirement("CRED-08")
@pytest.mark.requirement("SUPV-05")
def test_supervisor_firms_and_their_staff_are_published_masked(county: County) -> None:
    from siteloop.systems.credit.tests.conftest import organisation, person

    firm = organisation("监理公司", "supervisor_firm")
    who = person(firm)
    county.recorded("E-SUPV-01", organisation=firm.pk)
    county.recorded("P-SUPV-01", person=who.pk)
    text = portal("bad")
    assert firm.name in text
    assert "监理单位" in text
    assert who.masked_name in text
    assert who.name not in text
    assert Client().get("/portal/credit/?kind=nothing").status_code == 404
    assert firm.name in Client().get(f"/portal/credit/?kind=bad&search={firm.name[:4]}").content.decode()
    assert "没有找到" in Client().get("/portal/credit/?kind=bad&search=无此企业").content.decode()


@pytest.mark.requirement("CRED-03")
def test_a_worker_s_record_is_kept_for_pay_disputes_and_seen_by_its_own(county: County) -> None:
    from siteloop.systems.credit.tests.conftest import organisation, person

    other = organisation("别家", "contractor")
    worker = person(county.firm)
    row = county.recorded("P-WORK-01", person=worker.pk)
    outsider = calls(account("外人", other, "enterprise_manager"))
    assert calls(county.firm_manager).get(f"{API}/records/{row.pk}").status_code == 200
    assert outsider.get(f"{API}/records/{row.pk}").status_code == 404
    assert county.firm.name not in portal("bad"), "a rule that is not public publishes nothing"
