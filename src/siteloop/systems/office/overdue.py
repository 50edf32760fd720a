"""What is past its day is told, once a row and day it was due, to whom it lies with and to who oversees."""

import datetime as dt

from django.utils import timezone

from siteloop.foundation.authority.models import Account
from siteloop.foundation.notice.send import notify
from siteloop.systems.office import desks, waiting

#: who hears of it besides the person: the right to oversee the kind
OVERSEERS = {
    "opinion": "office.incomingpaper.oversee",
    "incoming": "office.incomingpaper.oversee",
    "outgoing": "office.outgoingpaper.oversee",
    "task": "office.meeting.oversee",
    "ticket": "office.ticket.assign",
}


def tell(on: dt.date | None = None) -> int:
    """Returns how many were told now; told before is not told again until the row has a new day."""
    today = on or timezone.localdate()
    told = 0
    overseers: dict[tuple[str, int], list[Account]] = {}
    for kind in waiting.KINDS:
        for row in kind.late(today):
            due = kind.due_of(row)
            keeper: Account | None = getattr(row, kind.keeper)
            people = {a.pk: a for a in _overseers(kind, row, overseers)}
            if keeper is not None:
                people[keeper.pk] = keeper
            new = notify(
                people.values(),
                "overdue",
                f"已逾期：{kind.title}·{row}",
                body=f"责任人{keeper or '未指定'}，期限 {due}",
                link=kind.link(row),
                level="orange",
                subject=f"overdue:{kind.code}:{row.pk}:{due}",
            )
            told += bool(new)
    return told


def _overseers(
    kind: waiting.Waiting, row: object, known: dict[tuple[str, int], list[Account]]
) -> list[Account]:
    right = OVERSEERS.get(kind.code)
    if right is None:
        return []
    unit = getattr(getattr(row, "paper", row), "organisation")  # noqa: B009 - an opinion's unit is its paper's
    key = (right, unit.pk)
    if key not in known:
        known[key] = desks.deciders(unit, right)
    return known[key]
