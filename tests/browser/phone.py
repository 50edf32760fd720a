"""A phone in somebody's hand: the field page in a browser context of its own, which may lose its network."""

import io
import itertools
import re
import struct
import unicodedata
import zlib
from collections.abc import Callable

from playwright.sync_api import Browser, FilePayload, expect
from pypdf import PdfReader

from tests.browser.signed_in import SignedIn

PHONE = (390, 844)
IN_CHARGE = """() => new Promise((done) => {
  const worker = navigator.serviceWorker;
  if (worker.controller) done();
  else worker.addEventListener("controllerchange", () => done(), { once: true });
})"""
_turn = itertools.count(1)


class Field:
    """One person's phone: a browser context of its own, which may lose its network."""

    def __init__(self, browser: Browser, url: str, username: str, signed_in: SignedIn) -> None:
        self.context = browser.new_context(
            base_url=url,
            locale="zh-CN",
            viewport={"width": PHONE[0], "height": PHONE[1]},
            has_touch=True,
            is_mobile=True,
            geolocation={"longitude": 121.02, "latitude": 30.70},
            permissions=["geolocation"],
            **signed_in.of(username),
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(20_000)
        self.wrong: list[str] = []
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        signed_in.open(self.page, username, "/field/")
        expect(self.page.get_by_role("heading", name="今日任务")).to_be_visible()
        self.online()
        self.page.evaluate(IN_CHARGE)

    def online(self) -> None:
        """Back on the network, and the server has answered."""
        self.context.set_offline(False)
        expect(self.page.locator("[data-link=online]")).to_be_visible(timeout=30_000)

    def offline(self) -> None:
        """No network from here on."""
        self.context.set_offline(True)
        expect(self.page.locator("[data-link=offline]")).to_be_visible()

    def screen(self, name: str) -> None:
        """By the address inside the page, which no network is needed for."""
        self.page.evaluate("name => { location.hash = name; }", f"#/{name}")

    def begin(self, colleague: str) -> str:
        """A new inspection of the first site with the first table; its key."""
        self.screen("new")
        expect(self.page.get_by_role("heading", name="新建检查")).to_be_visible()
        self.page.locator(".choice").first.click()
        self.page.get_by_label(colleague).check()
        self.page.locator("[name=table]").first.check()
        self.page.get_by_role("button", name="开始检查").click()
        # "检查表" stands on the form as well: only the address says that the record is there
        expect(self.page).to_have_url(re.compile("#/record/"))
        expect(self.page.get_by_role("heading", name="检查表")).to_be_visible()
        return self.key()

    def key(self) -> str:
        """Of the record on the screen."""
        return str(self.page.evaluate("decodeURIComponent(location.hash).replace('#/record/', '')"))

    def table(self) -> None:
        """Unfold the table."""
        part = self.page.locator("details[data-table]").first
        if part.get_attribute("open") is None:
            part.locator("summary").click()

    def fail(self, line: int, problem: str, photo: bool = False) -> None:
        """Judge a line as failed."""
        self.table()
        row = self.page.locator("article.line").nth(line)
        row.locator("[data-result=failed]").click()
        row.locator("textarea").first.fill(problem)
        row.locator("input[type=number]").fill("1")
        if photo:
            row.locator("input[type=file]").first.set_input_files(picture_file())
            expect(row.locator(".thumb img")).to_be_visible()

    def sign(self, person: str) -> None:
        """On glass, with a finger."""
        self.page.locator(".sign summary").click()
        self.page.get_by_label("签名人").first.fill(person)
        glass = self.page.locator("canvas.glass")
        glass.scroll_into_view_if_needed()
        box = glass.bounding_box()
        assert box is not None
        self.page.mouse.move(box["x"] + 40, box["y"] + 60)
        self.page.mouse.down()
        for step in range(1, 9):
            self.page.mouse.move(box["x"] + 40 + 25 * step, box["y"] + 60 + 30 * (step % 2))
        self.page.mouse.up()
        self.page.get_by_role("button", name="确认签名").click()
        expect(self.page.locator("figcaption", has_text=person)).to_be_visible()

    def prints(self, width: int) -> tuple[str, list[int]]:
        """The strip as the printer at the belt gets it: its words without blanks, and the widths of its sheets in mm."""
        self.page.evaluate("window.print = () => { window.asked = true; }")
        self.page.get_by_role("button", name=f"{width} mm").click()
        self.page.get_by_role("button", name="打印", exact=True).click()
        assert self.page.evaluate("window.asked"), "the phone's own dialogue opens"
        sheets = PdfReader(io.BytesIO(self.page.pdf(prefer_css_page_size=True))).pages
        # a PDF's letters come back as look-alikes and with gaps
        words = unicodedata.normalize("NFKC", "".join(one.extract_text() for one in sheets))
        return "".join(words.split()), [round(float(one.mediabox.width) / 72 * 25.4) for one in sheets]

    def sent(self) -> None:
        """Nothing waits any more."""
        expect(self.page.locator("[data-waiting]")).to_have_count(0, timeout=30_000)

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait for something on the server while the page goes on."""
        for _ in range(300):
            if holds():
                return
            self.page.wait_for_timeout(100)
        raise TimeoutError("it did not become true")

    def close(self) -> None:
        """And nothing went wrong on it."""
        self.context.close()
        assert not self.wrong, f"went wrong on the page: {self.wrong}"


def picture_file() -> FilePayload:
    """A photo of 2400 × 1600, each of a colour of its own."""
    width, height, shade = 2400, 1600, next(_turn) * 30 % 255
    row = b"\0" + bytes((shade, 120, 90)) * width

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(row * height)) + chunk(b"IEND", b"")
    return {"name": "现场.png", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\n" + body}
