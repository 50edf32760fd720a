"""A person of one town cannot see, change, export, subscribe to or guess anything of another.

The routes come from the published contract: one that is added later is tried as well, and one whose parts this test does not
know how to fill makes it fail until somebody teaches it.
"""

import csv
import io
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from siteloop.entry.testing_stack import Stack
from tests.county.caller import Caller
from tests.county.cast import Cast

pytestmark = [pytest.mark.requirement("SEC-06"), pytest.mark.timeout(600)]

#: registers whose rows are everybody's: the law's and the country's
PUBLIC = {
    "regions/regions",
    "packs/packs",
    "packs/rules",
    "packs/values",
    "packs/eligibility",
    "authority/roles",
}
#: registers that must hold something of the other town, or this test would prove nothing
TELLING = {
    "registry/sites",
    "registry/devices",
    "registry/projects",
    "cases/cases",
    "findings",
    "people/people",
}
SAMPLE = 3
NOBODY = 999_999_999
SCAN = "from siteloop.entry.migrating import django_ready; django_ready(); from siteloop.systems.dust import scan; scan.scan()"


@pytest.fixture(scope="module")
def scanned(county: Stack, ready: dict[str, Any]) -> None:
    """The machine looks for missing monitors in the whole county now, not at the next five minutes."""
    variables = {**county.environment, "SITELOOP_DATABASE_URL": county.database_url, "SITELOOP_DEMO": "1"}
    subprocess.run([sys.executable, "-c", SCAN], env=variables, check=True, timeout=120)


@pytest.fixture(scope="module")
def everybody(scanned: None, county: Stack, ready: dict[str, Any]) -> Iterator[Caller]:
    """Sees the whole county."""
    made = Caller(county.url, "county", ready["password"])
    yield made
    made.close()


@pytest.fixture(scope="module")
def town(scanned: None, county: Stack, ready: dict[str, Any]) -> Iterator[Caller]:
    """Sees the first town."""
    made = Caller(county.url, "town", ready["password"])
    yield made
    made.close()


@pytest.fixture(scope="module")
def contract(everybody: Caller) -> dict[str, Any]:
    """Every route."""
    return dict(everybody.client.get("/api/v1/openapi.json").json()["paths"])


@pytest.fixture(scope="module")
def hidden(everybody: Caller, town: Caller, contract: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Register path -> rows the county sees and the town must not."""
    found = {}
    for path, methods in contract.items():
        if f"{path}/{{pk}}" not in contract or "get" not in methods:
            continue
        answer = town.client.get(path)
        if answer.status_code == 403:
            seen: set[int] = set()
        else:
            seen = {row["id"] for row in town.rows(path)}
        if everybody.client.get(path).status_code == 403:
            continue
        found[path.removeprefix("/api/v1/")] = [r for r in everybody.rows(path) if r["id"] not in seen]
    return found


@pytest.fixture(scope="module")
def stranger(hidden: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """A monitor of another town."""
    return next(d for d in hidden["registry/devices"] if d["profile"] == "dust")


def test_the_other_towns_hold_something(hidden: dict[str, list[dict[str, Any]]]) -> None:
    assert set(hidden) >= TELLING
    assert [path for path in TELLING if not hidden[path]] == []


def test_a_row_of_another_town_answers_as_one_that_never_was(
    town: Caller, hidden: dict[str, list[dict[str, Any]]], contract: dict[str, Any]
) -> None:
    told: list[str] = []
    for register, rows in hidden.items():
        routes = [p for p in contract if re.match(rf"/api/v1/{register}/\{{pk\}}(/|$)", p)]
        for row in rows[:SAMPLE]:
            for route in routes:
                for method in contract[route]:
                    there = _ask(town, method, route, row["id"])
                    nowhere = _ask(town, method, route, NOBODY)
                    if there.status_code < 400 or (there.status_code, there.text) != (
                        nowhere.status_code,
                        nowhere.text,
                    ):
                        told.append(f"{method} {route} {row['id']}: {there.status_code} {there.text[:80]}")
    assert told == []


def _ask(who: Caller, method: str, route: str, key: int) -> httpx.Response:
    body = {} if method in ("post", "put", "patch") else None
    return who.client.request(method, route.replace("{pk}", str(key)), json=body)


def test_every_other_route_with_a_name_in_it_refuses_the_other_towns_name(
    town: Caller, everybody: Caller, contract: dict[str, Any], stranger: dict[str, Any]
) -> None:
    order = everybody.client.post(
        "/api/v1/commands", json={"device": stranger["code"], "command": "set_time", "args": {}}
    )
    assert order.status_code < 300, order.text
    known = {"{code}": stranger["code"], "{key}": order.json()["id"], "{profile}": "dust"}
    told = []
    for route, methods in contract.items():
        holes = re.findall(r"\{\w+\}", route)
        if not holes or "{pk}" in holes or route.startswith(("/api/v1/ui/", "/api/v1/intake/{profile}")):
            continue
        assert set(holes) <= set(known), f"teach this test what to write into {route}"
        path = route
        for hole, value in known.items():
            path = path.replace(hole, value)
        for method in methods:
            answer = town.client.request(
                method,
                path,
                params={
                    "from": "2026-01-01T00:00:00Z",
                    "to": "2027-01-01T00:00:00Z",
                    "at": "2026-11-21T00:00:00Z",
                },
            )
            if answer.status_code not in (403, 404):
                told.append(f"{method} {path}: {answer.status_code} {answer.text[:80]}")
    assert told == []
    refused = town.client.post(
        "/api/v1/commands", json={"device": stranger["code"], "command": "set_time", "args": {}}
    )
    assert refused.status_code in (403, 404), refused.text


def test_filters_and_searches_find_nothing_of_another_town(
    town: Caller, hidden: dict[str, list[dict[str, Any]]], stranger: dict[str, Any]
) -> None:
    for query in (f"search={stranger['code']}", f"search={stranger['title']}", f"site={stranger['site']}"):
        assert town.client.get(f"/api/v1/registry/devices?{query}").json()["count"] == 0, query
    case = hidden["cases/cases"][0]
    assert town.client.get(f"/api/v1/cases?search={case['number']}").json()["count"] == 0
    ledger = town.client.get("/api/v1/intake/ledger").text
    assert stranger["code"] not in ledger


def test_an_export_holds_the_list_and_no_more(
    town: Caller, hidden: dict[str, list[dict[str, Any]]], contract: dict[str, Any]
) -> None:
    compared = 0
    for register in hidden:
        path = f"/api/v1/{register}"
        if register in PUBLIC or f"{path}/export" not in contract:
            continue
        listed = town.client.get(path)
        exported = town.client.get(f"{path}/export", params={"format": "csv"})
        if listed.status_code == 403 or exported.status_code == 403:
            assert exported.status_code == 403 or listed.status_code == 200
            continue
        lines = list(csv.reader(io.StringIO(exported.text.removeprefix("\ufeff"))))
        if register not in ("framework/trail",):  # the export itself writes there
            assert len(lines) - 1 == listed.json()["count"], register
        compared += 1
        names = [r["display"] for r in hidden[register] if len(r["display"]) > 6]
        mine = {r["display"] for r in town.rows(path)}
        assert [n for n in names if n not in mine and n in exported.text] == [], register
    assert compared >= len(TELLING) - 1


def test_pages_of_another_town_are_not_there(
    town: Caller, hidden: dict[str, list[dict[str, Any]]], stranger: dict[str, Any]
) -> None:
    site, case = stranger["site"], hidden["cases/cases"][0]["id"]
    project = hidden["registry/projects"][0]["id"]
    for path in (
        f"/places/sites/{site}/",
        f"/places/devices/{stranger['id']}/",
        f"/places/devices/{stranger['id']}/?part=raw",
        f"/places/projects/{project}/",
        f"/cases/cases/{case}/",
        f"/cases/cases/{case}/?part=timeline",
        f"/cases/cases/{case}/actions/reply",
        f"/registry/devices/{stranger['id']}/edit",
    ):
        assert town.pages.get(path).status_code in (403, 404), path
    names = {s["display"] for s in hidden["registry/sites"]}
    for path in ("/workbench/", "/board/", "/one_map/", "/one_map/points.json", "/cases/findings/"):
        shown = town.pages.get(path)
        assert shown.status_code == 200, path
        assert [n for n in names if n in shown.text] == [], path


@pytest.mark.parametrize(
    "topics",
    [
        "latest,finding,command,case,notice",
        "latest,live.latest.>,>,*",
        "latest,latest.330482",
        "latest&site={site}&device={device}",
    ],
)
def test_the_live_stream_tells_nothing_of_another_town(
    town: Caller,
    cast: Cast,
    county: Stack,
    hidden: dict[str, list[dict[str, Any]]],
    stranger: dict[str, Any],
    topics: str,
) -> None:
    """The town's own reading arrives; the stranger's, sent all the while, does not."""
    own = cast.stories["dusty"]["monitors"][0]
    heard: list[dict[str, Any]] = []
    enough = threading.Event()
    asked = topics.format(site=stranger["site"], device=stranger["id"])
    devices = {d["code"]: d["id"] for d in town.rows("/api/v1/registry/devices")}

    def listen() -> None:
        url = f"{county.url}/api/v1/live?topics={asked}"
        headers = {"Authorization": town.client.headers["Authorization"]}
        with httpx.stream("GET", url, headers=headers, timeout=30) as answer:
            if answer.status_code != 200:
                enough.set()
            ready_to_hear.set()
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    heard.append(json.loads(line.removeprefix("data: ")))
                if sum(1 for m in heard if m.get("device") == devices[own]) >= 3:
                    break
            enough.set()

    ready_to_hear = threading.Event()
    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    ready_to_hear.wait(20)
    cast.monitor(stranger["code"], pm25=77.0)
    if "site=" not in asked:  # a stream narrowed to the stranger's site hears nobody
        cast.monitor(own)
        assert enough.wait(40), "the own device was not heard"
    else:
        enough.wait(4)
    theirs = {row["id"] for row in hidden["registry/devices"]}
    assert [m for m in heard if m.get("device") in theirs] == []
