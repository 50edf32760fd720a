"""A danger the contractor does not mend, from the firm's report to the re-check, over REST and with the program's own roles."""

import datetime as dt
from typing import Any

import pytest

from siteloop.foundation.cases import engine as case_engine
from siteloop.foundation.cases.models import Case
from siteloop.foundation.documents.models import Document
from siteloop.foundation.notice.models import Notice
from siteloop.framework.testing.people import Caller
from siteloop.systems.supervisor_firms.models import DangerReport
from siteloop.systems.supervisor_firms.tests import rows

API = "/api/v1/supervisor_firms/dangers"


def typed(county: rows.County) -> dict[str, Any]:
    return {
        "project": county.project.pk,
        "field": "safety",
        "level": "major",
        "place": "2号楼悬挑脚手架",
        "danger": "连墙件缺失，监理要求停工整改",
        "order_number": "监理停-003",
        "ordered_on": "2026-11-01",
        "conduct": "refused",
    }


def act(who: Caller, path: str, code: str, **data: Any) -> Any:
    answer = who.post(f"{path}/actions/{code}", data)
    assert answer.status_code == 200, answer.content.decode()
    return answer


def sent(county: rows.County) -> tuple[DangerReport, str]:
    firm = rows.caller(county.engineer)
    made = firm.post(API, typed(county))
    assert made.status_code == 201, made.content.decode()
    path = f"{API}/{made.json()['id']}"
    refused = firm.post(f"{path}/actions/send")
    assert refused.status_code == 409 and "照片" in refused.json()["detail"], (
        "no danger report without evidence"
    )
    act(firm, path, "attach", files=[rows.photo(county.project, county.engineer).pk])
    act(firm, path, "send")
    return DangerReport.objects.unscoped(rows.WHY).get(pk=made.json()["id"]), path


def papers(row: DangerReport) -> list[str]:
    found = Document.objects.unscoped(rows.WHY).filter(
        subject_model="supervisor_firms.dangerreport", subject_id=row.pk
    )
    return [d.kind.rpartition(".")[2] for d in found.order_by("pk")]


@pytest.mark.requirement("SUPV-01", "ACT-18")
def test_a_danger_goes_from_the_firm_over_the_authority_to_the_contractor_and_back(
    county: rows.County,
) -> None:
    row, path = sent(county)
    firm, inspector, manager = (rows.caller(a) for a in (county.engineer, county.inspector, county.manager))
    assert row.state == "sent" and row.case is not None and row.due_at is not None
    assert row.due_at - row.sent_at <= dt.timedelta(hours=24), "the receipt is on the authority's clock"
    holder = row.case.duties.get(is_current=True, is_holder=True)
    assert holder.organisation == county.sites

    changed = firm.send("PATCH", path, {"place": "别处"})
    assert changed.status_code == 422, "what was reported stays"
    assert firm.post(f"{path}/actions/receive", {"body": "自己签收"}).status_code == 403
    act(inspector, path, "receive", body="已收到，今日派员核查")
    row = rows.again(row)
    assert row.state == "answering" and row.received_at is not None
    assert papers(row) == ["danger", "receipt"]
    assert Notice.objects.unscoped(rows.WHY).filter(account=county.engineer, kind="document").exists()

    act(inspector, path, "answer", body="情况属实，责令停工整改")
    row = rows.again(row)
    assert (row.state, row.answer) == ("rectifying", "情况属实，责令停工整改")
    assert row.due_at is None, "the authority has done its part"

    case = f"/api/v1/cases/cases/{row.case_id}"
    proof = rows.photo(county.project, county.manager)
    assert manager.post(f"{case}/actions/reply", {"body": "已补齐"}).status_code == 422, (
        "no reply without a photo"
    )
    act(manager, case, "reply", body="连墙件已补齐", evidence=[proof.pk])
    assert rows.again(row).state == "confirming"
    act(firm, case, "fail_check", body="三层仍缺两处")
    assert rows.again(row).state == "rectifying"
    act(manager, case, "reply", body="全部补齐", evidence=[proof.pk])
    act(firm, case, "pass_check", body="复查合格")
    row = rows.again(row)
    assert row.state == "closed" and row.closed_at is not None and not row.is_late
    assert Case.objects.unscoped(rows.WHY).get(pk=row.case_id).state == "closed"


@pytest.mark.requirement("SUPV-01")
def test_an_authority_that_does_not_receive_in_time_loses_it_to_the_one_above(county: rows.County) -> None:
    row, path = sent(county)
    assert row.due_at is not None
    assert case_engine.fire_deadlines(row.due_at + dt.timedelta(seconds=1)) == 1
    row = rows.again(row)
    assert row.is_late and row.state == "sent"
    assert row.case.duties.get(is_current=True, is_holder=True).organisation == county.authority
    assert rows.caller(county.inspector).post(f"{path}/actions/receive", {"body": "迟到"}).status_code == 409
    officer = rows.caller(county.officer)
    act(officer, path, "receive", body="已收到")
    act(officer, path, "unfounded", body="经核查已按方案设置")
    row = rows.again(row)
    assert (row.state, row.answer) == ("unfounded", "经核查已按方案设置")


@pytest.mark.requirement("SUPV-01")
def test_only_the_firm_of_the_project_reports(county: rows.County) -> None:
    other = rows.account("别家总监", rows.organisation("别家监理", "supervisor_firm"), "supervisor_engineer")
    assert rows.caller(other).post(API, typed(county)).status_code in (403, 422)
    assert rows.caller(county.manager).post(API, typed(county)).status_code == 403
    assert not DangerReport.objects.unscoped(rows.WHY).exists()
