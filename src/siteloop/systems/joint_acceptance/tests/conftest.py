"""A county with five departments, a lead, an applicant and a project that is ready."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from siteloop.foundation.authority.models import Organisation
from siteloop.foundation.authority.roles import CATALOGUE
from siteloop.foundation.authority.viewers import viewer_for
from siteloop.foundation.packs.testing import shipped_packs
from siteloop.foundation.registry import stages
from siteloop.foundation.registry.models import Party, Project
from siteloop.framework.perform import perform
from siteloop.framework.testing import Caller, caller
from siteloop.framework.viewer import Viewer
from siteloop.systems.joint_acceptance import actions, opinions, settings
from siteloop.systems.joint_acceptance.demo import picture
from siteloop.systems.joint_acceptance.models import (
    Department,
    DepartmentOpinion,
    JointApplication,
)

HOME = "330482"
WHY = "a test looks at everything"
API = "/api/v1/joint_acceptance"
_serial = count(1)


def again(row: Any) -> Any:
    """As the database has it."""
    return type(row).objects.unscoped(WHY).get(pk=row.pk)


def organisation(name: str, kind: str) -> Organisation:
    row = Organisation(name=f"{name}{next(_serial)}", kind=kind, region_code=HOME)
    row.save()
    return row


def person(role: str, employer: Organisation) -> Caller:
    """An account with the rights of a role of the catalogue, in that organisation."""
    row = next(r for r in CATALOGUE if r.code == role)
    return caller(row.permissions, HOME, sees=str(row.sees), organisation=employer)


def photo(who: Caller) -> int:
    """An uploaded picture."""
    given = SimpleUploadedFile("照片.png", picture(next(_serial) % 256), "image/png")
    answer = who.html.post("/files/upload", {"file": given})
    assert answer.status_code == 201, answer.content
    return int(answer.json()["id"])


def ready_project(builder: Organisation) -> Project:
    """A project of that builder."""
    row = Project(code=f"JA{next(_serial)}", name=f"联合验收项目{next(_serial)}", region_code=f"{HOME}001")
    row.save()
    Party(project=row, kind="builder", organisation=builder).save()
    return row


@dataclass
class County:
    """What the tests need of the county."""

    body: Organisation
    lead: Caller
    builder: Organisation
    firm: Caller
    departments: dict[str, Department]
    officers: dict[str, Caller]

    def examiner(self, code: str) -> Viewer:
        """Somebody of a department, at the desk."""
        return viewer_for(self.officers[code].account)

    def draft(self) -> JointApplication:
        """A complete application that is not handed in."""
        row = JointApplication(
            project=ready_project(self.builder),
            applicant=self.builder,
            extent="整个工程",
            contact="测试联系人",
        )
        row.save()
        for title in settings.papers(row.region_code):
            paper(row, title, self.firm)
        return row

    def examining(self) -> JointApplication:
        """Accepted: every department's clock runs."""
        row = self.draft()
        perform(actions.submit, viewer_for(self.firm.account), row)
        perform(actions.accept, viewer_for(self.lead.account), row)
        return again(row)

    def part(self, row: JointApplication, code: str) -> DepartmentOpinion:
        """A department's opinion as the database has it."""
        return DepartmentOpinion.objects.unscoped(WHY).get(application=row, department__code=code)

    def give(
        self, row: JointApplication, code: str, verdict: str = "passed", words: str = "符合要求"
    ) -> None:
        """A department gives its opinion."""
        typed = {"verdict": verdict, "words": words}
        perform(opinions.give, self.examiner(code), self.part(row, code), typed)


def paper(row: JointApplication, title: str, by: Caller) -> None:
    """A paper of an application."""
    perform(actions.attach, viewer_for(by.account), row, {"title": title, "files": [photo(by)]})


@pytest.fixture
def ready(monkeypatch: pytest.MonkeyPatch) -> Callable[[list[str]], None]:
    """Say which stages are missing; none at first."""
    missing: list[str] = []
    monkeypatch.setattr(stages, "PROVIDERS", [lambda stage, project: list(missing)])
    return missing.extend


@pytest.fixture
def county(db: None, ready: Any) -> County:
    """Pinghu in small."""
    shipped_packs()
    body, builder = organisation("住建局", "county_authority"), organisation("建设单位", "builder")
    departments, officers = {}, {}
    for examiner in settings.examiners(HOME):
        # the construction department is a part of the lead's own body, as in most counties
        home = body if examiner.code == "construction" else organisation(examiner.title, "county_authority")
        one = Department(code=examiner.code, title=examiner.title, organisation=home, region_code=HOME)
        one.save()
        departments[examiner.code] = one
        officers[examiner.code] = person("joint_examiner", home)
    return County(
        body,
        person("county_officer", body),
        builder,
        person("enterprise_manager", builder),
        departments,
        officers,
    )
