"""Deadlines by calendar and working days, at Shanghai's clock."""

import datetime as dt

import pytest

from siteloop.foundation.cases.deadlines import Term, due, is_working_day
from siteloop.kernel.times import SHANGHAI


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.requirement("DISP-12")
def test_the_day_of_the_start_does_not_count() -> None:
    assert due(at("2026-03-02T09:00"), Term(1)) == at("2026-03-04T00:00")


@pytest.mark.requirement("DISP-12")
def test_working_days_skip_the_weekend() -> None:
    friday = at("2026-03-06T17:00")
    assert due(friday, Term(2, counts="working")) == at("2026-03-11T00:00")


def test_working_days_skip_the_national_holiday() -> None:
    # 2025-10-01..08 were the holiday weeks; the next working day is the 9th
    assert due(at("2025-09-30T10:00"), Term(1, counts="working")) == at("2025-10-10T00:00")


def test_a_make_up_saturday_is_worked() -> None:
    assert is_working_day(dt.date(2025, 10, 11))


def test_hours_run_through_the_night() -> None:
    assert due(at("2026-03-06T23:00"), Term(4, "hour")) == at("2026-03-07T03:00")


@pytest.mark.parametrize("value", [None, {}, {"amount": 0}, {"amount": 2, "unit": "week"}, "2 days"])
def test_what_is_not_a_term_is_refused(value: object) -> None:
    with pytest.raises(ValueError):
        Term.of(value)
