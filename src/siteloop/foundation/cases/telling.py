"""Whom a case tells, and in which words."""

import datetime as dt

from siteloop.foundation.authority.models import Account
from siteloop.foundation.cases import receivers
from siteloop.foundation.cases.basis import basis_of
from siteloop.foundation.cases.loop import Phase, Step
from siteloop.foundation.cases.models import Case, CaseDuty
from siteloop.foundation.notice.send import notify
from siteloop.kernel.times import SHANGHAI


def _accounts(case: Case) -> list[tuple[Account, bool]]:
    """Current duty holders and informed people, each once; holders first."""
    found: dict[int, tuple[Account, bool]] = {}
    duties = CaseDuty.objects.filter(case=case, is_current=True).select_related("account", "organisation")
    for duty in duties.order_by("-is_holder", "pk"):
        people = (
            [duty.account]
            if duty.account
            else receivers.members(duty.organisation)
            if duty.organisation
            else []
        )
        for account in people:
            found.setdefault(account.pk, (account, duty.is_holder))
    return list(found.values())


def step_entered(case: Case, step: Step, push_basis: bool) -> None:
    """Tell the holder that it is their turn and by when; tell the informed that it happened."""
    until = f"，请于 {case.deadline.astimezone(SHANGHAI):%m-%d %H:%M} 前办理" if case.deadline else ""
    what = "请核查" if step.phase is Phase.VERIFY else "请处置"
    basis = (
        "".join(f"\n依据：{b.instrument}{b.clause} {b.text}" for b in basis_of(case)) if push_basis else ""
    )
    words = f"【{case.words}】" if case.words else ""
    for account, holder in _accounts(case):
        notify(
            [account],
            "case",
            f"{words}{case.title}",
            body=f"{case.number} {step.title}，{what}{until}{basis}"
            if holder
            else f"{case.number} {step.title}（抄送）",
            link=f"/cases/cases/{case.pk}/",
            level=case.severity if holder else "blue",
            subject=f"case:{case.pk}:{step.code}:{case.step_since.timestamp()}",
        )


def reassigned(case: Case, reason: str, at: dt.datetime) -> None:
    """Tell the unit that now holds the step."""
    notify(
        [account for account, holder in _accounts(case) if holder],
        "case",
        f"【改派】{case.title}",
        body=f"{case.number}，请办理：{reason}",
        link=f"/cases/cases/{case.pk}/",
        level=case.severity,
        subject=f"case:{case.pk}:reassigned:{at.timestamp()}",
    )


def urged(case: Case, by: str, body: str, event: int) -> int:
    """Tell those whose turn it is that another unit urges them; returns how many people that is."""
    holders = [account for account, holder in _accounts(case) if holder]
    notify(
        holders,
        "case",
        f"【催办】{case.title}",
        body=f"{by}：{body}",
        link=f"/cases/cases/{case.pk}/",
        level=case.severity,
        subject=f"case:{case.pk}:urged:{event}",
    )
    return len(holders)


def closed(case: Case) -> None:
    """Tell everybody who ever held the case that it is closed."""
    accounts: dict[int, Account] = {}
    for duty in CaseDuty.objects.filter(case=case).select_related("account", "organisation"):
        people = (
            [duty.account]
            if duty.account
            else receivers.members(duty.organisation)
            if duty.organisation
            else []
        )
        accounts.update({a.pk: a for a in people})
    notify(
        list(accounts.values()),
        "case",
        f"【{case.words}】{case.title}",
        body=f"{case.number} 已闭环（{case.get_circle_display()}）",
        link=f"/cases/cases/{case.pk}/",
        level="blue",
        subject=f"case:{case.pk}:closed:{case.recurrences}",
    )
