"""Organisations and posts with the inherited tests; rights, sign-in, lock-out."""

import datetime as dt
from itertools import count

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from siteloop.foundation.authority import pages
from siteloop.foundation.authority.loading import load_roles
from siteloop.foundation.authority.models import Account, DepartmentGrant, Organisation, Post, Role
from siteloop.foundation.authority.passwords import MixedCharacters
from siteloop.foundation.authority.viewers import viewer_for
from siteloop.framework.testing import RegisterTests

_serial = count(1)
PASSWORD = "Right-Horse-9"


def organisation(region: str, **more: object) -> Organisation:
    row = Organisation(name=f"单位{next(_serial)}", kind="county_authority", region_code=region, **more)
    row.save()
    return row


def account(**more: object) -> Account:
    return Account.objects.create_user(username=f"u{next(_serial)}", password=PASSWORD, **more)


class TestOrganisations(RegisterTests):
    page = pages.organisations

    def make_row(self, region):
        return organisation(region)


class TestRoles(RegisterTests):
    page = pages.roles

    def make_row(self, region):
        row = Role(code=f"r{next(_serial)}", title="角色", permissions=["x"])
        row.save()
        return row


@pytest.mark.django_db
@pytest.mark.requirement("SEC-06", "LVL-07")
def test_rights_end_with_the_post() -> None:
    who, role = account(), Role(code="t", title="t", permissions=["registry.*"])
    role.save()
    Post(
        account=who,
        organisation=organisation("330482"),
        role=role,
        region_code="330482",
        valid_to=dt.date(2020, 1, 1),
    ).save()
    assert not viewer_for(who).may("registry.site.view")
    assert viewer_for(who).regions == ()


@pytest.mark.django_db
@pytest.mark.requirement("ACT-08", "ACT-09")
def test_an_approved_department_may_read_and_no_more() -> None:
    who, role = account(), Role(code="t", title="t", permissions=[], sees="organisation")
    role.save()
    ecology = organisation("330482")
    Post(account=who, organisation=ecology, role=role).save()
    grant = DepartmentGrant(
        organisation=ecology,
        region_code="330482",
        permissions=["registry.site.view", "registry.site.change"],
        purpose="联合执法",
    )
    grant.save()
    assert viewer_for(who).regions == ()
    grant.state = "approved"
    grant.save()
    viewer = viewer_for(who)
    assert viewer.regions == ("330482",)
    assert viewer.may("registry.site.view")
    assert not viewer.may("registry.site.change")


@pytest.mark.django_db
def test_the_catalogue_loads_once_and_leaves_edited_roles_alone() -> None:
    load_roles()
    role = Role.objects.unscoped("test").get(code="town_officer")
    role.title = "改过"
    role.save()
    load_roles()
    assert Role.objects.unscoped("test").get(code="town_officer").title == "改过"


@pytest.mark.django_db
def test_sign_in_by_page_and_wrong_password() -> None:
    who = account()
    client = Client()
    wrong = client.post("/sign-in", {"username": who.username, "password": "no"})
    assert wrong.status_code == 422
    right = client.post(
        "/sign-in", {"username": who.username, "password": PASSWORD, "next": "https://elsewhere.example/"}
    )
    assert (right.status_code, right.headers["Location"]) == (302, "/")


@pytest.mark.django_db
def test_five_wrong_passwords_lock_the_account() -> None:
    who = account()
    client = Client()
    for _ in range(5):
        client.post("/sign-in", {"username": who.username, "password": "no"})
    locked = client.post("/sign-in", {"username": who.username, "password": PASSWORD})
    assert locked.status_code == 429
    assert "锁定" in locked.content.decode()


@pytest.mark.parametrize("weak", ["alllowercase", "12345678901", "lower12345"])
def test_a_password_of_too_few_kinds_is_refused(weak: str) -> None:
    with pytest.raises(ValidationError):
        MixedCharacters().validate(weak)


@pytest.mark.django_db
def test_an_old_password_is_not_used_again() -> None:
    who = account()
    client = Client()
    client.force_login(who, backend="django.contrib.auth.backends.ModelBackend")
    new = "Other-Horse-10"
    ok = client.post("/password", {"old_password": PASSWORD, "new_password1": new, "new_password2": new})
    assert ok.status_code == 302
    back = client.post(
        "/password", {"old_password": new, "new_password1": PASSWORD, "new_password2": PASSWORD}
    )
    assert back.status_code == 422
    assert "最近五次" in back.content.decode()


@pytest.mark.django_db
def test_english_by_the_switch_and_never_by_the_browser() -> None:
    client = Client(headers={"Accept-Language": "en"})
    assert "登录" in client.get("/sign-in").content.decode()
    client.post("/language", {"language": "en", "next": "/sign-in"})
    assert "Sign in" in client.get("/sign-in").content.decode()
