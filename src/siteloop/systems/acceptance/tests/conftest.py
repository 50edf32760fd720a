"""A county that accepts business: two officers, an applicant, a project with its papers."""

import datetime as dt
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from django.utils import timezone

from siteloop.foundation.authority.models import Account, Organisation, Post, Role
from siteloop.foundation.authority.viewers import viewer_for
from siteloop.foundation.files.models import Evidence
from siteloop.foundation.packs.testing import shipped_packs
from siteloop.foundation.registry.models import Party, Project
from siteloop.framework.perform import create, perform
from siteloop.framework.viewer import Viewer
from siteloop.systems.acceptance import actions, settings
from siteloop.systems.acceptance.models import Application, Officer

HOME = "330482"
WHY = "a test looks at everything"
_serial = count(1)


def again(row: Any) -> Any:
    """As the database has it."""
    return type(row).objects.unscoped(WHY).get(pk=row.pk)


def organisation(name: str, kind: str) -> Organisation:
    row = Organisation(name=f"{name}{next(_serial)}", kind=kind, region_code=HOME)
    row.save()
    return row


def account(name: str, employer: Organisation, role: Role) -> Account:
    row = Account.objects.create(username=f"{name}{next(_serial)}", display_name=name)
    region = HOME if role.sees == "region" else ""
    Post(account=row, organisation=employer, role=role, region_code=region).save()
    return row


def evidence(project: Project, by: Account) -> Evidence:
    n = next(_serial)
    row = Evidence(
        sha256=f"{n:064d}",
        sm3=f"{n:064d}",
        size=9,
        content_type="application/pdf",
        original_name=f"材料{n}.pdf",
        project_id=project.pk,
        region_code=project.region_code,
        received_at=timezone.now(),
        uploaded_by=by,
    )
    row.save()
    return row


@dataclass
class Window:
    """What the tests need of the county."""

    body: Organisation
    officers: list[Account]
    applicant: Organisation
    firm: Account
    head: Account
    projects: list[Project]

    @property
    def unit(self) -> Viewer:
        """The applicant at its desk."""
        return viewer_for(self.firm)

    def application(self, kind: str = "quality", n: int = 0, promise: tuple[str, ...] = ()) -> Application:
        """A complete draft: all materials there, except those promised."""
        row = create(
            Application,
            self.unit,
            {
                "kind": kind,
                "project": self.projects[n].pk,
                "applicant": self.applicant.pk,
                "matter": f"监督手续{next(_serial)}",
            },
        )
        for material in settings.materials(kind, row.region_code):
            if material.title in promise:
                typed = {"title": material.title, "promise": "三十日内补交"}
                perform(actions.promise, self.unit, row, typed)
            else:
                typed = {"title": material.title, "files": [evidence(row.project, self.firm).pk]}
                perform(actions.attach, self.unit, row, typed)
        return again(row)

    def submitted(self, **more: Any) -> Application:
        """Handed in."""
        row = self.application(**more)
        perform(actions.submit, self.unit, row)
        return again(row)

    def accepted(self, **more: Any) -> Application:
        """Handed in and accepted by its officer."""
        row = self.submitted(**more)
        perform(actions.accept, self.officer(row), row)
        return again(row)

    def officer(self, row: Application) -> Viewer:
        """Who handles it."""
        assert row.officer is not None
        return viewer_for(row.officer)


@pytest.fixture
def window(db: None) -> Window:
    """Pinghu's window in small."""
    shipped_packs()
    everything = Role(code="accepting", title="受理", permissions=["*"])
    everything.save()
    unit = Role(
        code="applying",
        title="申请",
        permissions=["acceptance.*", "cases.*", "registry.*", "files.*", "documents.*"],
        sees="organisation",
    )
    unit.save()
    body, applicant = organisation("住建局", "county_authority"), organisation("建设单位", "builder")
    projects = []
    for n in range(3):
        project = Project(code=f"BIZ{next(_serial)}", name=f"受理项目{n}", region_code=f"{HOME}001")
        project.save()
        Party(project=project, kind="builder", organisation=applicant).save()
        projects.append(project)
    people = [account(name, body, everything) for name in ("受理甲", "受理乙")]
    for one in people:
        Officer(
            account=one, organisation=body, region_code=HOME, does_fire=True, does_civil_defence=True
        ).save()
    return Window(
        body,
        people,
        applicant,
        account("经办", applicant, unit),
        account("科长", body, everything),
        projects,
    )


def days(n: float) -> dt.timedelta:
    return dt.timedelta(days=n)
