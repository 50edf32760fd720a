"""Back-fill over real sockets: a device that lost its link is asked for its history, which is stored once."""

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import psycopg
import pytest

from siteloop.gateway.bus import Bus
from siteloop.gateway.judging.judge import Judge
from siteloop.gateway.listeners.role import ListenerRole
from siteloop.gateway.registry_source import RegistrySource
from siteloop.gateway.tests.listening import RecordingBus, device, listening, within
from siteloop.gateway.tests.planes import Plane
from siteloop.kernel import block as blocks
from siteloop.kernel.registry import Registry, RuleEntry
from siteloop.kernel.times import MINUTE, SECOND, from_us
from siteloop.protocols.hj212 import talk
from siteloop.protocols.hj212.frame import Frame, cut
from siteloop.protocols.hj212.message import Message, parse
from siteloop.rules.history_gap import HistoryGap

MN = "010000A8900016F000169DC1"
DEVICE = device(1, MN, password="123456", interval_s=60)
RULE = RuleEntry(
    "dust.history_gap",
    "history_gap",
    "",
    1,
    {"settle_s": 0, "wait_s": 2, "backoff_s": 1, "chunk_s": 86_400},
    "blue",
)


class Logger:
    """A monitor's data logger: it keeps minute values and hands them in when asked (C.49)."""

    def __init__(self, minutes: list[int]) -> None:
        self.minutes = minutes
        self.heard: list[Message] = []

    async def connect(self, port: int) -> None:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
        self.listening = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        buffer = b""
        while data := await self.reader.read(65_536):
            used, found = cut(buffer + data)
            buffer = (buffer + data)[used:]
            for one in found:
                assert isinstance(one, Frame)
                self._obey(parse(one.segment))

    def _obey(self, message: Message) -> None:
        self.heard.append(message)
        if message.cn != "2051":
            return
        items = message.items()
        head = f"QN={message.qn};ST=91;CN=%s;PW=123456;MN={MN};Flag=4;"
        self.writer.write(talk.wire(head % "9011", "9011", "QnRtn=1"))
        for n, minute in enumerate(self.minutes):
            if items["BeginTime"] <= talk.stamp(minute) < items["EndTime"]:
                qn = talk.qn_of(time.time_ns() // 1000 + n * 1000)
                area = f"DataTime={talk.stamp(minute)};a34004-Avg={n}.5,a34004-Flag=N"
                own = f"QN={qn};ST=39;CN=2051;PW=123456;MN={MN};Flag=5;"
                self.writer.write(talk.wire(own, "2051", area))
        self.writer.write(talk.wire(head % "9012", "9012", "ExeRtn=1"))

    async def say(self, minute: int) -> None:
        """One real-time row of a minute."""
        head = f"QN={talk.qn_of(minute)};ST=39;CN=2011;PW=123456;MN={MN};Flag=5;"
        self.writer.write(talk.wire(head, "2011", f"DataTime={talk.stamp(minute)};a34004-Rtd=7"))
        await self.writer.drain()


@asynccontextmanager
async def _platform(folder: Path) -> AsyncIterator[tuple[Plane, ListenerRole, RecordingBus, Judge]]:
    """Listener, judge and sink; the blocks are carried by hand instead of by the bus."""
    plane = Plane(folder)
    async with listening() as (base, _):
        pass
    registry, bus = RegistrySource(plane.dsn), RecordingBus()
    registry.use(Registry(1, (DEVICE,), (RULE,)))
    settings = dataclasses.replace(base.settings, dsn=plane.dsn)
    role = ListenerRole(settings, bus, registry)
    judge = Judge(plane.settings, cast(Bus, plane.bus), registry, [HistoryGap])
    await role.start()
    try:
        yield plane, role, bus, judge
    finally:
        await role.stop()


@pytest.mark.requirement("DUST-27", "IOT-02")
def test_a_device_that_lost_its_link_is_asked_for_its_history_and_it_is_stored_once(tmp_path: Path) -> None:
    async def test() -> None:
        now = time.time_ns() // 1000 // MINUTE * MINUTE
        away = [now - i * MINUTE for i in range(1, 90)][::-1]
        async with (
            _platform(tmp_path) as (plane, role, bus, judge),
            await plane.connect() as storing,
            await psycopg.AsyncConnection.connect(plane.dsn, autocommit=True) as judging,
        ):
            logger = Logger(away)
            await logger.connect(role.ports["hj212"])
            await logger.say(now - 90 * MINUTE)  # the last row before the line broke …
            await logger.say(now)  # … and the first after it
            await judge.start(judging)
            carried, cleared = 0, 0

            async def carry() -> None:
                """What the bus does: every block to sink and judge, in order."""
                nonlocal carried
                fresh = bus.blocks[carried:]
                found = [(carried + i + 1, blocks.encode(b)) for i, b in enumerate(fresh)]
                carried += len(fresh)
                await plane.store(storing, *fresh)
                await judge.step(judging, found)

            async def rows() -> int:
                return int(plane.ask("SELECT count(*) FROM telemetry.dust_reported WHERE device = 1")[0][0])

            while await rows() < 89 or not cleared:
                await carry()
                cleared = plane.ask("SELECT count(*) FROM fast.finding_inbox WHERE act = 'clear'")[0][0]
                await asyncio.sleep(0.05)

            ((state, args),) = plane.ask("SELECT state, args FROM fast.command")
            assert state == "done"
            assert args == {"kind": "minute", "from_us": now - 90 * MINUTE, "to_us": now}
            stored = plane.ask(
                "SELECT at, pm25 FROM telemetry.dust_reported WHERE device = 1 AND kind = 1 ORDER BY at"
            )
            assert stored == [(from_us(at), n + 0.5) for n, at in enumerate(away)]

            # handed in a second time it changes nothing, and the ledger still adds up
            await _ask_again(plane, now)
            while plane.ask("SELECT count(*) FROM fast.command WHERE state = 'done'")[0][0] < 2:
                await carry()
                await asyncio.sleep(0.05)
            while plane.ledger()[0] < 2 + 2 * 89 + 4:
                await carry()
                await asyncio.sleep(0.05)
            assert await rows() == 89
            received, kept, control, rejected = plane.ledger()
            assert (received, kept, control, rejected) == (2 + 2 * 89 + 4, 2 + 89, 4, 89)
            logger.listening.cancel()
            logger.writer.close()

    within(60, test)


async def _ask_again(plane: Plane, now: int) -> None:
    """An officer asks for the same stretch."""
    async with await psycopg.AsyncConnection.connect(plane.dsn, autocommit=True) as connection:
        await connection.execute(
            "INSERT INTO fast.command (id, device, command, args) VALUES ('again', 1, 'request_history',"
            " jsonb_build_object('kind', 'minute', 'from_us', %s::bigint, 'to_us', %s::bigint))",
            [now - 90 * MINUTE, now],
        )


@pytest.mark.requirement("DUST-27")
def test_a_device_that_never_was_away_is_never_asked(tmp_path: Path) -> None:
    async def test() -> None:
        now = time.time_ns() // 1000 // SECOND * SECOND
        async with (
            _platform(tmp_path) as (plane, role, bus, judge),
            await psycopg.AsyncConnection.connect(plane.dsn, autocommit=True) as judging,
        ):
            logger = Logger([])
            await logger.connect(role.ports["hj212"])
            for i in range(5, 0, -1):
                await logger.say(now - i * MINUTE)
            await judge.start(judging)
            while bus.rows < 5:  # noqa: ASYNC110 - the recording bus tells nobody
                await asyncio.sleep(0.02)
            await judge.step(judging, [(i + 1, blocks.encode(b)) for i, b in enumerate(bus.blocks)])
            await judge.step(judging, [])
            assert plane.ask("SELECT count(*) FROM fast.command") == [(0,)]
            logger.listening.cancel()
            logger.writer.close()

    within(30, test)
