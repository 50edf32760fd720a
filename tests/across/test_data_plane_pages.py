"""The pages of the data plane stand in the menu of those who work with them, and open."""

import pytest

from siteloop.foundation.authority.roles import CATALOGUE
from siteloop.foundation.authority.viewers import viewer_for
from siteloop.framework.menu import menu
from siteloop.framework.testing import caller

pytestmark = pytest.mark.django_db
#: what issue and design name: fleet, quarantine with re-parse, waiting devices, ledger, rules with trials and back-tests, latency, models
#: with their conformance reports
PAGES = (
    "/fleet/",
    "/telemetry/quarantine/",
    "/telemetry/waiting/",
    "/ledger/",
    "/latency/",
    "/settings/",
    "/packs/rules/",
    "/packs/trials/",
    "/packs/back-tests/",
    "/registry/device-models/",
    "/registry/conformance-reports/",
)


@pytest.mark.parametrize("role", ["platform_admin", "county_officer"])
def test_they_stand_in_the_menu_and_open(role: str, fast_plane: None) -> None:
    who = caller(next(row.permissions for row in CATALOGUE if row.code == role))
    standing = {entry.path for group in menu(viewer_for(who.account)) for entry in group.entries}
    assert set(PAGES) <= standing, sorted(set(PAGES) - standing)
    for path in PAGES:
        answer = who.html.get(path)
        assert answer.status_code == 200, (path, answer.content[:300])
