"""The HJ 212 port over real sockets: who is answered, when, and what is counted."""

import asyncio
import functools
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from siteloop.gateway.tests.listening import MN, device, frame, settled, within
from siteloop.gateway.tests.listening import listening as listening_port
from siteloop.kernel import block as blocks
from siteloop.protocols import tests
from siteloop.protocols.hj212.batch import load
from siteloop.protocols.hj212.frame import Frame, cut
from siteloop.protocols.hj212.message import parse

Listening = Callable[..., Any]
SAMPLES = [
    json.loads(line)
    for line in (Path(tests.__file__).parent / "hj212_samples.jsonl").read_text().splitlines()
]


@pytest.fixture(autouse=True, params=["plain", "compiled"])
def listening(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """The port with either decoder."""
    if request.param == "compiled":
        load(
            Path(os.environ["SITELOOP_DATA"]) / "numba"
        )  # the first time takes long: not inside a test's deadline
    return functools.partial(listening_port, compiled=request.param == "compiled")


async def _talk(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", port)


async def _answer(reader: asyncio.StreamReader) -> bytes:
    return await asyncio.wait_for(reader.readuntil(b"\r\n"), 10)


@pytest.mark.requirement("DUST-27")
def test_an_upload_is_answered_with_its_own_qn(listening: Listening) -> None:
    async def test() -> None:
        async with listening() as (role, bus):
            reader, writer = await _talk(role.ports["hj212"])
            writer.write(frame("a34004-Rtd=80.5,a34004-Flag=N", qn="20260801085857223"))
            (heard,) = cut(await _answer(reader))[1]
            assert isinstance(heard, Frame)
            message = parse(heard.segment)
            assert (message.qn, message.st, message.cn, message.flag) == (
                "20260801085857223",
                "91",
                "9014",
                4,
            )
            (block,) = bus.blocks
            assert blocks.columns(block).values[0, 0] == pytest.approx(80.5)
            assert blocks.raw_frame(block, 0).startswith(b"##")
            writer.close()

    within(20, test)


@pytest.mark.requirement("SEC-09")
@pytest.mark.parametrize("sample", [s for s in SAMPLES if s["verdict"] == "valid"], ids=lambda s: s["id"])
def test_a_recorded_frame_is_answered_if_it_asks_for_it(listening: Listening, sample: dict[str, str]) -> None:
    async def test() -> None:
        (whole,) = cut(sample["raw"].encode())[1]
        assert isinstance(whole, Frame)
        message = parse(whole.segment)
        async with listening((device(1, message.mn, password=message.pw),)) as (role, bus):
            reader, writer = await _talk(role.ports["hj212"])
            last = frame("a34004-Rtd=1", mn=message.mn, pw=message.pw, qn="20260101000000000")
            writer.write(sample["raw"].encode() + b"\r\n" + last)
            is_answered = message.wants_answer and message.cn not in ("9011", "9012", "9013", "9014")
            heard = [await _answer(reader) for _ in range(1 + is_answered)]
            told = {parse(f.segment).qn for f in cut(b"".join(heard))[1] if isinstance(f, Frame)}
            assert told == {"20260101000000000"} | ({message.qn} if is_answered else set())
            assert sum(b.received for b in bus.blocks) == 2
            writer.close()

    within(20, test)


def test_nobody_is_answered_before_the_block_is_on_disk(listening: Listening) -> None:
    async def test() -> None:
        async with listening() as (role, bus):
            bus.hold()
            reader, writer = await _talk(role.ports["hj212"])
            writer.write(frame("a34004-Rtd=80"))
            await bus.asked.wait()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(reader.read(1), 0.1)
            bus.release()
            assert b"CN=9014" in await _answer(reader)
            assert bus.rows == 1
            writer.close()

    within(20, test)


def test_a_frame_sent_again_while_the_bus_is_down_counts_once(listening: Listening) -> None:
    async def test() -> None:
        async with listening() as (role, bus):
            bus.hold()
            reader, writer = await _talk(role.ports["hj212"])
            one = frame("a34004-Rtd=80")
            writer.write(one)
            await bus.asked.wait()
            writer.write(one)
            await writer.drain()
            bus.release()
            assert await _answer(reader) == await _answer(reader)
            assert bus.rows == 1
            assert bus.reasons == ["duplicate"]
            writer.close()

    within(20, test)


@pytest.mark.requirement("DUST-17")
@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (frame("a34004-Rtd=1", mn="NOBODY"), "unknown_device"),
        (frame("a34004-Rtd=1", pw="000000"), "wrong_password"),
        (frame("a34004-Rtd=1")[:-6] + b"0002\r\n", "bad_crc"),
        (frame("a34004-Rtd=1", crc="modbus_low_first"), "bad_crc"),
        (b"##0040QN=1;CN=2011;MN=X;CP=&&DataTime=1&&0000\r\n", "wrong_length"),
        (b"GET / HTTP/1.1\r\n", "malformed"),
    ],
)
def test_what_is_refused_gets_no_answer_and_is_kept(listening: Listening, sent: bytes, reason: str) -> None:
    async def test() -> None:
        async with listening() as (role, bus):
            reader, writer = await _talk(role.ports["hj212"])
            writer.write(sent + frame("a34004-Rtd=2", qn="20260101000000000"))
            assert b"QN=20260101000000000" in await _answer(reader)
            assert bus.reasons == [reason]
            assert bus.blocks[-1].rejects[0].raw in sent
            writer.close()

    within(20, test)


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (frame("w01018-Rtd=1"), "no_values"),
        (frame("a34004-Rtd=1", mn="OFF"), "device_disabled"),
        (frame("a34004-Rtd=1", cn="2021"), "unsupported"),
    ],
)
def test_a_sound_frame_without_a_usable_reading_is_answered_and_counted(
    listening: Listening, sent: bytes, reason: str
) -> None:
    async def test() -> None:
        async with listening() as (role, bus):
            reader, writer = await _talk(role.ports["hj212"])
            writer.write(sent)
            assert b"CN=9014" in await _answer(reader)
            assert bus.reasons == [reason]
            writer.close()

    within(20, test)


def test_a_quirk_is_allowed_only_to_the_device_that_has_it(listening: Listening) -> None:
    async def test() -> None:
        async with listening() as (role, bus):
            reader, writer = await _talk(role.ports["hj212"])
            writer.write(frame("a34004-Rtd=1", mn="SWAPPED", crc="hj212_swapped"))
            assert b"CN=9014" in await _answer(reader)
            # one checksum in 256 has two equal bytes, which nobody can tell from swapped ones
            swapped = (frame(f"a34004-Rtd={n}", crc="hj212_swapped") for n in range(3, 100))
            writer.write(next(f for f in swapped if f[-6:-4] != f[-4:-2]) + frame("a34004-Rtd=2"))
            await _answer(reader)
            assert bus.rows == 2
            assert "hj212_swapped" in next(r for b in bus.blocks for r in b.rejects).detail
            writer.close()

    within(20, test)


def test_a_device_that_asks_for_the_time_is_told(listening: Listening) -> None:
    async def test() -> None:
        async with listening() as (role, bus):
            reader, writer = await _talk(role.ports["hj212"])
            writer.write(frame("PolId=w01018", cn="1013"))
            assert b"CN=9013" in await _answer(reader)
            assert re.search(rb"CN=1012;.*SystemTime=\d{14}", await _answer(reader)), "behind its answer"
            await settled(role)
            assert sum(b.control for b in bus.blocks) == 1
            writer.close()

    within(20, test)


def test_both_parts_of_a_split_upload_are_kept_and_answered(listening: Listening) -> None:
    async def test() -> None:
        async with listening() as (role, bus):
            reader, writer = await _talk(role.ports["hj212"])
            writer.write(frame("a34004-Rtd=1", flag="7", extra="PNUM=2;PNO=1;"))
            writer.write(frame("a34002-Rtd=2", flag="7", extra="PNUM=2;PNO=2;"))
            await _answer(reader)
            await _answer(reader)
            assert bus.rows == 2
            writer.close()

    within(20, test)


def test_what_no_text_column_can_hold_does_not_reach_the_sink(listening: Listening) -> None:
    async def test() -> None:
        async with listening() as (role, bus):
            _, writer = await _talk(role.ports["hj212"])
            writer.write(frame("a34004-Rtd=1", mn="A\x00B"))
            await writer.drain()
            await bus.asked.wait()
            await settled(role)
            assert "\x00" not in bus.blocks[0].rejects[0].device_code
            writer.close()

    within(20, test)


def test_a_connection_that_ends_inside_a_frame_is_counted(listening: Listening) -> None:
    async def test() -> None:
        async with listening() as (role, bus):
            _, writer = await _talk(role.ports["hj212"])
            writer.write(frame("a34004-Rtd=1")[:50])
            writer.close()
            await writer.wait_closed()
            await bus.asked.wait()
            await settled(role)
            assert bus.reasons == ["wrong_length"]

    within(20, test)


def test_version_two_frames_are_answered_in_kind(listening: Listening) -> None:
    async def test() -> None:
        async with listening() as (role, _):
            reader, writer = await _talk(role.ports["hj212"])
            writer.write(frame("a34004-Rtd=1", flag="9"))
            assert f"MN={MN};Flag=8;".encode() in await _answer(reader)
            writer.close()

    within(20, test)
