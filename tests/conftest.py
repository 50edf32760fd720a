"""The demo county as a running program, shared by the tests that look at it from outside: its devices are moved by a cast."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from siteloop.entry.testing_stack import Stack
from tests.county.cast import Cast


def pytest_itemcollected(item: pytest.Item) -> None:
    """Whoever uses the county needs its engines."""
    if "county" in getattr(item, "fixturenames", ()):
        item.add_marker(pytest.mark.engines)


@pytest.fixture(scope="session")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The demo county, on ports of its own; nobody talks but the cast."""
    running = Stack(Path(tmp_path_factory.mktemp("county")), arguments=("demo", "--no-simulators"))
    running.start(240)
    running.until(lambda: "READY " in running.said.read_text(), 60)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def ready(county: Stack) -> dict[str, Any]:
    """What the READY line says."""
    line = next(w for w in county.said.read_text().splitlines() if w.startswith("READY "))
    return dict(json.loads(line.removeprefix("READY ")))


@pytest.fixture
def cast(county: Stack, ready: dict[str, Any]) -> Iterator[Cast]:
    """Devices of the county."""
    made = Cast(county)
    yield made
    made.stop()
