"""A program that speaks to the county's API as one of its accounts."""

from collections.abc import Iterator
from typing import Any

import httpx

PAGE = 200


class Caller:
    """`get`, `post`, … with the account's token."""

    def __init__(self, url: str, username: str, password: str) -> None:
        self.client = httpx.Client(base_url=url, timeout=60)
        answer = self.client.post("/api/v1/token", json={"username": username, "password": password})
        answer.raise_for_status()
        self.client.headers["Authorization"] = f"Bearer {answer.json()['access']}"
        self.pages = httpx.Client(base_url=url, timeout=60, follow_redirects=False)
        form = self.pages.get("/sign-in")
        self.pages.post(
            "/sign-in",
            data={
                "username": username,
                "password": password,
                "csrfmiddlewaretoken": self.pages.cookies["csrftoken"],
            },
            headers={"Referer": f"{url}/sign-in"},
        )
        assert form.status_code == 200

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
        """Both connections."""
        self.client.close()
        self.pages.close()
