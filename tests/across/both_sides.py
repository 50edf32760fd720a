"""One project with its units and those who look at it, and one record of each register, for tests of whose act something is."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from django.utils import timezone

from siteloop.foundation.authority.loading import load_roles
from siteloop.foundation.authority.models import Account, Organisation, Post, Role
from siteloop.foundation.packs.testing import shipped_packs
from siteloop.foundation.registry.models import Party, Project, ProjectPost
from siteloop.systems.acceptance.models import Application
from siteloop.systems.joint_acceptance.models import (
    Department,
    DepartmentOpinion,
    JointApplication,
    JointFinding,
    SiteVisit,
)
from siteloop.systems.project_stages.models import PlaceChange
from siteloop.systems.project_stages.tests.rows import data
from siteloop.systems.supervisor_firms.models import (
    Behaviour,
    DangerReport,
    FirmFile,
    Leave,
    Misconduct,
    Presence,
    SideRecord,
    SupervisionReport,
)

HOME = "330482"
LOOK = "the test looks"
_serial = count(1)


def organisation(kind: str) -> Organisation:
    row = Organisation(name=f"{kind}{next(_serial)}", kind=kind, region_code=HOME)
    row.save()
    return row


def person(name: str, employer: Organisation, *roles: str) -> Account:
    """An account with posts of the program's own roles."""
    row = Account.objects.create(username=f"{name}{next(_serial)}", display_name=name)
    for code in roles:
        role = Role.objects.unscoped(LOOK).get(code=code)
        region = HOME if role.sees == "region" else ""
        Post(account=row, organisation=employer, role=role, region_code=region).save()
    return row


@dataclass
class County:
    """One project, its units, those who look at it, and one record of each register."""

    project: Project
    unit: Organisation
    people: dict[str, Account]
    department: Department
    rows: dict[type, Any] = field(default_factory=dict)

    def row(self, model: type) -> Any:
        """The record of a register, made once."""
        if model not in self.rows:
            one = MADE[model](self) if model in MADE else model(project=self.project, **data(model))
            one.save()
            self.rows[model] = one
        return self.rows[model]


def made() -> County:
    """The county, with the program's packs and roles."""
    shipped_packs()
    load_roles()
    Role.objects.unscoped(LOOK).update(demands_mfa=False)  # signed in without the second factor
    unit, rival = organisation("supervisor_firm"), organisation("contractor")
    project = Project(
        code=f"WHO{next(_serial)}", name="谁的事", region_code=f"{HOME}001", state="under_construction"
    )
    project.save()
    for kind, one in (("builder", unit), ("supervisor_firm", unit), ("contractor", rival)):
        Party(project=project, kind=kind, organisation=one).save()
    fire, of_unit = organisation("government_department"), ("enterprise_manager", "supervisor_engineer")
    department = Department(code="fire", title="消防", organisation=fire, region_code=HOME)
    department.save()
    people = {
        "unit": person("unit", unit, *of_unit),
        "rival": person("rival", rival, *of_unit),
        "county": person("county", organisation("county_authority"), "county_officer"),
        "inspector": person("inspector", organisation("supervision_body"), "supervisor"),
        "sites": person("sites", organisation("site_supervision"), "site_supervision"),
        "window": person("window", organisation("government_department"), "acceptance_officer"),
        "examiner": person("examiner", fire, "joint_examiner"),
        "admin": person("admin", organisation("platform_support"), "platform_admin"),
    }
    post = ProjectPost(project=project, kind="chief_supervisor", organisation=unit, account=people["unit"])
    post.save()
    return County(project, unit, people, department, {ProjectPost: post})


def _joint(county: County) -> dict[str, Any]:
    return {"application": county.row(JointApplication)}


def _of_firm(county: County) -> dict[str, Any]:
    return {"project": county.project, "firm": county.unit}


def _of_post(county: County) -> dict[str, Any]:
    return _of_firm(county) | {
        "post": county.rows[ProjectPost],
        "kind": "chief_supervisor",
        "holder": "总监",
    }


def _misconduct(county: County) -> Misconduct:
    behaviour = Behaviour(code=f"who{next(_serial)}", title="测试行为", subject="firm")
    behaviour.save()
    return Misconduct(
        behaviour=behaviour,
        firm=county.unit,
        project=county.project,
        region_code=county.project.region_code,
        happened_on=dt.date(2026, 1, 5),
        fact="未报送",
    )


NOW = timezone.now()
MADE: dict[type, Callable[[County], Any]] = {
    Project: lambda c: c.project,
    Application: lambda c: Application(kind="fire", project=c.project, applicant=c.unit, matter="消防"),
    JointApplication: lambda c: JointApplication(project=c.project, applicant=c.unit, extent="整个工程"),
    DepartmentOpinion: lambda c: DepartmentOpinion(**_joint(c), department=c.department, began_at=NOW),
    JointFinding: lambda c: JointFinding(
        opinion=c.row(DepartmentOpinion), kind="problem", content="无水", raised_at=NOW
    ),
    SiteVisit: lambda c: SiteVisit(**_joint(c), at=NOW, place="东门"),
    PlaceChange: lambda c: PlaceChange(
        project=c.project, subject="party", kind="contractor", organisation=c.unit, reason="合同解除"
    ),
    SupervisionReport: lambda c: SupervisionReport(**_of_firm(c), title="专报"),
    DangerReport: lambda c: DangerReport(
        **_of_firm(c),
        field="safety",
        level="major",
        place="脚手架",
        danger="连墙件缺失",
        order_number="监理停-1",
        ordered_on=dt.date(2026, 1, 5),
        conduct="refused",
    ),
    SideRecord: lambda c: SideRecord(
        **_of_firm(c),
        process="混凝土浇筑",
        part="三层",
        started_at=NOW - dt.timedelta(hours=3),
        ended_at=NOW - dt.timedelta(hours=1),
        works="浇筑",
        supervision="旁站",
    ),
    Presence: lambda c: Presence(
        **_of_post(c), day=timezone.localdate(), arrived_at=timezone.now(), place="on_site"
    ),
    Leave: lambda c: Leave(
        **_of_post(c), from_on=dt.date(2026, 2, 2), to_on=dt.date(2026, 2, 3), reason="探亲"
    ),
    FirmFile: lambda c: FirmFile(
        organisation=c.unit,
        region_code=HOME,
        level="grade_c",
        speciality="building",
        certificate_number="E1",
        valid_until=dt.date(2030, 1, 1),
    ),
    Misconduct: _misconduct,
}
