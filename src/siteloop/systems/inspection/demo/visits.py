"""The visits of the year: two inspectors, one table, every line judged."""

from decimal import Decimal

from siteloop.kernel.times import SHANGHAI
from siteloop.systems.inspection import scoring
from siteloop.systems.inspection.demo.story import Story
from siteloop.systems.inspection.demo.year import Year
from siteloop.systems.inspection.models import (
    CheckItem,
    Inspection,
    InspectionLine,
)


def visited(year: Year, stories: list[Story]) -> list[Inspection]:
    """Each order comes from a visit of two inspectors over one table."""
    rows = []
    for s in stories:
        assert s.table is not None, "every story has its table"
        score = score_of(s)
        rows.append(
            Inspection(
                site=s.site,
                project=s.site.project,
                region_code=s.site.region_code,
                kind="special" if s.code != "rectify" else "daily",
                checked_on=s.at.astimezone(SHANGHAI).date(),
                note="演示数据",
                state="finished",
                score=score.score if score else None,
                grade=score.grade.value if score else "",
                failed=len(s.failed),
                finished_at=s.at,
            )
        )
    made = Inspection.objects.bulk_create(rows, batch_size=500)
    people = Inspection.inspectors.through
    pairs = [(i, a) for i in made for a in year.dice.sample(year.people, 2)]
    people.objects.bulk_create(
        [people(inspection_id=i.pk, account_id=a.pk) for i, a in pairs], batch_size=1000
    )
    tables = Inspection.tables.through
    tables.objects.bulk_create(
        [
            tables(inspection_id=i.pk, checktable_id=s.table.pk)
            for i, s in zip(made, stories, strict=True)
            if s.table is not None
        ],
        batch_size=1000,
    )
    return made


def deducted(item: CheckItem) -> Decimal:
    """A third to a half of the points, the same for the same line."""
    points = item.points or Decimal(10)
    return (points * (3 + item.number % 3) / 10).quantize(Decimal(1))


def score_of(s: Story) -> scoring.Total | None:
    """The score of the visit by the rules of the standard."""
    assert s.table is not None, "every story has its table"
    failed = {i.pk for i in s.failed}
    marks = [
        scoring.Mark(i.points or Decimal(0), deducted(i) if i.pk in failed else Decimal(0), i.is_guaranteed)
        for i in s.table.items.all()
    ]
    judged = scoring.Judged(s.table.category, s.table.weight, scoring.table_score(marks))
    return scoring.total([judged])


def judged(year: Year, stories: list[Story], inspections: list[Inspection]) -> None:
    """Every line of the table was judged; the failed ones lie in the order."""
    rows = []
    for s, inspection in zip(stories, inspections, strict=True):
        assert s.table is not None, "every story has its table"
        wrong = {i.pk: told for i, told in zip(s.failed, s.items, strict=True)}
        for item in s.table.items.all():
            told = wrong.get(item.pk)
            rows.append(
                InspectionLine(
                    inspection=inspection,
                    item=item,
                    result="failed" if told else "ok",
                    deducted=deducted(item) if told else 0,
                    problem=told["problem"] if told else "",
                    demand=told["demand"] if told else "",
                    order=s.order if told else None,
                )
            )
    InspectionLine.objects.bulk_create(rows, batch_size=2000)
