"""Two listeners on one database: a command goes out where the device is connected, and an old connection's end is not the device's."""

import dataclasses
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager

import psycopg
import pytest

from siteloop.gateway import presence
from siteloop.gateway.listeners.role import ListenerRole
from siteloop.gateway.registry_source import RegistrySource
from siteloop.gateway.tests.listening import DEVICES, MN, RecordingBus, listening, until, within
from siteloop.gateway.tests.planes import new_database
from siteloop.gateway.tests.test_commands import Monitor, _ends, _issue
from siteloop.kernel.registry import Registry


@pytest.fixture(scope="module")
def dsn() -> Iterator[str]:
    yield new_database()


@asynccontextmanager
async def two(dsn: str) -> AsyncIterator[tuple[ListenerRole, ListenerRole]]:
    async with AsyncExitStack() as stack:
        base, _ = await stack.enter_async_context(listening())
        roles = []
        for _ in range(2):
            registry = RegistrySource(dsn)
            registry.use(Registry(1, DEVICES, ()))
            role = ListenerRole(dataclasses.replace(base.settings, dsn=dsn), RecordingBus(), registry)
            await role.start()
            stack.push_async_callback(role.stop)
            roles.append(role)
        yield roles[0], roles[1]


def test_the_listener_that_holds_the_connection_sends(dsn: str) -> None:
    async def test() -> None:
        async with two(dsn) as (first, second):
            monitor = Monitor()
            await monitor.connect(first)
            one = _issue(dsn, 1, "set_time")
            told = await monitor.hear()
            monitor.say(told, "9011", "QnRtn=1")
            monitor.say(told, "9012", "ExeRtn=1")
            assert await _ends(dsn, one, "done") == ["queued", "sent", "accepted", "done"]
            monitor.writer.close()
            await until(lambda: not first.presence.devices())
            await monitor.connect(second)  # the device goes over to the other one
            other = _issue(dsn, 1, "set_time")
            told = await monitor.hear()
            assert (told.cn, told.mn) == ("1012", MN)
            monitor.say(told, "9011", "QnRtn=1")
            monitor.say(told, "9012", "ExeRtn=1")
            assert await _ends(dsn, other, "done") == ["queued", "sent", "accepted", "done"]
            monitor.writer.close()

    within(60, test)


def test_the_late_end_of_an_old_connection_changes_nothing(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        monkeypatch.setattr(presence, "EVERY_S", 3600)  # written by hand here
        async with two(dsn) as (first, second):
            old, new = Monitor(), Monitor()
            await old.connect(first)
            await first.presence.write()
            await new.connect(second)
            await second.presence.write()
            old.writer.close()
            await until(lambda: not first.presence.devices())
            await first.presence.write()
            assert _connected(dsn) == [(True,)]
            new.writer.close()
            await until(lambda: not second.presence.devices())
            await second.presence.write()
            assert _connected(dsn) == [(False,)]

    within(60, test)


def _connected(dsn: str) -> list[tuple[bool]]:
    with psycopg.connect(dsn) as connection:
        return connection.execute("SELECT connected FROM fast.status WHERE device = 1").fetchall()
