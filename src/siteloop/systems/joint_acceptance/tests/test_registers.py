"""The given tests of every register of the joint acceptance."""

from itertools import count
from typing import Any

from django.utils import timezone

from siteloop.foundation.authority.models import Organisation
from siteloop.foundation.packs.models import Pack, PackValue
from siteloop.foundation.registry.models import Party, Project
from siteloop.framework.testing import RegisterTests
from siteloop.systems.joint_acceptance import pages
from siteloop.systems.joint_acceptance.models import (
    Department,
    DepartmentOpinion,
    JointApplication,
    JointFinding,
    SiteVisit,
)

_serial = count(1)


def body(kind: str, region: str) -> Organisation:
    row = Organisation(name=f"验收测试单位{next(_serial)}", kind=kind, region_code=region)
    row.save()
    return row


def builder(region: str) -> Organisation:
    """The one that applies there."""
    row, _ = Organisation.objects.unscoped("a test").get_or_create(
        name=f"验收建设单位{region}", defaults={"kind": "builder", "region_code": region}
    )
    return row


def project(region: str) -> Project:
    n = next(_serial)
    row = Project(code=f"JT{n}", name=f"验收测试项目{n}", region_code=region)
    row.save()
    Party(project=row, kind="builder", organisation=builder(region)).save()
    return row


def application(region: str) -> JointApplication:
    one = project(region)
    row = JointApplication(project=one, applicant=one.parties.get().organisation, extent="整个工程")
    row.save()
    return row


def department(region: str) -> Department:
    n = next(_serial)
    row = Department(
        code=f"tested{n}",
        title=f"测试部门{n}",
        organisation=body("county_authority", region),
        region_code=region,
    )
    row.save()
    return row


def opinion(region: str) -> DepartmentOpinion:
    row = DepartmentOpinion(
        application=application(region), department=department(region), began_at=timezone.now()
    )
    row.save()
    return row


class TestApplications(RegisterTests):
    page = pages.applications

    def employer(self) -> Organisation:
        return builder(self.home)

    def make_row(self, region: str) -> JointApplication:
        return application(region)

    def new_data(self, region: str) -> dict[str, Any]:
        one = project(region)
        return {
            "project": one.pk,
            "applicant": one.parties.get().organisation_id,
            "extent": f"{next(_serial)}号楼",
        }


class TestOpinions(RegisterTests):
    page = pages.department_opinions

    def make_row(self, region: str) -> DepartmentOpinion:
        return opinion(region)


class TestFindings(RegisterTests):
    page = pages.joint_findings

    def make_row(self, region: str) -> JointFinding:
        row = JointFinding(
            opinion=opinion(region),
            kind="problem",
            content=f"测试问题{next(_serial)}",
            raised_at=timezone.now(),
        )
        row.save()
        return row


class TestVisits(RegisterTests):
    page = pages.site_visits

    def make_row(self, region: str) -> SiteVisit:
        row = SiteVisit(application=application(region), at=timezone.now(), place=f"测试地点{next(_serial)}")
        row.save()
        return row


class TestDepartments(RegisterTests):
    page = pages.departments

    def make_row(self, region: str) -> Department:
        return department(region)

    def new_data(self, region: str) -> dict[str, Any]:
        code = f"new{next(_serial)}"
        pack, _ = Pack.objects.unscoped("a test").get_or_create(
            code=f"joint-{region}", defaults={"title": "测试", "region_code": region}
        )
        stated, _ = PackValue.objects.unscoped("a test").get_or_create(
            pack=pack, key="joint_acceptance.departments", defaults={"value": [], "title": "部门"}
        )
        term = {"amount": 3, "unit": "day"}
        stated.value = [*stated.value, {"code": code, "title": f"新部门{code}", "term": term}]
        stated.save()
        return {"code": code, "organisation": body("county_authority", region).pk, "region_code": region}

    def changed_data(self, row: Any) -> dict[str, Any]:
        return {"code": self.new_data(row.region_code)["code"]}
