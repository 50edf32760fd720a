"""The chart in a real Chromium, alone on a page: its time axis is Shanghai's wherever the browser stands."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from siteloop.framework import assets
from siteloop.framework.testing.chromium import CHROMIUM

SCRIPTS = Path(__file__).parents[1] / "static" / "siteloop" / "js"
PAGE = """<!doctype html><html lang="zh-CN" data-bs-theme="dark"><body>
<div class="chart" style="width:900px;height:300px" data-chart data-code="M1" data-device="1" data-fields="pm25" data-hours="2"
 data-limit-pm25="75" data-library="/vendor/echarts.min.js">…</div>
<script type="module">import { mount } from "/js/chart.js"; mount();</script></body></html>"""
LABELS = """() => { const box = document.querySelector("[data-chart]"); const chart = window.echarts.getInstanceByDom(box);
  const axis = chart.getModel().getComponent("xAxis").axis;
  return axis.getViewLabels().map((one) => one.formattedLabel.replace(/\\{\\w+\\|([^}]*)\\}/g, "$1")); }"""
BROKEN = """() => window.echarts.getInstanceByDom(document.querySelector("[data-chart]")).getOption().series[0].data
  .filter((one) => one.value[1] === null).length"""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
    pytest.mark.skipif(
        not (assets.VENDOR / "echarts.min.js").exists(), reason="browser libraries are not set up"
    ),
]


def readings(minutes: "range | list[int]") -> str:
    """One reading a minute after 16:00 UTC, which is midnight in Shanghai."""
    rows = [
        {"at": f"2026-11-21T16:{m:02d}:00+00:00", "values": {"pm25": 40.0 + m}, "quality": {"pm25": "normal"}}
        for m in minutes
    ]
    return json.dumps({"results": rows})


def drawn(zone: str, body: str, ask: str) -> Any:
    """What the page answers to `ask`, drawn in the time zone; in a thread of its own, free of the test's event loop."""
    from playwright.sync_api import Route, sync_playwright

    def serve(route: Route) -> None:
        path = route.request.url.split("siteloop.test", 1)[1].split("?")[0]
        if path == "/":
            route.fulfill(body=PAGE, content_type="text/html; charset=utf-8")
        elif path.startswith("/js/"):
            route.fulfill(body=(SCRIPTS / path[4:]).read_text("utf-8"), content_type="text/javascript")
        elif path.startswith("/vendor/"):
            route.fulfill(path=assets.VENDOR / path[8:], content_type="text/javascript")
        elif path.startswith("/api/v1/telemetry/"):
            route.fulfill(body=body, content_type="application/json")
        else:
            route.abort()

    def run() -> Any:
        with sync_playwright() as play:
            browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_context(timezone_id=zone, locale="en-US").new_page()
            page.route("**/*", serve)
            page.goto("http://siteloop.test/")
            page.wait_for_selector("[data-points]")
            answer = page.evaluate(ask)
            browser.close()
            return answer

    with ThreadPoolExecutor(1) as alone:
        return alone.submit(run).result(timeout=120)


@pytest.mark.requirement("DUST-08")
def test_the_time_axis_is_shanghais_wherever_the_browser_stands() -> None:
    shown = {
        zone: drawn(zone, readings(range(0, 60)), LABELS) for zone in ("America/New_York", "Asia/Shanghai")
    }
    assert shown["America/New_York"] == shown["Asia/Shanghai"]
    assert "00:30" in shown["America/New_York"], shown


def test_a_line_is_broken_where_nothing_came() -> None:
    assert drawn("UTC", readings([*range(0, 10), *range(40, 50)]), BROKEN) == 1
    assert drawn("UTC", readings(range(0, 50)), BROKEN) == 0


def test_whoever_does_not_see_the_lines_is_told_what_they_say() -> None:
    said = drawn("UTC", readings(range(0, 60)), "() => document.querySelector('[data-chart]').ariaLabel")
    assert said == "M1 近 2 小时；PM2.5 最新 99 µg/m³，最低 40，最高 99"


def test_a_device_without_data_says_so() -> None:
    told = drawn(
        "UTC", readings([]), LABELS.split("const axis")[0] + "return chart.getOption().title[0].text; }"
    )
    assert told == "近 2 小时没有数据"
