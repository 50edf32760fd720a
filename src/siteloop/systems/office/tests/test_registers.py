"""The given tests of every register of the office."""

from itertools import count
from typing import Any

from django.utils import timezone

from siteloop.foundation.authority.models import Account
from siteloop.framework.perform import permission_of
from siteloop.framework.testing import Caller, RegisterTests, caller, officer
from siteloop.systems.office import pages
from siteloop.systems.office.models import (
    Bulletin,
    DutyShift,
    DutySwap,
    HandOver,
    IncomingPaper,
    LeaveRequest,
    Meeting,
    MeetingTask,
    OutgoingPaper,
    Receipt,
    Ticket,
)
from siteloop.systems.office.tests.conftest import today, unit

_serial = count(1)


def person(region: str) -> Account:
    found: Account = officer(region=region)
    return found


def save(row: Any) -> Any:
    row.save()
    return row


class OfficeRegister(RegisterTests):
    """As for every register; a reader here is somebody who oversees the region's rows."""

    def local(self, *verbs: str) -> Caller:
        model = self.page.model
        scope = model.scope  # type: ignore[attr-defined]
        granted = [permission_of(model, v) for v in verbs] or ["*"]
        return caller([*granted, scope.oversee or "none"], self.home)

    def test_a_colleague_sees_only_what_is_his(self) -> None:
        model = self.page.model
        if not model.scope.oversee:  # type: ignore[attr-defined]
            return
        row = self.make_row(self.home)
        who = caller([permission_of(model, "view")], self.home)
        assert row.pk not in [r["id"] for r in who.get(self.api).json()["results"]]
        assert who.get(f"{self.api}/{row.pk}").status_code == 404


def bulletin(region: str) -> Bulletin:
    found: Bulletin = save(
        Bulletin(
            organisation=unit("局", "county_authority", region), title=f"测试通知{next(_serial)}", body="内容"
        )
    )
    return found


class TestBulletins(OfficeRegister):
    page = pages.bulletins

    def make_row(self, region: str) -> Bulletin:
        return bulletin(region)

    def new_data(self, region: str) -> dict[str, Any]:
        return {
            "organisation": unit("局", "county_authority", region).pk,
            "title": f"新通知{next(_serial)}",
            "body": "请阅读",
            "read_by": str(today(3)),
        }


class TestReceipts(OfficeRegister):
    page = pages.receipts

    def make_row(self, region: str) -> Receipt:
        found: Receipt = save(
            Receipt(bulletin=bulletin(region), account=person(region), told_at=timezone.now())
        )
        return found


class TestIncoming(OfficeRegister):
    page = pages.incoming

    def make_row(self, region: str) -> IncomingPaper:
        found: IncomingPaper = save(
            IncomingPaper(
                organisation=unit("局", "county_authority", region),
                title=f"测试来文{next(_serial)}",
                sender="嘉兴市住建局",
            )
        )
        return found

    def new_data(self, region: str) -> dict[str, Any]:
        return {
            "organisation": unit("局", "county_authority", region).pk,
            "title": f"新来文{next(_serial)}",
            "sender": "省住建厅",
            "sender_number": "浙建〔2026〕8号",
        }


class TestOutgoing(OfficeRegister):
    page = pages.outgoing

    def make_row(self, region: str) -> OutgoingPaper:
        found: OutgoingPaper = save(
            OutgoingPaper(
                organisation=unit("局", "county_authority", region),
                title=f"测试发文{next(_serial)}",
                addressee="各镇街",
                body="正文",
                keeper=person(region),
            )
        )
        return found

    def new_data(self, region: str) -> dict[str, Any]:
        return {
            "organisation": unit("局", "county_authority", region).pk,
            "title": f"新发文{next(_serial)}",
            "addressee": "各施工单位",
            "body": "现就有关事项通知如下。",
            "keeper": person(region).pk,
        }


class TestLeaves(OfficeRegister):
    page = pages.leaves

    def make_row(self, region: str) -> LeaveRequest:
        found: LeaveRequest = save(
            LeaveRequest(
                organisation=unit("局", "county_authority", region),
                account=person(region),
                kind="annual",
                from_on=today(1),
                to_on=today(2),
                ends_on=today(2),
            )
        )
        return found


def shift(region: str) -> DutyShift:
    found: DutyShift = save(
        DutyShift(
            organisation=unit("局", "county_authority", region),
            on=today(next(_serial)),
            account=person(region),
        )
    )
    return found


class TestShifts(OfficeRegister):
    page = pages.shifts

    def make_row(self, region: str) -> DutyShift:
        return shift(region)

    def new_data(self, region: str) -> dict[str, Any]:
        return {
            "organisation": unit("局", "county_authority", region).pk,
            "on": str(today(next(_serial))),
            "slot": "night",
            "account": person(region).pk,
            "note": f"备注{next(_serial)}",
        }

    def changed_data(self, row: Any) -> dict[str, Any]:
        return {"note": f"改{next(_serial)}"}


class TestSwaps(OfficeRegister):
    page = pages.swaps

    def make_row(self, region: str) -> DutySwap:
        one = shift(region)
        found: DutySwap = save(
            DutySwap(
                organisation=one.organisation,
                shift=one,
                giver=one.account,
                taker=person(region),
                reason="有事",
            )
        )
        return found


class TestHandOvers(OfficeRegister):
    page = pages.hand_overs

    def make_row(self, region: str) -> HandOver:
        found: HandOver = save(
            HandOver(
                organisation=unit("局", "county_authority", region),
                giver=person(region),
                taker=person(region),
                reason=f"调岗{next(_serial)}",
                offered_at=timezone.now(),
            )
        )
        return found


def meeting(region: str) -> Meeting:
    found: Meeting = save(
        Meeting(
            organisation=unit("局", "county_authority", region),
            title=f"测试会商{next(_serial)}",
            held_at=timezone.now(),
            chair=person(region),
        )
    )
    return found


class TestMeetings(OfficeRegister):
    page = pages.meetings

    def make_row(self, region: str) -> Meeting:
        return meeting(region)

    def new_data(self, region: str) -> dict[str, Any]:
        return {
            "organisation": unit("局", "county_authority", region).pk,
            "title": f"新会商{next(_serial)}",
            "held_at": "2026-05-06T09:00:00+08:00",
            "chair": person(region).pk,
            "attendees": [person(region).pk],
        }


class TestTasks(OfficeRegister):
    page = pages.tasks

    def make_row(self, region: str) -> MeetingTask:
        one = meeting(region)
        found: MeetingTask = save(
            MeetingTask(
                organisation=one.organisation,
                meeting=one,
                what=f"测试任务{next(_serial)}",
                owner=person(region),
                due_on=today(3),
            )
        )
        return found


class TestTickets(OfficeRegister):
    page = pages.tickets

    def make_row(self, region: str) -> Ticket:
        found: Ticket = save(
            Ticket(
                organisation=unit("局", "county_authority", region),
                kind="fault",
                what=f"测试问题{next(_serial)}",
                reporter=person(region),
                reported_at=timezone.now(),
            )
        )
        return found
