"""The API of a register, seen from outside."""

import pytest
from django.apps import apps
from django.test import Client

from siteloop.framework.rest.tokens import account_of, issue
from siteloop.framework.testing import caller, officer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("tested_paths")]
API = "/api/tested/authority/tested"
HOME, ABROAD = "330482", "330411"


def org(name, region=HOME, **more):
    return apps.get_model("authority.Organisation")._base_manager.create(
        name=name, kind="builder", region_code=region, **more
    )


def is_problem(answer, status):
    assert answer.status_code == status, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == status
    return answer.json()


def password_account(**more):
    account = officer()
    account.set_password("Correct-Horse-9")
    for name, value in more.items():
        setattr(account, name, value)
    account.save()
    return account


def sign_in(username, password, **more):
    body = {"username": username, "password": password, **more}
    return Client().post("/api/v1/token", body, content_type="application/json")


def test_token_opens_the_api_until_the_password_changes():
    account = password_account()
    token = sign_in(account.username, "Correct-Horse-9").json()["access"]
    ask = lambda: Client().get(API, HTTP_AUTHORIZATION=f"Bearer {token}")  # noqa: E731
    assert ask().status_code == 200
    account.set_password("Another-Horse-9")
    account.save()
    is_problem(ask(), 401)


def test_stopped_account_and_forged_token_are_refused():
    account = password_account()
    token = issue(account)
    account.is_active = False
    account.save()
    assert account_of(token) is None
    is_problem(Client().get(API, HTTP_AUTHORIZATION=f"Bearer {token}x"), 401)
    is_problem(Client().get(API), 401)
    is_problem(sign_in(account.username, "Correct-Horse-9"), 401)


def test_initial_password_must_be_changed_first():
    account = password_account(must_change_password=True)
    is_problem(sign_in(account.username, "Correct-Horse-9"), 403)


def test_failures_lock_the_account_out():
    account = password_account()
    for _ in range(4):
        is_problem(sign_in(account.username, "wrong"), 401)
    sign_in(account.username, "wrong")
    is_problem(sign_in(account.username, "Correct-Horse-9"), 429)


def test_second_factor_is_asked():
    from allauth.mfa.adapter import get_adapter
    from allauth.mfa.models import Authenticator
    from allauth.mfa.totp.internal.auth import (
        format_hotp_value,
        generate_totp_secret,
        hotp_value,
        yield_hotp_counters_from_time,
    )

    account = password_account()
    secret = generate_totp_secret()
    Authenticator.objects.create(
        user=account, type=Authenticator.Type.TOTP, data={"secret": get_adapter().encrypt(secret)}
    )
    is_problem(sign_in(account.username, "Correct-Horse-9"), 401)
    is_problem(sign_in(account.username, "Correct-Horse-9", otp="000000"), 401)
    code = format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))
    assert sign_in(account.username, "Correct-Horse-9", otp=code).status_code == 200


def test_session_needs_csrf_to_write():
    account = officer()
    client = Client(enforce_csrf_checks=True)
    client.force_login(account, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(API).status_code == 200
    body = {"name": "新", "kind": "builder", "region_code": HOME}
    is_problem(client.post(API, body, content_type="application/json"), 403)


def test_list_is_scoped_filtered_sorted_and_paged():
    for name, region in (("丙", HOME), ("甲", HOME), ("外", ABROAD)):
        org(name, region)
    who = caller()
    names = lambda query: [r["name"] for r in who.get(f"{API}?kind=builder&{query}").json()["results"]]  # noqa: E731
    assert sorted(names("")) == ["丙", "甲"]
    assert names("ordering=-name") == sorted(["丙", "甲"], reverse=True)
    first, second = names("page_size=1&ordering=name"), names("page_size=1&page=2&ordering=name")
    assert sorted(first + second) == sorted(["丙", "甲"])
    assert names("search=甲") == ["甲"]
    assert who.get(f"{API}?kind=builder").json()["count"] == 2
    assert names("page=9") == []


@pytest.mark.parametrize(
    "query",
    [
        "nonsense=1",
        "ordering=uscc",
        "kind=wrong",
        "is_active=maybe",
        "page=0",
        "page=x",
        "search=%00",
        "parent=abc",
    ],
)
def test_bad_parameters_are_422(query):
    assert is_problem(caller().get(f"{API}?{query}"), 422)["errors"]


def test_hidden_and_missing_rows_answer_alike():
    theirs = org("外", ABROAD)
    who = caller()
    for method, tail, body in (
        ("GET", "", None),
        ("PATCH", "", {"short_name": "x"}),
        ("POST", "/actions/stop", {"why": "x"}),
        ("GET", "/trail", None),
    ):
        hidden = who.send(method, f"{API}/{theirs.pk}{tail}", body)
        missing = who.send(method, f"{API}/99999999{tail}", body)
        assert is_problem(hidden, 404) == is_problem(missing, 404)


def test_create_change_and_act():
    who = caller()
    made = who.post(API, {"name": "新单位", "kind": "builder", "region_code": HOME})
    assert made.status_code == 201, made.content
    row = made.json()
    assert (row["kind"], row["kind_title"], row["is_active"]) == ("builder", "建设单位", True)
    path = f"{API}/{row['id']}"
    assert who.send("PATCH", path, {"short_name": "新"}).json()["short_name"] == "新"
    assert who.get(path).json()["display"] == "新"
    is_problem(who.post(f"{path}/actions/stop", {}), 422)
    done = who.post(f"{path}/actions/stop", {"why": "合并", "reason": "上级要求"}).json()
    assert done["message"] == "已停用" and done["row"]["is_active"] is False
    is_problem(who.post(f"{path}/actions/stop", {"why": "合并"}), 409)
    told = who.get(f"{path}/trail").json()["results"]
    assert [t["action"].rsplit(".", 1)[1] for t in told] == ["stop", "change", "create"]
    assert told[0]["reason"] == "上级要求"


def test_bad_bodies_are_422_with_the_field():
    who = caller()
    good = {"name": "新", "kind": "builder", "region_code": HOME}
    for wrong in (
        {"kind": "x"},
        {"nonsense": 1},
        {"name": "长" * 500},
        {"uscc": "1"},
        {"is_active": "maybe"},
        {"parent": "x"},
        {"short_name": "a\x00"},
    ):
        body = is_problem(who.post(API, {**good, **wrong}), 422)
        assert set(body["errors"]) == set(wrong)
    org("占用")
    assert "name" in is_problem(who.post(API, {**good, "name": "占用"}), 422)["errors"]
    broken = Client().post(
        API, "{", content_type="application/json", HTTP_AUTHORIZATION=f"Bearer {who.token}"
    )
    assert broken.status_code in (400, 422) and broken.headers["Content-Type"] == "application/problem+json"


def test_wrong_method_and_unknown_path_are_problems():
    who = caller()
    assert "Allow" in who.send("DELETE", API).headers
    is_problem(who.send("DELETE", API), 405)
    is_problem(who.get("/api/tested/nothing"), 404)


def test_repeated_key_does_it_once_and_never_for_another_request():
    who, other = caller(), caller()
    good = {"name": "一次", "kind": "builder", "region_code": HOME}
    first = who.post(API, good, Idempotency_Key="k")
    again = who.post(API, good, Idempotency_Key="k")
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json() and again.headers["Idempotent-Replayed"] == "true"
    is_problem(who.post(API, {**good, "name": "二次"}, Idempotency_Key="k"), 422)
    assert other.post(API, {**good, "name": "他人"}, Idempotency_Key="k").status_code == 201
    is_problem(who.post(API, {**good, "kind": "x"}, Idempotency_Key="k2"), 422)
    assert who.post(API, {**good, "name": "改好"}, Idempotency_Key="k2").status_code == 201


def test_bulk_tells_of_every_row():
    mine, theirs = org("甲"), org("外", ABROAD)
    answer = caller().post(f"{API}/actions/stop/bulk", {"ids": [mine.pk, theirs.pk], "why": "合并"}).json()
    assert answer["done"] == 1
    assert [r["done"] for r in answer["results"]] == [True, False]


def test_contract_tells_choices_and_parameters():
    contract = Client().get("/api/v1/openapi.json").json()
    zone = contract["paths"]["/api/v1/regions/regions"]["get"]
    names = {p["name"] for p in zone["parameters"]}
    assert {"page", "page_size", "search", "ordering", "level"} <= names
    make = contract["components"]["schemas"]["RegionsRegionsCreate"]
    assert make["properties"]["name"]["title"] == "名称"
    assert make["additionalProperties"] is False


def test_description_for_screens():
    who = caller(["regions.*"])
    page = who.get("/api/v1/ui/regions/zones").json()
    assert [c["name"] for c in page["columns"]] == ["code", "name", "region"]
    assert page["may"]["create"] is True
    assert caller(["x"]).get("/api/v1/ui/regions/zones").status_code == 403
    assert {r["code"] for r in who.get("/api/v1/ui").json()["results"]} == {"regions", "zones", "boundaries"}


def test_own_password_hash_and_device_secrets_are_no_api_fields():
    from siteloop.framework.page import Page
    from siteloop.framework.rest.rows import names

    for label in ("authority.Account", "registry.Device", "people.Person"):
        page = Page(apps.get_model(label), "x", "x", "x", columns=())
        assert not {"password", "token_hash", "id_number", "name_hash", "id_hash"} & set(names(page))
