"""The score is the sum of the explained lines: by arithmetic for any lines, and in the database at any day."""

import datetime as dt
import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examined
from hypothesis import strategies as st

from siteloop.systems.credit import engine, ranking, scoring
from siteloop.systems.credit.models import CreditFile, CreditRecord, CreditRule
from siteloop.systems.credit.scoring import Line, Scale, explain, months_later, score
from siteloop.systems.credit.tests.conftest import WHY, County, organisation

START = dt.date(2026, 1, 1)
days = st.integers(0, 800).map(lambda n: START + dt.timedelta(days=n))
lines = st.builds(
    lambda key, points, start, term: Line(key, "行为", points, start, start + dt.timedelta(days=term)),
    st.integers(1, 9),
    st.integers(-60, 30),
    days,
    st.integers(1, 400),
)


def test_the_shipped_pack_states_what_the_program_falls_back_to() -> None:
    text = (Path(__file__).parents[5] / "packs" / "national.toml").read_text(encoding="utf-8")
    stated = {v["key"]: v["value"] for v in tomllib.loads(text)["value"] if v["key"].startswith("credit.")}
    assert stated["credit.scale"] == dict(scoring.DEFAULT)
    assert stated == {
        "credit.scale": dict(scoring.DEFAULT),
        "credit.hear_within": {"amount": 5, "unit": "day", "counts": "working"},
        "credit.repair_after_months": 3,
        "credit.manager_limits": {"warn": 6, "stop": 12},
        "credit.award_least": "B",
    }


@given(st.lists(lines, max_size=12), days)
def test_the_explained_lines_add_up_to_a_score_within_the_limits(found: list[Line], day: dt.date) -> None:
    scale = Scale.of(None)
    shown = explain(found, day, scale)
    assert scale.lowest <= score(shown) <= scale.highest
    assert score(shown) == scale.within(
        scale.base + sum(x.points for x in found if x.start <= day < x.end)  # type: ignore[operator]
    )
    assert all(x.counts_on(day) for x in shown)


@given(st.lists(lines, max_size=8), lines, days, days)
def test_a_withdrawn_line_never_changes_an_earlier_day(
    found: list[Line], gone: Line, withdrawn: dt.date, day: dt.date
) -> None:
    assert gone.start is not None
    since = max(withdrawn, gone.start)
    both = [*found, gone, Line(99, "冲销", -gone.points, since, gone.end)]
    scale = Scale.of(None)
    expected = [*found, gone] if day < since else found
    assert score(explain(both, day, scale)) == score(explain(expected, day, scale))


def test_grades_follow_the_scale_and_the_blacklist_is_always_d() -> None:
    scale = Scale.of({"a": 120})
    assert [scale.grade(n) for n in (120, 119, 90, 89, 70, 69)] == ["A", "B", "B", "C", "C", "D"]
    assert scale.grade(150, is_listed=True) == "D"


def test_a_term_of_months_ends_on_the_same_day_or_the_months_last() -> None:
    assert months_later(dt.date(2026, 1, 31), 1) == dt.date(2026, 2, 28)
    assert months_later(dt.date(2027, 11, 30), 3) == dt.date(2028, 2, 29)
    assert months_later(dt.date(2026, 12, 5), 12) == dt.date(2027, 12, 5)
    assert months_later(dt.date(2026, 3, 5), -3) == dt.date(2025, 12, 5)


story = st.lists(
    st.tuples(st.sampled_from(["E-WAGE-01", "E-GOOD-01", "E-SUPV-01", "E-STOP-01"]), days, st.booleans()),
    min_size=1,
    max_size=7,
)


@pytest.mark.django_db
@pytest.mark.requirement("CRED-04")
@examined(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story, st.lists(days, min_size=3, max_size=6))
def test_the_database_and_the_explanation_agree_on_any_day(
    county: County, told: list[tuple[str, dt.date, bool]], asked: list[dt.date]
) -> None:
    firm = organisation("性质测试", "contractor")
    rules = {r.code: r for r in CreditRule.objects.unscoped(WHY)}
    for code, day, is_withdrawn in told:
        rule = rules[code]
        record = CreditRecord(
            rule=rule,
            organisation=firm,
            region_code=firm.region_code,
            points=rule.points,
            happened_on=day,
            reason="性质测试",
        )
        engine.add(record, engine.ENGINE, counts_from=day)
        if is_withdrawn:
            engine.withdraw(record, engine.ENGINE, "误记")
    for day in asked:
        rank = ranking.ranks("organisation", [firm.pk], day)[firm.pk]
        shown = ranking.explained("organisation", firm.pk, day)
        assert rank.score == scoring.score(shown)
        engine.refresh([(firm.pk, None)], day)
        file = CreditFile.objects.unscoped(WHY).get(organisation=firm)
        assert (file.score, file.grade) == (rank.score, rank.grade)
