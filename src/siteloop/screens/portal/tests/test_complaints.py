"""A citizen complains and follows it: limits, privacy, and the way to the squad."""

import datetime as dt
import re
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.utils import timezone

from siteloop.foundation.authority.models import Account, Organisation, Post, Role
from siteloop.foundation.notice.models import Notice
from siteloop.foundation.registry.models import Site
from siteloop.framework.models import TrailEntry
from siteloop.screens.portal.models import Knock
from siteloop.systems.double_random.tests.conftest import County

PHONE = "10000000066"
Complaint = apps.get_model("dust.Complaint")


def site() -> Site:
    return Site.objects.unscoped("test").order_by("pk")[0]


def form(**more: str) -> dict[str, str]:
    at = timezone.localtime() - dt.timedelta(hours=2)
    return {
        "site": str(site().pk),
        "topic": "noise",
        "occurred_at": at.strftime("%Y-%m-%dT%H:%M"),
        "content": "半夜还在打桩，窗户都在抖",
        "contact": PHONE,
        "q": "工地",
        **more,
    }


def complaints() -> list[Any]:
    return list(Complaint.objects.unscoped("test").order_by("pk"))


@pytest.mark.requirement("PORT-01", "ACT-30", "DUST-29")
def test_a_complaint_is_filed_followed_and_told_to_the_squad(county: County) -> None:
    squad = Organisation(name="中队", kind="urban_management", region_code="330482001")
    squad.save()
    role = Role(code="squad", title="队员", permissions=["dust.*"])
    role.save()
    officer = Account.objects.create(username="squad")
    Post(account=officer, organisation=squad, role=role, region_code="330482001").save()
    guest = Client()
    assert "工地1" in guest.get("/portal/complaints/new?q=工地1").content.decode()
    filed = guest.post("/portal/complaints/new", form())
    assert filed.status_code == 200, filed.content.decode()
    code = re.search(r'class="code">([2-9A-Z-]{14})<', filed.content.decode()).group(1)  # type: ignore[union-attr]
    (row,) = complaints()
    assert row.channel == "online" and row.contact == PHONE and row.region_code == "330482001"
    assert code.replace("-", "") not in row.tracking
    notice = Notice.objects.unscoped("test").get(account=officer)
    assert PHONE not in notice.title + notice.body and row.content not in notice.title + notice.body
    found = guest.post("/portal/complaints/track", {"code": code.lower().replace("-", " ")})
    shown = found.content.decode()
    assert "待核查" in shown and "工地1" in shown
    assert row.content not in shown and PHONE not in shown
    Complaint.objects.unscoped("test").update(
        state="answered", answer="已责令停止夜间施工", answered_at=timezone.now()
    )
    assert "已责令停止夜间施工" in guest.post("/portal/complaints/track", {"code": code}).content.decode()


def test_the_phone_is_encrypted_and_the_trail_names_neither_phone_nor_words(county: County) -> None:
    Client().post("/portal/complaints/new", form())
    with connection.cursor() as cursor:
        cursor.execute("SELECT contact FROM dust_complaint")
        assert PHONE not in cursor.fetchone()[0]
    entry = TrailEntry.objects.unscoped("test").get(action="dust.complaint.file_online")
    told = f"{entry.sentence}{entry.changes}{entry.address}"
    assert PHONE not in told and "打桩" not in told and "127.0.0.1" not in told


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"site": ""}, "选择工地"),
        ({"site": "999999"}, "引用的记录不存在"),
        ({"topic": ""}, "必填"),
        ({"topic": "smell"}, "不在可选范围内"),
        ({"occurred_at": ""}, "填写发生时间"),
        ({"occurred_at": "2026-99-99T10:00"}, "填写发生时间"),
        ({"occurred_at": "2020-01-01T10:00"}, "30 天内"),
        ({"occurred_at": "2099-01-01T10:00"}, "不能晚于现在"),
        ({"content": "吵"}, "请写明"),
        ({"content": "吵" * 1001}, "1000"),
        ({"contact": "打我手机"}, "只填数字"),
        ({"website": "http://spam"}, "未被受理"),
        ({"content": "有\x00的内容很长"}, "不允许"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_kept(
    county: County, change: dict[str, str], words: str
) -> None:
    answer = Client().post("/portal/complaints/new", form(**change))
    assert answer.status_code == 422 and words in answer.content.decode(), answer.content.decode()[-3000:]
    assert not complaints()


def test_what_was_typed_stays_and_is_never_markup(county: County) -> None:
    answer = Client().post(
        "/portal/complaints/new", form(content="<script>alert(1)</script>长长的", topic="")
    )
    shown = answer.content.decode()
    assert "&lt;script&gt;alert(1)" in shown and "<script>alert" not in shown
    assert f'value="{site().pk}" required checked' in shown


def test_a_site_that_is_not_being_built_is_neither_found_nor_accepted(county: County) -> None:
    Site.objects.unscoped("test").filter(pk=site().pk).update(state="completed")
    assert f'value="{site().pk}"' not in Client().get("/portal/complaints/new?q=工地").content.decode()
    answer = Client().post("/portal/complaints/new", form())
    assert answer.status_code == 422 and "12345" in answer.content.decode()


def test_five_complaints_an_hour_from_one_address(county: County) -> None:
    codes = [Client().post("/portal/complaints/new", form()).status_code for _ in range(6)]
    assert codes == [200] * 5 + [429]
    assert Client(REMOTE_ADDR="10.0.0.9").post("/portal/complaints/new", form()).status_code == 200
    assert len(complaints()) == 6
    for row in Knock.objects.all():
        assert "127.0.0.1" not in row.who and "10.0.0.9" not in row.who
    Knock.objects.update(hour=timezone.now() - dt.timedelta(days=3))
    Knock.count("complaint", "10.0.0.9")
    assert Knock.objects.count() == 1, "counts are forgotten after two days"


def test_codes_cannot_be_guessed_at_speed(county: County) -> None:
    guest = Client()
    assert guest.post("/portal/complaints/track", {"code": "AAAA-AAAA-AAAA"}).status_code == 404
    assert guest.post("/portal/complaints/track", {"code": ""}).status_code == 404
    assert [guest.post("/portal/complaints/track", {"code": "2222"}).status_code for _ in range(19)][
        -1
    ] == 429


def test_a_complaint_of_the_desk_has_no_code_to_be_guessed(county: County) -> None:
    Complaint(
        site=site(), channel="hotline", topic="dust", occurred_at=timezone.now(), content="热线来件"
    ).save()
    for code in ("", "-", "2"):
        answer = Client(REMOTE_ADDR="10.0.0.8").post("/portal/complaints/track", {"code": code})
        assert answer.status_code == 404 and "已受理" not in answer.content.decode()


def test_a_letter_of_a_megabyte_is_turned_away(county: County) -> None:
    answer = Client().post("/portal/complaints/new", form(content="长" * 400_000))
    assert answer.status_code == 413 and not complaints()


def test_forms_demand_their_token_and_are_not_cached(county: County) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/portal/complaints/new", form()).status_code == 403
    assert "no-store" in Client().get("/portal/complaints/new")["Cache-Control"]


def test_the_search_wants_two_letters_and_says_when_nothing_fits(county: County) -> None:
    assert "没有找到在建工地" in Client().get("/portal/complaints/new?q=不存在的路").content.decode()
    assert 'name="site"' not in Client().get("/portal/complaints/new?q=工").content.decode()
