"""Bad behaviour: told, heard, decided by another, on the portal for its term, told to credit, gone when withdrawn."""

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from siteloop.foundation.people.models import Person
from siteloop.foundation.people.synthetic import synthetic_id
from siteloop.foundation.people.vault import fingerprint
from siteloop.foundation.registry import conduct
from siteloop.framework.action import Refused
from siteloop.framework.perform import create, perform
from siteloop.systems.supervisor_firms import actions, facade
from siteloop.systems.supervisor_firms.actions.misconduct import months_after
from siteloop.systems.supervisor_firms.models import Behaviour, Misconduct
from siteloop.systems.supervisor_firms.tests import rows

acts = actions.misconduct
SAID = {"opinion": "事实清楚，予以认定"}


def proposed(county: rows.County) -> Misconduct:
    behaviour = Behaviour.objects.unscoped(rows.WHY).get(code="firm.report_missing")
    typed = {
        "behaviour": behaviour.pk,
        "firm": county.firm.pk,
        "project": county.project.pk,
        "region_code": county.project.region_code,
        "happened_on": "2026-01-05",
        "fact": "连续两月未报送月报",
    }
    row: Misconduct = create(Misconduct, county.view(county.inspector), typed)
    return row


def facts(row: Misconduct) -> list[conduct.Fact]:
    key = f"supervisor_firms.misconduct:{row.pk}"
    return [f for f in conduct.since(timezone.now() - dt.timedelta(hours=1)) if f.key == key]


@pytest.mark.requirement("SUPV-05", "CRED-08", "PORT-03")
def test_nothing_is_published_unheard_and_what_is_withdrawn_is_gone(county: rows.County) -> None:
    row = proposed(county)
    inspector, officer, firm = (county.view(a) for a in (county.inspector, county.officer, county.engineer))
    perform(acts.tell, inspector, row)
    with pytest.raises(Refused, match="陈述申辩期限"):
        perform(acts.publish, officer, row, SAID)
    perform(acts.state_case, firm, row, {"statement": "已补报一份"})
    with pytest.raises(Refused):
        perform(acts.publish, inspector, row, SAID)
    assert facade.count_misconducts() == 0 and facts(row) == []
    perform(acts.publish, officer, row, SAID)
    row = rows.again(row)
    assert row.public_until == months_after(timezone.localdate(), 6)
    (shown,) = facade.misconducts()
    assert (shown.subject, shown.is_person, shown.project) == (county.firm.name, False, county.project.name)
    assert "未核实" in shown.clause
    (fact,) = facts(row)
    assert (fact.source, fact.organisation, fact.withdrawn) == (
        "supervisor_firms.misconduct",
        county.firm.pk,
        "",
    )
    page = Client().get("/portal/misconducts/").content.decode()
    assert county.firm.name in page and "连续两月" not in page, "the fact's words are for the parties"
    assert county.firm.name not in Client().get("/portal/misconducts/?search=没有这家").content.decode()
    perform(acts.withdraw, officer, row, {"reason": "复核撤销"})
    assert facade.misconducts() == [] and facts(row)[0].withdrawn == "复核撤销"


@pytest.mark.requirement("SUPV-05", "PORT-03")
def test_a_term_that_is_over_leaves_the_portal(county: rows.County) -> None:
    row = proposed(county)
    row.state, row.published_at = "published", timezone.now()
    row.public_until = timezone.localdate()
    row.save()
    assert facade.count_misconducts(county.firm.name) == 1
    row.public_until = timezone.localdate() - dt.timedelta(days=1)
    row.save()
    assert facade.count_misconducts() == 0


@pytest.mark.requirement("SUPV-05", "PORT-03")
def test_a_person_is_published_masked_and_named_to_credit(county: rows.County) -> None:
    number = synthetic_id(77)
    who = Person(
        name="李监理",
        id_number=number,
        id_hash=fingerprint(number),
        organisation=county.firm,
        region_code=rows.HOME,
    )
    who.save()
    typed = {
        "behaviour": Behaviour.objects.unscoped(rows.WHY).get(code="person.absent").pk,
        "firm": county.firm.pk,
        "region_code": rows.HOME,
        "happened_on": "2026-01-05",
        "fact": "当月到岗 2 天",
    }
    with pytest.raises(Refused) as no:
        create(Misconduct, county.view(county.inspector), typed)
    assert "请选择人员" in no.value.errors["person"][0]
    row = create(Misconduct, county.view(county.inspector), {**typed, "person": who.pk})
    perform(acts.tell, county.view(county.inspector), row)
    perform(acts.state_case, county.view(county.engineer), row, {"statement": "无异议"})
    perform(acts.publish, county.view(county.officer), row, SAID)
    (shown,) = facade.misconducts()
    assert (shown.subject, shown.is_person) == ("李**", True)
    (fact,) = facts(row)
    assert (fact.source, fact.person, fact.organisation) == (
        "supervisor_firms.person_misconduct",
        who.pk,
        None,
    )


def test_months_end_on_the_last_day_where_there_is_no_such_day() -> None:
    assert months_after(dt.date(2025, 8, 31), 6) == dt.date(2026, 2, 28)
    assert months_after(dt.date(2025, 12, 15), 12) == dt.date(2026, 12, 15)
