"""Leave asked for and granted in the office: the person is neither drawn nor given work, and is back when the leave ends."""

import datetime as dt

import pytest
from django.utils import timezone

from siteloop.foundation.authority.models import Account, Post
from siteloop.foundation.authority.viewers import viewer_for
from siteloop.framework.action import Refused
from siteloop.framework.perform import perform
from siteloop.systems.acceptance.models import Application, Officer
from siteloop.systems.acceptance.tests.conftest import Window, window  # noqa: F401 - the fixture
from siteloop.systems.double_random import facade as public
from siteloop.systems.double_random.tests.conftest import HOME, County, account, county  # noqa: F401 - the fixture
from siteloop.systems.inspection.models import Inspection
from siteloop.systems.inspection.tests import rows as inspecting
from siteloop.systems.office import handing_over, leave
from siteloop.systems.office.models import HandOver, LeaveRequest

pytestmark = pytest.mark.django_db
LOOK = "the test looks"


def today(plus: int = 0) -> dt.date:
    return timezone.localdate() + dt.timedelta(days=plus)


def may(who: Account, *permissions: str) -> None:
    """More rights in the post the person has."""
    role = Post.objects.unscoped(LOOK).get(account=who).role
    role.permissions = [*role.permissions, *permissions]
    role.save()


def granted(who: Account, from_on: dt.date, to_on: dt.date) -> LeaveRequest:
    """Asked by the person, granted by the head of the office."""
    employer = Post.objects.unscoped(LOOK).get(account=who).organisation
    may(who, "office.leaverequest.view", "office.leaverequest.create")
    head = account(f"head_of_{who.pk}", employer, ["office.*"])
    typed = {"kind": "annual", "from_on": from_on, "to_on": to_on}
    perform(leave.ask, viewer_for(who), None, typed)
    row = LeaveRequest.objects.unscoped(LOOK).get(account=who)
    with pytest.raises(Refused):
        perform(leave.approve, viewer_for(who), row)
    perform(leave.approve, viewer_for(head), row)
    return LeaveRequest.objects.unscoped(LOOK).get(pk=row.pk)


@pytest.mark.requirement("DRAND-02", "OA-01")
def test_who_is_on_leave_during_the_check_is_not_drawn(county: County) -> None:  # noqa: F811
    gone = county.inspectors[0]
    assert gone.account is not None
    granted(gone.account, today(5), today(7))
    draw = county.drawn()  # the check runs from today to today + 20
    frozen = public.draw(draw.number)
    assert frozen is not None
    assert frozen.inputs["left_out"]["inspectors"] == [{"id": gone.code, "reason": "unavailable"}]
    assert gone.code not in {i["id"] for i in frozen.inputs["inspectors"]}
    assert frozen.result and gone.code not in str(frozen.result)


@pytest.mark.requirement("BIZ-04", "OA-01")
def test_who_is_on_leave_gets_no_application_until_the_return(window: Window) -> None:  # noqa: F811
    one, two = window.officers
    row = granted(one, today(-1), today(3))
    assert [window.submitted().officer for _ in range(2)] == [two, two]
    perform(leave.come_back, viewer_for(one), row, {"back_on": today()})
    assert window.submitted().officer == one


@pytest.mark.requirement("OA-01")
def test_an_open_inspection_and_applications_go_over_with_the_rest(window: Window) -> None:  # noqa: F811
    giver, taker = window.officers
    application = window.submitted()
    assert application.officer == giver
    alone, together = inspecting.inspection(), inspecting.inspection()
    colleague = inspecting.inspector()
    alone.inspectors.set([giver, colleague])
    together.inspectors.set([giver, taker])
    for who in (giver, taker):
        may(who, "office.*", "inspection.*")
    assert Officer.objects.unscoped(LOOK).filter(account=taker).exists()
    perform(handing_over.offer, viewer_for(giver), None, {"taker": taker.pk, "reason": "调岗"})
    row = HandOver.objects.unscoped(LOOK).get()
    kinds = sorted(line.kind for line in row.lines.all())
    assert kinds == ["acceptance.application", "inspection.inspection", "inspection.inspection"]
    answer = perform(handing_over.accept, viewer_for(taker), row)
    assert "已接收 2 项；1 项" in answer
    assert Application.objects.unscoped(LOOK).get(pk=application.pk).officer == taker
    assert set(Inspection.objects.unscoped(LOOK).get(pk=alone.pk).inspectors.all()) == {taker, colleague}
    assert set(together.inspectors.all()) == {giver, taker}, "one person cannot stand for both inspectors"
