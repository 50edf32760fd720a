"""What accidents and the duty to join say of sites and regions."""

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from siteloop.foundation.cases.facts import Fact, Key, Line, Period, good_if
from siteloop.foundation.packs import eligibility, resolve
from siteloop.foundation.registry.models import Device, Project
from siteloop.framework.viewer import Viewer
from siteloop.systems.evaluation.models import Accident


def lifting(viewer: Viewer, period: Period) -> QuerySet[Any]:
    """Accidents with lifting machines in the period; none is good."""
    rows = Accident.objects.visible_to(viewer).filter(period.within("happened_at"), kind="lifting")
    return rows.annotate(is_good=good_if(Q(pk__in=[])))


def should_join(viewer: Viewer, period: Period) -> QuerySet[Any]:
    """Projects begun in the period that the rules of their region oblige to join; good is what has a device in use."""
    begun = Project.objects.visible_to(viewer).filter(started_on__gte=period.start, started_on__lt=period.end)
    with resolve.reading():
        obliged = [p.pk for p in begun if eligibility.decide(p).outcome == "must"]
    joined = Device.objects.unscoped("whether a project has joined").filter(
        site__project=OuterRef("pk"), state="active"
    )
    rows = Project.objects.visible_to(viewer).filter(pk__in=obliged)
    return rows.annotate(joined=Exists(joined)).annotate(is_good=good_if(Q(joined=True)))


def of_accident(row: Accident) -> Line:
    """An accident as a line."""
    return Line(
        timezone.localdate(row.happened_at), str(row), f"/evaluation/accidents/{row.pk}/", row.summary
    )


def of_project(row: Project) -> Line:
    """A project as a line, with the rule that obliges it."""
    return Line(row.started_on, str(row), f"/places/projects/{row.pk}/", eligibility.decide(row).reason)


FACTS = (
    Fact(
        "lifting_accidents",
        "起重机械设备事故",
        "Lifting-machine accidents",
        lifting,
        of_accident,
        {"site": Key("site_id"), "region": Key()},
        bad=("事故", "accident"),
        related=("site",),
    ),
    Fact(
        "joined",
        "新开工规模以上项目纳入智慧工地",
        "New above-scale projects that joined",
        should_join,
        of_project,
        {"region": Key()},
        ("已纳入", "joined"),
        ("未纳入", "not joined"),
    ),
)
