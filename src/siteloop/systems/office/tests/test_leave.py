"""Leave is said once: draw, allocation and roster all ask it, and nobody decides his own."""

import datetime as dt

import pytest

from siteloop.foundation.authority import absence
from siteloop.framework.action import Refused
from siteloop.framework.perform import perform
from siteloop.systems.office import leave, roster
from siteloop.systems.office.models import DutyShift, LeaveRequest
from siteloop.systems.office.tests.conftest import WHY, Office, again, today


def asked(office: Office, from_on: dt.date, to_on: dt.date) -> LeaveRequest:
    typed = {"kind": "annual", "from_on": from_on, "to_on": to_on}
    perform(leave.ask, office.viewer(office.amei), None, typed)
    return LeaveRequest.objects.unscoped(WHY).latest("pk")


@pytest.mark.requirement("OA-01")
def test_only_approved_days_count_and_an_early_return_ends_them(office: Office) -> None:
    row = asked(office, today(), today(5))
    key = office.amei.pk
    assert absence.away([key], today(), today()) == set(), "asked is not approved"
    perform(leave.approve, office.viewer(office.head), row)
    assert absence.away([key, office.bo.pk, None], today(5), today(9)) == {key}
    assert absence.away([key], today(6), today(9)) == set()
    perform(leave.come_back, office.viewer(office.amei), again(row), {"back_on": today(3)})
    assert absence.away([key], today(3), today(5)) == set()
    assert absence.away([key], today(2), today(2)) == {key}


def test_what_cannot_be(office: Office) -> None:
    row = asked(office, today(2), today(4))
    with pytest.raises(Refused) as overlap:
        asked(office, today(4), today(6))
    assert "重叠" in overlap.value.errors["from_on"][0]
    with pytest.raises(Refused) as backwards:
        asked(office, today(9), today(8))
    assert "to_on" in backwards.value.errors
    with pytest.raises(Refused):
        perform(leave.approve, office.viewer(office.bo), row)
    perform(leave.approve, office.viewer(office.head), row)
    with pytest.raises(Refused):
        perform(leave.refuse, office.viewer(office.head), again(row), {"opinion": "迟了"})
    perform(leave.withdraw, office.viewer(office.amei), again(row))
    assert absence.away([office.amei.pk], today(2), today(4)) == set()


def test_nobody_decides_his_own(office: Office) -> None:
    typed = {"kind": "travel", "from_on": today(1), "to_on": today(1)}
    perform(leave.ask, office.viewer(office.head), None, typed)
    row = LeaveRequest.objects.unscoped(WHY).latest("pk")
    with pytest.raises(Refused):
        perform(leave.approve, office.viewer(office.head), row)


def test_the_roster_takes_turns_and_leaves_out_who_is_away(office: Office) -> None:
    row = asked(office, today(1), today(2))
    perform(leave.approve, office.viewer(office.head), row)
    typed = {"organisation": office.station.pk, "slot": "day", "from_on": today(1), "to_on": today(6)}
    perform(roster.fill, office.viewer(office.head), None, typed)
    shifts = list(DutyShift.objects.unscoped(WHY).filter(organisation=office.station).order_by("on"))
    assert [s.on for s in shifts] == [today(n) for n in range(1, 7)]
    assert office.amei.pk not in {s.account_id for s in shifts[:2]}
    turns = [s.account_id for s in shifts]
    assert all(turns.count(a.pk) == 2 for a in (office.amei, office.bo, office.chen)), turns
    assert "未动" in perform(roster.fill, office.viewer(office.head), None, typed), "filled once"
    assert DutyShift.objects.unscoped(WHY).filter(organisation=office.station).count() == 6


def test_a_swap_needs_both_and_nobody_on_leave(office: Office) -> None:
    shift = DutyShift(organisation=office.station, on=today(2), slot="night", account=office.bo)
    shift.save()
    row = asked(office, today(2), today(2))
    perform(leave.approve, office.viewer(office.head), row)
    bo = office.viewer(office.bo)
    with pytest.raises(Refused, match="请假"):
        perform(roster.swap, bo, shift, {"taker": office.amei.pk, "reason": "有事"})
    back = DutyShift(organisation=office.station, on=today(3), slot="night", account=office.chen)
    back.save()
    typed = {"taker": office.chen.pk, "in_return": back.pk, "reason": "有事"}
    perform(roster.swap, bo, shift, typed)
    swap = shift.swaps.get()
    with pytest.raises(Refused):
        perform(roster.accept, bo, swap)
    perform(roster.accept, office.viewer(office.chen), swap)
    assert (again(shift).account_id, again(back).account_id) == (office.chen.pk, office.bo.pk)
