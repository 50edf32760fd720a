"""Taking the waiting letters out: most urgent first, one message a group, again after a fault, given up with a reason.

A letter is claimed in one transaction, offered without one, and its answer written in a third, so that no row is locked
while the other side thinks. A crash in between leaves it `sending`; it is offered once more after CLAIM_LASTS.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from siteloop.foundation.notice.models import Delivery, DeliveryState, Preference
from siteloop.foundation.notice.ports import Answer, Letter, Outcome, Port, open_ports
from siteloop.foundation.notice.ports.recorded import masked_mobile
from siteloop.foundation.people.models import Person

WHY = "the letters of all people are taken out by one job"
#: waits after the first, second … fault, minutes; the letter is given up when they are used up
BACK_OFF_MINUTES = (1, 2, 5, 15, 30, 60, 120)
MOST_TRIES = len(BACK_OFF_MINUTES) + 1
CLAIM_LASTS = dt.timedelta(minutes=10)
TOO_OLD = dt.timedelta(hours=24)
SAME_WITHIN = dt.timedelta(minutes=10)
#: letters a person gets by one channel in an hour; red ones are neither counted nor held
PER_HOUR = 20
RED = 3


@dataclass(frozen=True)
class Claimed:
    """Letters that leave as one message."""

    ids: list[int]
    letter: Letter
    to: str
    tries: int


def send_due(
    now: dt.datetime | None = None, ports: Mapping[str, Port] | None = None, limit: int = 200
) -> int:
    """Offer what is due; returns how many messages left. A channel that faults is left alone until the next run."""
    now = now or timezone.now()
    ports = dict(open_ports() if ports is None else ports)
    _tidy(now, ports)
    left, resting = 0, set[str]()
    for _ in range(limit):
        code = _next_channel(now, set(ports) - resting)
        if code is None:
            break
        claimed = _claim(now, ports[code])
        if claimed is None:
            continue
        answer = ports[code].send(claimed.letter)
        _settle(claimed, answer, ports[code], now)
        left += answer.outcome is Outcome.SENT
        if answer.outcome in (Outcome.AGAIN, Outcome.BUSY):
            resting.add(code)
        if answer.outcome is Outcome.BUSY:
            _rest(code, now + dt.timedelta(seconds=answer.wait_s))
    return left


def _tidy(now: dt.datetime, ports: Mapping[str, Port]) -> None:
    """Nothing waits for ever: closed channels, letters of yesterday and lost claims are settled first."""
    every = Delivery.objects.unscoped(WHY)
    every.filter(state=DeliveryState.SENDING, claimed_at__lt=now - CLAIM_LASTS).update(
        state=DeliveryState.WAITING, answer="上次发送结果不明，再次发送"
    )
    waiting = every.filter(state=DeliveryState.WAITING)
    waiting.exclude(port__in=list(ports)).update(state=DeliveryState.DEAD, answer="通道未配置或已关闭")
    waiting.filter(created_at__lt=now - TOO_OLD).update(
        state=DeliveryState.DEAD, answer="超过 24 小时未能送达，不再发送"
    )


def _next_channel(now: dt.datetime, codes: set[str]) -> str | None:
    return (
        Delivery.objects.unscoped(WHY)
        .filter(state=DeliveryState.WAITING, next_at__lte=now, port__in=codes)
        .order_by("-rank", "next_at", "pk")
        .values_list("port", flat=True)
        .first()
    )


@transaction.atomic
def _claim(now: dt.datetime, port: Port) -> Claimed | None:
    """The most urgent letter of a channel with all that say the same; None when they are held or told already."""
    head = (
        Delivery.objects.unscoped(WHY)
        .filter(state=DeliveryState.WAITING, next_at__lte=now, port=port.code)
        .order_by("-rank", "next_at", "pk")
        .first()
    )
    if head is None:
        return None
    same = Delivery.objects.unscoped(WHY).filter(key=head.key)
    rows = list(
        same.filter(state=DeliveryState.WAITING)
        .select_for_update(of=("self",), skip_locked=True)
        .select_related("notice")
        .order_by("pk")
    )
    if not rows:
        return None
    if same.filter(state=DeliveryState.SENT, sent_at__gt=now - SAME_WITHIN).exists():
        _rows(rows).update(state=DeliveryState.MERGED, answer="相同内容刚已发出，不重复发送", sent_at=now)
        return None
    held = _held(rows, now)
    if len(held) == len(rows):
        for row in rows:
            until, why = held[row.pk]
            _rows([row]).update(next_at=until, answer=why)
        return None
    mobiles = _mobiles({r.notice.account_id for r in rows if r.pk not in held})
    letter = Letter(
        head.key,
        rows[0].notice.level,
        rows[0].notice.title,
        rows[0].notice.body,
        _absolute(rows[0].notice.link),
        tuple(sorted(set(mobiles.values()))),
    )
    _rows(rows).update(state=DeliveryState.SENDING, claimed_at=now, tries=F("tries") + 1)
    shown = "、".join(masked_mobile(m) for m in letter.mobiles)[:40]
    return Claimed([r.pk for r in rows], letter, shown, max(r.tries for r in rows) + 1)


def _rows(rows: list[Delivery]) -> QuerySet[Delivery]:
    return Delivery.objects.unscoped(WHY).filter(pk__in=[r.pk for r in rows])


def _held(rows: list[Delivery], now: dt.datetime) -> dict[int, tuple[dt.datetime, str]]:
    """Letters that wait for the receiver's sake: until when, and why. Red ones never do."""
    calm = [r for r in rows if r.rank < RED]
    accounts = {r.notice.account_id for r in calm}
    wishes = {p.account_id: p for p in Preference.objects.unscoped(WHY).filter(account__in=accounts)}
    found: dict[int, tuple[dt.datetime, str]] = {}
    for row in calm:
        wish = wishes.get(row.notice.account_id)
        until = wish.quiet_until(now) if wish else None
        if until is not None:
            found[row.pk] = (until, "免打扰时段，结束后发送")
            continue
        free = _free_again(row, now)
        if free is not None:
            found[row.pk] = (free, f"一小时内已达 {PER_HOUR} 条，稍后发送")
    return found


def _free_again(row: Delivery, now: dt.datetime) -> dt.datetime | None:
    """When the person may get the next letter by this channel; None for at once."""
    hour = dt.timedelta(hours=1)
    got = Delivery.objects.unscoped(WHY).filter(
        notice__account=row.notice.account_id,
        port=row.port,
        state=DeliveryState.SENT,
        rank__lt=RED,
        sent_at__gt=now - hour,
    )
    times = list(got.order_by("-sent_at").values_list("sent_at", flat=True)[:PER_HOUR])
    return times[-1] + hour if len(times) >= PER_HOUR and times[-1] is not None else None


def _mobiles(accounts: set[int]) -> dict[int, str]:
    """Account -> mobile number: the one the person set for notices, else the one of the real-name record."""
    people = Person.objects.unscoped(WHY).filter(account__in=accounts)
    found = {p.account_id: p.phone for p in people if p.account_id is not None and p.phone}
    wishes = Preference.objects.unscoped(WHY).filter(account__in=accounts)
    found.update({p.account_id: p.phone for p in wishes if p.phone})
    return found


def _absolute(link: str) -> str:
    """The link as an outsider can open it; "" when the installation has no public address."""
    base = str(settings.NOTICE_OUT.get("public_url", "")).rstrip("/")
    return f"{base}{link}" if base and link.startswith("/") else ""


def _settle(claimed: Claimed, answer: Answer, port: Port, now: dt.datetime) -> None:
    """Write down what became of a message."""
    rows = Delivery.objects.unscoped(WHY).filter(pk__in=claimed.ids)
    if answer.outcome is Outcome.SENT:
        rows.update(
            state=DeliveryState.SENT,
            sent_at=now,
            answer=answer.words[:300],
            to=claimed.to,
            text=port.text(claimed.letter),
        )
    elif answer.outcome is Outcome.NEVER:
        rows.update(state=DeliveryState.DEAD, answer=answer.words[:300], to=claimed.to)
    elif answer.outcome is Outcome.BUSY:
        wait = now + dt.timedelta(seconds=answer.wait_s)
        rows.update(
            state=DeliveryState.WAITING, next_at=wait, tries=F("tries") - 1, answer=answer.words[:300]
        )
    elif claimed.tries >= MOST_TRIES:
        words = f"已尝试 {claimed.tries} 次，不再发送：{answer.words}"
        rows.update(state=DeliveryState.DEAD, answer=words[:300], to=claimed.to)
    else:
        wait = now + dt.timedelta(minutes=BACK_OFF_MINUTES[claimed.tries - 1])
        rows.update(state=DeliveryState.WAITING, next_at=wait, answer=answer.words[:300])


def _rest(code: str, until: dt.datetime) -> None:
    """The other side asked to slow down: nothing of this channel is offered before."""
    Delivery.objects.unscoped(WHY).filter(port=code, state=DeliveryState.WAITING, next_at__lt=until).update(
        next_at=until
    )
