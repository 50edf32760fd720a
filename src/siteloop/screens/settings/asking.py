"""Who asks about which place: a region by `?region=`, or one project by `?project=`; the same on every page of the settings."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest
from django.utils import timezone

from siteloop.foundation.packs import ladder
from siteloop.foundation.packs.models import PackRule, PackValue
from siteloop.foundation.packs.places import Place
from siteloop.foundation.packs.resolve import OF_PROJECTS
from siteloop.foundation.regions.models import Region
from siteloop.foundation.regions.names import full_name
from siteloop.foundation.registry.models import Project
from siteloop.framework.action import Refused
from siteloop.framework.perform import require
from siteloop.framework.viewer import Viewer, viewer_of

#: (name of a box, what stands in it otherwise) -> what stands in it
Filled = Callable[[str, str], str]
MODELS: dict[str, type[PackRule] | type[PackValue]] = {"rules": PackRule, "values": PackValue}


@dataclass(frozen=True)
class Asked:
    """A viewer, and the place asked about. Rules of regions are public to read; a project is one the viewer sees."""

    viewer: Viewer
    place: Place

    @property
    def query(self) -> str:
        """The place as the pages' links carry it."""
        return query(self.place)

    @property
    def covers(self) -> bool:
        """Whether the place lies in the viewer's own region."""
        return self.viewer.covers(self.place.region)

    @property
    def shown(self) -> dict[str, Any]:
        """What every page says of the place."""
        return {
            "region": self.place.region,
            "region_name": full_name(self.place.region),
            "project": self.place.project,
            "place": self.query,
        }

    def standings(self, kind: str) -> list[ladder.Standing]:
        """Everything in force there; of values a project has only those that may be its own."""
        found = ladder.standings(MODELS[kind], self.place.region, timezone.localdate(), self.place.project_id)
        return [s for s in found if self.place.project is None or may_be_a_projects(kind, s.key)]

    def standing(self, kind: str, key: str) -> ladder.Standing:
        """How one rule or value stands there. Raises Http404."""
        if kind not in MODELS or (self.place.project is not None and not may_be_a_projects(kind, key)):
            raise Http404
        place = self.place
        found = ladder.standing(MODELS[kind], key, place.region, timezone.localdate(), place.project_id)
        if found is None:
            raise Http404
        return found


def asked(request: HttpRequest) -> Asked:
    """Raises Refused 403 without the right to look, Http404 for a region there is not or a project not seen."""
    viewer = viewer_of(request)
    require(viewer, "packs.packrule.view")
    project = _project(request, viewer)
    return Asked(viewer, Place(project.region_code, project) if project else Place(_region(request, viewer)))


def query(place: Place) -> str:
    """`project=7` or `region=330482`."""
    return f"project={place.project_id}" if place.project is not None else f"region={place.region}"


def may_be_a_projects(kind: str, key: str) -> bool:
    """Whether one project may have its own: every rule, and the values that are asked with a project."""
    return kind == "rules" or key in OF_PROJECTS


def told(trouble: Refused) -> list[str]:
    """Every sentence of a refusal, each once."""
    return list(dict.fromkeys([trouble.message, *(m for told in trouble.errors.values() for m in told)]))


def filled(request: HttpRequest) -> Filled:
    """What the form holds: typed, or brought along by the link of a back-test or a trial."""
    typed = request.POST if request.method == "POST" else request.GET
    return lambda name, otherwise: str(typed.get(name, otherwise))


def _region(request: HttpRequest, viewer: Viewer) -> str:
    """The asked region; by default the viewer's own."""
    asked = request.GET.get("region")
    if asked is None:
        return viewer.regions[0] if viewer.regions else ""
    if asked and not Region.objects.unscoped("names are public").filter(code=asked).exists():
        raise Http404
    return asked


def _project(request: HttpRequest, viewer: Viewer) -> Project | None:
    asked = request.GET.get("project", "")
    if not asked:
        return None
    found = Project.objects.visible_to(viewer).filter(pk=int(asked) if asked.isdecimal() else 0).first()
    if found is None:
        raise Http404
    return found
