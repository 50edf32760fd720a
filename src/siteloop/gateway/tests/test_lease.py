"""Leases: one holder at a time, a fair share each, and the dead are followed at once."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import pytest

from siteloop.gateway import lease
from siteloop.gateway.lease import Crew
from siteloop.gateway.tests.listening import until, within
from siteloop.gateway.tests.planes import new_database


class Worker:
    """A process of a role: every slot's work takes the lease and keeps it."""

    def __init__(self, dsn: str, slots: int) -> None:
        self.dsn, self.working = dsn, set[int]()
        self.crew = Crew(dsn, "sink", range(slots), self.work)
        self.connections: list[lease.Connection] = []

    async def work(self, slot: int) -> None:
        async with await lease.connect(self.dsn) as connection:
            self.connections.append(connection)
            await lease.hold(connection, "sink", slot)
            self.working.add(slot)
            try:
                while True:
                    await connection.execute("SELECT 1")
                    await asyncio.sleep(0.05)
            finally:
                self.working.discard(slot)


@asynccontextmanager
async def running(*workers: Worker) -> AsyncIterator[list[asyncio.Task[None]]]:
    tasks = [asyncio.create_task(w.crew.run()) for w in workers]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize(("slots", "members"), [(1, 1), (1, 3), (4, 3), (8, 2), (9, 4)])
def test_shares_add_up_and_differ_by_one_at_most(slots: int, members: int) -> None:
    shares = [lease.share(slots, members, rank) for rank in range(members)]
    assert sum(shares) == slots and max(shares) - min(shares) <= 1


def test_a_slot_that_went_to_another_does_not_count_as_ours() -> None:
    """Waiting for it, a worker would leave another slot free for ever: its share is full and so is everybody's."""

    async def test() -> None:
        dsn = new_database()
        begun, is_taken, working = asyncio.Queue[int](), asyncio.Event(), set[int]()

        async def work(slot: int) -> None:
            await begun.put(slot)
            await is_taken.wait()  # the other one is quicker
            async with await lease.connect(dsn) as connection:
                await lease.hold(connection, "sink", slot, 0.2)
                working.add(slot)
                await asyncio.Event().wait()

        async with await lease.connect(dsn) as other:
            member = "SELECT pg_advisory_lock_shared(%s, %s)"
            await other.execute(member, [lease.CLASSES["sink"], lease.MEMBER])
            crew = asyncio.create_task(Crew(dsn, "sink", range(2), work).run())
            assert await begun.get() == 0
            await lease.hold(other, "sink", 0)
            is_taken.set()
            await until(lambda: working == {1})
            crew.cancel()
            await asyncio.gather(crew, return_exceptions=True)

    within(60, test)


def test_two_share_the_slots_and_one_takes_over_from_the_other() -> None:
    async def test() -> None:
        dsn = new_database()
        first, second = Worker(dsn, 5), Worker(dsn, 5)
        async with running(first) as one:
            await until(lambda: len(first.working) == 5)
            async with running(second):
                await until(lambda: {len(first.working), len(second.working)} == {2, 3})
                assert first.working | second.working == set(range(5))
                one[0].cancel()
                await until(lambda: len(second.working) == 5)
                assert not first.working

    within(60, test)


def test_a_holder_whose_connection_the_server_ended_is_followed() -> None:
    async def test() -> None:
        dsn = new_database()
        async with await lease.connect(dsn) as holder, await lease.connect(dsn) as heir:
            await lease.hold(holder, "judge", 3)
            await lease.hold(heir, "sink", 3)  # another role's slot is another lease
            waiting = asyncio.create_task(lease.hold(heir, "judge", 3))
            await asyncio.sleep(0)
            assert not waiting.done()
            await end(holder.info.backend_pid)
            await waiting
            with pytest.raises(psycopg.OperationalError):
                await holder.execute("SELECT 1")

    within(60, test)


async def end(pid: int) -> None:
    """As when its machine is gone."""
    owner = os.environ["SITELOOP_DATABASE_URL"]
    async with await psycopg.AsyncConnection.connect(owner, autocommit=True) as other:
        await other.execute("SELECT pg_terminate_backend(%s)", [pid])


def test_a_fault_of_the_work_ends_the_crew() -> None:
    async def fails(slot: int) -> None:
        raise ValueError("a mistake")

    async def test() -> None:
        with pytest.raises(ValueError, match="a mistake"):
            await Crew(new_database(), "sink", range(1), fails).run()

    within(60, test)
