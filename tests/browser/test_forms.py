"""Forms under the hands of somebody quick."""

from collections.abc import Callable

from playwright.sync_api import Page, expect


def test_a_search_box_left_at_once_stays_shut_and_takes_no_focus_back(sign_in: Callable[..., Page]) -> None:
    page = sign_in("county")
    page.clock.install()
    page.goto("/registry/sites/new")
    box = page.locator("main").get_by_label("项目", exact=True).and_(page.locator("input"))
    listed = page.locator("[id$='project-ts-dropdown']")
    box.click()
    page.clock.run_for(1000)
    offered = listed.locator(".option").first
    name = offered.inner_text().split("\n")[0]
    # chosen before the pause in typing that starts the search
    box.press_sequentially(name[:2])
    offered.click()
    expect(listed).to_be_hidden()
    other = page.locator("main input[name=name]")
    other.focus()
    page.clock.run_for(1000)
    expect(listed).to_be_hidden()
    expect(other).to_be_focused()
