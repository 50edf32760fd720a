"""Notices: told once, to their receiver only, pushed after commit."""

import pytest

from siteloop.foundation.authority.models import Account
from siteloop.foundation.notice import send
from siteloop.foundation.notice.models import Notice
from siteloop.framework.testing import caller


@pytest.mark.django_db
@pytest.mark.requirement("DISP-11")
def test_one_subject_is_told_to_a_person_once(django_capture_on_commit_callbacks) -> None:
    who = Account.objects.create(username="n")
    heard: list[tuple[int, dict[str, object]]] = []
    send.PUBLISHERS.append(lambda account, message: heard.append((account, message)))
    try:
        with django_capture_on_commit_callbacks(execute=True):
            send.notify([who], "case", "派单", subject="case:1")
            send.notify([who], "case", "派单", subject="case:1")
    finally:
        send.PUBLISHERS.pop()
    assert Notice.objects.unscoped("test").count() == 1
    assert [(a, m["unread"]) for a, m in heard] == [(who.pk, 1)]


@pytest.mark.django_db
def test_an_inbox_is_ones_own() -> None:
    mine, other = caller(["*"], "330482"), caller(["*"], "330482")
    send.notify([mine.account], "case", "给我的")
    assert mine.get("/api/v1/notice/notices").json()["count"] == 1
    assert other.get("/api/v1/notice/notices").json()["count"] == 0
