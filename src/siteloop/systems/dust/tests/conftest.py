"""A small county with every receiver of the dust loop, and the fast plane's tables."""

import datetime as dt
from dataclasses import dataclass

import pytest

from siteloop.foundation.authority.models import Account, Organisation, Post, Role
from siteloop.foundation.packs.testing import shipped_packs
from siteloop.foundation.registry.models import AnnualInspection, Device, Party, Project, ProjectPost, Site

WHY = "test"


@dataclass
class County:
    """What the tests need of it."""

    manager: Account
    supervisor: Account
    officer: Account
    squad: Account
    project: Project
    site: Site
    monitor: Device
    sprayer: Device


def _account(name: str, organisation: Organisation, role: Role, region: str) -> Account:
    account = Account.objects.create(username=name, display_name=name)
    Post(account=account, organisation=organisation, role=role, region_code=region).save()
    return account


@pytest.fixture
def county(db: None, fast_plane: None) -> County:
    """Pinghu in small."""
    shipped_packs()
    role = Role.objects.unscoped(WHY).filter(code="tester").first() or Role(
        code="tester", title="测试", permissions=["*"]
    )
    role.save()

    def organisation(name: str, kind: str, region: str = "330482") -> Organisation:
        row = Organisation(name=name, kind=kind, region_code=region)
        row.save()
        return row

    contractor = organisation("施工单位", "contractor")
    supervision = organisation("工地监管科", "site_supervision")
    authority = organisation("住建局", "county_authority")
    squad = organisation("当湖街道中队", "urban_management", "330482001")
    organisation("另一街道中队", "urban_management", "330482002")
    project = Project(
        code="T1",
        name="测试项目",
        region_code="330482001",
        work_kind="housing",
        floor_area=12_000,
        state="under_construction",
    )
    project.save()
    Party(project=project, kind="contractor", organisation=contractor).save()
    manager = _account("manager", contractor, role, "330482")
    ProjectPost(project=project, kind="project_manager", account=manager, organisation=contractor).save()
    site = Site(project=project, name="测试工地", region_code="330482001", state="under_construction")
    site.save()
    sprayer = Device(code="SP1", profile="sprayer", site=site)
    sprayer.save()
    monitor = Device(code="MN1", profile="dust", site=site, installed_on=dt.date(2026, 1, 1))
    monitor.save()
    monitor.linked.add(sprayer)
    AnnualInspection(device=monitor, done_on=dt.date(2026, 1, 1), valid_until=dt.date(2099, 1, 1)).save()
    return County(
        manager,
        _account("supervisor", supervision, role, "330482"),
        _account("officer", authority, role, "330482"),
        _account("squad", squad, role, "330482001"),
        project,
        site,
        monitor,
        sprayer,
    )
