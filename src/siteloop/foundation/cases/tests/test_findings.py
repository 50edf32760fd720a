"""The register of findings, and how one place's are found in it."""

from itertools import count

import pytest
from django.utils import timezone

from siteloop.foundation.cases import pages
from siteloop.foundation.cases.models import Finding
from siteloop.foundation.registry.models import Site
from siteloop.foundation.registry.tests import rows
from siteloop.framework.testing import RegisterTests

_serial = count(1)


def finding(site: Site) -> Finding:
    n = next(_serial)
    row = Finding(
        key=f"found{n}",
        rule="dust.pm25",
        subject=f"site:{site.pk}",
        site=site,
        project=site.project,
        region_code=site.region_code,
        severity="orange",
        since=timezone.now(),
        last_at=timezone.now(),
        message=f"超标{n}",
    )
    row.save()
    return row


class TestFindings(RegisterTests):
    page = pages.findings

    def make_row(self, region):
        return finding(rows.site(region))

    @pytest.mark.parametrize("place", ["project", "site"])
    def test_one_places_findings_are_asked_for(self, place):
        mine, other = self.make_row(self.home), self.make_row(self.home)
        second = Site(project=mine.project, name="二标段", region_code=mine.region_code)
        second.save()
        beside = finding(second)
        asked = getattr(mine, place).pk
        told = self.local().get(f"{self.api}?{place}={asked}").json()["results"]
        expected = {mine.pk} | ({beside.pk} if place == "project" else set())
        assert {r["id"] for r in told} == expected
        shown = self.local().html.get(f"{self.desk}?{place}={asked}").content.decode()
        assert mine.message in shown and other.message not in shown
