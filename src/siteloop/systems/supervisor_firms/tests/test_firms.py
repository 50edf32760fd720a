"""The dynamic check: exactly what is missing, a case, and a machine that is not convinced by words."""

import datetime as dt

import pytest

from siteloop.foundation.cases import engine as cases
from siteloop.foundation.cases.loop import Outcome
from siteloop.foundation.documents.models import Document
from siteloop.foundation.people.models import Certificate, Person
from siteloop.foundation.people.synthetic import synthetic_id
from siteloop.foundation.people.vault import fingerprint
from siteloop.foundation.registry.models import ProjectPost
from siteloop.framework.perform import perform
from siteloop.systems.supervisor_firms import actions, jobs
from siteloop.systems.supervisor_firms.models import FirmCheck, FirmFile
from siteloop.systems.supervisor_firms.tests import rows

KIND = "注册监理工程师"


def person(county: rows.County, n: int, until: dt.date | None = None) -> Person:
    number = synthetic_id(n)
    row = Person(
        name=f"演示{n}",
        id_number=number,
        id_hash=fingerprint(number),
        organisation=county.firm,
        region_code=rows.HOME,
    )
    row.save()
    Certificate(person=row, kind=KIND, number=f"ZJ{n:04d}", valid_until=until).save()
    return row


def file(county: rows.County) -> FirmFile:
    row = FirmFile(
        organisation=county.firm,
        region_code=rows.HOME,
        level="grade_c",
        speciality="building",
        certificate_number="E333",
        valid_until=dt.date(2030, 1, 1),
    )
    row.save()
    return row


def lines(row: FirmFile) -> dict[str, tuple[bool, str, str]]:
    newest = FirmCheck.objects.unscoped(rows.WHY).filter(file=row).order_by("-pk").first()
    assert newest is not None
    return {line.standard.code: (line.is_met, line.found, line.missing) for line in newest.lines.all()}


@pytest.mark.requirement("SUPV-04")
def test_a_firm_below_its_level_hears_what_is_missing_and_is_checked_again(county: rows.County) -> None:
    row, officer = file(county), county.view(county.officer)
    staff = [person(county, n) for n in range(4)]
    person(county, 4, dt.date(2025, 1, 1))
    county.chief.person = staff[0]
    county.chief.account = None
    county.chief.save()
    perform(actions.firms.check, officer, row)
    row = rows.again(row)
    found = lines(row)
    assert (row.verdict, found["staff.building.c"][:2]) == ("short", (False, "4 人"))
    assert (
        "缺 1 人" in found["staff.building.c"][2]
        and "ZJ0004，2025-01-01 到期" in found["staff.building.c"][2]
    )
    assert found["post.chief"][0] and found["certificate"][0] and found["projects.chief"][0]
    assert row.case is not None
    assert row.case.duties.get(is_current=True, is_holder=True).organisation == county.firm
    assert Document.objects.unscoped(rows.WHY).filter(kind="supervisor_firms.shortage").count() == 1

    perform(actions.firms.check, officer, row)
    assert rows.again(row).case_id == row.case_id, "one case while it runs"
    assert Document.objects.unscoped(rows.WHY).filter(kind="supervisor_firms.shortage").count() == 1
    cases.outcome(row.case, Outcome.REPLY, county.view(county.engineer), body="已补")
    assert rows.again(row.case).step == "put_right", "nobody was added"
    person(county, 5)
    cases.outcome(rows.again(row.case), Outcome.REPLY, county.view(county.engineer), body="已补 1 人")
    assert rows.again(row.case).step == "verify"
    cases.outcome(rows.again(row.case), Outcome.PASS, officer, body="符合")
    assert rows.again(row.case).state == "closed"
    assert rows.again(row).verdict == "met", "the closed case has the table asked again"
    assert jobs.check_all() == 1 and rows.again(row).verdict == "met"


@pytest.mark.requirement("SUPV-04")
def test_uncertified_holders_many_posts_and_an_expired_certificate_are_found(county: rows.County) -> None:
    row = file(county)
    row.valid_until = dt.date(2024, 1, 1)
    row.save()
    one = person(county, 9, dt.date(2025, 1, 1))
    for _ in range(4):
        ProjectPost(
            project=rows.project(firm=county.firm),
            kind="chief_supervisor",
            organisation=county.firm,
            person=one,
        ).save()
    perform(actions.firms.check, county.view(county.officer), row)
    found = lines(row)
    assert found["projects.chief"] == (False, "最多 4 个", "演**（4 个项目）")
    assert not found["post.chief"][0] and not found["certificate"][0]
    assert "2024-01-01 到期" in found["certificate"][2]
