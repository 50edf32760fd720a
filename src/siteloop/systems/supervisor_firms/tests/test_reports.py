"""Monthly reports: owed by themselves, reminded, found late by the machine, closed when handed in."""

import datetime as dt

import pytest

from siteloop.foundation.cases.loop import Outcome
from siteloop.foundation.cases.models import Case
from siteloop.foundation.documents.models import Document
from siteloop.foundation.notice.models import Notice
from siteloop.framework.action import Refused
from siteloop.framework.perform import create, perform
from siteloop.kernel.times import SHANGHAI
from siteloop.systems.supervisor_firms import actions, engine, shown
from siteloop.systems.supervisor_firms.models import SideRecord, SupervisionReport
from siteloop.systems.supervisor_firms.tests import rows

#: the State Council's days off of October 2025 lie before the 9th: five working days end on the 15th
NOW = dt.datetime(2025, 10, 2, 9, tzinfo=SHANGHAI)


def owed(county: rows.County) -> SupervisionReport:
    engine.open_monthly(NOW)
    return SupervisionReport.objects.unscoped(rows.WHY).get(project=county.project)


def write(county: rows.County, row: SupervisionReport) -> None:
    texts = {"quality": "混凝土强度合格", "safety": "发现隐患 2 处，已整改", "plan": ""}
    perform(actions.reports.write, county.view(county.engineer), row, texts)


@pytest.mark.requirement("SUPV-01")
def test_a_month_is_owed_once_with_the_packs_term(county: rows.County) -> None:
    stopped = rows.project(firm=county.firm)
    stopped.state = "suspended"
    stopped.save()
    later = rows.project(firm=county.firm)
    later.started_on = dt.date(2025, 10, 1)
    later.save()
    row = owed(county)
    assert (row.title, row.kind, row.firm) == ("2025年09月监理月报", "monthly", county.firm)
    assert row.due_at == dt.datetime(2025, 10, 15, tzinfo=SHANGHAI)
    assert engine.open_monthly(NOW) == 0
    assert SupervisionReport.objects.unscoped(rows.WHY).count() == 1


@pytest.mark.requirement("SUPV-01")
def test_the_firm_is_reminded_once_a_day_of_the_pack(county: rows.County) -> None:
    row = owed(county)
    mine = Notice.objects.unscoped(rows.WHY).filter(account=county.engineer, kind="supervision_report_due")
    assert engine.remind(NOW) == 0 and not mine.exists()
    three = dt.datetime(2025, 10, 11, 10, tzinfo=SHANGHAI)
    assert engine.remind(three) == 1 and engine.remind(three) == 0
    assert mine.get().title == f"{row.title}还剩 3 天"
    assert engine.remind(three + dt.timedelta(days=2)) == 1


@pytest.mark.requirement("SUPV-01", "SUPV-02")
def test_a_late_report_is_a_case_that_closes_when_it_is_handed_in(county: rows.County) -> None:
    row = owed(county)
    assert row.due_at is not None
    assert engine.find_late(row.due_at - dt.timedelta(seconds=1)) == 0
    assert engine.find_late(row.due_at) == 1 and engine.find_late(row.due_at) == 0
    row = rows.again(row)
    case = Case.objects.unscoped(rows.WHY).get(pk=row.case_id)
    assert case.duties.get(is_current=True, is_holder=True).organisation == county.firm
    from siteloop.foundation.cases import engine as cases

    cases.outcome(case, Outcome.REPLY, county.view(county.engineer), body="已报（其实没有）")
    case.refresh_from_db()
    assert case.step == "submit" and "尚未报送" in case.machine_message + str(
        list(case.events.values_list("body", flat=True))
    ), "the machine does not believe words"
    SideRecord(
        project=county.project,
        firm=county.firm,
        process="混凝土浇筑",
        part="三层",
        started_at=dt.datetime(2025, 9, 30, 23, 30, tzinfo=SHANGHAI),
        ended_at=dt.datetime(2025, 10, 1, 2, tzinfo=SHANGHAI),
        works="浇筑",
        supervision="旁站",
        state="signed",
    ).save()
    with pytest.raises(Refused, match="未填写完整"):
        perform(actions.reports.submit, county.view(county.engineer), row)
    write(county, row)
    perform(actions.reports.submit, county.view(county.engineer), row)
    row, case = rows.again(row), rows.again(case)
    assert (row.state, row.is_late, row.figures["sides"]) == ("submitted", True, 1)
    assert case.state == "closed"
    links = {r["link"]: r["value"] for r in shown.figures(row, county.view(county.engineer))["rows"]}
    (sides,) = [link for link in links if link.startswith("/supervisor_firms/sides/")]
    opened = rows.caller(county.engineer).get(f"/api/v1{sides.replace('/?', '?')}")
    assert opened.json()["count"] == 1, "the figure opens its own records, to the last half hour of the month"
    assert (
        Document.objects.unscoped(rows.WHY).filter(kind="supervisor_firms.report", subject_id=row.pk).exists()
    )
    perform(actions.reports.receive, county.view(county.inspector), row, {"opinion": "收到"})
    assert rows.again(row).state == "received"


@pytest.mark.requirement("SUPV-01")
def test_a_special_report_is_demanded_sent_back_and_late_anew(county: rows.County) -> None:
    asked = {"project": county.project.pk, "title": "深基坑监理专报", "demand": "说明支护情况"}
    row = create(SupervisionReport, county.view(county.inspector), asked)
    assert (row.kind, row.firm) == ("special", county.firm)
    write(county, row)
    perform(actions.reports.submit, county.view(county.engineer), row)
    with pytest.raises(Refused):
        perform(actions.reports.write, county.view(county.engineer), rows.again(row), {"quality": "改"})
    until = dt.datetime.now(dt.UTC) + dt.timedelta(days=2)
    perform(
        actions.reports.send_back,
        county.view(county.inspector),
        rows.again(row),
        {"opinion": "缺监测数据", "due_at": until.isoformat()},
    )
    row = rows.again(row)
    assert row.state == "returned"
    assert engine.find_late(until + dt.timedelta(minutes=1)) == 1
    perform(actions.reports.cancel, county.view(county.officer), rows.again(row), {"reason": "项目停工"})
    row = rows.again(row)
    assert row.state == "cancelled" and rows.again(row.case).state == "closed"


@pytest.mark.requirement("SUPV-01")
def test_the_contractor_does_not_read_what_the_firm_tells_the_authority(county: rows.County) -> None:
    row = owed(county)
    assert rows.caller(county.manager).get(f"/api/v1/supervisor_firms/reports/{row.pk}").status_code == 404
    assert rows.caller(county.engineer).get(f"/api/v1/supervisor_firms/reports/{row.pk}").status_code == 200
