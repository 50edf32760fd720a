"""axe-core on every kind of page, light and dark: nothing serious or critical may be found."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from siteloop.entry import rooms

AXE = Path(rooms.SOURCE).parents[1] / "node_modules" / "axe-core" / "axe.min.js"
PATHS = (
    "/workbench/",
    "/one_map/",
    "/board/",
    "/registry/devices/",
    "/registry/projects/new",
    "/cases/cases/",
    "/cases/findings/",
    "/places/sites/1/",
    "/places/devices/2/",
    "/places/projects/1/",
    "/packs/rules/",
    "/notice/notices/",
    "/password",
)
RUN = "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"


def faults(page: Page) -> list[str]:
    """What axe calls serious or critical, with the first place of each."""
    page.evaluate(AXE.read_text())
    found: list[dict[str, Any]] = page.evaluate(RUN)
    return [
        f"{v['id']} ({v['impact']}) at {v['nodes'][0]['target']}: {v['nodes'][0].get('failureSummary', '')[:200]}"
        for v in found
        if v["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_serious_stands_in_anybodys_way(sign_in: Callable[..., Page], theme: str) -> None:
    page = sign_in("county", bypass_csp=True)
    if theme == "dark":
        page.get_by_role("button", name="切换为深色").click()
        expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    told: list[str] = []
    for path in PATHS:
        page.goto(path)
        told += [f"{path} {fault}" for fault in faults(page)]
    if theme == "dark":  # the account remembers it
        page.get_by_role("button", name="切换为浅色").click()
    assert not told, "\n".join(told)


def test_the_sign_in_page_is_for_everybody(visit: Callable[..., Page]) -> None:
    page = visit(bypass_csp=True)
    page.goto("/sign-in")
    assert faults(page) == []
