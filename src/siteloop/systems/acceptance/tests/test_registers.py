"""The given tests of every register of the acceptance of business."""

from itertools import count
from typing import Any

from django.utils import timezone

from siteloop.foundation.authority.models import Organisation
from siteloop.foundation.registry.models import Party, Project
from siteloop.framework.testing import RegisterTests, officer
from siteloop.systems.acceptance import pages
from siteloop.systems.acceptance.models import AfterCheck, Application, Commitment, Officer

_serial = count(1)


def builder(region: str) -> Organisation:
    """The one that applies there."""
    row, _ = Organisation.objects.unscoped("a test").get_or_create(
        name=f"受理测试单位{region}", defaults={"kind": "builder", "region_code": region}
    )
    return row


def project(region: str) -> Project:
    n = next(_serial)
    row = Project(code=f"AT{n}", name=f"受理测试项目{n}", region_code=region)
    row.save()
    Party(project=row, kind="builder", organisation=builder(region)).save()
    return row


def application(region: str) -> Application:
    one = project(region)
    row = Application(
        kind="fire", project=one, applicant=one.parties.get().organisation, matter=f"测试事项{next(_serial)}"
    )
    row.save()
    return row


class TestApplications(RegisterTests):
    page = pages.applications

    def employer(self) -> Organisation:
        return builder(self.home)

    def make_row(self, region: str) -> Application:
        return application(region)

    def new_data(self, region: str) -> dict[str, Any]:
        one = project(region)
        return {
            "kind": "safety",
            "project": one.pk,
            "applicant": one.parties.get().organisation_id,
            "matter": f"新事项{next(_serial)}",
        }


class TestPromises(RegisterTests):
    page = pages.promises

    def make_row(self, region: str) -> Commitment:
        row = Commitment(
            application=application(region),
            title=f"测试承诺{next(_serial)}",
            promise="补交",
            promised_at=timezone.now(),
        )
        row.save()
        return row


class TestAfterChecks(RegisterTests):
    page = pages.after_checks

    def make_row(self, region: str) -> AfterCheck:
        row = AfterCheck(application=application(region), drawn_at=timezone.now())
        row.save()
        return row


class TestOfficers(RegisterTests):
    page = pages.officers

    def make_row(self, region: str) -> Officer:
        unit = Organisation(name=f"受理机关{next(_serial)}", kind="county_authority", region_code=region)
        unit.save()
        row = Officer(account=officer(region=region), organisation=unit, region_code=region)
        row.save()
        return row

    def new_data(self, region: str) -> dict[str, Any]:
        unit = Organisation(name=f"新受理机关{next(_serial)}", kind="county_authority", region_code=region)
        unit.save()
        return {"account": officer(region=region).pk, "organisation": unit.pk, "region_code": region}

    def changed_data(self, row: Any) -> dict[str, Any]:
        return {"does_fire": not row.does_fire}
