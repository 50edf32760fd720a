"""Faulty platforms, each failed by the cases it breaks; and no case of the kit without somebody who fails it."""

import asyncio
import functools
import itertools
import struct
from collections.abc import Awaitable, Callable

import pytest

from siteloop.gateway.conformance import modbus, running
from siteloop.gateway.conformance.asked import Asked
from siteloop.gateway.conformance.running import run
from siteloop.gateway.tests.listening import within
from siteloop.gateway.tests.test_conformance import failures
from siteloop.gateway.tests.test_conformance_faults import DEVICES, HURRY, told
from siteloop.gateway.tests.test_conformance_sensors import MAP
from siteloop.protocols.jt808.frame import build, unescape
from siteloop.protocols.jt808.messages import Id
from siteloop.protocols.mqtt import packets
from siteloop.protocols.mqtt.packets import Type

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Says nothing, ever."""
    while await reader.read(65_536):
        pass
    writer.close()


async def away(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hangs up on everybody."""
    writer.close()


async def takes_any_terminal(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Confirms whatever looks like a message, whoever sends it and whatever its check code says."""
    while data := await reader.read(4096):
        for content in filter(None, data.split(b"\x7e")):
            head = unescape(content)
            body = head[15:17] + head[:2] + b"\x00"
            writer.write(b"".join(build(Id.PLATFORM_ANSWER, "13900000001", 1, body, is_2019=True)))
    writer.close()


async def takes_any_topic(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A broker that lets everybody do everything."""
    rest = b""
    while data := await reader.read(4096):
        used, found = packets.cut(rest + data)
        rest = (rest + data)[used:]
        for packet in found:
            if packet.type == Type.CONNECT:
                writer.write(b"\x20\x02\x00\x00")
            elif packet.type == Type.SUBSCRIBE:
                writer.write(packets.build(Type.SUBACK, packet.body[:2] + b"\x00"))
            elif packet.type == Type.PUBLISH:
                writer.write(packets.puback(packets.read_publish(packet).packet_id))
    writer.close()


async def takes_any_post(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """202 to everything."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}")
    await writer.drain()
    writer.close()


PLATFORMS: list[tuple[str, Serve, set[str]]] = [
    (
        "hj212-2025",
        deaf,
        {
            "answered",
            "kinds",
            "split",
            "joined",
            "repeated",
            "parts",
            "garbage",
            "clock",
            "heartbeat",
            "again",
        },
    ),
    ("jt808", deaf, {"register", "authenticate", "location", "escaped", "heartbeat", "unknown", "split"}),
    ("jt808", takes_any_terminal, {"before", "wrong_code", "checksum", "unknown"}),
    ("mqtt", deaf, {"connect", "publish", "ping", "subscribe", "again"}),
    ("mqtt", takes_any_topic, {"wrong_token", "subscribe", "foreign"}),
    ("http", deaf, {"accepted", "repeated", "pieces", "commands"}),
    ("http", takes_any_post, {"wrong_token", "mixed", "malformed", "foreign", "commands"}),
    ("lifting", deaf, {"heartbeat", "garbage"}),
    ("lifting", away, {"heartbeat", "reading", "garbage"}),
    ("weighbridge", away, {"named", "pieces", "again", "noise"}),
    (
        "events",
        deaf,
        {
            "basic",
            "alert",
            "gate",
            "lines",
            "plain",
            "picture",
            "heartbeat",
            "ampersand",
            "repeated",
            "pieces",
        },
    ),
]


@pytest.mark.requirement("IOT-03", "SHR-09")
@pytest.mark.parametrize(
    ("profile", "serve", "cases"), PLATFORMS, ids=[f"{p}-{s.__name__}" for p, s, _ in PLATFORMS]
)
def test_each_fault_of_a_platform_is_found(profile: str, serve: Serve, cases: set[str]) -> None:
    async def test() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        where = server.sockets[0].getsockname()[:2]
        report = await run(Asked(profile, where, listens=False, **told(profile), **HURRY))
        server.close()
        assert cases <= set(failures(report)), {r.code: (r.verdict, r.found) for r in report.results}

    within(60, test)


async def _absent(where: tuple[str, int]) -> None:
    """A poller that never calls."""


async def _easily_hurt(where: tuple[str, int], by_silence: bool) -> None:
    """A poller that never asks again after silence, or after an exception."""
    reader, writer = await asyncio.open_connection(*where)
    asked = [struct.pack(">BHH", *ask) for ask in ((3, 0, 4), (4, 60, 1))]
    for number in itertools.count():
        writer.write(modbus.build(number % 65_536, 3, asked[number % 2]))
        try:
            answer = await asyncio.wait_for(reader.read(300), 0.2)
        except TimeoutError:
            answer = b""
        if reader.at_eof() or (not answer if by_silence else answer[7:8] > b"\x80"):
            return
        await asyncio.sleep(0.02)


POLLERS: list[tuple[Callable[[tuple[str, int]], Awaitable[None]], set[str]]] = [
    (_absent, {"connect", "ask"}),
    (functools.partial(_easily_hurt, by_silence=True), {"silence", "reconnect"}),
    (functools.partial(_easily_hurt, by_silence=False), {"exception", "reconnect"}),
]


@pytest.mark.requirement("IOT-03", "IOT-06")
@pytest.mark.parametrize(("poll", "cases"), POLLERS, ids=["absent", "silence", "exception"])
def test_each_fault_of_a_poller_is_found(
    poll: Callable[[tuple[str, int]], Awaitable[None]], cases: set[str]
) -> None:
    async def test() -> None:
        port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        asked = Asked("modbus", ("127.0.0.1", 0), listens=True, registers=MAP, **HURRY)
        running_kit = asyncio.create_task(run(asked, ready=port.set_result))
        polling = asyncio.ensure_future(poll(("127.0.0.1", await port)))
        report = await running_kit
        await asyncio.gather(polling, return_exceptions=True)
        assert cases <= set(failures(report)), {r.code: (r.verdict, r.found) for r in report.results}

    within(60, test)


def test_a_converter_that_never_comes_is_found() -> None:
    async def test() -> None:
        report = await run(Asked("weighbridge", ("127.0.0.1", 0), listens=True, code="WB1", **HURRY))
        assert {"connect", "named", "weight", "reconnect"} <= set(failures(report))

    within(60, test)


def test_no_case_is_without_a_fault_that_fails_it() -> None:
    """Of the suites that are told here alone; the others' tables stand beside their tests."""
    found = {(profile, "device", case) for profile, _, case in DEVICES}
    found |= {(profile, "platform", case) for profile, _, cases in PLATFORMS for case in cases}
    for profile, side in (
        ("jt808", "device"),
        ("jt808", "platform"),
        ("lifting", "device"),
        ("lifting", "platform"),
        ("mqtt", "device"),
        ("mqtt", "platform"),
        ("http", "platform"),
    ):
        suite = getattr(running.FAMILIES[profile], side)
        assert {case.code for case in suite.cases} == {c for p, s, c in found if (p, s) == (profile, side)}
