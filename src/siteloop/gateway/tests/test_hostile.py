"""Senders that mean no good, or know no better, over real sockets: every one has its answer, and nobody else notices.

Drips, endless messages, hundreds of senders of noise, two devices under one number, clocks that jump.
"""

import asyncio
import base64
import random
import time
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest

from siteloop.gateway.gathering import KEPT_RAW
from siteloop.gateway.listeners import patience
from siteloop.gateway.listeners.events import EventIntake
from siteloop.gateway.listeners.http import HttpIntake
from siteloop.gateway.listeners.role import ListenerRole
from siteloop.gateway.tests.listening import MN, TOKEN, device, frame, listening, settled, until, within
from siteloop.kernel.block import Block
from siteloop.protocols.hj212.frame import Frame, cut
from siteloop.protocols.hj212.message import parse
from siteloop.protocols.mqtt import packets

#: a message that has begun well and goes on for as long as its sender likes
BEGINNINGS = {
    "hj212": b"##0500QN=20260801085857223;ST=39;CN=2011;",
    "jt808": b"\x7e\x02\x00\x00\x1c\x01\x38\x00\x13\x80\x00\x00\x01",
    "lifting": b"\xa5\x5a",
    "mqtt": b"\x10\xff\x7f\x00\x04MQTT",
    "weighbridge": b"SCALE1",  # a registration line that does not end
}
ONE_READ = (
    262_144  # the event loop's; HJ 212 looks at what all connections sent in a turn together, right after it
)
#: what a listener holds of one connection at most, bytes
MOST_HELD = {
    "hj212": ONE_READ + 32_768,
    "jt808": 65_536,
    "lifting": 65_536,
    "mqtt": packets.LARGEST + 65_536,
    "weighbridge": 65_536,
}
GARBAGE_SENDERS = 10_000
AT_ONCE = 400


def _connections(role: ListenerRole, port: str) -> list[Any]:
    door: Any = role.doors[port]
    return list(door.connections)


def _sweep(role: ListenerRole, port: str) -> None:
    door: Any = role.doors[port]
    door.sweep()


async def _open(role: ListenerRole, port: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", role.ports[port])


async def _upload(role: ListenerRole, n: int, mn: str = MN) -> list[str]:
    """QNs answered to `n` uploads of a good device."""
    reader, writer = await _open(role, "hj212")
    sent = [f"202608010858{n:05d}" for n in range(n)]
    for i, qn in enumerate(sent):
        writer.write(frame(f"a34004-Rtd={30 + i}.5,a34004-Flag=N", mn=mn, qn=qn))
    answered: list[str] = []
    while len(answered) < n:
        (heard,) = cut(await reader.readuntil(b"\r\n"))[1]
        assert isinstance(heard, Frame)
        answered.append(parse(heard.segment).qn)
    writer.close()
    return answered


def _adds_up(blocks: list[Block]) -> bool:
    return all(b.received == b.rows + b.control + len(b.rejects) for b in blocks)


@pytest.mark.requirement("IOT-02")
@pytest.mark.parametrize("port", BEGINNINGS)
def test_a_message_that_drips_in_is_waited_for_once_and_no_longer(port: str) -> None:
    async def test() -> None:
        async with listening() as (role, bus):
            reader, writer = await _open(role, port)
            writer.write(BEGINNINGS[port])
            await until(
                lambda: bool(_connections(role, port)) and _connections(role, port)[0].progress.begun > 0
            )
            (held,) = _connections(role, port)
            begun = held.progress.begun
            for _ in range(3):
                size = len(held.buffer)
                writer.write(b"\x30")
                await until(lambda size=size: len(held.buffer) > size)  # type: ignore[misc]
            assert held.progress.begun == begun, "more bytes of the same message buy no time"
            held.progress.begun -= patience.UNFINISHED_S - 5
            _sweep(role, port)
            assert not reader.at_eof()
            held.progress.begun -= 6
            _sweep(role, port)
            assert await reader.read() == b""
            writer.close()
            await until(lambda: not _connections(role, port))
            await settled(role)
            assert bus.rows == 0

    within(30, test)


def test_a_slow_but_honest_sender_is_served() -> None:
    """Byte by byte is allowed, as long as each message ends in time."""

    async def test() -> None:
        async with listening() as (role, bus):
            reader, writer = await _open(role, "hj212")
            for n in range(2):
                for byte in frame(f"a34004-Rtd={n + 20}", qn=f"2026080108585722{n}"):
                    writer.write(bytes([byte]))
                    await writer.drain()
                assert b"9014" in await reader.readuntil(b"\r\n")
                (held,) = _connections(role, "hj212")
                assert held.progress.begun == 0
            writer.close()
            assert bus.rows == 2

    within(30, test)


def test_a_new_message_has_its_own_time() -> None:
    progress = patience.Progress()
    progress.note(is_unfinished=True, has_advanced=False)
    progress.begun -= 50
    progress.note(is_unfinished=True, has_advanced=True)  # one ended, the next began
    assert not progress.is_over(time.monotonic() + 55)
    progress.note(is_unfinished=False, has_advanced=True)
    assert not progress.is_over(time.monotonic() + patience.IDLE_S - 1)
    assert progress.is_over(time.monotonic() + patience.IDLE_S + 1)


# ---- HTTP


async def _http(role: ListenerRole, sent: bytes) -> bytes:
    reader, writer = await _open(role, "intake")
    writer.write(sent)
    answer = await reader.read()
    writer.close()
    return answer


def _post(body: bytes, length: int | None = None, more: bytes = b"") -> bytes:
    return (
        b"POST /api/v1/intake/dust HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer D4:"
        + TOKEN.encode()
        + b"\r\n"
        b"Content-Type: application/json\r\n"
        + more
        + b"Content-Length: %d\r\n\r\n" % (length or len(body))
        + body
    )


@pytest.mark.parametrize("sent", [b"", b"POST /api/v1/inta", b"GET /healthz HTTP/1.1\r\nX-A: b\r\n"])
def test_a_head_that_does_not_end_closes_the_connection(sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "HEAD_S", 0.3)

    async def test() -> None:
        async with listening() as (role, _):
            reader, writer = await _open(role, "intake")
            writer.write(sent)

            async def drip() -> None:
                while True:
                    await asyncio.sleep(0.05)
                    writer.write(b"a" if sent else b"")

            dripping = asyncio.create_task(drip())
            assert await reader.read() == b""
            dripping.cancel()
            writer.close()

    within(20, test)


def test_between_requests_a_connection_may_rest_but_not_drip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "HEAD_S", 0.3)

    async def test() -> None:
        async with listening() as (role, bus):
            reader, writer = await _open(role, "intake")
            writer.write(_post(b'{"pm25": 30}'))
            assert b"202" in await reader.readuntil(b"\r\n\r\n")
            writer.write(b"POST /api")
            rest = await reader.read()
            assert b"HTTP/1.1" not in rest
            writer.close()
            assert bus.rows == 1

    within(20, test)


def test_a_body_that_does_not_end_is_refused_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "BODY_S", 0.2)

    async def test() -> None:
        async with listening() as (role, bus):
            reader, writer = await _open(role, "intake")
            writer.write(_post(b'{"pm25": ', length=400))
            head = await reader.readuntil(b"\r\n\r\n")
            assert b"408" in head.splitlines()[0]
            writer.close()
            await settled(role)
            assert (bus.rows, bus.reasons) == (0, ["wrong_length"])

    within(20, test)


@pytest.mark.parametrize(
    ("token", "answer", "reason"), [(TOKEN, b"408", "wrong_length"), ("guess", b"401", "wrong_password")]
)
def test_a_camera_s_body_that_does_not_end_is_given_up(
    token: str, answer: bytes, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "BODY_S", 0.2)
    camera = device(6, "CAM-6", profile="camera")

    async def test() -> None:
        async with listening((camera,)) as (role, bus):
            reader, writer = await _open(role, "intake")
            proof = base64.b64encode(f"CAM-6:{token}".encode()).decode()
            head = f"POST /api/v1/intake/events/plain HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {proof}\r\n"
            writer.write(f"{head}Content-Length: 9000000\r\n\r\n".encode() + b"x" * 6000)
            assert answer in (await reader.readuntil(b"\r\n\r\n")).splitlines()[0]
            writer.close()
            await settled(role)
            assert (bus.rows, bus.reasons) == (0, [reason])
            assert [len(r.raw) for b in bus.blocks for r in b.rejects] == [KEPT_RAW]

    within(20, test)


def test_of_a_stranger_s_body_no_more_is_held_than_is_kept() -> None:
    class Endless:
        """A request of sixteen megabytes."""

        async def stream(self) -> AsyncIterator[bytes]:
            for _ in range(256):
                yield b"x" * 65_536

    async def test() -> None:
        request: Any = Endless()
        assert await EventIntake._body(request, KEPT_RAW) == (b"x" * KEPT_RAW, False, False)

    within(20, test)


@pytest.mark.parametrize(("token", "held"), [(TOKEN, 300_000), ("guess", KEPT_RAW)])
def test_a_stranger_s_readings_are_not_held_either(
    token: str, held: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who cannot prove itself is known by the head: ten thousand of them must not hold a mebibyte each for a minute."""
    kept: list[int] = []
    body_of = HttpIntake._body

    async def noted(self: HttpIntake, *asked: Any) -> bytes:
        body = await body_of(self, *asked)
        kept.append(len(body))
        return body

    monkeypatch.setattr(HttpIntake, "_body", noted)

    async def test() -> None:
        async with listening() as (role, bus):
            head = f"POST /api/v1/intake/dust HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer D4:{token}\r\nConnection: close\r\n"
            answer = await _http(role, head.encode() + b"Content-Length: 300000\r\n\r\n" + b"x" * 300_000)
            assert answer.split(b" ")[1] == (b"422" if token == TOKEN else b"401")
            assert (bus.rows, kept) == (0, [held])

    within(20, test)


@pytest.mark.parametrize("length", [b"99999999999999999999", b"-5", b"many"])
def test_a_length_that_is_none_is_refused(length: bytes) -> None:
    async def test() -> None:
        async with listening() as (role, bus):
            sent = (
                b"POST /api/v1/intake/dust HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: "
                + length
            )
            answer = await asyncio.wait_for(_http(role, sent + b"\r\n\r\n{}"), 10)
            assert answer == b"" or answer.split(b" ")[1][:1] == b"4", answer
            assert bus.rows == 0

    within(20, test)


# ---- endless messages and noise


@pytest.mark.requirement("IOT-02")
@pytest.mark.parametrize("port", BEGINNINGS)
def test_a_message_without_end_is_given_up_before_it_fills_the_memory(port: str) -> None:
    async def test() -> None:
        async with listening() as (role, bus):
            _, writer = await _open(role, port)
            writer.write(BEGINNINGS[port] if port != "mqtt" else b"\x10\xff\xff\xff\x7f")
            held = 0
            try:
                for _ in range(64):
                    writer.write(b"\x31" * 65_536)
                    await writer.drain()
                    held = max([held, *(len(c.buffer) for c in _connections(role, port))])
            except OSError:
                pass  # put out, which is an answer
            await asyncio.sleep(0)
            held = max([held, *(len(c.buffer) for c in _connections(role, port))])
            assert held <= MOST_HELD[port], held
            assert len(await _upload(role, 3)) == 3
            writer.close()
            await settled(role)
            assert bus.rows == 3
            assert bus.reasons, "what was sent is counted"
            assert _adds_up(bus.blocks)
            assert sum(len(r.raw) for b in bus.blocks for r in b.rejects) < 2_000_000

    within(60, test)


def _noise(chance: random.Random) -> bytes:
    """Bytes of all kinds: pure noise, openings of the protocols with noise behind, frames with a bit turned."""
    kind = chance.randrange(4)
    if kind == 0:
        return chance.randbytes(chance.randrange(1, 600))
    if kind == 1:
        return chance.choice(list(BEGINNINGS.values())) + chance.randbytes(chance.randrange(200))
    if kind == 2:
        return chance.choice(
            [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", b"SSH-2.0-x\r\n", b"\x00" * 300]
        )
    damaged = bytearray(frame("a34004-Rtd=77.7,a34004-Flag=N", qn="20260801085857223"))
    damaged[chance.randrange(6, len(damaged) - 6)] ^= 1 << chance.randrange(7)
    return bytes(damaged)


async def _make_noise(role: ListenerRole, port: str, chance: random.Random, room: asyncio.Semaphore) -> None:
    async with room:
        try:
            _, writer = await _open(role, port)
            writer.write(_noise(chance))
            await writer.drain()
            writer.close()
        except OSError:
            return  # refused by the system: none of ours


@pytest.mark.requirement("IOT-02")
@pytest.mark.parametrize("compiled", [False, True], ids=["plain", "compiled"])
def test_ten_thousand_senders_of_noise_harm_nobody(compiled: bool) -> None:
    async def test() -> None:
        async with listening(compiled=compiled) as (role, bus):
            chance = random.Random(20261121)
            ports = list(BEGINNINGS)
            room = asyncio.Semaphore(AT_ONCE)
            senders = [_make_noise(role, ports[n % len(ports)], chance, room) for n in range(GARBAGE_SENDERS)]
            answered, *_ = await asyncio.gather(_upload(role, 50), *senders)
            assert len(set(answered)) == 50
            await until(lambda: not any(_connections(role, p) for p in ports))
            await settled(role)
            assert bus.rows == 50, "no row was ever made of noise"
            assert {int(d) for b in bus.blocks for d in np.frombuffer(b.device, "<i4")} == {1}
            assert _adds_up(bus.blocks)
            # most of the noise was counted as what it is; what ended before a first whole message is no message
            assert len(bus.reasons) > GARBAGE_SENDERS // 4

    within(120, test)


# ---- two of one name


def test_two_devices_under_one_number_are_both_heard_and_nothing_counts_twice() -> None:
    async def test() -> None:
        async with listening() as (role, bus):
            (one, to_one), (two, to_two) = await _open(role, "hj212"), await _open(role, "hj212")
            first = frame("a34004-Rtd=20.5", qn="20260801085857001")
            other = frame("a34004-Rtd=44.5", qn="20260801085858002")
            to_one.write(first)
            assert b"20260801085857001" in await one.readuntil(b"\r\n")
            to_two.write(first)  # a clone, or the same device after a reconnect it noticed first
            assert b"20260801085857001" in await two.readuntil(b"\r\n")
            to_two.write(other)
            assert b"20260801085858002" in await two.readuntil(b"\r\n")
            to_one.close()
            to_two.close()
            await settled(role)
            assert bus.rows == 2
            assert sum(b.received for b in bus.blocks) == 3
            assert _adds_up(bus.blocks)

    within(20, test)


# ---- clocks


@pytest.mark.parametrize(
    ("hours", "rows", "reasons"),
    [(-2, 0, ["in_the_future"]), (2, 1, []), (24 * 40, 0, ["too_old"])],
    ids=["our clock falls back", "our clock runs ahead", "our clock is a month ahead"],
)
def test_a_jump_of_our_own_clock_loses_no_frame(
    hours: int, rows: int, reasons: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What our wrong clock refuses lies in quarantine with its frame, and is released when the clock is right again."""

    async def test() -> None:
        async with listening() as (role, bus):
            sent = frame("a34004-Rtd=20.5", qn="20260801085857001")
            real = time.time_ns
            with monkeypatch.context() as clock:
                clock.setattr(time, "time_ns", lambda: real() + hours * 3600 * 10**9)
                reader, writer = await _open(role, "hj212")
                writer.write(sent)
                assert b"9014" in await reader.readuntil(b"\r\n")
                await settled(role)
                assert (bus.rows, bus.reasons) == (rows, reasons)
                kept = [r.raw for b in bus.blocks for r in b.rejects]
                assert all(sent.strip() in raw or raw in sent for raw in kept)
            writer.write(frame("a34004-Rtd=21.5", qn="20260801085859003"))
            assert b"20260801085859003" in await reader.readuntil(b"\r\n")
            writer.close()
            await settled(role)
            assert bus.rows == rows + 1

    within(20, test)
