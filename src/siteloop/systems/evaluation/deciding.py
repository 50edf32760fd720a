"""What to look at first and why; and how often to inspect what stands at which level (差异化监管). Numbers come from facts."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import overload

from django.db.models import Max
from django.utils import timezone

from siteloop.foundation.cases import facts
from siteloop.foundation.cases.facts import Fact, Period, Subject
from siteloop.foundation.packs import resolve
from siteloop.foundation.packs.models import PackValue
from siteloop.foundation.registry.models import Site
from siteloop.framework.viewer import Viewer
from siteloop.systems.evaluation.models import Scorecard
from siteloop.systems.evaluation.scoring import LEVELS
from siteloop.systems.evaluation.shown import records_link

WEIGHTS, FREQUENCY = "decision.weights", "decision.frequency"
DAYS = 90  # how far back recurrences and visits are looked for
MOST = 5  # records of one kind that count


@dataclass(frozen=True)
class Reason:
    """One line of a rank: what, how many, points, and the records."""

    fact: str
    title: str
    n: int
    points: int
    subject: Subject
    period: Period

    @property
    def link(self) -> str:
        """The page of its records."""
        return records_link(self.fact, self.period, str(self.subject), only="bad")


@dataclass(frozen=True)
class Ranked:
    """One site with its reasons, the heaviest first."""

    site: int
    name: str
    region_code: str
    points: int
    reasons: tuple[Reason, ...]


_Why = tuple[int, int, Fact]  # points, records, of which fact


@dataclass(frozen=True)
class Watched:
    """One site at its level: how often to inspect, when it was last, when it is due."""

    card: Scorecard
    every: int | None
    last: dt.date | None
    due: dt.date | None
    is_due: bool


def lately(today: dt.date | None = None) -> Period:
    """The last 90 days, today included."""
    day = (today or timezone.localdate()) + dt.timedelta(days=1)
    return Period(day - dt.timedelta(days=DAYS), day)


def stated(key: str, region: str) -> PackValue | None:
    """What the region's pack says, with its clause."""
    return resolve.row(key, region)


class Ranking(Sequence[Ranked]):
    """Sites in the order in which to look at them; a row is made when somebody looks, for a city has thousands."""

    def __init__(
        self, sites: Mapping[int, tuple[str, str]], reasons: Mapping[int, list[_Why]], period: Period
    ):
        self._sites, self._reasons, self._period = sites, reasons, period
        points = {site: sum(points for points, _, _ in why) for site, why in reasons.items()}
        self._order = sorted(points, key=lambda site: (-points[site], sites[site][0], site))

    def __len__(self) -> int:
        return len(self._order)

    @overload
    def __getitem__(self, at: int) -> Ranked: ...
    @overload
    def __getitem__(self, at: slice) -> list[Ranked]: ...
    def __getitem__(self, at: int | slice) -> Ranked | list[Ranked]:
        if isinstance(at, slice):
            return [self._row(site) for site in self._order[at]]
        return self._row(self._order[at])

    def _row(self, site: int) -> Ranked:
        reasons = [
            Reason(fact.code, fact.bad_shown, n, points, Subject("site", site), self._period)
            for points, n, fact in self._reasons[site]
        ]
        reasons.sort(key=lambda r: (-r.points, r.title))
        return Ranked(site, *self._sites[site], sum(r.points for r in reasons), tuple(reasons))


def ranked(viewer: Viewer, region: str = "", today: dt.date | None = None) -> Ranking:
    """Sites with any reason, the most points first. One query a reason."""
    period = lately(today)
    sites = Site.objects.visible_to(viewer).filter(state="under_construction", region_code__startswith=region)
    known = {pk: (name, code) for pk, name, code in sites.order_by().values_list("pk", "name", "region_code")}
    weights = _weights({code[: facts.COUNTY] for _, code in known.values()})
    worth = {pk: weights[code[: facts.COUNTY]] for pk, (_, code) in known.items()}
    found: dict[int, list[_Why]] = defaultdict(list)
    for code in sorted({code for table in weights.values() for code in table} & set(facts.known())):
        fact = facts.get(code)
        for site, bad in facts.bad_by_site(fact, viewer, period).items():
            points = worth.get(site, {}).get(code, 0) * min(MOST, bad)
            if points:
                found[site].append((points, bad, fact))
    return Ranking(known, found, period)


def _weights(counties: set[str]) -> dict[str, dict[str, int]]:
    """Points of one record of each fact, by county."""
    with resolve.reading():
        told = {county: stated(WEIGHTS, county) for county in counties}
    return {
        county: {code: int(points) for code, points in row.value.items()} if row else {}
        for county, row in told.items()
    }


def newest_month(viewer: Viewer) -> dt.date | None:
    """The last whole month that has scores of sites; the running one where there is no other."""
    months = Scorecard.objects.visible_to(viewer).filter(kind="site", score__isnull=False)
    this = Period.month(timezone.localdate()).start
    told = list(months.order_by("-month").values_list("month", flat=True).distinct()[:2])
    return next((m for m in told if m < this), told[0] if told else None)


def watched(viewer: Viewer, level: str = "", region: str = "") -> list[Watched]:
    """Sites by their level of the newest month with how often to inspect them; those due come first."""
    month = newest_month(viewer)
    if month is None:
        return []
    cards = Scorecard.objects.visible_to(viewer).filter(
        kind="site", month=month, score__isnull=False, region_code__startswith=region
    )
    if level in LEVELS:
        cards = cards.filter(level=level)
    visits = facts.get("visits")
    year = Period(timezone.localdate() - dt.timedelta(days=365), timezone.localdate() + dt.timedelta(days=1))
    last = dict(
        visits.rows(viewer, year).order_by().values_list(visits.keys["site"].lookup).annotate(Max(visits.at))
    )
    found = list(cards.order_by("score", "pk"))
    with resolve.reading():
        every = {
            county: stated(FREQUENCY, county) for county in {c.region_code[: facts.COUNTY] for c in found}
        }
    rows = [_watched(c, last.get(c.site_id), every[c.region_code[: facts.COUNTY]]) for c in found]
    return sorted(rows, key=lambda w: (not w.is_due, w.due or dt.date.min, w.card.pk))


def _watched(card: Scorecard, last: dt.date | None, row: PackValue | None) -> Watched:
    every = int(row.value[card.level]) if row is not None and card.level in row.value else None
    due = last + dt.timedelta(days=every) if last is not None and every is not None else None
    is_due = every is not None and (due is None or due <= timezone.localdate())
    return Watched(card, every, last, due, is_due)
