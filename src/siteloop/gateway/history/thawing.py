"""Late rows of a day that has left: before they are stored, their archived twins are brought back beside them.

So the slow path sees what was stored, fills gaps or finds a duplicate as for any other day, and of a key the row in the
table, being whole, counts before the archived one.
"""

import asyncio
import datetime as dt
import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql

from siteloop.gateway.binary import copying
from siteloop.gateway.history import past, slow_path
from siteloop.gateway.history.archive_store import ArchiveStore
from siteloop.kernel.block import Columns
from siteloop.kernel.profiles import Profile
from siteloop.kernel.times import DAY, from_us

log = logging.getLogger("siteloop.sink")
EPOCH = dt.date(1970, 1, 1)
#: younger days cannot have left: no term is shorter
OLD_DAYS = 2


def left_before(now: int) -> int:
    """Rows with an earlier device time (µs) may be of a day that has left."""
    return (now // DAY - OLD_DAYS) * DAY


@dataclass(frozen=True)
class Thawed:
    """Keys (device, at µs) whose archived rows were brought back for this transaction."""

    keys: frozenset[tuple[int, int]] = frozenset()

    async def drop_unchanged(
        self,
        connection: psycopg.AsyncConnection[tuple[Any, ...]],
        profile: Profile,
        rows: Columns,
        stored: NDArray[np.bool_],
    ) -> None:
        """Rows that were brought back and that nothing was added to stay where they were: in the archive."""
        keys = list(zip(rows.device.tolist(), rows.at.tolist(), strict=True))
        changed = {key for key, is_changed in zip(keys, stored.tolist(), strict=True) if is_changed}
        gone = sorted(self.keys - changed)
        if gone:
            await connection.execute(
                sql.SQL(
                    "DELETE FROM {} t USING unnest(%s::int[], %s::timestamptz[]) AS k (device, at)"
                    " WHERE t.device = k.device AND t.at = k.at"
                ).format(sql.Identifier("telemetry", profile.code)),
                [[d for d, _ in gone], [from_us(at) for _, at in gone]],
            )


async def thaw(
    connection: psycopg.AsyncConnection[tuple[Any, ...]],
    dsn: str,
    store: ArchiveStore,
    profile: Profile,
    rows: Columns,
) -> Thawed:
    """Bring back the archived rows of these keys, as far as the files of the archive can be read."""
    keys: set[tuple[int, int]] = set()
    for day in np.unique(rows.at // DAY).tolist():
        cursor = await connection.execute(
            "SELECT EXISTS (SELECT FROM telemetry.archived_day WHERE profile = %s AND day = %s)",
            [profile.code, EPOCH + dt.timedelta(days=day)],
        )
        if await cursor.fetchone() != (True,):
            continue
        mine = rows.at // DAY == day
        wanted = set(zip(rows.device[mine].tolist(), rows.at[mine].tolist(), strict=True))
        first, last = int(rows.at[mine].min()), int(rows.at[mine].max())
        devices = sorted({device for device, _ in wanted})
        try:
            found = await asyncio.to_thread(past.look, dsn, store, profile.code, first, last + 1, devices)
        except (OSError, ValueError) as wrong:
            # the intake of everybody must not wait for one file; of a key the newly stored row counts
            log.error("archived rows of %s on day %d cannot be read: %s", profile.code, day, wrong)
            continue
        if found is None:
            continue
        here = [
            i
            for i, key in enumerate(zip(found.device.tolist(), found.at.tolist(), strict=True))
            if key in wanted
        ]
        keys |= await _bring_back(connection, profile, copying.take(found, np.array(here, np.intp)))
    return Thawed(frozenset(keys))


async def _bring_back(
    connection: psycopg.AsyncConnection[tuple[Any, ...]], profile: Profile, rows: Columns
) -> set[tuple[int, int]]:
    """Insert those whose key is not here already; which were."""
    if not len(rows.device):
        return set()
    stored = await slow_path.insert_new(connection, profile, rows)
    return {(int(rows.device[i]), int(rows.at[i])) for i in np.flatnonzero(stored)}
