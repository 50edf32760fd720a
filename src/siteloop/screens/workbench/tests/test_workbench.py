"""The workbench: opens for everybody who is signed in, and only for them."""

import pytest
from django.test import Client

from siteloop.framework.testing import caller
from siteloop.screens.workbench import views


@pytest.mark.django_db
def test_strangers_are_led_to_the_sign_in(fast_plane: None) -> None:
    assert Client().get("/workbench/").headers["Location"].startswith("/sign-in")


@pytest.mark.django_db
@pytest.mark.requirement("PLAT-23")
def test_it_opens_with_all_rights_and_with_none(fast_plane: None) -> None:
    assert "我的待办" in caller(["*"], "330482").html.get("/workbench/").content.decode()
    assert "没有待办" in caller(["cases.case.view"], "330482").html.get("/workbench/").content.decode()
    bare = caller([], "330482").html.get("/workbench/").content.decode()
    assert "我的待办" not in bare and "正在发生的预警" not in bare, (
        "what is closed to a person is not offered"
    )


@pytest.mark.django_db
def test_each_part_is_fetched_alone_for_the_open_page(fast_plane: None) -> None:
    """What is shown beside each other is refreshed beside each other: a case in the list counts in the figures."""
    page = caller(["*"], "330482").html
    whole = page.get("/workbench/").content.decode()
    for part in views.PARTS:
        assert f"?part={part}" in whole
        alone = page.get(f"/workbench/?part={part}").content.decode()
        assert "<html" not in alone
        assert alone.strip() in whole.replace("\r", ""), part


@pytest.mark.django_db
def test_a_rule_is_called_by_its_title(fast_plane: None) -> None:
    """A rule no system has words for is called as its pack calls it, never by its code."""
    from siteloop.foundation.cases.titles import titles
    from siteloop.foundation.packs.reference import load

    load()
    assert titles(["dust.history_gap", "dust.none"]) == {"dust.history_gap": "数据缺段补传"}
