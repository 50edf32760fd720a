"""A case that lies with one person passes to another: the holder changes; step, deadline and words stay."""

from typing import Any

from django.utils import timezone

from siteloop.foundation.authority.belongings import Belonging
from siteloop.foundation.authority.models import Account
from siteloop.foundation.cases import engine
from siteloop.foundation.cases.models import Case, CaseDuty
from siteloop.framework.action import Act

WHY = "a hand-over finds what lies with its giver"


def held(account: int) -> Any:
    """Open cases whose present step names the person as holder; those of an organisation stay with it."""
    duties = CaseDuty.objects.filter(account=account, is_current=True, is_holder=True)
    return Case.objects.unscoped(WHY).filter(pk__in=duties.values("case"), state__in=engine.OPEN_STATES)


def hand_on(act: Act, case: Case, giver: Account, taker: Account, why: str) -> None:
    """The taker holds the present step in the giver's place; written on the timeline."""
    now = timezone.now()
    for duty in CaseDuty.objects.filter(case=case, account=giver, is_current=True, is_holder=True):
        duty.is_current = False
        duty.save(update_fields=["is_current"])
        CaseDuty.objects.create(
            case=case,
            step=duty.step,
            title=duty.title,
            organisation=duty.organisation,
            account=taker,
            is_holder=True,
            since=now,
        )
    data: dict[str, object] = {"from": giver.pk, "to": taker.pk}
    engine.note(case, "handed_on", act.viewer, now, body=f"{giver}移交{taker}：{why}", data=data)


BELONGING = Belonging("cases.case", "案件", "Cases", held, lambda case: f"/cases/cases/{case.pk}/", hand_on)
