"""The county of these tests."""

import pytest

from siteloop.systems.supervisor_firms.tests import rows


@pytest.fixture
def county(db: None) -> rows.County:
    """Pinghu in small."""
    return rows.county()
