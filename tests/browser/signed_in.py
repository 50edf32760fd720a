"""Signing in by the form once a person: a session serves all of that person's later browser contexts, as long as it lasts."""

from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Page


class SignedIn:
    """`of` gives a new context what an earlier one signed in with; `open` signs in where that is missing or over."""

    def __init__(self, password: str) -> None:
        self.password = password
        self.cookies: dict[str, Any] = {}

    def of(self, username: str) -> dict[str, Any]:
        """Options for a new context of theirs."""
        return {"storage_state": self.cookies[username]} if username in self.cookies else {}

    def open(self, page: Page, username: str, address: str) -> None:
        """The page at the address, through the form of the sign-in page when the program asks for it."""
        page.goto(address)
        if urlsplit(page.url).path != "/sign-in":
            return
        page.get_by_label("用户名").fill(username)
        page.get_by_label("密码", exact=True).fill(self.password)
        page.get_by_role("button", name="登录", exact=True).click()
        page.wait_for_url(lambda url: urlsplit(url).path == address)
        # cookies alone: what a page keeps in the browser belongs to the context that kept it
        self.cookies[username] = {"cookies": page.context.cookies()}
