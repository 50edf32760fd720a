"""The county of double random, and doors that nobody has knocked on yet."""

from collections.abc import Iterator

import pytest

from siteloop.screens.portal import limits
from siteloop.systems.double_random.tests.conftest import County, county

__all__ = ["County", "county"]


@pytest.fixture(autouse=True)
def fresh_doors() -> Iterator[None]:
    """Each test starts with a full bucket."""
    before = limits.pages
    limits.pages = limits.Bucket(limits.PAGES_A_MINUTE, limits.PAGES_A_MINUTE / 60)
    yield
    limits.pages = before
