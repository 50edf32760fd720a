"""Cells as people read them."""

import datetime as dt

import pytest
from django.apps import apps

from siteloop.framework.fields import term_end, text
from siteloop.framework.page import Column
from siteloop.kernel.times import SHANGHAI


@pytest.mark.parametrize(
    ("hour", "minute", "shown"),
    [(0, 0, "2026-11-27 24:00"), (0, 1, "2026-11-28 00:01"), (17, 30, "2026-11-28 17:30")],
)
def test_a_term_that_ends_at_midnight_ends_with_its_day(hour: int, minute: int, shown: str) -> None:
    """`2026-11-28 00:00` would be read as the 28th, a day too late."""
    assert term_end(dt.datetime(2026, 11, 28, hour, minute, tzinfo=SHANGHAI)) == shown


def test_an_empty_table_is_nothing_and_no_punctuation() -> None:
    device = apps.get_model("registry.Device")(unit_scale={})
    assert text(device, Column("unit_scale")) == ""
