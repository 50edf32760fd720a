"""A register: search, filter, sort, page, export, empty state; what was chosen stays in the address."""

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Page, expect


def exported(page: Page, name: str) -> Path:
    with page.expect_download() as waiting:
        page.get_by_role("link", name=name).click()
    return Path(waiting.value.path())


def total(page: Page) -> int:
    found = re.search(r"共\s*(\d+)\s*条", page.locator("#table .card-footer").inner_text())
    assert found is not None, "the list says how many there are"
    return int(found[1])


def test_filter_stays_in_the_address_and_rules_the_export(
    sign_in: Callable[..., Page], picture: Callable[[Page, str], None]
) -> None:
    page = sign_in("county")
    page.goto("/registry/devices/")
    everything = total(page)
    page.locator("select[name=profile]").select_option("sprayer")
    page.wait_for_url("**profile=sprayer**")
    expect(page.locator("#table tbody tr").first).to_be_visible()
    expect(page.locator("#table .card-footer")).not_to_contain_text(f"共 {everything} 条")
    shown = total(page)
    picture(page, "register")
    rows = list(csv.DictReader(io.StringIO(exported(page, "CSV").read_text("utf-8-sig"))))
    assert len(rows) == shown, "the export holds what the list shows"
    assert all("DEMO-SP-" in "".join(row.values()) for row in rows), "only sprayers"
    book = openpyxl.load_workbook(io.BytesIO(exported(page, "Excel").read_bytes()), read_only=True)
    assert sum(1 for _ in book.worksheets[0].iter_rows()) - 1 == shown
    page.reload()
    expect(page.locator("select[name=profile]")).to_have_value("sprayer")


def test_search_that_finds_nothing_says_so_and_can_be_cleared(sign_in: Callable[..., Page]) -> None:
    page = sign_in("county")
    page.goto("/registry/sites/")
    page.keyboard.press("/")
    page.keyboard.type("没有这样的工地")
    page.keyboard.press("Enter")
    expect(page.get_by_text("没有符合条件的记录")).to_be_visible()
    page.get_by_role("link", name="清除筛选").click()
    expect(page.locator("#table tbody tr").first).to_be_visible()


def test_sort_and_pages(sign_in: Callable[..., Page]) -> None:
    page = sign_in("county")
    page.goto("/registry/sites/?page_size=20&ordering=name")
    first = page.locator("#table tbody tr").first.inner_text()
    page.get_by_role("link", name="下一页").click()
    page.wait_for_url("**page=2**")
    expect(page.locator("#table tbody tr").first).not_to_have_text(first)


@pytest.mark.requirement("SEC-06")
def test_a_town_sees_its_own_sites_only(sign_in: Callable[..., Page]) -> None:
    county, town = sign_in("county"), sign_in("town")
    for page in (county, town):
        page.goto("/registry/sites/?page_size=200")

    def names(page: Page) -> set[str]:
        return set(page.locator("#table tbody tr td:nth-child(2)").all_inner_texts())

    assert names(town) < names(county)
