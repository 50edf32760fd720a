"""Shared fixtures: the bus, and the whole program on ports of its own. PostgreSQL starts in `siteloop.entry.testing`."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.utils import translation

from siteloop.entry import testing_base
from siteloop.entry.engines.nats import Nats
from siteloop.entry.testing_stack import Stack

# a busy machine is no fault of what is tested: nothing fails by the clock
hypothesis.settings.register_profile(
    "house", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("house")


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_modify_db_settings: None, django_db_blocker: Any
) -> Iterator[None]:
    """The process's own database with the tables of both planes, cloned; in place of pytest-django's, which migrates one."""
    from django.db import connection

    url, name = os.environ["SITELOOP_DATABASE_URL"], connection.settings_dict["TEST"]["NAME"]
    with django_db_blocker.unblock():
        connection.close()
        connection.settings_dict["NAME"] = name
        testing_base.own_database(url, name)
    yield
    with django_db_blocker.unblock():
        connection.close()
        testing_base.drop(url, name)


@pytest.fixture(autouse=True)
def _in_chinese() -> None:
    """A request's language stays with its thread until the next; no test reads English because the one before did."""
    translation.activate("zh-hans")


@pytest.fixture(scope="session")
def fast_plane(django_db_setup: None) -> None:
    """Tables of the fast plane in the test database: they are there whenever there is a database."""


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


def pytest_configure() -> None:
    """Settings that cost a test much and show it nothing."""
    from django.conf import settings

    # every test client is a program of its own to WhiteNoise, which would look at some thousand files to begin with
    settings.WHITENOISE_AUTOREFRESH = True
    # tests change rights in the database itself, between two pages
    settings.RIGHTS_KEPT_S = 0.0
    # the real one takes 100 MB and a twentieth of a second for every account and every attempt to sign in
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]
