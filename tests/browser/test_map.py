"""One map: offline base map, every site of the person's scope, and the way to the site."""

import base64
import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

#: how many colours the middle of the map shows: sea, land, lines and points, not an empty canvas
COLOURS = """async (base64) => {
  const image = new Image();
  image.src = "data:image/png;base64," + base64;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height);
  const pen = canvas.getContext("2d");
  pen.drawImage(image, 0, 0);
  const data = pen.getImageData(0, 0, image.width, image.height).data;
  const seen = new Set();
  for (let i = 0; i < data.length; i += 4) seen.add((data[i] >> 4) * 256 + (data[i + 1] >> 4) * 16 + (data[i + 2] >> 4));
  return seen.size;
}"""


def test_the_map_is_drawn_from_our_own_files_and_shows_the_scope(
    sign_in: Callable[..., Page], picture: Callable[[Page, str], None]
) -> None:
    counts = {}
    for username in ("county", "town"):
        page = sign_in(username)
        page.goto("/one_map/")
        box = page.locator("[data-map]")
        expect(box).to_have_attribute("data-ready", re.compile(r"^[1-9]"))
        counts[username] = int(box.get_attribute("data-ready") or 0)
        if username == "county":
            expect(box.locator("canvas").first).to_be_attached()
            shot = base64.b64encode(box.screenshot()).decode()
            blank = page.context.new_page()
            assert blank.evaluate(COLOURS, shot) > 8, "the map is empty"
            picture(page, "one-map")
    assert 0 < counts["town"] < counts["county"]
