"""The two-way blacklist: nobody is listed unheard, every entry ends by itself, appeals suspend what is published."""

from typing import Any

import pytest
from django.utils import timezone

from siteloop.foundation.notice.models import Notice
from siteloop.foundation.registry import standing
from siteloop.framework.action import Refused
from siteloop.framework.perform import perform
from siteloop.systems.credit import blacklisting, engine, facade, ranking, requesting
from siteloop.systems.credit.models import BlacklistEntry, CreditFile, CreditRequest, EntryState
from siteloop.systems.credit.tests.conftest import WHY, County, again, days, evidence

pytestmark = pytest.mark.django_db


def proposed(county: County, **more: Any) -> BlacklistEntry:
    typed = {
        "organisation": county.firm.pk,
        "cause": "拖欠农民工工资，经责令仍不支付",
        "basis": "本地黑名单管理办法",
        "term_months": 12,
        "files": [evidence(county.officer).pk],
        **more,
    }
    perform(blacklisting.propose, county.desk, None, typed)
    return BlacklistEntry.objects.unscoped(WHY).latest("pk")


def listed(county: County, **more: Any) -> BlacklistEntry:
    row = proposed(county, **more)
    perform(blacklisting.tell, county.desk, row)
    BlacklistEntry.objects.unscoped(WHY).filter(pk=row.pk).update(hear_until=timezone.now() - days(1))
    perform(blacklisting.enter, county.second, again(row), {"opinion": "事实清楚，决定列入"})
    return again(row)


def moved_back(row: BlacklistEntry, n: int) -> BlacklistEntry:
    BlacklistEntry.objects.unscoped(WHY).filter(pk=row.pk).update(
        listed_on=row.listed_on - days(n), until=row.until - days(n)
    )
    return again(row)


def public(what: str = "blacklist") -> list[str]:
    return [line.name for line in facade.published(what)]


@pytest.mark.requirement("CRED-02")
def test_nobody_is_listed_before_being_heard_or_the_time_is_over(county: County) -> None:
    row = proposed(county)
    with pytest.raises(Refused):
        perform(blacklisting.enter, county.second, row, {"opinion": "列入"})
    perform(blacklisting.tell, county.desk, row)
    with pytest.raises(Refused) as no:
        perform(blacklisting.enter, county.second, again(row), {"opinion": "列入"})
    assert "陈述申辩期至" in no.value.message
    with pytest.raises(Refused):
        perform(blacklisting.state_case, county.desk, again(row), {"statement": "不是本人"})
    perform(blacklisting.state_case, county.unit, again(row), {"statement": "已于昨日付清"})
    with pytest.raises(Refused):
        perform(blacklisting.enter, county.desk, again(row), {"opinion": "自己决定自己"})
    perform(blacklisting.enter, county.second, again(row), {"opinion": "经核查未付清，决定列入"})
    row = again(row)
    assert (row.state, row.is_on(timezone.localdate())) == (EntryState.LISTED, True)
    assert row.statement == "已于昨日付清"
    file = CreditFile.objects.unscoped(WHY).get(organisation=county.firm)
    assert (file.is_listed, file.grade, file.score) == (True, "D", 100)
    assert Notice.objects.unscoped(WHY).filter(account=county.firm_manager, level="red").exists()


def test_a_statement_after_the_time_is_refused(county: County) -> None:
    row = proposed(county)
    perform(blacklisting.tell, county.desk, row)
    BlacklistEntry.objects.unscoped(WHY).filter(pk=row.pk).update(hear_until=timezone.now() - days(1))
    with pytest.raises(Refused) as no:
        perform(blacklisting.state_case, county.unit, again(row), {"statement": "迟到"})
    assert "届满" in no.value.message


@pytest.mark.requirement("CRED-02")
def test_a_person_is_listed_too_and_published_masked(county: County) -> None:
    row = listed(county, organisation=None, person=county.person.pk)
    assert facade.published("blacklist")[0].is_person
    assert county.person.name not in public()[0]
    assert county.person.masked_name in public()[0]
    assert row.is_own(type(county.desk)(user=county.manager.pk, name=""))
    assert facade.needs()[county.person.pk], "the data of a listed person are still needed"


@pytest.mark.requirement("CRED-02")
def test_an_entry_ends_by_itself_with_its_term(county: County) -> None:
    row = moved_back(listed(county), 400)
    assert public() == [], "off the public list by its dates, before any job has run"
    assert not ranking.ranks("organisation", [county.firm.pk])[county.firm.pk].is_listed
    assert engine.expire() == 1
    row = again(row)
    assert (row.state, row.ended_on) == (EntryState.EXPIRED, row.until)
    assert CreditFile.objects.unscoped(WHY).get(organisation=county.firm).grade == "B"
    assert engine.expire() == 0


@pytest.mark.requirement("CRED-02")
def test_an_appeal_suspends_publication_and_a_denied_one_resumes_it(county: County) -> None:
    row = listed(county)
    assert public() == [county.firm.name]
    with pytest.raises(Refused):
        perform(requesting.appeal_entry, county.desk, row, {"statement": "不是当事人"})
    perform(requesting.appeal_entry, county.unit, row, {"statement": "主体认定错误"})
    assert public() == []
    assert ranking.ranks("organisation", [county.firm.pk])[county.firm.pk].is_listed, "only publication rests"
    with pytest.raises(Refused):
        perform(requesting.appeal_entry, county.unit, again(row), {"statement": "再来一次"})
    asked = CreditRequest.objects.unscoped(WHY).get()
    for own in (county.desk, county.second, county.unit):
        with pytest.raises(Refused):
            perform(requesting.deny, own, asked, {"reason": "决定人和当事人都不能审查"})
    perform(requesting.deny, third(county), asked, {"reason": "主体无误"})
    assert public() == [county.firm.name]
    perform(requesting.appeal_entry, county.unit, again(row), {"statement": "补充证据"})
    perform(
        requesting.grant,
        third(county),
        again(asked).__class__.objects.unscoped(WHY).latest("pk"),
        {"opinion": "成立"},
    )
    assert again(row).state == EntryState.REVOKED
    assert public() == []


def third(county: County) -> Any:
    """An officer who took no part."""
    from siteloop.foundation.authority.models import Post
    from siteloop.foundation.authority.viewers import viewer_for
    from siteloop.systems.credit.tests.conftest import account

    body = Post.objects.unscoped(WHY).get(account=county.officer).organisation
    return viewer_for(account("法制科", body, "county_officer"))


@pytest.mark.requirement("CRED-02")
def test_repair_waits_for_its_months_and_then_takes_the_entry_off(county: County) -> None:
    row = listed(county)
    with pytest.raises(Refused) as no:
        perform(requesting.repair_entry, county.unit, row, {"statement": "已付清"})
    assert "起方可申请信用修复" in no.value.message
    row = moved_back(row, 100)
    perform(requesting.repair_entry, county.unit, row, {"statement": "已付清并公开承诺"})
    assert public() == [county.firm.name], "a repair does not suspend"
    asked = CreditRequest.objects.unscoped(WHY).get()
    perform(requesting.grant, third(county), asked, {"opinion": "已履行义务"})
    row = again(row)
    assert (row.state, row.is_on(timezone.localdate())) == (EntryState.REPAIRED, False)
    assert row.is_on(timezone.localdate() - days(1))
    assert public() == []


def test_the_draw_hears_of_the_blacklist_and_of_nothing_where_nothing_is_known(county: County) -> None:
    assert standing.of([county.firm.pk]) == {}
    listed(county)
    assert standing.of([county.firm.pk])[county.firm.pk].grade == "D"


def test_an_entry_made_in_error_is_revoked_with_its_reason(county: County) -> None:
    row = listed(county)
    perform(blacklisting.revoke, county.desk, row, {"reason": "重名误列"})
    row = again(row)
    assert (row.state, row.ended_why) == (EntryState.REVOKED, "重名误列")
    assert public() == []
