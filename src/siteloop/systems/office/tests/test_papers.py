"""Papers: numbers without gaps, work only for those who can do it, nothing late that nobody hears of."""

import pytest
from django.utils import timezone

from siteloop.foundation.notice.models import Notice
from siteloop.framework.action import Refused
from siteloop.framework.perform import create, perform
from siteloop.systems.office import meetings, overdue, papers
from siteloop.systems.office.models import IncomingPaper, Meeting
from siteloop.systems.office.tests.conftest import WHY, Office, today


def paper(office: Office, **more: object) -> IncomingPaper:
    data = {"organisation": office.bureau.pk, "title": "来文", "sender": "省厅", **more}
    found: IncomingPaper = create(IncomingPaper, office.viewer(office.head), data)
    return found


@pytest.mark.requirement("OA-01")
def test_numbers_run_on_by_organisation_and_a_refused_paper_takes_none(office: Office) -> None:
    first = paper(office)
    with pytest.raises(Refused):
        paper(office, sender="")
    second = paper(office)
    other = paper(office, organisation=office.station.pk)
    year = today().year
    assert [p.number for p in (first, second, other)] == [
        f"收文〔{year}〕0001号",
        f"收文〔{year}〕0002号",
        f"收文〔{year}〕0001号",
    ]


def test_work_goes_only_to_those_who_can_do_it(office: Office) -> None:
    head, row = office.viewer(office.head), paper(office)
    with pytest.raises(Refused) as outsider:
        perform(papers.INCOMING["circulate"], head, row, {"asked": "read", "account": office.builder.pk})
    assert "account" in outsider.value.errors
    with pytest.raises(Refused):
        perform(papers.INCOMING["circulate"], head, row, {"asked": "read", "unit": office.firm.pk})
    perform(papers.INCOMING["circulate"], head, row, {"asked": "read", "unit": office.station.pk})
    assert papers.opinions(row).count() == 3
    with pytest.raises(Refused, match="不必重复"):
        perform(papers.INCOMING["circulate"], head, row, {"asked": "read", "unit": office.station.pk})
    conference = Meeting(organisation=office.bureau, title="会商", held_at=timezone.now(), chair=office.head)
    conference.save()
    typed = {"what": "复查", "owner": office.builder.pk, "due_on": today(1)}
    with pytest.raises(Refused) as owner:
        perform(meetings.conclude, head, conference, typed)
    assert "owner" in owner.value.errors


@pytest.mark.requirement("OA-01")
def test_a_late_paper_without_a_keeper_is_told_to_who_oversees(office: Office) -> None:
    row = paper(office, due_on=today(1))
    assert overdue.tell(today(1)) == 0, "the last day is not late"
    assert overdue.tell(today(2)) == 1
    told = Notice.objects.unscoped(WHY).get(kind="overdue")
    assert told.account_id == office.head.pk and row.number in told.title
