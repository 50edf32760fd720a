"""A county with an authority, a supervisor firm, a contractor and one project under construction."""

from dataclasses import dataclass
from itertools import count
from typing import Any

from django.test import Client
from django.utils import timezone

from siteloop.foundation.authority.loading import load_roles
from siteloop.foundation.authority.models import Account, Organisation, Post, Role
from siteloop.foundation.authority.viewers import viewer_for
from siteloop.foundation.files.models import Evidence
from siteloop.foundation.packs.testing import shipped_packs
from siteloop.foundation.registry.models import Party, Project, ProjectPost, Site
from siteloop.framework.rest.tokens import issue
from siteloop.framework.testing.people import Caller
from siteloop.framework.viewer import Viewer
from siteloop.systems.supervisor_firms import loading

HOME = "330482"
WHY = "a test looks at everything"
LON, LAT = 121.0, 30.7
_serial = count(1)


def again(row: Any) -> Any:
    """As the database has it."""
    return type(row).objects.unscoped(WHY).get(pk=row.pk)


def organisation(name: str, kind: str, region: str = HOME) -> Organisation:
    row = Organisation(name=f"{name}{next(_serial)}", kind=kind, region_code=region)
    row.save()
    return row


def account(name: str, employer: Organisation, role: str) -> Account:
    """With one of the program's own roles, so that the roles themselves are tested."""
    row = Account.objects.create(username=f"{role}{next(_serial)}", display_name=name)
    found = Role.objects.unscoped(WHY).get(code=role)
    Post(
        account=row, organisation=employer, role=found, region_code=HOME if found.sees == "region" else ""
    ).save()
    return row


def project(region: str = f"{HOME}001", firm: Organisation | None = None) -> Project:
    """Under construction, with its supervisor firm."""
    n = next(_serial)
    row = Project(code=f"SF{n}", name=f"监理测试项目{n}", region_code=region, state="under_construction")
    row.save()
    Party(project=row, kind="supervisor_firm", organisation=firm or firm_at(region)).save()
    return row


def firm_at(region: str) -> Organisation:
    """The firm of projects for which none is named."""
    row, _ = Organisation.objects.unscoped(WHY).get_or_create(
        name=f"测试监理{region}", defaults={"kind": "supervisor_firm", "region_code": region}
    )
    return row


def photo(
    of: Project, by: Account | None = None, lon: float | None = None, lat: float | None = None
) -> Evidence:
    n = next(_serial)
    row = Evidence(
        sha256=f"{n:064d}",
        sm3=f"{n:064d}",
        size=9,
        content_type="image/jpeg",
        original_name=f"照片{n}.jpg",
        project_id=of.pk,
        region_code=of.region_code,
        received_at=timezone.now(),
        taken_at=timezone.now(),
        uploaded_by=by,
        lon=lon,
        lat=lat,
    )
    row.save()
    return row


def caller(who: Account) -> Caller:
    """Both ways in."""
    html = Client()
    html.force_login(who, backend="django.contrib.auth.backends.ModelBackend")
    return Caller(who, html, issue(who))


@dataclass
class County:
    """What the tests need."""

    firm: Organisation
    contractor: Organisation
    authority: Organisation
    sites: Organisation
    engineer: Account  # of the supervisor firm, holds the post of the chief
    inspector: Account  # site supervision of the authority
    officer: Account  # county authority
    manager: Account  # project manager of the contractor
    project: Project
    chief: ProjectPost

    def view(self, who: Account) -> Viewer:
        """As that person sees."""
        return viewer_for(who)


def county() -> County:
    """Everything with the program's packs, roles and tables."""
    shipped_packs()
    load_roles()
    loading.load()
    firm, contractor = organisation("监理公司", "supervisor_firm"), organisation("施工单位", "contractor")
    authority, sites = organisation("住建局", "county_authority"), organisation("监管科", "site_supervision")
    organisation("质监站", "supervision_body")
    row = project(firm=firm)
    Party(project=row, kind="contractor", organisation=contractor).save()
    Site(project=row, name="工地", region_code=row.region_code, lon=LON, lat=LAT).save()
    engineer = account("总监", firm, "supervisor_engineer")
    manager = account("项目经理", contractor, "project_manager")
    chief = ProjectPost(project=row, kind="chief_supervisor", organisation=firm, account=engineer)
    chief.save()
    ProjectPost(project=row, kind="project_manager", organisation=contractor, account=manager).save()
    return County(
        firm,
        contractor,
        authority,
        sites,
        engineer,
        account("监管员", sites, "site_supervision"),
        account("科长", authority, "county_officer"),
        manager,
        row,
        chief,
    )
