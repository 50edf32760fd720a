"""Ways to pages as a person finds them."""

from playwright.sync_api import Page


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
