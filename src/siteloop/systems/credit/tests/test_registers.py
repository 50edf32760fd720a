"""The given tests of every register of credit."""

from itertools import count
from typing import Any

from django.utils import timezone

from siteloop.foundation.authority.models import Organisation
from siteloop.framework.testing import RegisterTests
from siteloop.systems.credit import pages
from siteloop.systems.credit.models import (
    Award,
    BlacklistEntry,
    CreditFile,
    CreditRecord,
    CreditRequest,
    CreditRule,
)

_serial = count(1)


def firm(region: str) -> Organisation:
    row = Organisation(name=f"诚信测试单位{next(_serial)}", kind="contractor", region_code=region)
    row.save()
    return row


def rule() -> CreditRule:
    n = next(_serial)
    row = CreditRule(code=f"T-{n}", title=f"测试行为{n}", kind="demerit", subject="enterprise", points=3)
    row.save()
    return row


def record(region: str) -> CreditRecord:
    row = CreditRecord(
        rule=rule(),
        organisation=firm(region),
        region_code=region,
        kind="demerit",
        level="common",
        points=3,
        signed=-3,
        happened_on=timezone.localdate(),
        reason="测试",
        state="proposed",
        proposed_at=timezone.now(),
    )
    row.save()
    return row


class TestFiles(RegisterTests):
    page = pages.files

    def make_row(self, region: str) -> CreditFile:
        row = CreditFile(organisation=firm(region), region_code=region, as_of=timezone.localdate())
        row.save()
        return row


class TestRecords(RegisterTests):
    page = pages.records

    def make_row(self, region: str) -> CreditRecord:
        return record(region)


class TestBlacklist(RegisterTests):
    page = pages.blacklist

    def make_row(self, region: str) -> BlacklistEntry:
        row = BlacklistEntry(
            organisation=firm(region),
            region_code=region,
            cause=f"测试事由{next(_serial)}",
            basis="测试依据",
            term_months=6,
            proposed_at=timezone.now(),
        )
        row.save()
        return row


class TestRequests(RegisterTests):
    page = pages.requests

    def make_row(self, region: str) -> CreditRequest:
        about = record(region)
        row = CreditRequest(
            kind="appeal",
            record=about,
            organisation=about.organisation,
            region_code=region,
            statement="测试",
            asked_at=timezone.now(),
        )
        row.save()
        return row


class TestAwards(RegisterTests):
    page = pages.awards

    def make_row(self, region: str) -> Award:
        row = Award(
            organisation=firm(region),
            region_code=region,
            title="示范工地",
            giver="协会",
            nominated_at=timezone.now(),
        )
        row.save()
        return row


class TestRules(RegisterTests):
    page = pages.rules

    def make_row(self, region: str) -> CreditRule:
        return rule()

    def new_data(self, region: str) -> dict[str, Any]:
        n = next(_serial)
        return {
            "code": f"N-{n}",
            "title": f"新行为{n}",
            "kind": "demerit",
            "subject": "person",
            "points": 2,
            "term_months": 6,
        }

    def changed_data(self, row: Any) -> dict[str, Any]:
        return {"points": row.points + 1}
