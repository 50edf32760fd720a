"""Letting messages out of quarantine: claimed by one listener, judged by today's codec and registry, then the usual way of intake.

A released message is received once more, by the listener named `release`, so that the ledger adds up on lines of its own; what
is in the tables already is told apart by the sink as ever. A crash between the bus and the mark takes it in again, which changes nothing.
"""

import asyncio
import time
from functools import partial
from typing import Any

import msgspec
import psycopg
from psycopg.rows import dict_row

from siteloop.gateway.gathering import KEPT_RAW, Gathering
from siteloop.gateway.quarantine.reparse import Judged, judge
from siteloop.gateway.registry_source import RegistrySource
from siteloop.gateway.settings import GatewaySettings
from siteloop.kernel.explanation import Explanation
from siteloop.kernel.reasons import Reason
from siteloop.kernel.times import to_us

LISTENER = "release"
MOST = 200  # messages a round


class Releases:
    """The pump of one listener process; `gathering` is the one named `release`."""

    def __init__(self, settings: GatewaySettings, registry: RegistrySource, gathering: Gathering) -> None:
        self.settings, self.registry, self.gathering = settings, registry, gathering

    async def run(self) -> None:
        """Take in what is asked for, for ever; through every loss of the database."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    self.settings.dsn, autocommit=True, row_factory=dict_row
                ) as connection:
                    await connection.execute("LISTEN siteloop_release")
                    while True:
                        while await self.round(connection):
                            pass
                        async for _ in connection.notifies(timeout=5, stop_after=1):
                            pass
            except psycopg.OperationalError:
                await asyncio.sleep(1)

    async def round(self, connection: psycopg.AsyncConnection[dict[str, Any]]) -> int:
        """Claim some messages, take them in, and say what became of them once they are on disk. Returns how many."""
        async with connection.transaction():
            cursor = await connection.execute(
                "SELECT id, received_at, listener, device, peer, raw FROM fast.quarantine WHERE state = 'asked'"
                " ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED",
                [MOST],
            )
            rows = await cursor.fetchall()
            outcomes = [self._take(row) for row in rows]
            if any(state == "released" for state, _ in outcomes):
                await self.gathering.durable()
            for row, (state, words) in zip(rows, outcomes, strict=True):
                await connection.execute(
                    "UPDATE fast.quarantine SET state = %s, outcome = %s, done_at = clock_timestamp() WHERE id = %s",
                    [state, words, row["id"]],
                )
        return len(rows)

    def _take(self, row: dict[str, Any]) -> tuple[str, str]:
        """One message: (state, outcome in words)."""
        raw = bytes(row["raw"])
        judged = self._judge(row, raw)
        if judged.device is None or not judged.rows:
            found = judged.explanation
            return "refused", f"{found.reason} {found.detail}".strip()[:300]
        now = time.time_ns() // 1000
        for taken in judged.rows:
            self.gathering.row(
                judged.profile or judged.device.profile,
                judged.device.number,
                taken.at,
                now,
                taken.values,
                taken.quality,
                taken.kind,
                raw,
                taken.flagged,
            )
        return "released", f"已重新接收 {len(judged.rows)} 条；同一时刻已有数据的按重复计数"

    def _judge(self, row: dict[str, Any], raw: bytes) -> Judged:
        if len(raw) >= KEPT_RAW:
            return Judged(Explanation((), reason=Reason.LENGTH.value, detail="only the beginning was kept"))
        proven = self.registry.by_number.get(row["device"])
        at = to_us(row["received_at"])
        device_of = partial(self.registry.speaker, peer=row["peer"] or "")
        judged = judge(raw, row["listener"], at, device_of, proven, self.settings)
        if judged.device is None:
            return judged
        device = self.registry.by_number.get(judged.device.number)
        return msgspec.structs.replace(judged, device=device)
