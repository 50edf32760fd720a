"""Telling people. A notice is written in the caller's transaction and pushed when that commits.

Its letters for the channels outside are written in the same transaction; `sending` takes them out.
"""

import hashlib
from collections.abc import Callable, Iterable

from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Coalesce, NullIf

from siteloop.foundation.authority.models import Account, Post
from siteloop.foundation.notice.models import Delivery, Notice, Preference, rank_of
from siteloop.foundation.notice.ports import Port, open_ports

#: called after commit with (account id, {"id", "title", "level", "link", "unread"}); entry wires the live plane
PUBLISHERS: list[Callable[[int, dict[str, object]], None]] = []
#: called after commit when letters wait; the jobs of this room fill it
WAKERS: list[Callable[[], object]] = []


def notify(
    accounts: Iterable[Account],
    kind: str,
    title: str,
    body: str = "",
    link: str = "",
    level: str = "blue",
    subject: str = "",
) -> list[Notice]:
    """One notice a person; the same `subject` is told to the same person only once. Returns the new ones."""
    told = []
    people = {a.pk: a for a in accounts}
    for account in people.values():
        notice, new = (
            Notice.objects.unscoped("a notice is written for its receiver").get_or_create(
                account=account,
                subject=subject,
                defaults={"kind": kind, "title": title[:200], "body": body, "link": link, "level": level},
            )
            if subject
            else (
                Notice.objects.create(
                    account=account, kind=kind, title=title[:200], body=body, link=link, level=level
                ),
                True,
            )
        )
        if not new:
            continue
        told.append(notice)
        transaction.on_commit(lambda sent=notice: _push(sent))  # type: ignore[misc]
    _write_letters(told)
    return told


def _write_letters(notices: list[Notice]) -> None:
    """A letter for each open channel the receiver wants at this level; none at all while every channel is closed."""
    ports = open_ports()
    if not ports or not notices:
        return
    accounts = {n.account_id for n in notices}
    wishes = {
        p.account_id: p
        for p in Preference.objects.unscoped("a notice goes out as its receiver wishes").filter(
            account__in=accounts
        )
    }
    regions = _regions(accounts)
    letters = [
        Delivery(
            notice=notice,
            port=code,
            rank=rank_of(notice.level),
            key=key_of(notice, port),
            region_code=regions.get(notice.account_id, ""),
        )
        for notice in notices
        for code, port in ports.items()
        if (wishes.get(notice.account_id) or Preference()).wants(code, notice.level)
    ]
    if letters:
        Delivery.objects.bulk_create(letters)
        # a queue that cannot be reached must not turn a done act into an error; the minute's job comes all the same
        transaction.on_commit(_wake, robust=True)


def key_of(notice: Notice, port: Port) -> str:
    """Equal for letters that say the same by the same channel: to one group, or to one person."""
    words = "\n".join((notice.subject, notice.level, notice.title, notice.body, notice.link))
    digest = hashlib.sha256(words.encode()).hexdigest()[:40]
    return f"{port.code}:{'' if port.is_group else notice.account_id}:{digest}"


def _regions(accounts: set[int]) -> dict[int, str]:
    """Account -> region of the main post, so that the officers of that region can see whether it was delivered."""
    posts = (
        Post.objects.unscoped("a letter lies in the region of its receiver's post")
        .filter(account__in=accounts)
        .order_by("is_main", "-pk")
    )
    return dict(
        posts.values_list(
            "account_id", Coalesce(NullIf(F("region_code"), Value("")), F("organisation__region_code"))
        )
    )


def _wake() -> None:
    for wake in WAKERS:
        wake()


def unread(account_id: int) -> int:
    """How many notices wait to be read."""
    return (
        Notice.objects.unscoped("a person's own inbox")
        .filter(account_id=account_id, read_at__isnull=True)
        .count()
    )


def _push(notice: Notice) -> None:
    if not PUBLISHERS:
        return
    message: dict[str, object] = {
        "id": notice.pk,
        "title": notice.title,
        "level": notice.level,
        "link": notice.link,
        "unread": unread(notice.account_id),
    }
    for publish in PUBLISHERS:
        publish(notice.account_id, message)
