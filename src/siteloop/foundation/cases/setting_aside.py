"""Keeping work that cannot be done now: it is written down with its reason, told to the administrators, and done again later.

A fault of the database itself is none of this: it goes up, and everything is tried again.
"""

import datetime as dt
import logging
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec
from django.db import DataError, Error, IntegrityError, transaction
from django.db.models import Max, Min, Q
from django.utils import timezone

from siteloop.foundation.authority.models import Account, Post
from siteloop.foundation.cases.models import Case, SetAside, SetAsideState
from siteloop.foundation.notice.send import notify
from siteloop.foundation.registry.models import Site
from siteloop.kernel.finding import Finding as KernelFinding

log = logging.getLogger("siteloop.cases")
WHY = "work that failed is kept for the administrators"
BEHIND = "同一预警的前一条尚未处理"
T = TypeVar("T")


class Failed(Exception):
    """What was asked raised; `reason` in words, `place` as file:line."""

    def __init__(self, fault: Exception) -> None:
        super().__init__(str(fault))
        self.reason = f"{type(fault).__name__}：{fault}"[:500]
        steps = traceback.extract_tb(fault.__traceback__)
        own = [s for s in steps if "siteloop" in s.filename] or list(steps)
        where = Path(own[-1].filename).parts[-3:] if own else ()
        self.place = f"{'/'.join(where)}:{own[-1].lineno}"[:200] if own else ""


def attempt(work: Callable[[], T]) -> T:
    """Do it in a savepoint. Raises Failed, with nothing of it left behind, unless the database itself is at fault."""
    try:
        with transaction.atomic():
            return work()
    except (DataError, IntegrityError) as fault:  # this row's values, not the state of the database
        raise Failed(fault) from fault
    except Error:
        raise
    except Exception as fault:
        raise Failed(fault) from fault


def finding(
    key: str, act: str, body: bytes, failed: Failed | None, at: dt.datetime | None = None
) -> SetAside:
    """Set one message aside; without a fault of its own it waits behind an earlier one of its key."""
    known = _peek(body)
    row = SetAside.objects.create(
        key=key[:200],
        act=act,
        rule=str(known.get("rule", key.split("|")[0]))[:80],
        subject=str(known.get("subject", ""))[:80],
        region_code=str(known.get("region") or _installation())[:12],
        message=str(known.get("message", ""))[:500],
        body=body,
        reason=failed.reason if failed else BEHIND,
        place=failed.place if failed else "",
        tries=1 if failed else 0,
        at=at or timezone.now(),
    )
    if failed:
        log.error("finding %s set aside: %s at %s", key, failed.reason, failed.place)
        _tell(row)
    return row


def deadline(case: Case, failed: Failed, at: dt.datetime) -> SetAside:
    """Set a case's due deadline aside; the clock leaves the case alone until it is settled."""
    row = SetAside.objects.create(
        key=f"case:{case.pk}:{case.step}"[:200],
        act="deadline",
        rule=case.rule,
        subject=case.subject,
        region_code=case.region_code,
        message=str(case)[:500],
        case=case,
        reason=failed.reason,
        place=failed.place,
        at=at,
    )
    log.error("deadline of case %s set aside: %s at %s", case.number, failed.reason, failed.place)
    _tell(row)
    return row


def waiting_keys(keys: set[str]) -> set[str]:
    """Of these episodes those that have something waiting; what follows must wait behind it."""
    rows = SetAside.objects.unscoped(WHY).filter(key__in=keys, state=SetAsideState.WAITING)
    return set(rows.values_list("key", flat=True))


def waiting_subjects(rule: str) -> set[str]:
    """Subjects of a rule with something waiting: a scan need not find them again."""
    rows = SetAside.objects.unscoped(WHY).filter(rule=rule, state=SetAsideState.WAITING)
    return set(rows.values_list("subject", flat=True))


def waiting_cases() -> set[int]:
    """Cases whose deadline waits for an administrator."""
    rows = SetAside.objects.unscoped(WHY).filter(act="deadline", state=SetAsideState.WAITING)
    return {key for key in rows.values_list("case_id", flat=True) if key is not None}


def _peek(body: bytes) -> dict[str, object]:
    """What can be read of a message, even of one another version wrote."""
    try:
        read = msgspec.msgpack.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return read if isinstance(read, dict) else {}


def _installation() -> str:
    """The region all sites share: where something lies that tells no region of its own."""
    ends = Site.objects.unscoped(WHY).aggregate(first=Min("region_code"), last=Max("region_code"))
    first, last = ends["first"] or "", ends["last"] or ""
    # divisions are two digits a level
    return next((first[:n] for n in (6, 4, 2) if first and first[:n] == last[:n]), "")


def _tell(row: SetAside) -> None:
    """The administrators hear of a rule's trouble once a day."""
    today = timezone.localdate()
    posts = Post.objects.unscoped(WHY).filter(
        Q(valid_to__isnull=True) | Q(valid_to__gte=today),
        role__code="platform_admin",
        account__is_active=True,
    )
    notify(
        list(Account.objects.filter(pk__in=posts.values("account"))),
        "set_aside",
        "有预警未能处理，已搁置",
        body=f"{row}：{row.reason}",
        link=f"/cases/set-aside/{row.pk}/",
        level="orange",
        subject=f"set_aside:{row.rule}:{row.act}:{today}",
    )


def again(row: SetAside, apply: Callable[[KernelFinding], object]) -> None:
    """Handle a kept message once more. Raises Failed."""
    attempt(lambda: apply(decode(bytes(row.body))))


def decode(body: bytes) -> KernelFinding:
    """The message as a finding. Raises msgspec.DecodeError or ValidationError."""
    return _decoder.decode(body)


_decoder = msgspec.msgpack.Decoder(KernelFinding)
