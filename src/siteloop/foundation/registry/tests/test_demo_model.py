"""The demo's device model: a simulator that is called one, with a report the kit really wrote."""

import pytest

from siteloop.foundation.authority import demo as authority
from siteloop.foundation.authority import reference as roles
from siteloop.foundation.regions import reference as regions
from siteloop.foundation.registry import demo_model
from siteloop.foundation.registry.models import ConformanceReport, DeviceModel
from siteloop.kernel import conformance

LOOK = "the test looks"


@pytest.mark.django_db
def test_the_demo_files_a_report_that_the_kit_wrote_of_what_is_plainly_a_simulator(settings):
    report = conformance.decode(demo_model.REPORT.read_bytes())  # raises where the digest does not fit
    assert report.role == "device" and len(report.results) > 20
    settings.DEMO_PASSWORD = "Demo-test-2026"
    demo_model.load()
    assert not DeviceModel.objects.unscoped(LOOK).exists(), "nobody was there to file it"
    for load in (regions.load, roles.load, authority.load, demo_model.load):
        load()
    filed = ConformanceReport.objects.unscoped(LOOK).get()
    assert "模拟" in filed.model.name and "非真实厂家" in filed.model.maker
    assert (filed.model.verdict, filed.passed) == (
        report.verdict.value,
        report.count(conformance.Verdict.PASS),
    )
