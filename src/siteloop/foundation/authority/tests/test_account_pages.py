"""One's own account: sign-ins are listed and ended, the second factor is enrolled and demanded, one door only."""

import datetime as dt
import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.test import Client
from django.utils import timezone

from siteloop.foundation.authority import sessions
from siteloop.foundation.authority.account_pages import described
from siteloop.foundation.authority.models import Account, Organisation, Post, Role, SignIn
from siteloop.framework.models import TrailEntry
from siteloop.framework.rest.tokens import issue

pytestmark = pytest.mark.django_db
PASSWORD = "Right-Horse-9"
CHROME = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"


@pytest.fixture(autouse=True)
def not_the_demo(settings):
    settings.DEMO = False
    sessions._noted.clear()


def person(name="zhang", *, demands=False, **more):
    account = Account.objects.create_user(username=name, password=PASSWORD, display_name=name, **more)
    employer = Organisation(name=f"单位{name}", kind="county_authority", region_code="330482")
    employer.save()
    role = Role(code=f"r{name}", title="角色", permissions=["*"], demands_mfa=demands)
    role.save()
    Post(account=account, organisation=employer, role=role, region_code="330482").save()
    return account


def signed_in(name="zhang", agent=CHROME, password=PASSWORD):
    client = Client(HTTP_USER_AGENT=agent)
    answer = client.post("/sign-in", {"username": name, "password": password})
    assert answer.status_code == 302, answer.content
    return client


def code_of(secret):
    counter = next(iter(yield_hotp_counters_from_time()))
    return format_hotp_value(hotp_value(secret, counter))


def enrol(client, account):
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    page = client.get("/accounts/2fa/totp/activate/").content.decode()
    secret = re.search(r'id="secret" value="([A-Z2-7]+)"', page).group(1)
    answer = client.post("/accounts/2fa/totp/activate/", {"code": code_of(secret)})
    assert answer.status_code == 302, answer.content.decode()
    assert Authenticator.objects.filter(user=account, type="totp").exists()
    return secret


@pytest.mark.requirement("SEC-04")
def test_each_sign_in_is_listed_with_where_and_what():
    person()
    first, _ = signed_in(), signed_in(agent="Mozilla/5.0 (iPhone) Safari/605")
    page = first.get("/account/").content.decode()
    assert "Chrome · Windows" in page and "Safari · iPhone" in page and "127.0.0.1" in page
    assert page.count(">本机<") == 1


@pytest.mark.requirement("SEC-04")
def test_ending_a_session_closes_it_at_once_and_leaves_a_trail():
    account = person()
    here, there = signed_in(), signed_in(agent="Other/1")
    row = SignIn.objects.get(account=account, agent="Other/1")
    assert there.get("/account/").status_code == 200
    assert here.post(f"/account/sessions/{row.pk}/end").status_code == 302
    assert there.get("/account/").headers["Location"].startswith("/sign-in")
    assert here.get("/account/").status_code == 200
    told = TrailEntry.objects.unscoped("what the test did").get(action="authority.account.end_session")
    assert "结束了自己的登录" in told.sentence


def test_ending_all_others_spares_this_one_and_voids_api_tokens():
    account = person()
    here, there = signed_in(), signed_in()
    token = issue(account)
    call = {"HTTP_AUTHORIZATION": f"Bearer {token}"}
    assert Client().get("/api/v1/ui", **call).status_code == 200
    here.post("/account/sessions/end-others")
    assert there.get("/account/").status_code == 302
    assert here.get("/account/").status_code == 200
    assert Client().get("/api/v1/ui", **call).status_code == 401
    account.refresh_from_db()
    fresh = {"HTTP_AUTHORIZATION": f"Bearer {issue(account)}"}
    assert Client().get("/api/v1/ui", **fresh).status_code == 200


def test_somebody_elses_session_does_not_exist():
    person("zhang")
    other = person("wang")
    mine, theirs = signed_in("zhang"), signed_in("wang")
    row = SignIn.objects.get(account=other)
    assert mine.post(f"/account/sessions/{row.pk}/end").status_code == 404
    assert theirs.get("/account/").status_code == 200
    assert mine.get(f"/account/sessions/{row.pk}/end").status_code == 405


def test_a_new_password_ends_the_others_and_keeps_this_one_listed():
    account = person()
    here, there = signed_in(), signed_in()
    new = "Other-Horse-10"
    answer = here.post("/password", {"old_password": PASSWORD, "new_password1": new, "new_password2": new})
    assert answer.headers["Location"] == "/account/"
    page = here.get("/account/")
    assert page.status_code == 200 and page.content.decode().count(">本机<") == 1
    assert there.get("/account/").status_code == 302
    assert SignIn.objects.filter(account=account, ended_at=None).count() == 1


def test_signing_out_and_running_out_move_a_sign_in_to_the_past():
    account = person()
    signed_in().post("/sign-out")
    assert SignIn.objects.get(account=account).ended_at is not None
    client = signed_in()
    key = client.session.session_key
    client.session.flush()
    assert key not in [row.session_key for row in sessions.open_ones(account)]


def test_the_time_of_last_activity_moves_on_at_most_once_a_minute():
    account = person()
    client = signed_in()
    long_ago = timezone.now() - dt.timedelta(hours=1)
    SignIn.objects.filter(account=account).update(seen_at=long_ago)
    sessions._noted.clear()
    client.get("/search")
    moved = SignIn.objects.get(account=account).seen_at
    assert moved > long_ago
    client.get("/search")
    assert SignIn.objects.get(account=account).seen_at == moved


@pytest.mark.requirement("SEC-03")
def test_the_second_factor_is_enrolled_in_our_shell_and_then_asked_for():
    account = person()
    secret = enrol(signed_in(), account)
    client = Client()
    answer = client.post("/sign-in", {"username": "zhang", "password": PASSWORD, "next": "/account/"})
    assert answer.headers["Location"] == "/accounts/2fa/authenticate/"
    assert client.get("/account/").status_code == 302, "the password alone opens nothing"
    asked = client.get("/accounts/2fa/authenticate/").content.decode()
    assert "动态码" in asked and "allauth" not in asked
    wrong = client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert 'aria-invalid="true"' in wrong.content.decode()
    Authenticator.objects.filter(user=account).update(last_used_at=None)
    from django.core.cache import cache

    cache.clear()  # the code of this half minute was used to enrol
    right = client.post("/accounts/2fa/authenticate/", {"code": code_of(secret)})
    assert right.status_code == 302, right.content.decode()
    assert client.get("/account/").status_code == 200
    assert SignIn.objects.filter(account=account, ended_at=None).count() == 2


@pytest.mark.parametrize(
    "path",
    [
        "/account/",
        "/password",
        "/accounts/2fa/",
        "/accounts/2fa/totp/deactivate/",
        "/accounts/2fa/recovery-codes/",
        "/accounts/2fa/recovery-codes/generate/",
    ],
)
def test_every_account_page_stands_in_our_shell_in_both_languages(path):
    account = person()
    client = signed_in()
    enrol(client, account)
    chinese = client.get(path, follow=True).content.decode()
    assert 'class="desk-nav"' in chinese and "账号与安全" in chinese
    client.post("/language", {"language": "en", "next": "/"})
    english = client.get(path, follow=True).content.decode()
    assert "Account and security" in english


@pytest.mark.requirement("SEC-06")
def test_a_role_that_demands_a_second_factor_gets_nowhere_without_it():
    account = person(demands=True)
    client = signed_in()
    for path in ("/workbench/", "/registry/sites/", "/search?q=a"):
        assert client.get(path).headers["Location"] == "/accounts/2fa/totp/activate/", path
    assert client.get("/api/v1/registry/sites").status_code == 403
    body = {"username": "zhang", "password": PASSWORD}
    token = Client().post("/api/v1/token", body, content_type="application/json")
    assert token.status_code == 403
    enrol(client, account)
    assert client.get("/registry/sites/").status_code == 200


def test_the_demo_whose_password_is_public_does_not_demand_it(settings):
    settings.DEMO = True
    person(demands=True)
    assert signed_in().get("/registry/sites/").status_code == 200


def test_a_first_password_must_be_changed_before_anything_else():
    person(must_change_password=True)
    client = signed_in()
    assert client.get("/registry/sites/").headers["Location"] == "/password"
    assert client.get("/api/v1/registry/sites").status_code == 403
    page = client.get("/password").content.decode()
    assert "须先修改密码" in page
    new = "Other-Horse-10"
    client.post("/password", {"old_password": PASSWORD, "new_password1": new, "new_password2": new})
    assert client.get("/registry/sites/").status_code == 200


@pytest.mark.parametrize(
    "path, target",
    [
        ("/accounts/login/", "/sign-in"),
        ("/accounts/signup/", "/sign-in"),
        ("/accounts/password/change/", "/password"),
        ("/accounts/email/", "/account/"),
    ],
)
def test_there_is_one_door_only(path, target):
    person()
    assert Client().get(path).headers["Location"] == target
    assert Client().post(path, {"login": "zhang", "password": PASSWORD}).status_code in (302, 405)
    assert Client().get("/accounts/password/reset/").status_code == 404


def test_the_theme_is_remembered_in_the_profile():
    account = person()
    client = signed_in()
    assert 'data-bs-theme="light"' in client.get("/account/").content.decode()
    client.post("/theme", {"theme": "dark", "next": "/account/"})
    account.refresh_from_db()
    assert account.theme == "dark"
    assert 'data-bs-theme="dark"' in client.get("/account/").content.decode()
    client.post("/theme", {"theme": "pink"})
    account.refresh_from_db()
    assert account.theme == "dark"


def test_the_sign_in_page_keeps_the_theme_of_the_cookie():
    client = Client()
    client.post("/theme", {"theme": "dark", "next": "/sign-in"})
    assert 'data-bs-theme="dark"' in client.get("/sign-in").content.decode()


def test_an_unknown_browser_is_shown_as_it_names_itself():
    assert described("curl/8.5") == "curl/8.5"
    assert described("") in ("未知设备", "unknown device")
