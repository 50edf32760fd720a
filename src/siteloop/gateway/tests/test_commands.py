"""Commands from the table to the device and back, presence and registry, over a real PostgreSQL."""

import asyncio
import dataclasses
import json
import os
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from siteloop.gateway import commands, presence, schema
from siteloop.gateway.listeners.role import ListenerRole
from siteloop.gateway.registry_source import RegistrySource
from siteloop.gateway.tests.listening import DEVICES, MN, TOKEN, RecordingBus, frame, listening, within
from siteloop.kernel import registry as registries
from siteloop.kernel.registry import Registry
from siteloop.protocols.hj212.frame import Frame, cut
from siteloop.protocols.hj212.message import Message, parse
from siteloop.protocols.hj212.talk import request


@pytest.fixture(scope="module")
def dsn() -> Iterator[str]:
    """A database of its own with the fast plane's schema."""
    server, name = os.environ["SITELOOP_DATABASE_URL"], f"commands_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    own = make_conninfo(server, dbname=name)
    schema.migrate(own)
    yield own
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@asynccontextmanager
async def _with_database(dsn: str) -> AsyncIterator[ListenerRole]:
    async with listening() as (base, _):
        pass
    settings = dataclasses.replace(base.settings, dsn=dsn)
    registry = RegistrySource(dsn)
    registry.use(Registry(1, DEVICES, ()))
    role = ListenerRole(settings, RecordingBus(), registry)
    await role.start()
    try:
        yield role
    finally:
        await role.stop()


def _issue(dsn: str, device: int, command: str, lasting: float = 60, **args: Any) -> str:
    number = uuid.uuid4().hex
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO fast.command (id, device, command, args, expires_at) VALUES (%s, %s, %s, %s, now() + %s * interval '1 s')",
            [number, device, command, json.dumps(args), lasting],
        )
    return number


async def _ends(dsn: str, command: str, state: str) -> list[str]:
    """Wait for a state; the trail up to it."""
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        while True:
            cursor = await connection.execute("SELECT state FROM fast.command WHERE id = %s", [command])
            row = await cursor.fetchone()
            if row is not None and row[0] == state:
                break
            await asyncio.sleep(0.02)
        cursor = await connection.execute(
            "SELECT state FROM fast.command_trail WHERE command = %s ORDER BY id", [command]
        )
        return [r[0] for r in await cursor.fetchall()]


class Monitor:
    """A bare HJ 212 device."""

    async def connect(self, role: ListenerRole) -> None:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", role.ports["hj212"])
        self.writer.write(frame("a34004-Rtd=1"))
        assert (await self.hear()).cn == "9014"

    async def hear(self) -> Message:
        (one,) = cut(await self.reader.readuntil(b"\r\n"))[1]
        assert isinstance(one, Frame)
        return parse(one.segment)

    def say(self, to: Message, cn: str, area: str) -> None:
        self.writer.write(request(to.qn, "91", cn, "123456", MN, area))


@pytest.mark.requirement("DUST-27")
@pytest.mark.parametrize(("returned", "state"), [("ExeRtn=1", "done"), ("ExeRtn=2", "failed")])
def test_a_command_is_sent_accepted_and_finished(dsn: str, returned: str, state: str) -> None:
    async def test() -> None:
        async with _with_database(dsn) as role:
            monitor = Monitor()
            await monitor.connect(role)
            command = _issue(dsn, 1, "set_time")
            told = await monitor.hear()
            assert (told.cn, told.mn, told.flag) == ("1012", MN, 5)
            monitor.say(told, "9011", "QnRtn=1")
            monitor.say(told, "9012", returned)
            assert await _ends(dsn, command, state) == ["queued", "sent", "accepted", state]
            monitor.writer.close()

    within(60, test)


def test_a_refusal_is_a_refusal(dsn: str) -> None:
    async def test() -> None:
        async with _with_database(dsn) as role:
            monitor = Monitor()
            await monitor.connect(role)
            command = _issue(dsn, 1, "set_interval", seconds=60)
            monitor.say(await monitor.hear(), "9011", "QnRtn=2")
            await _ends(dsn, command, "refused")
            monitor.writer.close()

    within(60, test)


def test_an_unanswered_command_is_sent_again_with_its_qn_and_expires(
    dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "AGAIN_S", 0.1)

    async def test() -> None:
        async with _with_database(dsn) as role:
            monitor = Monitor()
            await monitor.connect(role)
            command = _issue(dsn, 1, "read_time", lasting=3)
            heard = [await monitor.hear() for _ in range(commands.MOST_TRIES)]
            assert len({m.qn for m in heard}) == 1
            trail = await _ends(dsn, command, "expired")
            assert trail[-1] == "expired"
            monitor.writer.close()

    within(60, test)


def test_what_was_asked_for_is_part_of_the_result(dsn: str) -> None:
    async def test() -> None:
        async with _with_database(dsn) as role:
            monitor = Monitor()
            await monitor.connect(role)
            command = _issue(dsn, 1, "read_time")
            told = await monitor.hear()
            monitor.say(told, "9011", "QnRtn=1")
            monitor.say(told, "1011", "SystemTime=20260101000000")
            monitor.say(told, "9012", "ExeRtn=1")
            await _ends(dsn, command, "done")
            with psycopg.connect(dsn) as connection:
                row = connection.execute(
                    "SELECT result -> 'reply' ->> 'SystemTime' FROM fast.command WHERE id = %s", [command]
                ).fetchone()
            assert row == ("20260101000000",)
            monitor.writer.close()

    within(60, test)


def test_a_command_for_nobody_here_expires(dsn: str) -> None:
    async def test() -> None:
        async with _with_database(dsn):
            assert await _ends(dsn, _issue(dsn, 4, "set_time", lasting=0.2), "expired") == [
                "queued",
                "expired",
            ]

    within(60, test)


@pytest.mark.requirement("DUST-06")
def test_an_http_device_fetches_its_commands_and_no_others(dsn: str) -> None:
    async def test() -> None:
        async with _with_database(dsn) as role:
            mine, other = _issue(dsn, 5, "spray_on", seconds=60), _issue(dsn, 4, "spray_on", seconds=60)
            head = {"Authorization": f"Bearer SPRAY5:{TOKEN}"}
            base = f"http://127.0.0.1:{role.ports['intake']}/api/v1/intake/commands"
            async with httpx.AsyncClient(headers=head, trust_env=False) as client:
                found = (await client.get(base)).json()["commands"]
                assert [(c["id"], c["args"]) for c in found] == [(mine, {"seconds": 60})]
                assert (await client.post(f"{base}/{other}", json={"state": "done"})).status_code == 202
                assert (await client.post(f"{base}/{mine}", json={"state": "nonsense"})).status_code == 422
                assert (await client.post(f"{base}/{mine}", json={"state": "done"})).status_code == 202
            await _ends(dsn, mine, "done")
            await _ends(dsn, other, "queued")

    within(60, test)


def test_presence_and_registry_follow(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "EVERY_S", 0.05)

    async def test() -> None:
        async with _with_database(dsn) as role:
            monitor = Monitor()
            await monitor.connect(role)
            async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:

                async def until(connected: bool) -> None:
                    while True:
                        cursor = await connection.execute(
                            "SELECT connected, peer <> '' FROM fast.status WHERE device = 1"
                        )
                        if await cursor.fetchone() == (connected, True):
                            return
                        await asyncio.sleep(0.02)

                await until(True)
                changed = asyncio.Event()
                role.registry.on_change(lambda _: changed.set())
                body = registries.encode(Registry(99, DEVICES[:1], ()))
                await connection.execute(
                    "INSERT INTO fast.registry (id, version, body) VALUES (1, 99, %s) ON CONFLICT (id) DO UPDATE SET version = 99, body = excluded.body",
                    [body],
                )
                await connection.execute("NOTIFY siteloop_registry")
                await changed.wait()
                assert list(role.registry.by_number) == [1]
                monitor.writer.close()
                await until(False)

    within(60, test)


def test_a_command_the_protocol_has_no_words_for_fails_at_once(dsn: str) -> None:
    async def test() -> None:
        async with _with_database(dsn) as role:
            monitor = Monitor()
            await monitor.connect(role)
            assert await _ends(dsn, _issue(dsn, 1, "dance"), "failed") == ["queued", "sent", "failed"]
            monitor.writer.close()

    within(60, test)
