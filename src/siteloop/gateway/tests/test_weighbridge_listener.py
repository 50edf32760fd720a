"""A weighbridge at its door: named by its converter's line, rows where the weight says something new, noise refused."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from simulators.weighbridge_device import WeighbridgeDevice
from siteloop.gateway.tests.listening import listening, settled, until, within
from siteloop.kernel import block as blocks
from siteloop.kernel.profiles import WEIGHBRIDGE
from siteloop.kernel.registry import DeviceEntry
from siteloop.protocols.weighbridge import xk3190
from siteloop.protocols.weighbridge.weighing import Weighing

DEVICES = (
    DeviceEntry(1, "WB1", "weighbridge", 1, "330482", password="secret", interval_s=60),
    DeviceEntry(2, "NET2", "weighbridge", 1, "330482", quirks=("shows_net",), scale={"net": 1000.0}),
    DeviceEntry(3, "OFF3", "weighbridge", 1, "330482", enabled=False),
    DeviceEntry(4, "DUST4", "dust", 1, "330482"),
)
GROSS, NET, STABLE = (WEIGHBRIDGE.index(n) for n in ("gross", "net", "stable"))


@contextlib.asynccontextmanager
async def _line(role: Any, first: bytes) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", role.ports["weighbridge"])
    writer.write(first)
    yield reader, writer
    writer.close()


def _rows(bus: Any) -> list[tuple[int, float, float, float]]:
    found = []
    for block in bus.blocks:
        if block.rows:
            c = blocks.columns(block)
            v = c.values
            found += [
                (int(d), float(v[GROSS, i]), float(v[NET, i]), float(v[STABLE, i]))
                for i, d in enumerate(c.device)
            ]
    return found


@pytest.mark.requirement("IOT-06")
def test_a_truck_makes_a_row_when_it_comes_and_when_it_stands() -> None:
    async def test() -> None:
        async with listening(DEVICES) as (role, bus), _line(role, b"WB1:secret\r\n") as (_, writer):
            for weight in (0, 12_000, *[25_640] * 30):
                writer.write(xk3190.continuous(weight))
            await until(lambda: sum(b.control for b in bus.blocks) + bus.rows >= 33)
            await settled(role)
            assert [(d, g, s) for d, g, _, s in _rows(bus)] == [(1, 0, 0), (1, 25_640, 1)]
            # the line and what said nothing new are control: received = stored + control
            assert sum(b.control for b in bus.blocks) == 1 + 32 - 2
            assert not bus.reasons and role.presence.connection(1) is not None

    within(20, test)


def test_a_display_of_net_tonnes_is_read_as_net_kilograms() -> None:
    async def test() -> None:
        async with listening(DEVICES) as (role, bus), _line(role, b"NET2\n") as (_, writer):
            writer.write(xk3190.continuous(18.25, 2))
            await until(lambda: bus.rows == 1)
            ((number, gross, net, _),) = _rows(bus)
            assert (number, net) == (2, 18_250) and gross != gross

    within(20, test)


@pytest.mark.parametrize(
    ("first", "reason"),
    [
        (b"WB1\n", "wrong_password"),
        (b"WB1:wrong\n", "wrong_password"),
        (b"NOBODY\n", "unknown_device"),
        (b"DUST4\n", "unknown_device"),
        (xk3190.continuous(5), "unknown_device"),
        (b"x" * 200, "unknown_device"),
    ],
)
def test_who_does_not_name_a_weighbridge_is_put_out(first: bytes, reason: str) -> None:
    async def test() -> None:
        async with listening(DEVICES) as (role, bus), _line(role, first) as (reader, _):
            assert await reader.read() == b""
            await settled(role)
            assert bus.reasons == [reason] and bus.rows == 0
            assert role.presence.devices() == []
            assert all(
                b"secret" not in r.raw and b"wrong" not in r.raw for b in bus.blocks for r in b.rejects
            )

    within(20, test)


def test_noise_between_frames_is_refused_and_the_next_frame_counts() -> None:
    async def test() -> None:
        async with listening(DEVICES) as (role, bus), _line(role, b"NET2\nNET2\r\n") as (_, writer):
            bad = bytearray(xk3190.continuous(7))
            bad[-2] ^= 1
            writer.write(bytes(bad) + b"\x02\x02zz" + xk3190.continuous(7))
            await until(lambda: bus.rows == 1)
            await settled(role)
            assert "bad_crc" in bus.reasons and _rows(bus)[0][2] == 7_000

    within(20, test)


def test_a_line_between_frames_is_a_sign_of_life_and_other_text_is_refused() -> None:
    """However the network cuts it; a line that came in one piece with a frame was refused once."""

    async def test() -> None:
        stream = b"NET2\n" + xk3190.continuous(7) + b"NET2\r\n" + xk3190.continuous(9) + b"hello\n"
        async with listening(DEVICES) as (role, bus), _line(role, b"") as (_, writer):
            for at in range(0, len(stream), 5):
                writer.write(stream[at : at + 5])
                await writer.drain()
                await asyncio.sleep(0)
            await until(lambda: bool(bus.reasons))
            writer.write(stream[:-6])
            await until(lambda: sum(b.received for b in bus.blocks) == 9)
            await settled(role)
            assert bus.reasons == ["malformed"]
            assert role.presence.connection(2) is not None

    within(20, test)


def test_a_password_in_front_of_nothing_we_know_is_not_kept() -> None:
    async def test() -> None:
        async with listening(DEVICES) as (role, bus), _line(role, b"NOBODY:secret\n") as (reader, _):
            assert await reader.read() == b""
            await settled(role)
            assert [r.raw for b in bus.blocks for r in b.rejects] == [b"NOBODY"]

    within(20, test)


def test_a_switched_off_scale_is_refused_by_name() -> None:
    async def test() -> None:
        async with listening(DEVICES) as (role, bus), _line(role, b"OFF3\n" + xk3190.continuous(7)):
            await until(lambda: bool(bus.reasons))
            assert bus.reasons == ["device_disabled"] and bus.rows == 0

    within(20, test)


def test_a_weight_that_does_not_move_is_one_row_an_interval() -> None:
    weighing = Weighing(60_000_000)
    kept = [at for at in range(0, 180) if weighing.see(100.0, at * 1_000_000)[1]]
    assert kept == [0, 4, 64, 124]  # first, at rest, then by the interval
    assert weighing.see(150.0, 180_000_000) == (False, True)


def test_a_jump_of_our_clock_hides_no_weight(monkeypatch: pytest.MonkeyPatch) -> None:
    """A weight at rest is a row an interval, by a clock that does not jump."""
    every_second = msgspec.structs.replace(DEVICES[0], interval_s=1)

    async def test() -> None:
        async with listening((every_second,)) as (role, bus), _line(role, b"WB1:secret\n") as (_, writer):

            async def weigh() -> None:
                while True:
                    writer.write(xk3190.continuous(500))
                    await asyncio.sleep(0.05)

            weighing = asyncio.create_task(weigh())
            await until(lambda: bus.rows == 2)  # first, and at rest
            real = time.time_ns
            monkeypatch.setattr(time, "time_ns", lambda: real() - 3600 * 10**9)
            await until(lambda: bus.rows >= 4)
            weighing.cancel()

    within(20, test)


def test_the_simulated_scale_is_heard() -> None:
    async def test() -> None:
        async with listening(DEVICES) as (role, bus):
            scale = WeighbridgeDevice(("127.0.0.1", role.ports["weighbridge"]), "WB1", "secret")
            scale.indicator.gross = 31_200
            talking = asyncio.create_task(scale.run())
            await until(lambda: bus.rows == 2)
            talking.cancel()
            assert [(g, s) for _, g, _, s in _rows(bus)] == [(31_200, 0), (31_200, 1)]

    within(20, test)
