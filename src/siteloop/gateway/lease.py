"""Leases: a partition belongs to one sink and one judge at a time. The lease is an advisory lock of PostgreSQL.

It is taken on the very connection the work is written through: whoever lost it cannot commit any more, and when its process or
its machine is gone the lock is free for the next one as soon as PostgreSQL knows (at once after a kill, within about twelve
seconds after a power cut). Members of a role see each other through a shared lock and agree on their shares without talking.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import psycopg

log = logging.getLogger("siteloop.lease")
CLASSES = {"sink": 5_720_301, "judge": 5_720_302, "poller": 5_720_303}
MEMBER = 2**31 - 1  # the shared lock every member holds
LOOK_S = 0.5
PATIENCE_S = 3.0  # for a slot that seemed free; then somebody else has it, and another slot may have nobody
#: a peer that vanished without a word is given up after about twelve seconds, on both ends
KEEPALIVE: dict[str, Any] = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
_SERVER_SIDE = (
    "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3;"
    " SET tcp_user_timeout = 10000"
)

Connection = psycopg.AsyncConnection[tuple[Any, ...]]


async def connect(dsn: str) -> Connection:
    """A connection that both ends give up when the other is gone. Raises psycopg.OperationalError."""
    connection = await psycopg.AsyncConnection.connect(dsn, autocommit=True, **KEEPALIVE)
    await connection.execute(_SERVER_SIDE)
    return connection


class Elsewhere(Exception):
    """Another process holds the slot and keeps it."""


async def hold(connection: Connection, role: str, slot: int, patience_s: float | None = None) -> None:
    """Wait until the slot is ours; it stays so as long as the connection lives. Raises Elsewhere when the patience ends."""
    waited = False
    until = None if patience_s is None else time.monotonic() + patience_s
    while True:
        cursor = await connection.execute("SELECT pg_try_advisory_lock(%s, %s)", [CLASSES[role], slot])
        if await cursor.fetchone() == (True,):
            if waited:
                log.warning("%s took over slot %d", role, slot)
            return
        if until is not None and time.monotonic() > until:
            raise Elsewhere(f"{role} {slot}")
        # asked again and again instead of waiting in the server: a waiting statement would hold back the vacuum
        waited = True
        await asyncio.sleep(LOOK_S)


def share(slots: int, members: int, rank: int) -> int:
    """How many of the slots the member of this rank works on."""
    return slots // members + (1 if rank < slots % members else 0)


class Crew:
    """The slots this process works on: its fair share of the free ones, looked at twice a second."""

    def __init__(
        self,
        dsn: str,
        role: str,
        slots: Sequence[int],
        work: Callable[[int], Coroutine[Any, Any, None]],
    ) -> None:
        self.dsn, self.role, self.slots, self.work = dsn, role, slots, work
        self.tasks: dict[int, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Work, for ever. A fault of one slot's work ends all of it: the supervisor starts the role again."""
        try:
            while True:
                try:
                    async with await connect(self.dsn) as connection:
                        await connection.execute(
                            "SELECT pg_advisory_lock_shared(%s, %s)", [CLASSES[self.role], MEMBER]
                        )
                        while True:
                            await self._look(connection)
                            await asyncio.sleep(LOOK_S)
                except psycopg.OperationalError as lost:
                    log.warning("%s waits for the database: %s", self.role, lost)
                    await asyncio.sleep(LOOK_S)
        finally:
            for task in self.tasks.values():
                task.cancel()
            await asyncio.gather(*self.tasks.values(), return_exceptions=True)

    async def _look(self, connection: Connection) -> None:
        for slot, task in list(self.tasks.items()):
            if task.done():
                # a slot we lost for a moment went to somebody else: it must not count as ours, else one of ours stays free
                with contextlib.suppress(Elsewhere):
                    task.result()
                del self.tasks[slot]
        cursor = await connection.execute(
            "SELECT objid::bigint, pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND classid = %s",
            [CLASSES[self.role]],
        )
        rows = await cursor.fetchall()
        members = sorted({pid for slot, pid in rows if slot == MEMBER})
        us = connection.info.backend_pid
        if us not in members:
            raise psycopg.OperationalError("the member's lock is gone")
        ours = share(len(self.slots), len(members), members.index(us))
        taken = {slot for slot, _ in rows}
        for slot in list(self.tasks)[ours:]:
            task = self.tasks.pop(slot)
            task.cancel()  # what was not committed is done again by the next holder
            await asyncio.gather(task, return_exceptions=True)
        free = [slot for slot in self.slots if slot not in taken and slot not in self.tasks]
        for slot in free[: max(0, ours - len(self.tasks))]:
            self.tasks[slot] = asyncio.create_task(self.work(slot))
