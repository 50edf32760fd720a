"""The device page follows its device: values, the raw frame, the flag of a doubtful value, commands."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.places import device_page
from tests.county.cast import Cast


@pytest.mark.requirement("DUST-08")
def test_values_change_on_the_open_page_without_a_reload(
    sign_in: Callable[..., Page], cast: Cast, picture: Callable[[Page, str], None]
) -> None:
    code = cast.stories["dusty"]["monitors"][0]
    monitor = cast.monitor(code, pm25=41.0)
    page = sign_in("county")
    device_page(page, code)
    shown = page.locator("[data-field=pm25]")
    expect(shown).to_have_text("41")
    page.evaluate("window.stayed = true")
    monitor.air["pm25"] = 63.0
    expect(shown).to_have_text("63")
    assert page.evaluate("window.stayed"), "the page was loaded anew"
    expect(page.locator("[data-chart] canvas").first).to_be_visible()
    row = page.locator("#rows tbody tr").first
    expect(row).to_contain_text("PM2.5")
    row.get_by_role("button", name="解析").click()
    expect(page.locator("#frame")).to_contain_text(f"MN={code}")
    expect(page.get_by_text("已连接", exact=True)).to_be_visible()
    picture(page, "device")


def test_a_doubtful_value_is_shown_with_its_flag(sign_in: Callable[..., Page], cast: Cast) -> None:
    code = cast.stories["dusty"]["monitors"][-1]
    monitor = cast.monitor(code)
    page = sign_in("county")
    device_page(page, code)
    expect(page.locator("[data-field=pm10]")).to_be_visible()
    expect(page.locator(".doubtful")).to_have_count(0)
    monitor.device.flags["pm10"] = "D"  # while the page is open
    expect(page.locator(".doubtful")).to_have_count(1)
    expect(page.locator(".doubtful")).to_contain_text("PM10")


def test_the_clock_is_set_by_a_command_whose_way_is_shown(sign_in: Callable[..., Page], cast: Cast) -> None:
    code = cast.stories["dusty"]["monitors"][0]
    monitor = cast.monitor(code)
    page = sign_in("county")
    device_page(page, code)
    expect(page.locator("[data-field=pm25]")).to_have_text("30")
    page.get_by_role("button", name="校时").click()
    cast.stack.until(lambda: "1012" in monitor.device.commands, 30)
    # the list follows by itself; a reload here would also run into the page that answers the click
    way = page.locator("[data-topics=command] .list-group-item").filter(has_text=re.compile("校时")).first
    expect(way).to_contain_text(re.compile("已完成|完成"))
