"""The search over everything: grouped, by right, and never a word about what lies outside the scope."""

import pytest
from django.apps import apps
from django.test import Client

from siteloop.foundation.registry.tests import rows
from siteloop.framework import searching
from siteloop.framework.testing import caller

pytestmark = pytest.mark.django_db
HOME, ABROAD = "330482", "330411"
NUMBER = "330482199503071219"


def found(who, words):
    answer = who.html.get("/search", {"q": words, "part": "1"})
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.requirement("SEC-06", "LVL-07")
def test_every_source_keeps_to_the_scope():
    here, there = rows.device(HOME), rows.device(ABROAD)
    who = caller(["*"], HOME)
    for mine, theirs in (
        (here.code, there.code),
        (here.site.name, there.site.name),
        (here.site.project.name, there.site.project.name),
        (rows.organisation(HOME).name, rows.organisation(ABROAD).name),
    ):
        assert mine in found(who, mine)
        assert "没有找到" in found(who, theirs), theirs


@pytest.mark.requirement("SEC-06")
def test_a_source_without_the_right_stays_silent():
    device = rows.device(HOME)
    who = caller(["registry.site.view"], HOME)
    assert device.site.name in found(who, device.site.name)
    assert "没有找到" in found(who, device.code)


def test_hits_are_grouped_and_open_their_records():
    device = rows.device(HOME)
    page = caller(["*"], HOME).html.get("/search", {"q": device.code}).content.decode()
    assert f'href="/places/devices/{device.pk}/"' in page and 'id="g-devices"' in page


def test_more_hits_than_shown_lead_to_the_filtered_list():
    for _ in range(7):
        rows.site(HOME)
    name = apps.get_model("registry.Site")._base_manager.first().name[:2]
    part = found(caller(["*"], HOME), name)
    assert 'href="/registry/sites/?search=' in part and "查看全部 7" in part


@pytest.mark.requirement("SEC-01")
def test_a_person_is_found_by_the_whole_name_or_number_and_stays_masked():
    Person = apps.get_model("people.Person")
    for name, number, region in (("张三丰", NUMBER, HOME), ("李外人", "330411198001011235", ABROAD)):
        person = Person(name=name, id_number=number, region_code=region)
        person.clean()
        person.save()
    who = caller(["*"], HOME)
    for words in ("张三丰", NUMBER):
        told = found(who, words)
        assert "张**" in told and "张三丰" not in told and NUMBER not in told
    for words in ("张三", "三丰", NUMBER[:10], "李外人", "330411198001011235"):
        assert "没有找到" in found(who, words), words


def test_pages_of_the_menu_are_found_by_their_title():
    assert 'href="/registry/devices/"' in found(caller(["*"], HOME), "设备")
    assert 'href="/registry/devices/"' not in found(caller(["registry.site.view"], HOME), "设备")


@pytest.mark.parametrize(
    "words", ["", "   ", "\x00", "%", "' OR 1=1 --", "<script>alert(1)</script>", "词" * 500]
)
def test_odd_words_do_no_harm(words):
    who = caller(["*"], HOME)
    assert "<script>alert" not in found(who, words)
    assert who.html.get("/search", {"q": words}).status_code == 200


def test_strangers_are_sent_to_the_sign_in():
    assert Client().get("/search?q=a").headers["Location"].startswith("/sign-in")


def test_each_kind_of_thing_has_its_source():
    assert {s.code for s in searching.sources()} >= {
        "projects",
        "sites",
        "devices",
        "cases",
        "people",
        "organisations",
    }
