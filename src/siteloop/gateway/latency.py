"""The latency meter: each fast role counts what its readings took, and adds the counts to the database every few seconds.

Each process counts for itself, a handful of array operations a block; `fast.latency` holds sums, so any number of processes add up.
A slot is the time in which the stage was reached. Where machines differ, so do their clocks: they must be kept by NTP.
"""

import asyncio
import logging
import time
from collections.abc import Iterable

import numpy as np
import psycopg
from numpy.typing import NDArray

from siteloop.kernel.block import Columns
from siteloop.kernel.finding import Finding
from siteloop.kernel.latency import BUCKETS, Stage, counts

log = logging.getLogger("siteloop.latency")
EVERY_S = 4.0
FINE_S, COARSE_S = 10, 900  # lengths of the slots
#: what is shown of them is a minute and an hour, and a day
KEPT = {FINE_S: "2 hours", COARSE_S: "31 days"}
CLEARED_S = 600.0


class Meter:
    """Counts of this process that are not written yet, by stage."""

    def __init__(self) -> None:
        self._counts: dict[Stage, NDArray[np.int64]] = {}
        self._cleared = 0.0

    def note(self, stage: Stage, received: NDArray[np.int64]) -> None:
        """A stage was reached now by readings received at these times (µs)."""
        if not len(received):
            return
        found = counts(now_us() - received)
        self._counts[stage] = self._counts[stage] + found if stage in self._counts else found

    def taken(self) -> list[tuple[str, int, int]]:
        """(stage, bucket, n) since the last time, in an order that all processes share."""
        whole, self._counts = self._counts, {}
        return [(s.value, b, int(n[b])) for s, n in sorted(whole.items()) for b in np.flatnonzero(n).tolist()]

    def _give_back(self, rows: Iterable[tuple[str, int, int]]) -> None:
        for stage, bucket, n in rows:
            self._counts.setdefault(Stage(stage), np.zeros(BUCKETS, np.int64))[bucket] += n

    async def write(self, dsn: str) -> None:
        """Add what was counted to the database; kept for the next time when that will not have it. Measuring stops no intake."""
        rows = self.taken()
        is_due = time.monotonic() - self._cleared > CLEARED_S
        if not rows and not is_due:
            return
        try:
            async with await psycopg.AsyncConnection.connect(dsn) as connection:
                if rows:
                    await _add(connection, rows)
                if is_due:
                    await _clear(connection)
        except psycopg.Error as wrong:
            log.warning("the latencies of this process wait: %s", wrong)
            self._give_back(rows)
            return
        if is_due:
            self._cleared = time.monotonic()

    async def run(self, dsn: str) -> None:
        """Write every few seconds, for ever."""
        while True:
            await asyncio.sleep(EVERY_S)
            await self.write(dsn)


#: of this process, as gateway.figures are
METER = Meter()


def now_us() -> int:
    """The clock `received_at` is taken from."""
    return time.time_ns() // 1000


def received_of(findings: Iterable[Finding], columns: Columns) -> dict[tuple[int, int], int]:
    """(device, at) of the readings that made these findings -> when they were received, µs.

    A finding of the clock alone (silence), or of several devices, has no such reading and is left out.
    """
    wanted = {(f.device, f.at) for f in findings if f.device}
    if not wanted:
        return {}
    near = np.flatnonzero(np.isin(columns.device, [device for device, _ in wanted]))
    rows = zip(
        columns.device[near].tolist(),
        columns.at[near].tolist(),
        columns.received_at[near].tolist(),
        strict=True,
    )
    return {(device, at): received for device, at, received in rows if (device, at) in wanted}


async def _add(
    connection: psycopg.AsyncConnection[tuple[object, ...]], rows: list[tuple[str, int, int]]
) -> None:
    stages, buckets, numbers = zip(*rows, strict=True)
    for step in KEPT:
        await connection.execute(
            "INSERT INTO fast.latency AS l (step, at, stage, bucket, n)"
            " SELECT %(step)s, date_bin(make_interval(secs => %(step)s), now(), 'epoch'), s, b, n"
            " FROM unnest(%(stages)s::text[], %(buckets)s::smallint[], %(numbers)s::bigint[]) AS t (s, b, n)"
            " ON CONFLICT (step, at, stage, bucket) DO UPDATE SET n = l.n + excluded.n",
            {"step": step, "stages": list(stages), "buckets": list(buckets), "numbers": list(numbers)},
        )


async def _clear(connection: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
    for step, kept in KEPT.items():
        await connection.execute(
            "DELETE FROM fast.latency WHERE step = %s AND at < now() - %s::interval", [step, kept]
        )
