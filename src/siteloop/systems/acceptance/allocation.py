"""Who handles an application: the least loaded of those who may, in turn among equals; told in a sentence (BIZ-04)."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count
from django.utils import timezone

from siteloop.foundation.authority import absence
from siteloop.foundation.authority.belongings import Belonging
from siteloop.foundation.authority.models import Account
from siteloop.framework.action import Act
from siteloop.systems.acceptance.models import WORKED_ON, Application, Kind, Officer

WHY = "work is shared among all officers of the place, whoever hands it in"


@dataclass(frozen=True)
class Choice:
    """The officer, None when nobody is there, and why."""

    officer: Officer | None
    why: str


def candidates(kind: str, region_code: str) -> list[Officer]:
    """Officers of that kind over the place, locked until the act ends so that two applications do not count the same load."""
    found = Officer.objects.unscoped(WHY).filter(is_active=True, **{f"does_{kind}": True})
    held = list(
        found.select_for_update(of=("self",)).select_related("account", "organisation").order_by("pk")
    )
    today = timezone.localdate()
    on_leave = absence.away((o.account_id for o in held), today, today)
    return [
        o
        for o in held
        if region_code.startswith(o.region_code) and o.account.is_active and o.account_id not in on_leave
    ]


def loads(officers: list[Officer]) -> dict[int, int]:
    """Account -> applications on the desk."""
    rows = (
        Application.objects.unscoped(WHY)
        .filter(officer__in=[o.account_id for o in officers], state__in=WORKED_ON)
        .order_by()
        .values("officer")
        .annotate(n=Count("pk"))
    )
    counted = {r["officer"]: r["n"] for r in rows}
    return {o.account_id: counted.get(o.account_id, 0) for o in officers}


def choose(kind: str, region_code: str) -> Choice:
    """The least load; among equals who has waited longest for an application; among those the first registered."""
    officers = candidates(kind, region_code)
    title = Kind(kind).label
    if not officers:
        return Choice(None, f"本地没有可分派的{title}受理人员，由有权人员直接办理")
    load = loads(officers)
    least = min(load.values())
    equals = [o for o in officers if load[o.account_id] == least]
    first = min(equals, key=lambda o: (o.last_given_at is not None, o.last_given_at or 0, o.pk))
    others = "、".join(f"{o} {load[o.account_id]} 件" for o in officers if o is not first)
    why = f"在办 {least} 件，{'为最少' if len(equals) == 1 else '与最少者相同'}"
    if len(equals) > 1:
        last = first.last_given_at
        turn = f"上次分派 {timezone.localtime(last):%Y-%m-%d %H:%M}，轮到" if last else "尚未分派过，轮到"
        why += f"，{turn}"
    if others:
        why += f"（其他：{others}）"
    return Choice(first, why[:300])


def _desk(account: int) -> Any:
    return Application.objects.unscoped(WHY).filter(officer=account, state__in=WORKED_ON)


def _move(act: Act, row: Application, giver: Account, taker: Account, why: str) -> None:
    row.officer, row.officer_why = taker, f"{giver}移交：{why}"[:300]
    row.save()


BELONGING = Belonging(
    "acceptance.application",
    "业务申请",
    "Applications",
    _desk,
    lambda row: f"/acceptance/applications/{row.pk}/",
    _move,
)
