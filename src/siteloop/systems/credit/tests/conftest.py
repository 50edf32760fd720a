"""A county that keeps credit: two officers, an enterprise, a project manager with an account, a project."""

import datetime as dt
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from siteloop.foundation.authority import roles
from siteloop.foundation.authority.models import Account, Organisation, Post, Role
from siteloop.foundation.authority.viewers import viewer_for
from siteloop.foundation.files.models import Evidence
from siteloop.foundation.files.store import keep
from siteloop.foundation.people.models import Person
from siteloop.foundation.people.synthetic import synthetic_id
from siteloop.foundation.registry.models import Party, Project, ProjectPost
from siteloop.framework.perform import perform
from siteloop.framework.viewer import Viewer
from siteloop.systems.credit import actions, loading
from siteloop.systems.credit.models import CreditRecord, CreditRule

HOME = "330482"
WHY = "a test looks at everything"
_serial = count(1)


def again(row: Any) -> Any:
    """As the database has it."""
    return type(row).objects.unscoped(WHY).get(pk=row.pk)


def organisation(name: str, kind: str, region: str = HOME) -> Organisation:
    row = Organisation(name=f"{name}{next(_serial)}", kind=kind, region_code=region)
    row.save()
    return row


def role(code: str) -> Role:
    """A role as every installation has it."""
    stated = next(r for r in roles.CATALOGUE if r.code == code)
    found, _ = Role.objects.unscoped(WHY).get_or_create(
        code=code,
        defaults={"title": stated.title, "permissions": list(stated.permissions), "sees": stated.sees},
    )
    return found


def account(name: str, employer: Organisation, code: str) -> Account:
    row = Account.objects.create(username=f"{name}{next(_serial)}", display_name=name)
    own = role(code)
    region = HOME if own.sees == "region" else ""
    Post(account=row, organisation=employer, role=own, region_code=region).save()
    return row


def person(employer: Organisation, known: Account | None = None, region: str = HOME) -> Person:
    n = next(_serial)
    row = Person(
        name=f"测{n}", id_number=synthetic_id(n), organisation=employer, region_code=region, account=known
    )
    row.full_clean()
    row.save()
    return row


def evidence(by: Account) -> Evidence:
    n = next(_serial)
    upload = SimpleUploadedFile(f"证据{n}.pdf", f"%PDF-1.4 {n}".encode(), "application/pdf")
    return keep(viewer_for(by), upload)


@dataclass
class County:
    """What the tests need of it."""

    officer: Account
    reviewer: Account
    firm: Organisation
    firm_manager: Account
    manager: Account
    person: Person
    project: Project

    @property
    def desk(self) -> Viewer:
        return viewer_for(self.officer)

    @property
    def second(self) -> Viewer:
        return viewer_for(self.reviewer)

    @property
    def unit(self) -> Viewer:
        return viewer_for(self.firm_manager)

    def proposed(self, code: str = "E-WAGE-01", **more: Any) -> CreditRecord:
        rule = CreditRule.objects.unscoped(WHY).get(code=code)
        whose = {"person": self.person.pk} if rule.subject == "person" else {"organisation": self.firm.pk}
        typed = {
            "rule": rule.pk,
            "happened_on": timezone.localdate(),
            "reason": f"核查属实{next(_serial)}",
            "files": [evidence(self.officer).pk],
            **whose,
            **more,
        }
        perform(actions.propose, self.desk, None, typed)
        return CreditRecord.objects.unscoped(WHY).latest("pk")

    def recorded(self, code: str = "E-WAGE-01", **more: Any) -> CreditRecord:
        row = self.proposed(code, **more)
        perform(actions.approve, self.second, row, {"opinion": "属实"})
        return again(row)


@pytest.fixture(autouse=True)
def own_files(settings: Any, tmp_path: Path) -> None:
    """Files of these tests lie in a folder of their own."""
    settings.FILES = tmp_path / "files"


@pytest.fixture
def county(db: None) -> County:
    """Pinghu in small."""
    loading.load()
    body, firm = organisation("住建局", "county_authority"), organisation("建工集团", "contractor")
    project = Project(code=f"CR{next(_serial)}", name="诚信测试项目", region_code=f"{HOME}001")
    project.save()
    Party(project=project, kind="contractor", organisation=firm).save()
    known = account("项目经理", firm, "project_manager")
    who = person(firm, known)
    ProjectPost(project=project, kind="project_manager", account=known, person=who, organisation=firm).save()
    return County(
        account("经办", body, "county_officer"),
        account("科长", body, "county_officer"),
        firm,
        account("企业负责人", firm, "enterprise_manager"),
        known,
        who,
        project,
    )


def days(n: float) -> dt.timedelta:
    return dt.timedelta(days=n)
