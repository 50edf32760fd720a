"""Points: proposed with evidence, reviewed by another, withdrawn with both lines kept, limits of project managers."""

import pytest
from django.utils import timezone

from siteloop.foundation.cases.notes import against as notes_against
from siteloop.foundation.documents.models import Document
from siteloop.foundation.notice.models import Notice
from siteloop.framework.action import Refused
from siteloop.framework.models import TrailEntry
from siteloop.framework.perform import perform
from siteloop.systems.credit import actions, engine, ranking
from siteloop.systems.credit.models import CreditFile, CreditRecord, CreditRule, RecordState
from siteloop.systems.credit.tests.conftest import WHY, County, again, days

pytestmark = pytest.mark.django_db


def score(county: County) -> int:
    return ranking.ranks("organisation", [county.firm.pk])[county.firm.pk].score


@pytest.mark.requirement("CRED-04")
def test_a_proposal_counts_only_after_another_person_agreed(county: County) -> None:
    row = county.proposed()
    assert (row.state, row.signed, row.clause) == (RecordState.PROPOSED, -20, "本地记分办法条款未核实")
    assert score(county) == 100
    with pytest.raises(Refused):
        perform(actions.approve, county.desk, row)
    perform(actions.approve, county.second, row, {"opinion": "属实"})
    row = again(row)
    assert row.state == RecordState.IN_FORCE
    assert score(county) == 80
    assert row.counts_until.year == timezone.localdate().year + 2
    paper = row.document
    assert paper.kind == "credit.record"
    assert "拖欠农民工工资" in str(paper.content)
    assert Document.objects.visible_to(county.unit).filter(pk=paper.pk).exists(), "the enterprise opens it"
    assert Notice.objects.unscoped(WHY).filter(account=county.firm_manager, kind="credit_record").exists()


def test_a_rejected_proposal_never_counts(county: County) -> None:
    row = county.proposed()
    perform(actions.reject, county.second, row, {"reason": "事实不清"})
    assert again(row).state == RecordState.REJECTED
    assert score(county) == 100
    with pytest.raises(Refused):
        perform(actions.approve, county.second, row)


def test_bad_input_is_told_field_by_field(county: County) -> None:
    wage = CreditRule.objects.unscoped(WHY).get(code="E-WAGE-01").pk
    for more, field in (
        ({"organisation": None}, "organisation"),
        ({"person": county.person.pk}, "organisation"),
        ({"organisation": None, "person": county.person.pk}, "organisation"),
        ({"files": []}, "files"),
        ({"happened_on": timezone.localdate() + days(1)}, "happened_on"),
        ({"rule": CreditRule.objects.unscoped(WHY).get(code="E-DR-01").pk}, "rule"),
    ):
        with pytest.raises(Refused) as no:
            county.proposed(**{"rule": wage, **more})
        assert (no.value.status, list(no.value.errors)) == (422, [field]), more
    assert CreditRecord.objects.unscoped(WHY).count() == 0


@pytest.mark.requirement("CRED-04")
def test_a_withdrawal_keeps_both_lines_and_yesterday_as_it_was(county: County) -> None:
    row = county.recorded()
    CreditRecord.objects.unscoped(WHY).filter(pk=row.pk).update(counts_from=timezone.localdate() - days(10))
    perform(actions.withdraw, county.desk, again(row), {"reason": "已查明系第三方责任"})
    row = again(row)
    line = row.reversal
    assert (row.state, line.signed, line.state) == (RecordState.WITHDRAWN, 20, RecordState.IN_FORCE)
    assert score(county) == 100
    yesterday = ranking.ranks("organisation", [county.firm.pk], timezone.localdate() - days(1))
    assert yesterday[county.firm.pk].score == 80
    titles = [x.key for x in ranking.explained("organisation", county.firm.pk, timezone.localdate())]
    assert titles == [0, row.pk, line.pk]
    assert TrailEntry.objects.unscoped(WHY).filter(action="credit.creditrecord.withdraw").exists()
    with pytest.raises(Refused):
        perform(actions.withdraw, county.desk, line, {"reason": "再撤一次"})


@pytest.mark.requirement("CRED-07")
def test_a_project_manager_is_warned_at_each_limit_and_the_project_shows_it(county: County) -> None:
    def told() -> int:
        return Notice.objects.unscoped(WHY).filter(account=county.manager, kind="manager_points").count()

    county.recorded("P-PM-02")
    assert told() == 0
    county.recorded("P-PM-02")
    file = CreditFile.objects.unscoped(WHY).get(person=county.person)
    assert (file.is_manager, file.demerits, file.warned, told()) == (True, 6, 1, 1)
    assert "项目经理记分警示" in [n.title for n in notes_against(county.project, county.desk)]
    county.recorded("P-PM-02")
    assert told() == 1, "still the same limit"
    last = county.recorded("P-PM-02")
    assert (again(file).warned, told()) == (2, 2)
    perform(actions.withdraw, county.desk, last, {"reason": "误记"})
    assert again(file).warned == 1
    county.recorded("P-PM-02")
    assert told() == 3, "the limit was crossed again"


def test_points_end_by_themselves_with_their_term(county: County) -> None:
    row = county.recorded()
    last_day = row.counts_until - days(1)
    assert ranking.ranks("organisation", [county.firm.pk], last_day)[county.firm.pk].score == 80
    assert ranking.ranks("organisation", [county.firm.pk], row.counts_until)[county.firm.pk].score == 100
    engine.refresh([(county.firm.pk, None)], row.counts_until)
    assert CreditFile.objects.unscoped(WHY).get(organisation=county.firm).score == 100
