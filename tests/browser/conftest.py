"""Pages in a real Chromium against the whole program with the demo county, whose devices the tests themselves move."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from siteloop.entry.testing_stack import Stack
from siteloop.framework.testing.chromium import CHROMIUM
from tests.browser.phone import Field
from tests.browser.signed_in import SignedIn

PICTURES = os.environ.get("SITELOOP_PICTURES", "")  # folder to keep pictures of the pages in
DESK = (1440, 900)

#: answers of a form that was filled in wrongly, and of an act that the rules do not allow now
REFUSALS = (409, 422)

expect.set_options(timeout=20_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """So that `-m "not browser"` leaves them out."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """The system's Chromium, drawing maps in software."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine, and its package manager could not give one")
    drawing = ["--disable-gpu", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
    return {
        "executable_path": CHROMIUM,
        "args": ["--no-sandbox", "--disable-background-networking", *drawing],
    }


@pytest.fixture(scope="module")
def browser(browser_type_launch_args: dict[str, Any]) -> Iterator[Browser]:
    """Ends with its module: while it is open its event loop counts as running, and a later test in this process could start none."""
    with sync_playwright() as opened:
        chromium = opened.chromium.launch(**browser_type_launch_args)
        yield chromium
        chromium.close()


def _is_refusal(said: str) -> bool:
    return any(f"status of {status} " in said for status in REFUSALS)


@contextmanager
def guarded(browser: Browser, url: str, size: tuple[int, int], **options: Any) -> Iterator[Page]:
    """A page that may load nothing from elsewhere, and on which nothing may go wrong unnoticed."""
    context = browser.new_context(
        base_url=url,
        locale="zh-CN",
        timezone_id="America/New_York",  # the pages show Shanghai's time wherever the browser stands
        viewport={"width": size[0], "height": size[1]},
        **options,
    )
    page = context.new_page()
    page.set_default_timeout(20_000)
    foreign: list[str] = []
    wrong: list[str] = []
    own = urlsplit(url).netloc
    page.on(
        "request",
        lambda r: foreign.append(r.url) if urlsplit(r.url).netloc not in (own, "") else None,
    )
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "response",
        lambda r: (
            wrong.append(f"{r.status} {r.url}") if r.status >= 400 and r.status not in REFUSALS else None
        ),
    )
    page.on(
        "console", lambda m: wrong.append(m.text) if m.type == "error" and not _is_refusal(m.text) else None
    )
    yield page
    context.close()
    assert not foreign, f"asked somebody else: {foreign}"
    assert not wrong, f"went wrong on the page: {wrong}"


@pytest.fixture
def visit(county: Stack, browser: Browser) -> Iterator[Callable[..., Page]]:
    """visit(size=…): a page nobody has signed in on."""
    with ExitStack() as open_pages:

        def visit(size: tuple[int, int] = DESK, **options: Any) -> Page:
            one: AbstractContextManager[Page] = guarded(browser, county.url, size, **options)
            return open_pages.enter_context(one)

        yield visit


@pytest.fixture(scope="session")
def signed_in(ready: dict[str, Any]) -> SignedIn:
    """Who has signed in already, for desks and phones."""
    return SignedIn(str(ready["password"]))


@pytest.fixture
def sign_in(visit: Callable[..., Page], signed_in: SignedIn) -> Callable[..., Page]:
    """sign_in("county"): that person's workbench."""

    def sign_in(username: str, size: tuple[int, int] = DESK, **options: Any) -> Page:
        page = visit(size, **signed_in.of(username), **options)
        signed_in.open(page, username, "/workbench/")
        expect(page.get_by_role("heading", name="工作台", level=1)).to_be_visible()
        return page

    return sign_in


@pytest.fixture
def picture() -> Callable[[Page, str], None]:
    """Keep a picture of the page, when SITELOOP_PICTURES names a folder."""

    def picture(page: Page, name: str) -> None:
        if PICTURES:
            page.screenshot(path=Path(PICTURES) / f"{name}.png", animations="disabled")

    return picture


@pytest.fixture
def rows(county: Stack) -> Callable[..., list[Any]]:
    """What lies in the database; a change of it (the past, mostly) returns nothing."""

    def rows(query: str, *values: Any) -> list[Any]:
        with psycopg.connect(county.database_url) as connection:
            found = connection.execute(query, values)
            return found.fetchall() if found.description else []

    return rows


@pytest.fixture
def field(county: Stack, browser: Browser, signed_in: SignedIn) -> Iterator[Callable[[str], Field]]:
    """field("inspector"): that person's phone."""
    phones: list[Field] = []

    def field(username: str) -> Field:
        phones.append(Field(browser, county.url, username, signed_in))
        return phones[-1]

    yield field
    for phone in phones:
        phone.close()
