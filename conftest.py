"""Shared fixtures: the bus, and the whole program on ports of its own. PostgreSQL starts in `siteloop.entry.testing`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from siteloop.entry.engines.nats import Nats
from siteloop.entry.testing_stack import Stack

# a busy machine is no fault of what is tested: nothing fails by the clock
hypothesis.settings.register_profile(
    "house", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("house")


@pytest.fixture(scope="session")
def fast_plane(django_db_setup: None, django_db_blocker: Any) -> None:
    """Tables of the fast plane in the test database."""
    from django.db import connection

    from siteloop.gateway import schema

    with django_db_blocker.unblock():
        connection.ensure_connection()
        info = connection.connection.info
        schema.migrate(f"host={info.host} port={info.port} dbname={info.dbname} user={info.user}")
        connection.close()


@pytest.fixture(scope="session")
def nats_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a JetStream server, one a test process."""
    server = Nats(tmp_path_factory.mktemp("bus"))
    server.start()
    yield server.url
    server.stop()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole program, migrated and without demo data, on free ports. Mark its tests `xdist_group("stack")`."""
    running = Stack(Path(tmp_path_factory.mktemp("stack")))
    running.start()
    yield running
    running.stop()
