"""A program that speaks to the county's API as one of its accounts."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import httpx

PAGE = 200


class Caller:
    """`client` with the account's token, `pages` with its session: each signs in when it is first used."""

    def __init__(self, url: str, username: str, password: str) -> None:
        self.url = url
        self.account = {"username": username, "password": password}

    @cached_property
    def client(self) -> httpx.Client:
        """The API."""
        opened = httpx.Client(base_url=self.url, timeout=60)
        answer = opened.post("/api/v1/token", json=self.account)
        answer.raise_for_status()
        opened.headers["Authorization"] = f"Bearer {answer.json()['access']}"
        return opened

    @cached_property
    def pages(self) -> httpx.Client:
        """The desk."""
        opened = httpx.Client(base_url=self.url, timeout=60, follow_redirects=False)
        assert opened.get("/sign-in").status_code == 200
        form = self.account | {"csrfmiddlewaretoken": opened.cookies["csrftoken"]}
        answer = opened.post("/sign-in", data=form, headers={"Referer": f"{self.url}/sign-in"})
        assert answer.status_code == 302, f"{self.account['username']} is not let in"
        return opened

    def rows(self, path: str) -> Iterator[dict[str, Any]]:
        """Every row of a list."""
        number = 1
        while True:
            answer = self.client.get(path, params={"page": number, "page_size": PAGE})
            answer.raise_for_status()
            body = answer.json()
            yield from body["results"]
            if number * PAGE >= body["count"]:
                return
            number += 1

    def close(self) -> None:
        """Whatever was opened."""
        for opened in {"client", "pages"} & vars(self).keys():
            vars(self)[opened].close()
