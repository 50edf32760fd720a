"""Signing in and what opens first."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.phone import PHONE


def test_the_demo_lists_an_account_of_each_role_and_one_click_signs_in(
    visit: Callable[..., Page], ready: dict[str, Any], picture: Callable[[Page, str], None]
) -> None:
    page = visit()
    page.goto("/sign-in")
    for username in ready["accounts"]:
        expect(page.locator(f"[data-username={username}]")).to_be_visible()
    picture(page, "sign-in")
    page.locator("[data-username=county]").click()
    expect(page.get_by_role("heading", name="工作台", level=1)).to_be_visible()
    expect(page.locator("[data-live-state].on")).to_be_attached()


def test_a_wrong_password_is_refused_without_saying_which_part_was_wrong(visit: Callable[..., Page]) -> None:
    page = visit()
    page.goto("/sign-in")
    page.get_by_label("用户名").fill("auditor")
    page.get_by_label("密码", exact=True).fill("not-the-password")
    page.get_by_role("button", name="登录", exact=True).click()
    expect(page.get_by_role("alert")).to_have_text("用户名或密码不正确")


def test_a_page_asked_for_before_signing_in_opens_after_it(
    visit: Callable[..., Page], ready: dict[str, Any]
) -> None:
    page = visit()
    page.goto("/registry/devices/?profile=sprayer")
    page.get_by_label("用户名").fill("county")
    page.get_by_label("密码", exact=True).fill(ready["password"])
    page.get_by_role("button", name="登录", exact=True).click()
    page.wait_for_url("**/registry/devices/?profile=sprayer")


@pytest.mark.requirement("SEC-06")
@pytest.mark.parametrize(
    ("username", "sees", "does_not_see"),
    [
        ("county", "派单处置", None),
        ("manager", "派单处置", "岗位授权"),
        ("squad", "派单处置", "岗位授权"),
        ("admin", "岗位授权", None),
    ],
)
def test_each_role_has_its_own_menu(
    sign_in: Callable[..., Page], username: str, sees: str, does_not_see: str | None
) -> None:
    menu = sign_in(username).get_by_label("主菜单")
    expect(menu.get_by_text(sees, exact=True).first).to_be_attached()
    if does_not_see:
        expect(menu.get_by_text(does_not_see, exact=True)).to_have_count(0)


def test_an_unfolded_group_of_the_menu_stays_so_on_the_next_page(sign_in: Callable[..., Page]) -> None:
    menu = sign_in("county").get_by_label("主菜单")
    projects = menu.get_by_role("link", name="项目库", exact=True)
    expect(projects).to_be_hidden()
    menu.get_by_text("基础信息", exact=True).click()
    menu.get_by_text("派单处置", exact=True).first.click()
    projects.click()
    expect(projects).to_have_attribute("aria-current", "page")
    expect(menu.get_by_role("link", name="派单处置", exact=True)).to_be_visible()
    menu.get_by_text("派单处置", exact=True).first.click()  # folded again, and stays so
    menu.get_by_role("link", name="工作台", exact=True).click()
    expect(menu.get_by_role("link", name="工作台", exact=True)).to_have_attribute("aria-current", "page")
    expect(menu.get_by_role("link", name="派单处置", exact=True)).to_be_hidden()


def test_english_by_a_switch_and_back(sign_in: Callable[..., Page]) -> None:
    page = sign_in("town")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", name="Workbench", level=1)).to_be_visible()
    page.get_by_role("button", name="中文").click()
    expect(page.get_by_role("heading", name="工作台", level=1)).to_be_visible()


def test_the_workbench_fits_a_phone(
    sign_in: Callable[..., Page], picture: Callable[[Page, str], None]
) -> None:
    page = sign_in("manager", PHONE)
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wider <= 0, f"the page is {wider} px wider than the phone"
    page.get_by_role("button", name="菜单").click()
    expect(page.get_by_label("主菜单").get_by_role("link", name="工作台")).to_be_visible()
    picture(page, "phone")


def test_after_signing_out_the_pages_are_closed(sign_in: Callable[..., Page]) -> None:
    page = sign_in("town")
    page.locator("details.account summary").click()
    page.get_by_role("button", name="退出").click()
    page.goto("/registry/sites/")
    expect(page).to_have_url(re.compile("/sign-in"))
