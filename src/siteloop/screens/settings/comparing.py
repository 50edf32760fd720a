"""A trial beside the rule in force: the findings of both since it began, where, and which only one of them had."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, DateTimeField, Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from siteloop.foundation.cases.models import Finding
from siteloop.foundation.packs import ladder
from siteloop.foundation.packs.models import PackRule, RuleTrial
from siteloop.foundation.regions.names import name
from siteloop.framework.viewer import Viewer

EXAMPLES = 12
WHY = "which places are left out does not depend on who looks"
NEVER = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Place:
    """One site's share."""

    site: int | None
    title: str
    town: str
    today: int
    tried: int

    @property
    def difference(self) -> int:
        """More (or fewer) on trial."""
        return self.tried - self.today


@dataclass(frozen=True)
class Comparison:
    """Findings that were open at some time since the trial began."""

    today: int
    tried: int
    places: list[Place]
    only_today: list[Finding]
    only_tried: list[Finding]
    more_today: int  # how many the examples are taken from
    more_tried: int


def compare(viewer: Viewer, trial: RuleTrial) -> Comparison:
    """Within the viewer's scope; places and projects that speak for themselves take no part in a region's trial."""
    today, tried = _findings(viewer, trial, trial.code), _findings(viewer, trial, trial.trial_code)
    gone, new = _missing(today, tried), _missing(tried, today)
    counts: dict[tuple[Any, ...], list[int]] = {}
    for side, found in enumerate((today, tried)):
        grouped = found.order_by().values("site_id", "site__name", "region_code").annotate(n=Count("pk"))
        for row in grouped:
            key = row["site_id"], row["site__name"] or "", row["region_code"]
            counts.setdefault(key, [0, 0])[side] = row["n"]
    places = [Place(site, title, name(region), *both) for (site, title, region), both in counts.items()]
    return Comparison(
        sum(p.today for p in places),
        sum(p.tried for p in places),
        sorted(places, key=lambda p: (-abs(p.difference), -p.tried, p.title)),
        list(gone[:EXAMPLES]),
        list(new[:EXAMPLES]),
        gone.count(),
        new.count(),
    )


def _findings(viewer: Viewer, trial: RuleTrial, code: str) -> "QuerySet[Finding]":
    end = trial.ended_at or timezone.now()
    found = Finding.objects.visible_to(viewer).filter(rule=code, since__lte=end)
    found = found.filter(Q(cleared_at=None) | Q(cleared_at__gte=trial.started_at))
    if trial.project_id is not None:
        found = found.filter(project=trial.project_id)
    else:
        found = found.filter(region_code__startswith=trial.region_code).exclude(_left_out(trial, end))
    return found.select_related("site", "device").order_by("-since", "-pk")


def _left_out(trial: RuleTrial, end: dt.datetime) -> Q:
    """Places and projects below that state the rule for themselves, or tried it for themselves in that time."""
    stated = ladder.lower(PackRule, trial.code, trial.region_code, timezone.localdate())
    spoken = [(row.pack.region_code, row.pack.project_id) for row in stated]
    others = RuleTrial.objects.unscoped(WHY).filter(
        Q(ended_at=None) | Q(ended_at__gte=trial.started_at),
        code=trial.code,
        region_code__startswith=trial.region_code,
        started_at__lte=end,
    )
    below = others.exclude(project=None, region_code=trial.region_code)
    spoken += below.values_list("region_code", "project")
    out = Q(project__in=[project for _, project in spoken if project])
    for region in {region for region, project in spoken if not project}:
        out |= Q(region_code__startswith=region)
    return out


def _missing(these: "QuerySet[Finding]", those: "QuerySet[Finding]") -> "QuerySet[Finding]":
    """Episodes with no overlapping one of the same subject on the other side."""
    never = Value(NEVER, output_field=DateTimeField())
    ended = these.annotate(until=Coalesce(F("cleared_at"), never))
    other = those.order_by().filter(
        Q(cleared_at=None) | Q(cleared_at__gte=OuterRef("since")),
        subject=OuterRef("subject"),
        since__lte=OuterRef("until"),
    )
    return ended.filter(~Exists(other))
