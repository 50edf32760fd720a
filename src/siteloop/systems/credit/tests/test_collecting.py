"""Decided facts become records once, and are cancelled when they are taken back: from real orders, checks and cases."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from siteloop.foundation.authority.models import Account
from siteloop.foundation.cases.models import Case, CaseDuty, CaseEvent
from siteloop.foundation.notice.models import Notice
from siteloop.foundation.registry import conduct
from siteloop.foundation.registry.conduct import Fact
from siteloop.framework.action import Refused
from siteloop.framework.perform import perform
from siteloop.systems.credit import actions, collecting, engine, ranking
from siteloop.systems.credit.models import CreditRecord, CreditRule, RecordState
from siteloop.systems.credit.tests.conftest import WHY, County, again, days

pytestmark = pytest.mark.django_db


def fact(county: County, **more: Any) -> Fact:
    stated: dict[str, Any] = {
        "source": "inspection.stop",
        "key": "inspection.order:1",
        "title": "局部停工 平建监局停〔2026〕0001号",
        "link": "/inspection/orders/1/",
        "region_code": county.project.region_code,
        "project": county.project.pk,
        "organisation": county.firm.pk,
        "on": timezone.localdate(),
        "reason": "临边防护缺失",
        **more,
    }
    return Fact(**stated)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Fact]:
    """What the systems say; the test fills it."""
    facts: list[Fact] = []
    monkeypatch.setattr(conduct, "SOURCES", [lambda since: facts])
    return facts


def test_a_fact_is_recorded_once_however_often_it_is_told(county: County, told: list[Fact]) -> None:
    told += [fact(county), fact(county)]
    assert collecting.collect(timezone.now()) == 1
    assert collecting.collect(timezone.now()) == 0
    row = CreditRecord.objects.unscoped(WHY).get()
    assert (row.state, row.signed, row.source_link) == ("in_force", -5, "/inspection/orders/1/")
    assert row.counts_from == timezone.localdate()


def test_a_fact_that_was_taken_back_is_cancelled_and_one_never_recorded_stays_out(
    county: County, told: list[Fact]
) -> None:
    told.append(fact(county, key="inspection.order:2", withdrawn="误开"))
    assert collecting.collect(timezone.now()) == 0
    told[:] = [fact(county)]
    collecting.collect(timezone.now())
    told[:] = [fact(county, withdrawn="文书已撤回")]
    assert collecting.collect(timezone.now()) == 1
    assert collecting.collect(timezone.now()) == 0
    assert [r.signed for r in CreditRecord.objects.unscoped(WHY).order_by("pk")] == [-5, 5]
    assert ranking.ranks("organisation", [county.firm.pk])[county.firm.pk].score == 100


@pytest.mark.requirement("CRED-07")
def test_a_managers_demerit_waits_for_another_person(county: County, told: list[Fact]) -> None:
    told.append(
        fact(
            county,
            source="inspection.demerit",
            organisation=None,
            post="project_manager",
            points=3,
            decided_by=county.officer.pk,
        )
    )
    collecting.collect(timezone.now())
    row = CreditRecord.objects.unscoped(WHY).get()
    assert (row.person, row.state, row.signed) == (county.person, RecordState.PROPOSED, -3)
    with pytest.raises(Refused):
        perform(actions.approve, county.desk, row)
    told[:] = [
        fact(county, source="inspection.demerit", organisation=None, post="project_manager", withdrawn="误记")
    ]
    collecting.collect(timezone.now())
    assert again(row).state == RecordState.REJECTED


def test_a_demerit_of_a_post_that_nobody_holds_is_told_and_recorded_once_somebody_does(
    county: County, told: list[Fact]
) -> None:
    post = county.project.posts.get()
    post.delete()
    told.append(
        fact(
            county,
            source="inspection.demerit",
            organisation=None,
            post="project_manager",
            points=3,
            decided_by=county.officer.pk,
        )
    )
    for _ in range(2):
        assert collecting.collect(timezone.now()) == 0
    assert Notice.objects.unscoped(WHY).filter(account=county.officer, kind="credit_nobody").count() == 1
    post.pk = None
    post.save()
    assert collecting.collect(timezone.now()) == 1


def test_a_fact_that_names_the_person_needs_no_post(county: County, told: list[Fact]) -> None:
    told.append(
        fact(county, source="supervisor_firms.person_misconduct", organisation=None, person=county.person.pk)
    )
    collecting.collect(timezone.now())
    row = CreditRecord.objects.unscoped(WHY).get()
    assert (row.person, row.state, row.signed) == (county.person, "in_force", -3)


def test_history_is_taken_over_without_telling_it_as_news(county: County, told: list[Fact]) -> None:
    told.append(fact(county, on=timezone.localdate() - days(60)))
    collecting.collect(timezone.now())
    assert not Notice.objects.unscoped(WHY).filter(kind="credit_record").exists()
    told[:] = [fact(county, key="inspection.order:9")]
    collecting.collect(timezone.now())
    assert Notice.objects.unscoped(WHY).filter(kind="credit_record", account=county.firm_manager).count() == 1


def test_the_nearest_regions_rule_counts(county: County, told: list[Fact]) -> None:
    own = CreditRule(
        code="LOCAL-STOP",
        title="停工（县）",
        kind="demerit",
        subject="enterprise",
        points=8,
        source="inspection.stop",
        needs_review=False,
        region_code="330482",
    )
    own.save()
    CreditRule(
        code="OTHER-STOP",
        title="停工（外县）",
        kind="demerit",
        subject="enterprise",
        points=9,
        source="inspection.stop",
        region_code="330411",
    ).save()
    told.append(fact(county))
    collecting.collect(timezone.now())
    assert CreditRecord.objects.unscoped(WHY).get().points == 8
    own.points = 1
    own.save()
    assert CreditRecord.objects.unscoped(WHY).get().points == 8, "a changed rule leaves records as they are"


def case(county: County, held_by: Any) -> Case:
    now = timezone.now()
    row = Case(
        number=f"C-{held_by}",
        loop="dust",
        title="扬尘超标",
        project=county.project,
        region_code=county.project.region_code,
        step="dispose",
        opened_at=now,
        step_since=now,
    )
    row.save()
    CaseDuty.objects.create(case=row, step="dispose", title="处置", organisation=held_by, since=now)
    return row


@pytest.mark.requirement("CRED-10")
def test_an_overdue_counts_for_the_unit_that_held_it_and_not_for_an_authority(county: County) -> None:
    at = timezone.now()
    late, officials = case(county, county.firm), case(county, None)
    for row in (late, officials):
        for minutes in (0, 5):
            CaseEvent.objects.create(
                case=row, at=at + dt.timedelta(minutes=minutes), kind="overdue", step="dispose"
            )
    CaseEvent.objects.create(case=late, at=at, kind="recurred", step="dispose")
    assert collecting.collect(at - days(1)) == 2
    found = {r.rule.source: r.signed for r in CreditRecord.objects.unscoped(WHY)}
    assert found == {"cases.overdue": -1, "cases.recurred": -2}
    assert collecting.collect(at - days(1)) == 0


def test_the_holder_of_a_post_is_found_by_account_too(county: County) -> None:
    post = county.project.posts.get()
    post.person = None
    post.save()
    assert engine.holder_of(county.project.pk, "project_manager") == county.person.pk
    post.account = Account.objects.create(username="nobody-known")
    post.save()
    assert engine.holder_of(county.project.pk, "project_manager") is None
