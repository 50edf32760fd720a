"""A finding of a rule on trial is kept and shown to those who ask for it; no case opens and nobody is told."""

import pytest
from django.utils import timezone

from siteloop.foundation.cases import inbox
from siteloop.foundation.cases.models import Case, Finding
from siteloop.foundation.notice.models import Notice
from siteloop.foundation.registry.tests import rows
from siteloop.kernel.finding import Act
from siteloop.kernel.finding import Finding as KernelFinding
from siteloop.kernel.times import to_us

WHY = "the test looks at everything"


@pytest.mark.django_db
@pytest.mark.requirement("DUST-26")
@pytest.mark.parametrize(("shadow", "cases"), [(True, 0), (False, 1)])
def test_only_a_rule_in_force_opens_a_case(shadow: bool, cases: int) -> None:
    device = rows.device("330411")
    now = to_us(timezone.now())
    found = KernelFinding(
        act=Act.RAISE,
        rule="dust.spray_not_linked",
        subject=f"site:{device.site_id}",
        since=now,
        at=now,
        site=device.site_id,
        region=device.region_code,
        device=device.number,
        project=device.site.project_id,
        shadow=shadow,
        count=3,
    )
    before = Notice.objects.unscoped(WHY).count()
    row = inbox.apply(found)
    assert row is not None
    assert (row.shadow, row.count) == (shadow, 3)
    assert Finding.objects.unscoped(WHY).filter(shadow=shadow, count=3).exists()
    assert (
        Case.objects.unscoped(WHY).filter(rule="dust.spray_not_linked", subject=found.subject).count()
        == cases
    )
    if shadow:
        assert Notice.objects.unscoped(WHY).count() == before


def test_a_rule_on_trial_is_called_by_its_rule_and_not_by_a_code(monkeypatch):
    from django.utils import translation

    from siteloop.foundation.cases import titles

    monkeypatch.setitem(titles.RULE_TITLES, "dust.pm25_high", "PM2.5 超限")
    asked = ["dust.pm25_high", "dust.pm25_high@trial"]
    assert titles.titles(asked) == {asked[0]: "PM2.5 超限", asked[1]: "PM2.5 超限（试运行）"}
    with translation.override("en"):
        assert titles.title(asked[1]) == "PM2.5 above the limit (on trial)"
