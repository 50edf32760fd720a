"""Where a rule is tried or tested: in a region, or for one project, which stands below every region."""

from dataclasses import dataclass
from typing import Any

from siteloop.foundation.packs.models import BackTestRun, RuleTrial
from siteloop.foundation.registry.models import Project
from siteloop.framework.action import Act


@dataclass(frozen=True)
class Place:
    """A region ("" = the nation), or a project with the region it lies in."""

    region: str
    project: Project | None = None

    @property
    def project_id(self) -> int | None:
        """As the ladder asks for it."""
        return self.project.pk if self.project is not None else None

    @property
    def rows(self) -> dict[str, Any]:
        """Filter for the trials or back-tests of exactly this place."""
        if self.project is not None:
            return {"project": self.project}
        return {"project": None, "region_code": self.region}

    @property
    def named(self) -> dict[str, Any]:
        """The place as the inputs of an act on a rule."""
        return {"region_code": self.region} if self.project is None else {"project": self.project.pk}


def asked(act: Act) -> Place:
    """The project or region an act on a rule names; neither = where the rule's own row stands."""
    project: Project | None = act.data.get("project")
    region = str(act.data.get("region_code") or "")
    if project is None and not region:
        project, region = act.obj.pack.project, act.obj.pack.region_code
    return Place(project.region_code, project) if project is not None else Place(region)


def of(row: RuleTrial | BackTestRun) -> Place:
    """Where a trial or back-test was asked for; a project's region is the one it lies in now."""
    return Place(row.project.region_code, row.project) if row.project is not None else Place(row.region_code)
