"""The map's points keep to the viewer's region."""

import pytest

from siteloop.foundation.registry.tests import rows
from siteloop.framework.testing import caller


@pytest.mark.django_db
@pytest.mark.requirement("MAP-01")
def test_points_are_the_sites_in_scope(fast_plane: None) -> None:
    here, there = rows.site("330482"), rows.site("330411")
    for site in (here, there):
        site.lon, site.lat = 121.0, 30.7
        site.save()
    body = caller(["*"], "330482").html.get("/one_map/points.json").json()
    assert [f["properties"]["id"] for f in body["features"]] == [here.pk]
