"""One person at the desk: opens, types by label, presses by words, reads. A story is told in these verbs alone."""

import io
import re
from collections.abc import Mapping, Sequence

from playwright.sync_api import FilePayload, Locator, Page, expect
from pypdf import PdfReader

#: what is typed under one label: words, a date, an option's words, a looked-up name (or several), files
Typed = str | Sequence[str] | Sequence[FilePayload]


class Person:
    """Somebody signed in on a page of their own."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.main = page.locator("main")

    # ---- ways

    def opens(self, address: str) -> None:
        """An address somebody else was seen on, or that a link names."""
        self.page.goto(address)

    def finds(self, register: str, words: str, column: str = "") -> None:
        """Search a register and open the first hit (or what stands in a column of it)."""
        self.page.goto(f"{register}?search={words}")
        row = self.page.locator("#table tbody tr").first
        cell = row.locator(f"td[data-label='{column}']") if column else row
        cell.get_by_role("link").first.click()
        self.page.wait_for_url(re.compile(r"/\d+/$"))

    def follows(self, words: str) -> None:
        """Press a link of the page, and arrive."""
        before = self.page.url
        self.main.get_by_role("link", name=words).first.click()
        self.page.wait_for_url(lambda url: url != before)

    def opens_case(self) -> str:
        """The case of the record on the page; its address."""
        self.main.locator("a[href^='/cases/cases/']").first.click()
        self.page.wait_for_url("**/cases/cases/*/")
        return self.page.url

    def takes(self, title: str) -> str:
        """Open a printed document of the record; the words of its PDF, without the ends of its lines."""
        self.main.locator("a[href^='/documents/documents/']").filter(has_text=title).first.click()
        self.page.wait_for_url("**/documents/documents/*/")
        return self.prints(f"{self.page.url}pdf").replace("\n", "")

    @property
    def key(self) -> int:
        """Number of the record on the page."""
        found = re.search(r"/(\d+)/?$", self.page.url.split("?")[0])
        assert found is not None, f"no record at {self.page.url}"
        return int(found[1])

    # ---- doing

    def types(self, typed: Mapping[str, Typed]) -> None:
        """Fill the form of the page, label by label."""
        # a search box is one only after the page's script has made it so
        self.page.wait_for_load_state("load")
        expect(self.main.locator("select[data-source]:not(.tomselected)")).to_have_count(0)
        boxes = self.main.locator("input, select, textarea")
        for label, value in typed.items():
            self._type(self.main.get_by_label(label, exact=True).and_(boxes), value)

    def _type(self, box: Locator, value: Typed) -> None:
        kind = box.evaluate(
            "box => box.type === 'file' ? 'file' : box.id.endsWith('-ts-control') ? 'lookup' : box.type"
        )
        if kind == "file":
            box.set_input_files([f for f in value if isinstance(f, dict)])
        elif kind == "lookup":
            for words in [value] if isinstance(value, str) else value:
                self._look_up(box, str(words))
        elif kind == "select-one":
            box.select_option(label=str(value))
        else:
            box.fill(str(value))
            box.press("Tab")  # leaving a date closes its calendar

    def _look_up(self, box: Locator, words: str) -> None:
        """Type into a search box and take what is offered under these words."""
        box.click()
        box.press_sequentially(words)
        name = str(box.get_attribute("id")).removesuffix("-ts-control")
        self.page.locator(f"#{name}-ts-dropdown .option").filter(has_text=words).first.click()

    def presses(self, words: str) -> None:
        """Press a button of the page."""
        self.main.get_by_role("button", name=words, exact=True).click()

    def does(self, words: str, typed: Mapping[str, Typed] | None = None, says: str = "") -> None:
        """One action: its button, what it asks, its button again, and what the program answers."""
        self.asks(words, typed)
        self.hears(says or "")

    def asks(self, words: str, typed: Mapping[str, Typed] | None = None) -> None:
        """As `does`, without the answer."""
        self._act(words).click()
        expect(self.main.get_by_role("button", name=words, exact=True)).to_be_visible()
        self.types(typed or {})
        self.presses(words)

    def _act(self, words: str) -> Locator:
        """The button of an action, which leads to what it asks."""
        buttons = self.main.locator("a[href*='/actions/']")
        return buttons.and_(self.main.get_by_role("link", name=words, exact=True))

    # ---- reading

    def hears(self, words: str) -> None:
        """The program says that it was done."""
        try:
            expect(self.main.locator(".alert-success").filter(has_text=words).first).to_be_visible()
        except AssertionError as missing:
            said = self.main.locator(".alert").all_inner_texts()
            raise AssertionError(f"it should say: {words}; it says: {said}") from missing

    def is_refused(self, words: str) -> None:
        """The program says why not, and leaves what was typed."""
        expect(self.main.get_by_role("alert").first).to_contain_text(words)

    def reads(self, *words: str) -> None:
        """These words stand on the page."""
        for one in words:
            expect(self.main.get_by_text(one).first).to_be_visible()

    def reads_not(self, *words: str) -> None:
        """These do not."""
        expect(self.main.get_by_role("heading", level=1)).to_be_visible()
        for one in words:
            expect(self.main.get_by_text(one)).to_have_count(0)

    def hears_of(self, words: str) -> None:
        """These words come into the open case's timeline, which renews itself."""
        expect(
            self.page.locator("#timeline .case-words").get_by_text(words, exact=False).last
        ).to_be_visible()

    def sees(self, title: str, words: str) -> None:
        """A fact of the record: its title, and what it says."""
        expect(self._fact(title)).to_contain_text(words)

    def _fact(self, title: str) -> Locator:
        name = self.main.locator("dt").filter(has_text=re.compile(f"^{re.escape(title)}$")).first
        return name.locator("xpath=following-sibling::dd[1]")

    def may(self, *words: str) -> None:
        """These actions are offered."""
        for one in words:
            expect(self._act(one)).to_be_visible()

    def may_not(self, *words: str) -> None:
        """These are not."""
        expect(self.main.get_by_role("heading", level=1)).to_be_visible()
        for one in words:
            expect(self._act(one)).to_have_count(0)

    def cannot_open(self, address: str) -> None:
        """Somebody else's page: it is answered as one that does not exist, or as not allowed."""
        assert self.page.request.get(address, max_redirects=0).status in (403, 404)

    def prints(self, address: str) -> str:
        """The words of a document's PDF."""
        answer = self.page.request.get(address)
        assert answer.ok and answer.headers["content-type"] == "application/pdf", f"{answer.status} {address}"
        return "".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.body())).pages)

    def fact(self, title: str) -> str:
        """What a fact of the record says."""
        return self._fact(title).inner_text()
