"""The HJ 212 port with devices of other versions, with keys and with quirks, over real sockets, by either decoder."""

import asyncio
import functools
import os
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from siteloop.gateway.tests.listening import MN, device, frame, settled, until, within
from siteloop.gateway.tests.listening import listening as listening_port
from siteloop.kernel import block as blocks
from siteloop.kernel.registry import Registry
from siteloop.kernel.times import DAY, SECOND
from siteloop.protocols.hj212 import talk
from siteloop.protocols.hj212.batch import load

KEY = "5e" * 16
DEVICES = (
    device(1, MN, password="123456"),
    device(2, "OLD", version="2005"),
    device(3, "SECRET", version="2025", sm4_key=KEY),
    device(4, "CHATTY", quirks=("leading_text",)),
)


@pytest.fixture(autouse=True, params=["plain", "compiled"])
def listening(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """The port with either decoder."""
    if request.param == "compiled":
        load(Path(os.environ["SITELOOP_DATA"]) / "numba")
    return functools.partial(listening_port, DEVICES, compiled=request.param == "compiled")


async def _talk(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", port)


async def _answer(reader: asyncio.StreamReader) -> bytes:
    return await asyncio.wait_for(reader.readuntil(b"\r\n"), 10)


@pytest.mark.requirement("IOT-05")
def test_a_2005_device_is_answered_its_way(listening: Callable[..., Any]) -> None:
    async def test() -> None:
        async with listening() as (role, bus):
            reader, writer = await _talk(role.ports["hj212"])
            writer.write(frame("PM25-Rtd=15", mn="OLD", flag="1", qn="20260801085857223"))
            assert b"ST=91;CN=9014;CP=&&QN=20260801085857223;CN=2011&&" in await _answer(reader)
            assert bus.rows == 1
            writer.close()

    within(20, test)


@pytest.mark.requirement("SEC-09")
def test_encrypted_uploads_are_read_and_plain_ones_refused(listening: Callable[..., Any]) -> None:
    async def test() -> None:
        async with listening() as (role, bus):
            reader, writer = await _talk(role.ports["hj212"])
            now = time.time_ns() // 1000
            for i in range(20):
                head = f"QN={talk.qn_of(now + i * 1000)};ST=39;CN=2011;PW=;MN=SECRET;Flag=9;"
                area = f"DataTime={talk.stamp(now)};a34004-Rtd={i};a34002-Rtd=7"
                writer.write(talk.wire(head, "2011", area, "hj212", KEY))
            for _ in range(20):
                assert b";Flag=8;" in await _answer(reader)
            writer.write(frame("a34004-Rtd=99;a34002-Rtd=8", mn="SECRET", pw="", flag="9"))
            writer.write(frame("a34004-Rtd=1"))
            await _answer(reader)
            await settled(role)
            values = [float(v) for b in bus.blocks if b.rows for v in blocks.columns(b).values[0]]
            assert sorted(values) == sorted([*map(float, range(20)), 1.0])
            (refused,) = [r for b in bus.blocks for r in b.rejects]
            assert "not encrypted" in refused.detail
            writer.close()

    within(20, test)


def test_back_fill_may_be_older_than_a_real_time_row(listening: Callable[..., Any]) -> None:
    async def test() -> None:
        async with listening() as (role, bus):
            reader, writer = await _talk(role.ports["hj212"])
            when = talk.stamp(time.time_ns() // 1000 - 60 * DAY)
            head = f"QN=20260801085857223;ST=39;CN=2011;PW=123456;MN={MN};Flag=9;"
            area = f"DataTime={when};a34004-Rtd=5"
            writer.write(talk.wire(head, "2011", area))
            writer.write(talk.wire(head.replace("223;", "224;") + "RF=1;", "2011", area))
            await _answer(reader)
            await _answer(reader)
            await settled(role)
            assert (bus.rows, bus.reasons) == (1, ["too_old"])
            writer.close()

    within(20, test)


def test_text_before_a_header_counts_only_against_devices_that_may_not(listening: Callable[..., Any]) -> None:
    async def test() -> None:
        async with listening() as (role, bus):
            reader, writer = await _talk(role.ports["hj212"])
            writer.write(b"AT+OK " + frame("a34004-Rtd=1", mn="CHATTY"))
            await _answer(reader)
            writer.write(b"AT+OK " + frame("a34004-Rtd=1"))
            await _answer(reader)
            await settled(role)
            assert (bus.rows, bus.reasons) == (2, ["malformed"])
            writer.close()

    within(20, test)


def test_parts_that_share_a_qn_and_carry_no_number_are_all_kept(listening: Callable[..., Any]) -> None:
    async def test() -> None:
        async with listening() as (role, bus):
            reader, writer = await _talk(role.ports["hj212"])
            when = time.time_ns() // 1000 - 60 * SECOND
            head = f"QN={talk.qn_of(when)};ST=39;CN=2011;PW=123456;MN={MN};Flag=7;"
            for area in ("a34004-Rtd=1", "a34002-Rtd=2", "a34002-Rtd=2"):
                writer.write(talk.wire(head, "2011", f"DataTime={talk.stamp(when)};{area}"))
                await _answer(reader)
            await settled(role)
            assert (bus.rows, bus.reasons) == (2, ["duplicate"])
            writer.close()

    within(20, test)


@pytest.mark.requirement("DUST-27")
def test_periods_handed_in_under_the_qn_of_the_request_are_all_kept(listening: Callable[..., Any]) -> None:
    """The standard draws a QN for each packet; many devices repeat that of the 2051 they answer."""

    async def test() -> None:
        async with listening() as (role, bus):
            reader, writer = await _talk(role.ports["hj212"])
            now = time.time_ns() // 1000
            head = f"QN={talk.qn_of(now)};ST=39;CN=2051;PW=123456;MN={MN};Flag=5;"
            for minute in (3, 2, 1, 1):
                area = f"DataTime={talk.stamp(now - minute * 60 * SECOND)};a34004-Avg=36.5,a34004-Flag=N"
                writer.write(talk.wire(head, "2051", area))
                await _answer(reader)
            await settled(role)
            assert (bus.rows, bus.reasons) == (3, ["duplicate"])
            writer.close()

    within(20, test)


@pytest.mark.requirement("IOT-03")
@pytest.mark.parametrize("mn", ["", "null"])
def test_a_device_without_a_name_is_known_by_its_address_where_it_may(
    listening: Callable[..., Any], mn: str
) -> None:
    nameless = device(1, "GATE-7", password="123456", quirks=("address:127.0.0.1",))
    other = device(2, "GATE-8", quirks=("address:10.0.0.9",))
    second = device(3, "GATE-9", quirks=("address:127.0.0.1",))

    async def test() -> None:
        sent = frame("a34004-Rtd=20.5", mn=mn, qn="20260801085857001")
        async with listening() as (role, bus):
            role.registry.use(Registry(2, (nameless, other), ()))
            reader, writer = await asyncio.open_connection("127.0.0.1", role.ports["hj212"])
            writer.write(sent)
            assert f";MN={mn};".encode() in await reader.readuntil(b"\r\n")
            await settled(role)
            assert (bus.rows, bus.reasons) == (1, [])
            assert role.presence.devices() == [1]
            role.registry.use(
                Registry(3, (nameless, second), ())
            )  # two claim the address: neither is believed
            writer.write(frame("a34004-Rtd=21.5", mn=mn, qn="20260801085858001"))
            await until(lambda: bool(bus.reasons))
            assert (bus.rows, bus.reasons) == (1, ["unknown_device"])
            writer.close()

    within(20, test)


@pytest.mark.requirement("IOT-05")
def test_a_heartbeat_is_answered_as_a_notice(listening: Callable[..., Any]) -> None:
    async def test() -> None:
        async with listening() as (role, bus):
            reader, writer = await _talk(role.ports["hj212"])
            head = f"QN=20260801085857223;ST=39;CN=9015;PW=123456;MN={MN};Flag=9;"
            writer.write(talk.wire(head, "9015", ""))
            assert b"CN=9013" in await _answer(reader)
            await settled(role)
            assert sum(b.control for b in bus.blocks) == 1
            writer.close()

    within(20, test)


PIECES = (
    b"##",
    b"##0087",
    b"##9999",
    b"&&",
    b"CP=&&",
    b"\r\n",
    b"Flag=9;PNUM=999999999;PNO=999999999;RF=1;",
    b"\xff\xfe\x00",
    f"MN={MN};CN=2011;PW=123456;".encode(),
    b"##0300" + b"QN=1;" * 60,
)


@pytest.mark.requirement("DUST-27")
def test_garbage_on_many_connections_harms_no_good_frame(listening: Callable[..., Any]) -> None:
    """Ten connections send noise made of the protocol's own pieces; the device beside them loses nothing."""

    async def test() -> None:
        chance = random.Random(7)
        async with listening() as (role, bus):
            reader, writer = await _talk(role.ports["hj212"])
            noisy = [await _talk(role.ports["hj212"]) for _ in range(10)]
            when = time.time_ns() // 1000 - 3600 * SECOND
            for i in range(60):
                for _, other in noisy:
                    pieces = [chance.choice(PIECES) for _ in range(chance.randrange(6))]
                    pieces.append(chance.randbytes(chance.randrange(40)))
                    other.write(b"".join(chance.sample(pieces, len(pieces))))
                head = f"QN={talk.qn_of(when + i * 1000)};ST=39;CN=2011;PW=123456;MN={MN};Flag=5;"
                writer.write(
                    talk.wire(head, "2011", f"DataTime={talk.stamp(when + i * SECOND)};a34004-Rtd={i}")
                )
                assert b"CN=9014" in await _answer(reader)
            for _, other in noisy:
                other.close()
            await settled(role)
            assert bus.rows == 60
            writer.close()

    within(60, test)
