"""Inherited tests of the registers."""

import datetime as dt
from decimal import Decimal
from itertools import count

from django.utils import timezone

from siteloop.foundation.registry.tests import rows
from siteloop.framework.testing import RegisterTests
from siteloop.systems.evaluation import pages
from siteloop.systems.evaluation.models import Accident, ScoreAppeal, Scorecard, ScoreItem

_serial = count(1)


def card(region: str) -> Scorecard:
    """A score of a fresh site."""
    site = rows.site(region)
    row = Scorecard(
        subject=f"site:{site.pk}:",
        kind="site",
        name=site.name,
        site=site,
        region_code=region,
        month=dt.date(2026, 10, 1),
        score=Decimal("80"),
        level="B",
        formula={"weights": {"orders": 100}, "deduct": {}, "levels": {"a": 90, "b": 80, "c": 60}},
        counted_at=timezone.now(),
    )
    row.save()
    return row


def item(region: str) -> ScoreItem:
    """Its one measure."""
    row = ScoreItem(
        card=card(region), fact="orders", title=f"指标{next(_serial)}", n=5, good=4, worth=100, points=80
    )
    row.save()
    return row


class TestScores(RegisterTests):
    page = pages.scores

    def make_row(self, region):
        return card(region)


class TestScoreItems(RegisterTests):
    page = pages.items

    def make_row(self, region):
        return item(region)


class TestScoreAppeals(RegisterTests):
    page = pages.score_appeals

    def make_row(self, region):
        of = item(region)
        row = ScoreAppeal(card=of.card, item=of, statement="测试", asked_at=timezone.now())
        row.save()
        return row


class TestAccidents(RegisterTests):
    page = pages.accidents

    def make_row(self, region):
        row = Accident(site=rows.site(region), happened_at=timezone.now(), kind="fall", summary="测试")
        row.clean()
        row.save()
        return row

    def new_data(self, region):
        return {
            "site": rows.site(region).pk,
            "happened_at": "2026-10-01T08:00:00+08:00",
            "kind": "lifting",
            "deaths": 0,
            "injuries": 1,
            "summary": "塔式起重机变幅机构故障",
        }
