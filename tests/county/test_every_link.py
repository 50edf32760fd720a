"""No dead links: whatever a page shows a person as a link opens for that person."""

from typing import Any

import httpx
import pytest

from siteloop.entry.testing_stack import Stack
from tests.county.caller import Caller
from tests.county.crawler import walk

#: who is followed one click further than the menu
FURTHER = ("county", "manager")


def dead(client: httpx.Client, start: str, depth: int) -> list[str]:
    """Links that do not open, with the page that shows each."""
    pages = list(walk(client, start, depth, each=1))
    assert len(pages) > 5, "the walk found hardly anything to open"
    return [
        f"{answer.status_code} {path} on {source}"
        for path, source, answer in pages
        if answer.status_code != 200
    ]


@pytest.mark.timeout(900)
def test_every_link_of_everybodys_menu_opens(county: Stack, ready: dict[str, Any]) -> None:
    told = []
    for username in ready["accounts"]:
        caller = Caller(county.url, username, ready["password"])
        found = dead(caller.pages, "/workbench/", 2 if username in FURTHER else 1)
        told += [f"{username}: {line}" for line in found]
        caller.close()
    assert not told, "\n".join(told)


def test_the_public_portal_has_no_dead_links(county: Stack) -> None:
    with httpx.Client(base_url=county.url, timeout=60) as client:
        assert dead(client, "/portal/", 2) == []
