"""Hand-over: nothing moves before it is accepted, and only what still lies with the giver."""

import pytest
from django.utils import translation

from siteloop.foundation.authority.models import Account
from siteloop.foundation.cases.models import Case, CaseDuty, CaseState
from siteloop.framework.action import Refused
from siteloop.framework.perform import perform
from siteloop.systems.office import handing_over
from siteloop.systems.office.models import DutyShift, HandOver
from siteloop.systems.office.tests.conftest import WHY, Office, again, case_of, today


def offered(office: Office, **more: object) -> HandOver:
    typed = {"taker": office.chen.pk, "reason": "调岗", **more}
    perform(handing_over.offer, office.viewer(office.bo), None, typed)
    return HandOver.objects.unscoped(WHY).latest("pk")


def holder(case: Case) -> Account | None:
    return CaseDuty.objects.get(case=case, is_current=True).account


@pytest.mark.requirement("OA-01")
def test_what_went_elsewhere_meanwhile_stays_there(office: Office) -> None:
    kept, closed = case_of(office.bo, office.station), case_of(office.bo, office.station)
    night = DutyShift(organisation=office.station, on=today(1), slot="night", account=office.bo)
    night.save()
    DutyShift(organisation=office.station, on=today(1), slot="night", account=office.chen).save()
    row = offered(office)
    assert row.lines.count() == 3
    closed.state = CaseState.CLOSED
    closed.save()
    answer = perform(handing_over.accept, office.viewer(office.chen), row)
    assert "已接收 1 项；2 项" in answer
    states = {line.title.split(" ")[0]: line.state for line in row.lines.all()}
    assert (states[kept.number], states[closed.number]) == ("moved", "gone")
    assert holder(kept) == office.chen and holder(closed) == office.bo
    assert again(night).account_id == office.bo.pk, "the taker has that night already"


def test_a_refused_or_withdrawn_list_moves_nothing(office: Office) -> None:
    case = case_of(office.bo, office.station)
    row = offered(office)
    with pytest.raises(Refused, match="已有待接收"):
        offered(office)
    with pytest.raises(Refused):
        perform(handing_over.accept, office.viewer(office.bo), row)
    perform(handing_over.refuse, office.viewer(office.chen), row, {"words": "手上已满"})
    second = offered(office)
    perform(handing_over.withdraw, office.viewer(office.bo), second)
    with pytest.raises(Refused):
        perform(handing_over.accept, office.viewer(office.chen), again(second))
    assert holder(case) == office.bo


def test_work_of_others_is_handed_over_by_who_oversees_only(office: Office) -> None:
    case_of(office.amei, office.station)
    with pytest.raises(Refused) as mine_only:
        offered(office, giver=office.amei.pk)
    assert "giver" in mine_only.value.errors
    with pytest.raises(Refused) as outsider:
        offered(office, taker=office.builder.pk)
    assert "taker" in outsider.value.errors
    typed = {"giver": office.amei.pk, "taker": office.chen.pk, "reason": "已离岗"}
    perform(handing_over.offer, office.viewer(office.head), None, typed)
    assert HandOver.objects.unscoped(WHY).get().giver_id == office.amei.pk


def test_with_nothing_open_there_is_nothing_to_hand_over(office: Office) -> None:
    with pytest.raises(Refused, match="没有需移交"):
        offered(office)


def test_the_kinds_on_a_list_are_read_in_both_languages(office: Office) -> None:
    case_of(office.bo, office.station)
    line = offered(office).lines.get()
    assert line.shown_kind == line.kind_title
    with translation.override("en"):
        assert line.shown_kind.isascii()
        line.kind = "gone"
        assert line.shown_kind == line.kind_title
