"""Time: UTC microseconds inside, Asia/Shanghai at the edge. China keeps UTC+8 all year."""

import datetime as dt
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
#: local midnight lies this far before UTC midnight
OFFSET = 8 * HOUR


def to_us(moment: dt.datetime) -> int:
    """Microseconds since the epoch of an aware datetime. Raises ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError("naive datetime")
    delta = moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    return (delta.days * 86_400 + delta.seconds) * SECOND + delta.microseconds


def from_us(us: int) -> dt.datetime:
    """Aware UTC datetime."""
    return dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=us)


def local_minute_of_day(us: int) -> int:
    """Minutes after local (Shanghai) midnight, 0..1439."""
    return int((us + OFFSET) % DAY // MINUTE)
