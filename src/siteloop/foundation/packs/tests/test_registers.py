"""The registers of the rule library, with the tests every register inherits."""

from itertools import count

import pytest
from django.utils import timezone

from siteloop.foundation.packs import pages
from siteloop.foundation.packs.models import (
    BackTestRun,
    EligibilityRule,
    Pack,
    PackRule,
    PackValue,
    RuleTrial,
)
from siteloop.framework.testing import RegisterTests, caller

_serial = count(1)


def pack(region: str) -> Pack:
    n = next(_serial)
    return Pack.objects.create(code=f"tested/{n}", title=f"测试规则包{n}", region_code=region)


class TestPacks(RegisterTests):
    page = pages.packs

    def make_row(self, region):
        return pack(region)


class TestRules(RegisterTests):
    page = pages.rules

    def make_row(self, region):
        return PackRule.objects.create(
            pack=pack(region),
            code="dust.pm10_high",
            title="PM10",
            detector="threshold",
            params={"field": "pm10", "on": 150, "off": 130},
            bounds={"on": [50, 500]},
        )

    @pytest.mark.requirement("CFG-13")
    def test_an_officer_adjusts_over_the_api(self):
        row = self.make_row(self.home)
        who = self.local()
        done = who.post(f"{self.api}/{row.pk}/actions/override_rule", {"params": '{"on": 140}'})
        assert done.status_code == 200, done.content
        assert PackRule.objects.unscoped("test").get(pack=row.pack, version=2).params["on"] == 140
        late = caller(["*"], self.abroad).post(
            f"{self.api}/{row.pk}/actions/override_rule", {"params": '{"on": 140}'}
        )
        assert late.status_code == 403


class TestValues(RegisterTests):
    page = pages.values

    def make_row(self, region):
        return PackValue.objects.create(pack=pack(region), key="dust.refresh_s", title="更新间隔", value=300)


class TestEligibility(RegisterTests):
    page = pages.eligibility

    def make_row(self, region):
        return EligibilityRule.objects.create(pack=pack(region), code="T", title="测试标准", outcome="must")


def _counting(region: str) -> PackRule:
    return PackRule.objects.create(
        pack=pack(region),
        code=f"tested.{next(_serial)}",
        title="PM10",
        detector="threshold",
        params={"field": "pm10", "on": 150},
    )


class TestTrials(RegisterTests):
    page = pages.trials_

    def make_row(self, region):
        rule = _counting(region)
        return RuleTrial.objects.create(
            rule=rule,
            code=rule.code,
            title=rule.title,
            region_code=region,
            changes={"on": 140},
            params={"field": "pm10", "on": 140},
            until=timezone.localdate(),
            reason="测试",
            started_at=timezone.now(),
            started_by="测试员",
        )


class TestBackTests(RegisterTests):
    page = pages.runs

    def make_row(self, region):
        rule = _counting(region)
        now = timezone.now()
        return BackTestRun.objects.create(
            rule=rule,
            code=rule.code,
            title=rule.title,
            region_code=region,
            changes={"on": 140},
            start=now,
            end=now,
            state="done",
            asked_by="测试员",
            asked_at=now,
        )
