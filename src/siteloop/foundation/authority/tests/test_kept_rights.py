"""Rights are kept for who reads, never for who writes, and every write ends the keeping."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client, RequestFactory

from siteloop.foundation.authority import kept_rights
from siteloop.foundation.authority.models import Account, Post
from siteloop.framework.testing import Caller, caller, officer

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("SEC-01")]
WHY = "a test takes a post away"
READS, WRITES = "/api/v1/registry/projects", "/registry/projects/new"


@pytest.fixture(autouse=True)
def keeping(settings: Any) -> Iterator[None]:
    """As in the program, but for longer than a slow test takes."""
    settings.RIGHTS_KEPT_S = 600.0
    kept_rights.forget()
    yield
    kept_rights.forget()


def read_and_dismissed() -> Caller:
    who = caller(["registry.*"])
    assert who.get(READS).status_code == 200
    Post.objects.unscoped(WHY).filter(account=who.account).delete()
    return who


def test_who_only_reads_is_not_worked_out_again() -> None:
    who = read_and_dismissed()
    assert who.get(READS).status_code == 200
    assert who.html.get("/registry/projects/").status_code == 200


def test_who_writes_is_worked_out_anew() -> None:
    assert read_and_dismissed().html.post(WRITES, {}).status_code == 403


def test_any_write_ends_the_keeping() -> None:
    who = read_and_dismissed()
    assert caller(["registry.*"]).html.post(WRITES, {}).status_code == 422
    assert who.get(READS).status_code == 403


def test_a_stopped_account_is_out_at_once() -> None:
    who = read_and_dismissed()
    Account.objects.filter(pk=who.account.pk).update(is_active=False)
    assert who.get(READS).status_code == 401


def test_what_was_read_while_a_write_went_on_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    account, asked = officer(["registry.*"]), []
    real = kept_rights.viewer_for

    def slowly(*given: Any) -> Any:
        asked.append(given)
        viewer = real(*given)
        kept_rights.written(RequestFactory().post("/"))
        return viewer

    monkeypatch.setattr(kept_rights, "viewer_for", slowly)
    for _ in range(2):
        kept_rights.viewer_of(account, RequestFactory().get("/"))
    assert len(asked) == 2


def test_the_kept_answer_speaks_of_this_request() -> None:
    account = officer(["registry.*"])
    kept_rights.viewer_of(account, RequestFactory().get("/", REMOTE_ADDR="192.0.2.1"))
    account.display_name, account.language = "另一名", "en"
    viewer = kept_rights.viewer_of(account, RequestFactory().get("/", REMOTE_ADDR="192.0.2.2"))
    assert (viewer.name, viewer.language, viewer.address) == ("另一名", "en", "192.0.2.2")
    assert Client().get("/registry/projects/").status_code == 302
