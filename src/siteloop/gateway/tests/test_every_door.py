"""The same faults at every door: half a message, a clock of ours that jumps, two clients of one name.

The bytes each protocol sends are in `MESSAGES`; what a fault costs is the same everywhere, so the tests are, too.
"""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from siteloop.gateway.listeners.role import ListenerRole
from siteloop.gateway.tests.listening import MN, TOKEN, device, listening, settled, until, within
from siteloop.gateway.tests.test_hostile import BEGINNINGS
from siteloop.kernel.times import SECOND, from_us
from siteloop.protocols.hj212 import talk
from siteloop.protocols.hj212.crc import crc212
from siteloop.protocols.hj212.frame import build
from siteloop.protocols.jt808 import frame as jt808
from siteloop.protocols.jt808 import messages
from siteloop.protocols.jt808.messages import Id
from siteloop.protocols.lifting import goyo_crane
from siteloop.protocols.mqtt import packets
from siteloop.protocols.weighbridge import xk3190

PHONE = "13912345678"
DEVICES = (
    device(1, MN, password="123456"),
    device(4, "D4"),
    device(21, "TC0001", profile="tower_crane"),
    device(31, PHONE, profile="vehicle", password="secret-1"),
    device(41, "WB1", profile="weighbridge", password="secret"),
)
NUMBERS = {"hj212": 1, "mqtt": 4, "intake": 4, "lifting": 21, "jt808": 31, "weighbridge": 41}


def _hj212(at: int) -> bytes:
    area = f"DataTime={talk.stamp(at)};a34004-Rtd=20.5,a34004-Flag=N"
    segment = f"QN={talk.qn_of(at)};ST=39;CN=2011;PW=123456;MN={MN};Flag=5;CP=&&{area}&&".encode()
    return build(segment, crc212(segment))


def _json(at: int) -> bytes:
    return json.dumps({"at": from_us(at).isoformat(), "pm25": 20.5}).encode()


def _http(at: int) -> bytes:
    body = _json(at)
    head = f"POST /api/v1/intake/dust HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer D4:{TOKEN}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _said(id_: int, body: bytes) -> bytes:
    return jt808.build(id_, PHONE, 1, body)[0]


def _location(at: int) -> bytes:
    return _said(Id.LOCATION, messages.location_body(lon=120.75, lat=30.77, at=at, speed=36.5))


#: door -> (what comes first on a connection, a message of a device's time)
MESSAGES: dict[str, tuple[bytes, Callable[[int], bytes]]] = {
    "hj212": (b"", _hj212),
    "mqtt": (
        packets.connect("c", "D4", TOKEN),
        lambda at: packets.publish("siteloop/dust/D4", _json(at), at // SECOND % 60_000 + 1),
    ),
    "intake": (b"", _http),
    "jt808": (_said(Id.AUTHENTICATE, messages.authentication_body("secret-1", False)), _location),
    "lifting": (b"", lambda at: goyo_crane.realtime("TC0001", at, {"load": 4.0, "wind_speed": 5.2})),
    "weighbridge": (b"WB1:secret\n", lambda at: xk3190.continuous(25_640)),
}


async def _open(role: ListenerRole, port: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", role.ports[port])
    writer.write(MESSAGES[port][0])
    return reader, writer


def _keys(bus: Any) -> list[tuple[int, int]]:
    return [
        (int(d), int(at))
        for b in bus.blocks
        for d, at in zip(np.frombuffer(b.device, "<i4"), np.frombuffer(b.at, "<i8"), strict=True)
    ]


@pytest.mark.requirement("IOT-02")
@pytest.mark.parametrize("port", [*BEGINNINGS, "intake"])
def test_half_a_message_is_counted_and_kept(port: str) -> None:
    head, half = (_http(0).split(b"{")[0], b'{"at": "20') if port == "intake" else (b"", BEGINNINGS[port])

    async def test() -> None:
        async with listening(DEVICES) as (role, bus):
            _, writer = await asyncio.open_connection("127.0.0.1", role.ports[port])
            writer.write(head + half)
            await writer.drain()
            writer.close()
            await until(lambda: bool(bus.reasons))
            assert (bus.rows, bus.reasons) == (0, ["wrong_length"])
            assert half in [r.raw for b in bus.blocks for r in b.rejects]

    within(20, test)


@pytest.mark.requirement("IOT-02")
@pytest.mark.parametrize("port", ["hj212", "mqtt", "intake", "jt808", "lifting"])
def test_what_our_slow_clock_refuses_is_kept_and_the_next_message_counts(
    port: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        async with listening(DEVICES) as (role, bus):
            at, real = time.time_ns() // 1000 // SECOND * SECOND, time.time_ns
            _, writer = await _open(role, port)
            with monkeypatch.context() as clock:
                clock.setattr(time, "time_ns", lambda: real() - 2 * 3600 * 10**9)
                writer.write(MESSAGES[port][1](at))
                await until(lambda: bool(bus.reasons))
                (refused,) = [r for b in bus.blocks for r in b.rejects]
                assert (refused.reason, refused.device) == ("in_the_future", NUMBERS[port])
                assert refused.raw in MESSAGES[port][1](at).rstrip(b"\r\n")
            writer.write(MESSAGES[port][1](at + SECOND))
            await until(lambda: bus.rows == 1)
            await settled(role)
            assert _keys(bus) == [(NUMBERS[port], at + SECOND)]
            writer.close()

    within(20, test)


@pytest.mark.requirement("IOT-02")
@pytest.mark.parametrize("port", ["intake", "jt808", "lifting", "weighbridge"])
def test_two_clients_of_one_name_are_both_heard(port: str) -> None:
    """What both say is one row by its key, device and time; orders go to the one heard last. HJ 212 and MQTT: `test_hostile`."""

    async def test() -> None:
        async with listening(DEVICES) as (role, bus):
            at = time.time_ns() // 1000 // SECOND * SECOND
            (_, one), (_, two) = await _open(role, port), await _open(role, port)
            for n, writer in enumerate((one, two), 1):
                writer.write(MESSAGES[port][1](at))
                await until(lambda n=n: bus.rows == n)  # type: ignore[misc]
            await settled(role)
            assert not bus.reasons
            assert {number for number, _ in _keys(bus)} == {NUMBERS[port]}
            if port != "weighbridge":  # whose frames carry no time
                assert _keys(bus) == [(NUMBERS[port], at)] * 2
            if port != "intake":
                newest = role.presence.connection(NUMBERS[port])
                two.close()
                await until(lambda: role.presence.connection(NUMBERS[port]) is not newest)
            one.write(MESSAGES[port][1](at + SECOND))
            if port != "weighbridge":
                await until(lambda: bus.rows == 3)
            one.close()

    within(20, test)
