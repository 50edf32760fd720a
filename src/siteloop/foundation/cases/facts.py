"""Facts: what is counted of a party, a site or a region, each with the records it is counted from.

One declaration makes the number and the list behind it, so that they cannot differ. A system declares its facts in
`facts.py` as `FACTS`; they are found by name. Scores, indicators and boards count facts, and only facts.
"""

import datetime as dt
import importlib
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db.models import BooleanField, Case, Count, Q, QuerySet, Value, When
from django.db.models.functions import Left

from siteloop.framework.language import pick
from siteloop.framework.viewer import Viewer
from siteloop.kernel.times import SHANGHAI

KINDS = ("party", "site", "region")
COUNTY, TOWN = 6, 9  # digits of their codes


@dataclass(frozen=True)
class Period:
    """Days from `start` (included) to `end` (excluded), on Shanghai's clock."""

    start: dt.date
    end: dt.date

    @classmethod
    def month(cls, day: dt.date) -> "Period":
        """The month that holds the day."""
        first = day.replace(day=1)
        return cls(first, (first + dt.timedelta(days=32)).replace(day=1))

    @property
    def moments(self) -> tuple[dt.datetime, dt.datetime]:
        """The two ends as moments."""
        return _midnight(self.start), _midnight(self.end)

    def within(self, lookup: str) -> Q:
        """Rows whose moment lies in the period."""
        since, until = self.moments
        return Q(**{f"{lookup}__gte": since, f"{lookup}__lt": until})

    @property
    def before(self) -> "Period":
        """The same number of days just before."""
        return Period(self.start - (self.end - self.start), self.start)

    @property
    def year_before(self) -> "Period":
        """The same days a year earlier; 29 February is taken as the 28th."""
        return Period(_year_before(self.start), _year_before(self.end))


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), SHANGHAI)


def _year_before(day: dt.date) -> dt.date:
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


@dataclass(frozen=True)
class Subject:
    """Of whom something is counted: an enterprise in a county, a site, or a region (county or town)."""

    kind: str
    key: int = 0  # organisation or site; 0 for a region
    region: str = ""  # of an enterprise the county, of a region its code; "" for a site

    def __str__(self) -> str:
        return f"{self.kind}:{self.key}:{self.region}"

    @classmethod
    def of(cls, words: str) -> "Subject":
        """The reverse of str(). Raises ValueError."""
        kind, key, region = words.split(":")
        if kind not in KINDS or not (region == "" or region.isdigit()):
            raise ValueError(words)
        return cls(kind, int(key), region)


@dataclass(frozen=True)
class Line:
    """How one record is shown."""

    at: dt.date | None
    title: str
    link: str
    note: str = ""


@dataclass(frozen=True)
class Key:
    """Where a row says of whom it is: lookups of the subject and of the region, and which rows speak of such at all.

    A lookup passes no to-many relation: a record counts once.
    """

    lookup: str = ""
    region: str = "region_code"
    where: Q = field(default_factory=Q)


@dataclass(frozen=True)
class Fact:
    """One thing that is counted. `rows` are those that count in a period and the viewer may see, annotated `is_good`."""

    code: str
    title: str
    title_en: str
    rows: Callable[[Viewer, Period], QuerySet[Any]]
    line: Callable[[Any], Line]
    keys: Mapping[str, Key]
    good: tuple[str, str] = ("符合", "good")
    bad: tuple[str, str] = ("不符合", "not good")
    related: tuple[str, ...] = ()
    is_stock: bool = False  # counted as things stand now, whatever the period
    fault: tuple[str, str] = ("", "")  # what bad records are called where the title names what should be done
    at: str = ""  # lookup of a record's date or moment

    @property
    def shown(self) -> str:
        """Title in the active language."""
        return pick(self.title, self.title_en)

    @property
    def bad_shown(self) -> str:
        """What its bad records are called where they are told alone."""
        return pick(*self.fault) or self.shown


@dataclass(frozen=True)
class Counted:
    """How many records, and how many of them are good."""

    n: int = 0
    good: int = 0

    @property
    def rate(self) -> float | None:
        """Good ÷ all, 0..1; None of nothing."""
        return self.good / self.n if self.n else None

    @property
    def bad(self) -> int:
        """Records that are not good."""
        return self.n - self.good


def good_if(wanted: Q) -> Case:
    """The annotation `is_good`; what is unknown is not good."""
    return Case(When(wanted, then=Value(True)), default=Value(False), output_field=BooleanField())


GOOD = Count("pk", filter=Q(is_good=True))
ALL = Count("pk")


def counted(fact: Fact, kind: str, viewer: Viewer, period: Period) -> dict[Subject, Counted]:
    """Every subject of a kind with its numbers: one query, two for regions (counties and their towns)."""
    key = fact.keys.get(kind)
    if key is None:
        return {}
    rows = fact.rows(viewer, period).filter(key.where).order_by()
    if kind == "site":
        told = rows.values_list(key.lookup).annotate(n=ALL, g=GOOD)
        return {Subject("site", site): Counted(n, g) for site, n, g in told if site is not None}
    if kind == "party":
        told = rows.values_list(key.lookup, Left(key.region, COUNTY)).annotate(n=ALL, g=GOOD)
        return {Subject("party", who, at): Counted(n, g) for who, at, n, g in told if who is not None}
    found: dict[Subject, Counted] = {}
    for width in (COUNTY, TOWN):
        told = rows.annotate(place=Left(key.region, width)).values_list("place").annotate(n=ALL, g=GOOD)
        found |= {Subject("region", 0, at): Counted(n, g) for at, n, g in told if len(at) == width}
    return found


def bad_by_site(fact: Fact, viewer: Viewer, period: Period) -> dict[int, int]:
    """Every site with records that are not good, and how many; nothing for a fact that speaks of no sites. One query."""
    key = fact.keys.get("site")
    if key is None:
        return {}
    rows = fact.rows(viewer, period).filter(key.where, is_good=False).order_by()
    return {site: n for site, n in rows.values_list(key.lookup).annotate(n=ALL) if site is not None}


def total(fact: Fact, viewer: Viewer, period: Period, region: str = "") -> Counted:
    """Of everything the viewer sees in a region."""
    n, good = records(fact, None, viewer, period, region).aggregate(n=ALL, g=GOOD).values()
    return Counted(n, good)


def records(
    fact: Fact, subject: Subject | None, viewer: Viewer, period: Period, region: str = ""
) -> QuerySet[Any]:
    """The rows behind a number: of one subject, or of a region ("" = wherever the viewer may look)."""
    rows = fact.rows(viewer, period)
    if subject is None:
        key = fact.keys.get("region")
        return rows.filter(**{f"{key.region}__startswith": region}) if key is not None and region else rows
    key = fact.keys.get(subject.kind)
    if key is None:
        return rows.none()
    rows = rows.filter(key.where)
    if subject.kind != "region":
        rows = rows.filter(**{key.lookup: subject.key})
    return rows.filter(**{f"{key.region}__startswith": subject.region}) if subject.region else rows


_facts: dict[str, Fact] = {}


def find() -> None:
    """Collect `FACTS` of every room's `facts` module. Raises ImproperlyConfigured for a code taken twice."""
    _facts.clear()
    for app in apps.get_app_configs():
        name = f"{app.name}.{'own_facts' if app.label == 'cases' else 'facts'}"
        if not app.name.startswith("siteloop.") or importlib.util.find_spec(name) is None:
            continue
        for fact in importlib.import_module(name).FACTS:
            if fact.code in _facts:
                raise ImproperlyConfigured(f"two facts are called {fact.code}")
            _facts[fact.code] = fact


def get(code: str) -> Fact:
    """Raises KeyError for an unknown fact."""
    return _facts[code]


def known() -> dict[str, Fact]:
    """All facts by code."""
    return dict(_facts)
