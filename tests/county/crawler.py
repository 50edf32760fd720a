"""Walks the program as a person does: by the links its pages show, one of each kind."""

import re
from collections import deque
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx

#: links of one kind that are opened: the same page of another record adds little
EACH_KIND = 2
#: no pages to look at: files, the API, exports, and what changes something of the person's own
LEFT_OUT = re.compile(r"^/(static|sign-out|files|api|field|portal/language)(/|$)|/(export|pdf|word)(\?|$)")
#: turns a list round without showing anything new
TURNS = frozenset({"ordering", "page_size", "page"})


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag == "a" and said.get("href") and "download" not in said:
            self.found.append(str(said["href"]))


def links(page: str, at: str) -> Iterator[str]:
    """Addresses of the own house on a page, without their fragments."""
    parser = _Links()
    parser.feed(page)
    for href in parser.found:
        parts = urlsplit(urljoin(at, href))
        if parts.netloc == urlsplit(at).netloc and parts.scheme in ("http", "https"):
            yield parts.path + (f"?{parts.query}" if parts.query else "")


def kind(address: str) -> str:
    """What two addresses of the same sort of page have in common: numbers, codes and values of filters fall away."""
    parts = urlsplit(address)
    path = re.sub(r"/[^/]*\d[^/]*", "/#", parts.path)
    return path + "?" + "&".join(sorted({name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}))


def walk(
    client: httpx.Client, start: str, depth: int, each: int = EACH_KIND
) -> Iterator[tuple[str, str, httpx.Response]]:
    """(address, the page it was found on, answer) of each page within so many clicks, a few of each kind."""
    waiting = deque([(start, "", 0)])
    seen: set[str] = {start}
    opened: dict[str, int] = {}
    while waiting:
        address, source, clicks = waiting.popleft()
        sort = kind(address)
        if opened.get(sort, 0) >= each or LEFT_OUT.match(address):
            continue
        opened[sort] = opened.get(sort, 0) + 1
        answer = client.get(address, follow_redirects=True)
        yield address, source, answer
        if clicks >= depth or not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        for found in links(answer.text, str(answer.url)):
            if found not in seen and not TURNS & set(dict(parse_qsl(urlsplit(found).query))):
                seen.add(found)
                waiting.append((found, address, clicks + 1))
