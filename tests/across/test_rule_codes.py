"""A rule's code is no word for an officer: lists, filters and records read it as its title, and only it."""

import pytest
from django.utils import timezone

from siteloop.foundation.authority.viewers import viewer_for
from siteloop.foundation.cases import pages as case_pages
from siteloop.foundation.cases.models import Finding
from siteloop.framework import lookups
from siteloop.framework.testing import caller
from siteloop.systems.credit import loading
from siteloop.systems.credit import pages as credit_pages

pytestmark = pytest.mark.django_db


def test_findings_name_their_rules_and_are_filtered_by_that_name():
    officer = caller(["cases.*"])
    now = timezone.now()
    for rule in ("dust.pm25_high", "dust.silent"):
        Finding(
            key=rule,
            rule=rule,
            subject="device:1",
            region_code="330482",
            severity="yellow",
            since=now,
            last_at=now,
        ).save()
    listed = officer.html.get("/cases/findings/").content.decode()
    assert "PM2.5 超限" in listed and "设备无数据" in listed
    one = officer.html.get("/cases/findings/?rule=dust.silent").content.decode()
    table = one[one.index("<tbody>") :]
    assert "设备无数据" in table and "PM2.5 超限" not in table
    found = officer.html.get("/cases/findings/lookup/rule?for=filter&q=无数据").json()
    assert "dust.silent" in str(found) and "pm25" not in str(found)
    row = Finding.objects.unscoped("the test looks").get(rule="dust.silent")
    record = officer.html.get(f"/cases/findings/{row.pk}/").content.decode()
    assert "设备无数据" in record, "the record, too, names its rule"


def test_a_reference_that_is_called_rule_still_finds_its_own_rows():
    loading.load()
    viewer = viewer_for(caller(["credit.*"]).account)
    assert lookups.coded_field(case_pages.findings.model, "rule") is not None
    assert lookups.coded_field(credit_pages.records.model, "rule") is None
    assert lookups.for_filter(credit_pages.records, "rule", viewer, "") == [], "no record, nothing to offer"
