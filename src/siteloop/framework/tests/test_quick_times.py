"""Times come from the database as Django gives them, whatever they are."""

import datetime as dt

import pytest
from django.db import connection
from django.db.utils import DataError

from siteloop.framework.quick_times import UtcLoader


def asked(text: str) -> dt.datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz", [text])
        found: dt.datetime = cursor.fetchone()[0]
        return found


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "is_"),
    [
        ("2026-11-21 19:13:23+00", dt.datetime(2026, 11, 21, 19, 13, 23, tzinfo=dt.UTC)),
        ("2026-11-21 19:13:23.5+08", dt.datetime(2026, 11, 21, 11, 13, 23, 500_000, tzinfo=dt.UTC)),
        ("0001-01-01 00:00:00.000001+00", dt.datetime(1, 1, 1, microsecond=1, tzinfo=dt.UTC)),
        ("1901-01-01 00:00:00 Asia/Shanghai", dt.datetime(1900, 12, 31, 16, tzinfo=dt.UTC)),
    ],
)
def test_a_time_is_the_same_moment_in_utc(text: str, is_: dt.datetime) -> None:
    found = asked(text)
    assert found == is_
    assert found.utcoffset() == dt.timedelta()


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["infinity", "0044-03-15 12:00:00+00 BC", "12026-01-01 00:00:00+00"])
def test_what_python_has_no_time_for_is_refused_as_before(text: str) -> None:
    with pytest.raises(DataError):
        asked(text)


@pytest.mark.django_db
def test_connections_read_times_by_it() -> None:
    connection.ensure_connection()
    assert connection.connection.adapters.get_loader(1184, 0) is UtcLoader
