"""Responsible parties: whom a viewer sees, and that each number of one opens exactly its records."""

import re

import pytest

from siteloop.foundation.cases.tests.test_extensions import running
from siteloop.foundation.registry.models import Party
from siteloop.framework.testing import Caller, caller
from siteloop.systems.inspection.tests import rows

pytestmark = pytest.mark.django_db
HOME, ABROAD = "330482", "330411"
MAY = ["registry.*", "cases.*", "inspection.*"]


@pytest.fixture(autouse=True)
def own_files(settings, tmp_path):
    settings.FILES = tmp_path / "files"


def text(who: Caller, path: str) -> str:
    answer = who.html.get(path)
    assert answer.status_code == 200, path
    return str(answer.content.decode())


@pytest.mark.requirement("CTR-05")
def test_one_page_tells_the_works_and_the_conduct_of_an_enterprise(fast_plane: None) -> None:
    first, second, other = rows.order(), rows.order(code="stop_partial", part="基坑东侧"), rows.order()
    unit = first.addressee
    type(second).objects.unscoped("test").filter(pk=second.pk).update(addressee=unit, colour="red")
    who = caller(MAY, HOME)
    page = text(who, f"/parties/{unit.pk}/")
    assert unit.name in page
    assert f"/places/projects/{first.project_id}/" in page
    counts = dict(re.findall(r'href="(/centres/records/\?fact=[^"]+)">(\d+)</a>', page))
    assert counts, "every count is a link"
    for link, n in counts.items():
        opened = set(re.findall(r"/inspection/orders/\d+/", text(who, link.replace("&amp;", "&"))))
        if "fact=issued_rectify" in link:
            assert (opened, n) == ({f"/inspection/orders/{first.pk}/"}, "1")
        if "fact=orders_open" in link:
            assert (opened, n) == ({f"/inspection/orders/{o.pk}/" for o in (first, second)}, "2")
        assert f"/inspection/orders/{other.pk}/" not in opened
    assert any("fact=orders_red" in link for link in counts)


@pytest.mark.requirement("CTR-05")
def test_the_list_holds_the_parties_of_the_region_by_running_works(fast_plane: None) -> None:
    case, abroad = running(HOME), running(ABROAD)
    assert case.project is not None and abroad.project is not None
    mine = case.project.parties.get(kind="contractor").organisation
    theirs = abroad.project.parties.get(kind="contractor").organisation
    second = running(HOME).project
    assert second is not None
    Party(project=second, kind="contractor", organisation=mine).save()
    who = caller(MAY, HOME)
    page = text(who, "/parties/")
    assert f'/parties/{mine.pk}/#works">2</a>' in page
    assert theirs.name not in page
    assert mine.name not in text(who, "/parties/?kind=design")
    assert "没有符合条件的单位" in text(who, "/parties/?search=没有这家")
    assert who.html.get(f"/parties/{theirs.pk}/").status_code == 404
    assert caller(["cases.*"], HOME).html.get("/parties/").status_code == 403


def test_who_may_not_see_cases_gets_the_works_alone(fast_plane: None) -> None:
    order = rows.order()
    page = text(caller(["registry.*"], HOME), f"/parties/{order.addressee_id}/")
    assert "参建工程" in page
    assert "/centres/records/" not in page
