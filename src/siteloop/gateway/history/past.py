"""Days that left the sample tables, as the fast plane reads them: from their files, or from the table that stands alone meanwhile.

Who wants all rows asks the sample table first and the past afterwards: a day that leaves in between is then seen twice, never missed,
and `archived.newest_of_each` keeps one row of a key.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import msgspec
import psycopg

from siteloop.gateway.binary import copied
from siteloop.gateway.history.archive_store import ArchiveStore
from siteloop.kernel import archived
from siteloop.kernel.block import Columns
from siteloop.kernel.profiles import PROFILES, Profile
from siteloop.kernel.times import DAY, from_us

TRIES = 5


class Part(msgspec.Struct, frozen=True):
    """One part of a day: a file, or while it leaves a table."""

    profile: str
    day: dt.date
    part: int
    state: str
    path: str

    @property
    def table(self) -> str:
        """Its table in the schema telemetry while it leaves."""
        return f"{self.profile}_{self.day:%Y%m%d}_leaving"

    @property
    def bounds(self) -> tuple[int, int]:
        """[start, end) in µs."""
        start = (self.day - dt.date(1970, 1, 1)).days * DAY
        return start, start + DAY


ASK = (
    "SELECT profile, day, part, state, path FROM telemetry.archived_day WHERE profile = %s AND day >= %s AND day <= %s"
    " ORDER BY day, part"
)


def asked(profile: str, start: int, end: int) -> list[Any]:
    """Parameters of ASK for [start, end) µs."""
    return [profile, from_us(start).date(), from_us(max(start, end - 1)).date()]


def parts(connection: psycopg.Connection[Any], profile: str, start: int, end: int) -> list[Part]:
    """Parts that may hold rows of [start, end) µs, the later of a day behind the earlier."""
    return [Part(*row) for row in connection.execute(ASK, asked(profile, start, end)).fetchall()]


def rows(
    connection: psycopg.Connection[Any],
    store: ArchiveStore,
    profile: Profile,
    start: int,
    end: int,
    devices: Sequence[int] | None = None,
) -> Columns | None:
    """Rows of the past with device time in [start, end) µs, sorted by device and time; None when no day of it left.

    Raises OSError or pyarrow.ArrowInvalid when a file of the archive is missing or damaged.
    """
    for left in reversed(range(TRIES)):
        known = parts(connection, profile.code, start, end)
        if not known:
            return None
        try:
            return archived.newest_of_each(
                [_of(connection, store, profile, part, start, end, devices) for part in known]
            )
        except psycopg.errors.UndefinedTable:  # its file was finished since we asked
            if not left:
                raise
    raise AssertionError("the last try returns or raises")


def _of(
    connection: psycopg.Connection[Any],
    store: ArchiveStore,
    profile: Profile,
    part: Part,
    start: int,
    end: int,
    devices: Sequence[int] | None,
) -> Columns:
    if part.state == "leaving":
        with connection.transaction():
            return copied.read(connection, profile, copied.query(profile, part.table, start, end, devices))
    with store.open(part.path) as file:
        return archived.read(file, profile, start, end, devices)


def look(
    dsn: str,
    store: ArchiveStore,
    profile: str,
    start: int,
    end: int,
    devices: Sequence[int] | None,
    with_present: bool = False,
) -> Columns | None:
    """`rows` on a connection of its own, for threads beside an event loop; with those of the sample table if asked."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        one = PROFILES[profile]
        here = (
            [copied.read(connection, one, copied.query(one, profile, start, end, devices))]
            if with_present
            else []
        )
        gone = rows(connection, store, one, start, end, devices)
        if gone is None:
            return here[0] if here else None
        return archived.newest_of_each([gone, *here])
