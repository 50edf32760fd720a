"""Telling people. A notice is written in the caller's transaction and pushed when that commits."""

from collections.abc import Callable, Iterable

from django.db import transaction

from siteloop.foundation.authority.models import Account
from siteloop.foundation.notice.models import Delivery, Notice, Preference

#: called after commit with (account id, {"id", "title", "level", "link", "unread"}); entry wires the live plane
PUBLISHERS: list[Callable[[int, dict[str, object]], None]] = []


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
    ports = dict(Preference.objects.filter(account__in=people).values_list("account_id", "ports"))
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
        Delivery.objects.bulk_create(Delivery(notice=notice, port=p) for p in ports.get(account.pk, []))
        transaction.on_commit(lambda sent=notice: _push(sent))  # type: ignore[misc]
    return told


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
