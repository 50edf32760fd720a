"""Ways to pages as a person finds them."""

import re

from playwright.sync_api import Page, expect


def device_page(page: Page, code: str) -> None:
    """Search the device by its code and open it."""
    page.goto(f"/registry/devices/?search={code}")
    page.locator("#table tbody tr").get_by_role("link").first.click()
    page.wait_for_url("**/devices/*/")
    if "/places/devices/" not in page.url:
        page.goto(page.url.replace("/registry/", "/places/"))


def case_page(page: Page, site: str) -> None:
    """Open the newest case of the site from the list of cases."""
    page.goto(f"/cases/cases/?search={site}&ordering=-opened_at")
    page.locator("#table tbody tr").first.get_by_role("link").first.click()
    page.wait_for_url("**/cases/cases/*/")


def choose(page: Page, field: str, words: str) -> None:
    """Type into a reference field and take the first that is offered."""
    box = page.locator(f"#i-{field}-ts-control")
    box.click()
    box.press_sequentially(words)
    page.locator(f"#i-{field}-ts-dropdown .option").filter(has_text=words).first.click()


def submit(page: Page, words: str) -> None:
    """Press the form's button and see that it was done."""
    page.get_by_role("button", name=words).click()
    done = page.locator(".alert-success").or_(page.locator("[role=alert]"))
    expect(done.first).to_have_class(re.compile("alert-success"))
