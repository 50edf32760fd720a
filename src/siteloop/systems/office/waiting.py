"""What waits for one person: declared once, used for the desk, the overdue notices and the hand-over."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from siteloop.foundation.authority.belongings import Belonging
from siteloop.foundation.authority.models import Account
from siteloop.framework.action import Act
from siteloop.framework.language import pick
from siteloop.framework.scope import ScopedModel
from siteloop.framework.viewer import Viewer
from siteloop.systems.office.models import (
    BulletinState,
    DutyShift,
    IncomingPaper,
    MeetingTask,
    Opinion,
    OutgoingPaper,
    Receipt,
    TaskState,
    Ticket,
    TicketState,
)
from siteloop.systems.office.models.papers import WORKED_ON

WHY = "the office looks for what waits, whoever asks"


@dataclass(frozen=True)
class Waiting:
    """One kind of thing that lies with a person until it is done. `due`: the path of its date, `keeper`: of its account."""

    code: str
    title: str
    title_en: str
    model: type[ScopedModel]
    open: dict[str, Any]
    keeper: str
    due: str
    link: Callable[[Any], str]
    related: tuple[str, ...] = ()
    handed: bool = True  # may pass to another person

    def rows(self, account: int | None = None) -> Any:
        """What is open, of one person or of all."""
        found = (
            self.model.objects.unscoped(WHY).filter(**self.open).select_related(self.keeper, *self.related)
        )
        return found if account is None else found.filter(**{self.keeper: account})

    def late(self, on: dt.date) -> Any:
        """What should have been done before this day, also what lies with nobody yet."""
        return self.rows().filter(**{f"{self.due}__lt": on})

    def due_of(self, row: Any) -> dt.date | None:
        """The row's date."""
        for name in self.due.split("__"):
            row = getattr(row, name)
        found: dt.date | None = row
        return found


KINDS = (
    Waiting(
        "bulletin",
        "待阅通知",
        "Notices to read",
        Receipt,
        {"read_at": None, "bulletin__state": BulletinState.PUBLISHED},
        "account",
        "bulletin__read_by",
        lambda row: f"/office/bulletins/{row.bulletin_id}/",
        ("bulletin",),
        handed=False,
    ),
    Waiting(
        "opinion",
        "待签意见",
        "Opinions to give",
        Opinion,
        {"given_at": None},
        "account",
        "due_on",
        lambda row: str(row.link),
        ("incoming", "outgoing"),
    ),
    Waiting(
        "incoming",
        "承办收文",
        "Incoming papers",
        IncomingPaper,
        {"state__in": WORKED_ON},
        "keeper",
        "due_on",
        lambda row: f"/office/incoming/{row.pk}/",
    ),
    Waiting(
        "outgoing",
        "拟办发文",
        "Outgoing papers",
        OutgoingPaper,
        {"state__in": WORKED_ON},
        "keeper",
        "due_on",
        lambda row: f"/office/outgoing/{row.pk}/",
    ),
    Waiting(
        "task",
        "会商任务",
        "Tasks of conferences",
        MeetingTask,
        {"state": TaskState.OPEN},
        "owner",
        "due_on",
        lambda row: f"/office/tasks/{row.pk}/",
    ),
    Waiting(
        "ticket",
        "问题反馈",
        "Feedback to answer",
        Ticket,
        {"state": TicketState.ASSIGNED},
        "owner",
        "due_on",
        lambda row: f"/office/tickets/{row.pk}/",
    ),
)


@dataclass(frozen=True)
class Item:
    """One thing on a person's desk."""

    kind: str
    title: str
    link: str
    due: dt.date | None
    is_late: bool


def items(viewer: Viewer) -> list[Item]:
    """Everything that waits for the viewer, what is due first at the top."""
    if viewer.user is None:
        return []
    today = timezone.localdate()
    found = []
    for kind in KINDS:
        for row in kind.rows(viewer.user):
            due = kind.due_of(row)
            title = pick(kind.title, kind.title_en)
            found.append(Item(title, str(row), kind.link(row), due, due is not None and due < today))
    return sorted(found, key=lambda i: (i.due is None, i.due or today))


def _move(keeper: str) -> Callable[[Act, Any, Account, Account, str], None]:
    def move(act: Act, row: Any, giver: Account, taker: Account, why: str) -> None:
        setattr(row, keeper, taker)
        row.save(update_fields=[keeper])

    return move


def _belonging(kind: Waiting) -> Belonging:
    return Belonging(
        f"office.{kind.code}", kind.title, kind.title_en, kind.rows, kind.link, _move(kind.keeper)
    )


def _shifts(account: int) -> Any:
    today = timezone.localdate()
    return DutyShift.objects.unscoped(WHY).filter(account=account, on__gte=today).select_related("account")


BELONGINGS = (
    *(_belonging(kind) for kind in KINDS if kind.handed),
    Belonging(
        "office.shift",
        "值班",
        "Duty",
        _shifts,
        lambda row: f"/office/shifts/{row.pk}/",
        _move("account"),
    ),
)
