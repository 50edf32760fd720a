"""The records behind any number of the centres: exactly those that were counted."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_date

from siteloop.foundation.authority.models import Organisation
from siteloop.foundation.cases import facts
from siteloop.foundation.cases.facts import Fact, Period, Subject
from siteloop.foundation.regions.names import name as region_name
from siteloop.foundation.registry.models import Site
from siteloop.framework import exporting
from siteloop.framework.action import Refused
from siteloop.framework.language import pick
from siteloop.framework.perform import permission_of, require
from siteloop.framework.scope import ScopedModel
from siteloop.framework.screen import screen
from siteloop.framework.viewer import Viewer
from siteloop.screens.centres import asking


@dataclass(frozen=True)
class Asked:
    """Which records of whom."""

    viewer: Viewer
    fact: Fact
    period: Period
    subject: Subject | None
    region: str
    only: str

    def rows(self, only: str | None = None) -> QuerySet[Any]:
        """The records, newest first as their fact orders them; `only` good or bad."""
        rows = facts.records(self.fact, self.subject, self.viewer, self.period, self.region)
        wanted = self.only if only is None else only
        if wanted:
            rows = rows.filter(is_good=wanted == "good")
        return rows.select_related(*self.fact.related)

    @property
    def whose(self) -> str:
        """Of whom, by name; a stranger's name is not told."""
        who = self.subject
        if who is None:
            return region_name(self.region) if self.region else ""
        if who.kind == "region":
            return region_name(who.region)
        if who.kind == "site":
            site = Site.objects.visible_to(self.viewer).filter(pk=who.key).first()
            return str(site) if site is not None else ""
        unit = Organisation.objects.unscoped("its records are shown").filter(pk=who.key).first()
        return str(unit) if unit is not None and self.rows("").exists() else ""


@screen
def page(request: HttpRequest) -> HttpResponse:
    """GET /centres/records/?fact=&from=&to=&subject=&region=&only=good|bad&page=; `to` is not included."""
    asked = _asked(request)
    leaf = asking.leaf(asked.rows(), request)
    good, everything = asked.rows("good").count(), asked.rows("").count()
    context = {
        "asked": asked,
        "leaf": leaf,
        "lines": [(asked.fact.line(row), row.is_good) for row in leaf.object_list],
        "tabs": [
            ("", pick("全部", "All"), everything),
            ("good", pick(*asked.fact.good), good),
            ("bad", pick(*asked.fact.bad), everything - good),
        ],
        "last_day": asked.period.end - dt.timedelta(days=1),
        "may_export": asked.viewer.may("cases.case.export"),
    }
    return render(request, "centres/records.html", context)


@screen
def export(request: HttpRequest) -> StreamingHttpResponse:
    """GET /centres/records/export with the page's own parameters."""
    asked = _asked(request)
    titles = ("日期", "Date"), ("记录", "Record"), ("说明", "Note"), ("结果", "Result")

    def lines() -> Iterator[list[object]]:
        for row in asked.rows().iterator(1000):
            line = asked.fact.line(row)
            yield [
                line.at,
                line.title,
                line.note,
                pick(*(asked.fact.good if row.is_good else asked.fact.bad)),
            ]

    return exporting.table(
        asked.viewer, "cases.case.export", asked.fact.shown, [pick(*t) for t in titles], lines()
    )


def _asked(request: HttpRequest) -> Asked:
    viewer = asking.allowed(request, "cases.case.view")
    said = asking.asked(request, "fact", "from", "to", "subject", "only")
    try:
        fact = facts.get(said["fact"])
        subject = Subject.of(said["subject"]) if said["subject"] else None
        start, end = parse_date(said["from"]), parse_date(said["to"])
    except (KeyError, ValueError) as wrong:
        raise Refused("没有这样的记录", status=404) from wrong
    if (
        start is None
        or end is None
        or not 2000 <= start.year <= end.year <= 2100
        or said["only"] not in ("", "good", "bad")
    ):
        raise Refused("没有这样的记录", status=404)
    asked = Asked(viewer, fact, Period(start, end), subject, asking.region_of(request), said["only"])
    model = asked.rows("").model
    if issubclass(model, ScopedModel):  # a step of a case is seen by whoever sees cases
        require(viewer, permission_of(model, "view"))
    return asked
