"""Paths of their own for tests that need a register nobody else declares."""

import pytest


@pytest.fixture
def tested_paths(settings):
    """The routes of `tests/urls.py`."""
    settings.ROOT_URLCONF = settings.API_URLCONF = "siteloop.framework.tests.urls"
