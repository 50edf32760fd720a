"""Enterprises by the works they have a part in, and what the facts of all systems say of one."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Count, Q

from siteloop.foundation.authority.models import Organisation
from siteloop.foundation.cases import facts
from siteloop.foundation.cases.facts import ALL, GOOD, Fact, Period, Subject
from siteloop.foundation.registry import standing
from siteloop.foundation.registry.models import Party, PartyKind, WorkState
from siteloop.framework.language import pick
from siteloop.framework.perform import permission_of
from siteloop.framework.scope import ScopedModel
from siteloop.framework.viewer import Viewer

WHY = "a unit is named to whoever sees a project it has a part in"
RUNNING = Q(project__state__in=(WorkState.UNDER_CONSTRUCTION, WorkState.SUSPENDED))


@dataclass(frozen=True)
class Unit:
    """One enterprise with the kinds of its parts, its works in all and those not completed, and its grade or ""."""

    key: int
    name: str
    kinds: str
    works: int
    running: int
    grade: str


def units(viewer: Viewer, kind: str = "", words: str = "") -> list[Unit]:
    """Units of the projects the viewer sees, those with most works running first. Two queries and the grades."""
    rows = Party.objects.visible_to(viewer).order_by()
    if kind:
        rows = rows.filter(kind=kind)
    if words:
        rows = rows.filter(organisation__name__icontains=words)
    kinds: dict[int, list[str]] = {}
    for key, one in rows.values_list("organisation", "kind").distinct():
        kinds.setdefault(key, []).append(one)
    told = rows.values_list("organisation", "organisation__name").annotate(
        works=Count("project", distinct=True), running=Count("project", distinct=True, filter=RUNNING)
    )
    grades = standing.of(kinds)
    titles = dict(PartyKind.choices)
    found = [
        Unit(
            key,
            name,
            "、".join(str(titles[k]) for k in PartyKind.values if k in kinds[key]),
            works,
            running,
            grades[key].grade if key in grades else "",
        )
        for key, name, works, running in told
    ]
    return sorted(found, key=lambda u: (-u.running, -u.works, u.name))


def parts(viewer: Viewer, key: int) -> list[Party]:
    """The unit's parts in projects the viewer sees, running works first."""
    rows = Party.objects.visible_to(viewer).filter(organisation=key).select_related("project")
    order = (WorkState.UNDER_CONSTRUCTION, WorkState.SUSPENDED, WorkState.NOT_STARTED, WorkState.COMPLETED)
    return sorted(rows, key=lambda p: (order.index(WorkState(p.project.state)), p.project.code, p.kind))


def named(key: int) -> Organisation | None:
    """The unit itself."""
    return Organisation.objects.unscoped(WHY).filter(pk=key).first()


@dataclass(frozen=True)
class Line:
    """One fact of a unit with the lists behind its numbers; `bad` is what stands against it."""

    title: str
    good_title: str
    bad_title: str
    n: int
    good: int
    is_now: bool
    link: str

    @property
    def bad(self) -> int:
        """What is not good."""
        return self.n - self.good

    @property
    def good_link(self) -> str:
        """The good ones."""
        return f"{self.link}&only=good"

    @property
    def bad_link(self) -> str:
        """The others."""
        return f"{self.link}&only=bad"


def conduct(viewer: Viewer, key: int, period: Period) -> list[Line]:
    """What every system counts of parties, of this one. A query a fact; a fact whose records the viewer may not see is left out."""
    subject = Subject("party", key)
    return [
        _line(fact, subject, viewer, period)
        for fact in facts.known().values()
        if "party" in fact.keys and _may(fact, viewer, period)
    ]


def _may(fact: Fact, viewer: Viewer, period: Period) -> bool:
    model = fact.rows(viewer, period).model
    return not issubclass(model, ScopedModel) or viewer.may(permission_of(model, "view"))


def _line(fact: Fact, subject: Subject, viewer: Viewer, period: Period) -> Line:
    n, good = facts.records(fact, subject, viewer, period).aggregate(n=ALL, g=GOOD).values()
    asked = {"fact": fact.code, "from": f"{period.start}", "to": f"{period.end}", "subject": str(subject)}
    link = "/centres/records/?" + urlencode(asked)
    return Line(fact.shown, pick(*fact.good), pick(*fact.bad), n, good, fact.is_stock, link)
