"""A record of a system becomes a case as a reading does, and the case finds the record again."""

import datetime as dt

import pytest

from siteloop.foundation.cases import catalogue, matters
from siteloop.foundation.cases.loop import Circle, Loop, Owner
from siteloop.foundation.cases.models import Case
from siteloop.foundation.cases.rounds import Half, round_of
from siteloop.foundation.registry.tests import rows
from siteloop.kernel.finding import Severity
from siteloop.kernel.times import to_us

pytestmark = pytest.mark.django_db
AT = dt.datetime(2026, 3, 2, 8, tzinfo=dt.UTC)
FIRM = Owner("party", "contractor", "施工单位")
LOOP = Loop(
    "tested_matter",
    "cases",
    "测试闭环",
    "tested",
    round_of(
        Circle.SMALL, Half("do", "办", "do", FIRM), Half("look", "查", "look", FIRM), passed="好", failed="再"
    ),
    opens_on=("tested.matter",),
)


@pytest.fixture(autouse=True)
def declared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "for_rule", lambda rule: LOOP if rule == "tested.matter" else None)
    monkeypatch.setattr(catalogue, "get", lambda code: LOOP)


def test_a_matter_of_a_project_lies_where_the_project_lies() -> None:
    site = rows.site("330482001")
    told = matters.finding("tested.matter", "promise:7", AT, Severity.BLUE, "承诺", project=site.project)
    assert (told.project, told.site, told.region) == (site.project_id, site.pk, "330482001")
    assert told.since == told.at == to_us(AT)


def test_a_matter_of_no_project_lies_in_the_region_it_names() -> None:
    told = matters.finding("tested.matter", "firm:7", AT, Severity.BLUE, "资质", region="330482")
    assert (told.project, told.site, told.region) == (0, 0, "330482")


def test_the_case_of_a_matter_finds_its_record_and_is_joined_while_it_is_open() -> None:
    project = rows.project("330482001")

    def opened(at: dt.datetime) -> Case:
        return matters.open_case("tested.matter", "promise:7", at, Severity.BLUE, "承诺", project=project)

    case = opened(AT)
    assert matters.key(case) == 7
    assert (case.project, case.step, case.opened_at) == (project, "do", AT)
    assert opened(AT + dt.timedelta(days=1)) == case


def test_a_rule_that_opens_no_loop_is_a_fault_of_the_program() -> None:
    with pytest.raises(AssertionError, match="a loop opens on"):
        matters.open_case("nobody.knows", "promise:7", AT, Severity.BLUE, "承诺", region="330482")
