"""The listener of `siteloop bench latency` hears what an officer of the province hears."""

import pytest

from siteloop.entry import bench_viewer
from siteloop.foundation.authority.loading import load_roles
from siteloop.foundation.authority.models import Account
from siteloop.foundation.authority.viewers import viewer_for
from siteloop.framework.rest import tokens


@pytest.mark.django_db
def test_the_benchs_viewer_may_hear_findings_of_the_province(capsys: pytest.CaptureFixture[str]) -> None:
    load_roles()
    assert bench_viewer.main() == 0
    account = tokens.account_of(capsys.readouterr().out.split()[-1])
    assert isinstance(account, Account)
    viewer = viewer_for(account)
    assert viewer.may("telemetry.reading.view") and viewer.regions == ("33",)
    assert bench_viewer.main() == 0, "a second time finds the same officer"
    assert Account.objects.filter(username="bench.viewer").count() == 1
