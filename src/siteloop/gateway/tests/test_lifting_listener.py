"""The port of cranes and hoists over real sockets: who is answered, when, what is counted, and what reaches the tables."""

import asyncio
import time
from pathlib import Path

import pytest

from siteloop.gateway.tests.listening import device, listening, settled, until, within
from siteloop.gateway.tests.planes import Plane
from siteloop.kernel import block as blocks
from siteloop.kernel.block import Kind
from siteloop.kernel.profiles import PROFILES
from siteloop.kernel.times import DAY, SECOND
from siteloop.protocols.clock import as_binary
from siteloop.protocols.lifting import a55a, goyo_crane, goyo_hoist, stream
from siteloop.protocols.lifting.frame import Frame

DEVICES = (
    device(21, "TC0001", profile="tower_crane"),
    device(22, "90F72F", profile="tower_crane"),
    device(23, "LA000214", profile="hoist"),
    device(24, "TC0OFF", profile="tower_crane", enabled=False),
    device(25, "DUST25"),
)
SAID = {"load": 4.0, "radius": 20.0, "load_percent": 80.0, "moment_percent": 50.0, "wind_speed": 5.2}
INDEX = PROFILES["tower_crane"].index


def _now() -> int:
    return time.time_ns() // 1000 // SECOND * SECOND


def _cycle(code: str, begin: int) -> bytes:
    fields = (
        1,
        1,
        as_binary(begin),
        as_binary(begin + 60 * SECOND),
        6099,
        0,
        300,
        130,
        0,
        0,
        0,
        0,
        130,
        0,
        0,
        260,
    )
    return a55a.build(a55a.Type.CRANE_CYCLE, code, a55a.CRANE_CYCLE.pack(*fields))


async def _talk(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", port)


async def _heard(reader: asyncio.StreamReader) -> Frame:
    buffer = b""
    while True:
        buffer += await asyncio.wait_for(reader.read(4096), 10)
        _, found = stream.cut(buffer)
        if found:
            assert isinstance(found[0], Frame)
            return found[0]


@pytest.mark.requirement("TC-13", "IOT-03", "SHR-09")
def test_three_makers_speak_on_one_port() -> None:
    async def test() -> None:
        async with listening(DEVICES) as (role, bus):
            _, writer = await _talk(role.ports["lifting"])
            now = _now()
            writer.write(goyo_crane.realtime("TC0001", now, SAID) + a55a.crane_realtime("90F72F", now, SAID))
            writer.write(goyo_hoist.realtime("LA000214", now, {"load": 900, "height": 12.5, "floor": 4}))
            writer.write(_cycle("90F72F", now - 300 * SECOND))
            await until(lambda: bus.rows >= 4)
            kept = {b.profile: blocks.columns(b) for b in bus.blocks if b.rows}
            assert set(kept) == {"tower_crane", "hoist", "crane_cycle"}
            assert sorted(kept["tower_crane"].device.tolist()) == [21, 22]
            assert kept["tower_crane"].values[INDEX("moment_percent")].tolist() == [50.0, 50.0]
            assert kept["crane_cycle"].kind.tolist() == [Kind.CYCLE]
            assert role.presence.devices() == [21, 22, 23]
            writer.close()

    within(20, test)


def _standing(at: int, lon: float, lat: float) -> bytes:
    raw = bytearray(goyo_crane.realtime("TC0001", at, SAID))
    raw[38:46] = round(lon * 100_000).to_bytes(4, "little") + round(lat * 100_000).to_bytes(4, "little")
    return bytes(raw)


@pytest.mark.requirement("SEC-09")
def test_where_a_crane_stands_is_kept_now_and_then_and_when_it_is_elsewhere() -> None:
    async def test() -> None:
        async with listening(DEVICES) as (role, bus):
            _, writer = await _talk(role.ports["lifting"])
            now = _now() - 1000 * SECOND
            told = [(0, 120.75), (60, 120.7501), (120, 120.76), (180, 120.76), (720, 120.76)]
            for seconds, lon in told:
                writer.write(_standing(now + seconds * SECOND, lon, 30.75))
            writer.write(_standing(now + 800 * SECOND, 0, 0))  # no fix
            await until(lambda: bus.rows >= 6 + 3)
            await settled(role)
            kept = [blocks.columns(b) for b in bus.blocks if b.profile == "position"]
            found = [
                (int(at - now) // SECOND, round(float(lon), 2))
                for c in kept
                for at, lon in zip(c.at, c.values[0], strict=True)
            ]
            assert found == [(0, 120.75), (120, 120.76), (720, 120.76)]
            assert {int(d) for c in kept for d in c.device} == {21}
            assert not bus.reasons
            writer.close()

    within(20, test)


def test_nobody_is_answered_before_what_came_before_is_on_disk() -> None:
    async def test() -> None:
        async with listening(DEVICES) as (role, bus):
            bus.hold()
            reader, writer = await _talk(role.ports["lifting"])
            writer.write(
                goyo_crane.realtime("TC0001", _now(), SAID) + goyo_crane.heartbeat("TC0001", _now() - DAY)
            )
            await asyncio.wait_for(bus.asked.wait(), 10)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(reader.read(100), 0.2)
            bus.release()
            told = await _heard(reader)
            assert (told.command, told.data[0]) == (goyo_crane.Func.HEARTBEAT, 1)
            assert bus.rows == 1
            writer.close()

    within(20, test)


@pytest.mark.requirement("IOT-07")
def test_stored_data_are_confirmed_when_they_are_on_disk_and_only_if_they_were_read() -> None:
    async def test() -> None:
        async with listening(DEVICES) as (role, bus):
            reader, writer = await _talk(role.ports["lifting"])
            unknown = goyo_hoist.build(goyo_hoist.Command.OFFLINE, b"LA000214" + bytes(9))
            frame = goyo_hoist.realtime("LA000214", _now() - 40 * DAY, {"load": 900})
            stored = goyo_hoist.build(goyo_hoist.Command.OFFLINE, frame[8:-4])
            writer.write(unknown + stored)
            told = await _heard(reader)
            assert (told.command, told.data) == (goyo_hoist.Command.OFFLINE, b"")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(reader.read(100), 0.2)
            assert (bus.rows, bus.reasons) == (1, ["unsupported"])
            writer.close()

    within(20, test)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (lambda: goyo_crane.realtime("NOBODY", _now(), SAID), "unknown_device"),
        (lambda: goyo_crane.realtime("TC0OFF", _now(), SAID), "device_disabled"),
        (lambda: goyo_crane.realtime("DUST25", _now(), SAID), "unsupported"),
        (lambda: goyo_crane.realtime("TC0001", _now() + 3600 * SECOND, SAID), "in_the_future"),
        (lambda: goyo_crane.realtime("TC0001", _now() - 60 * DAY, SAID), "too_old"),
        (lambda: goyo_hoist.realtime("LA000214", _now(), {})[:-4] + b"\0\0{{", "bad_crc"),
        (lambda: b"GET / HTTP/1.1\r\n\r\n", "malformed"),
    ],
)
def test_what_is_refused_is_counted_with_its_reason(raw: object, reason: str) -> None:
    async def test() -> None:
        async with listening(DEVICES) as (role, bus):
            _, writer = await _talk(role.ports["lifting"])
            writer.write(raw())  # type: ignore[operator]
            writer.write(goyo_crane.realtime("TC0001", _now(), SAID))
            await until(lambda: bus.rows >= 1)
            await settled(role)
            assert bus.reasons == [reason]
            assert sum(b.received for b in bus.blocks) == 2
            writer.close()

    within(20, test)


def test_half_a_frame_at_the_end_of_a_connection_is_refused() -> None:
    async def test() -> None:
        async with listening(DEVICES) as (role, bus):
            _, writer = await _talk(role.ports["lifting"])
            writer.write(goyo_crane.realtime("TC0001", _now(), SAID)[:40])
            await writer.drain()
            writer.close()
            await until(lambda: bool(bus.blocks))
            assert bus.reasons == ["wrong_length"]

    within(20, test)


def test_a_code_of_eight_characters_is_known_by_its_first_six() -> None:
    async def test() -> None:
        async with listening(DEVICES) as (role, bus):
            _, writer = await _talk(role.ports["lifting"])
            writer.write(goyo_crane.realtime("TC000199", _now(), SAID))
            await until(lambda: bus.rows >= 1)
            assert blocks.columns(bus.blocks[0]).device.tolist() == [21]
            writer.close()

    within(20, test)


def test_a_command_that_the_format_has_no_words_for_is_reported_failed() -> None:
    async def test() -> None:
        async with listening(DEVICES) as (role, _):
            _, writer = await _talk(role.ports["lifting"])
            writer.write(goyo_crane.heartbeat("TC0001", _now()))
            await until(lambda: bool(role.presence.devices()))
            held = role.presence.connection(21)
            held.send_command(DEVICES[0], {"id": "c1", "command": "spray_on", "args": {}})  # type: ignore[union-attr]
            assert role.commands._news.get_nowait()[:2] == ("c1", "failed")
            writer.close()

    within(20, test)


@pytest.mark.engines
@pytest.mark.requirement("TC-15")
def test_readings_and_work_cycles_reach_their_tables_and_the_ledger_adds_up(tmp_path: Path) -> None:
    async def test() -> None:
        begin = _now() - 300 * SECOND
        async with listening(DEVICES) as (role, bus):
            _, writer = await _talk(role.ports["lifting"])
            writer.write(a55a.crane_realtime("90F72F", _now(), SAID) + _cycle("90F72F", begin))
            writer.write(b"garbage\r\n" + a55a.build(a55a.Type.HEARTBEAT, "90F72F", b""))
            await _heard(_)
            await settled(role)
            writer.close()
        plane = Plane(tmp_path)
        connection = await plane.connect()
        await plane.store(connection, *bus.blocks)
        await connection.close()
        assert plane.ask("SELECT device, load_percent, moment_percent FROM telemetry.tower_crane") == [
            (22, 80, 50)
        ]
        cycles = plane.ask("SELECT device, kind, max_load, duration FROM telemetry.crane_cycle_reported")
        assert cycles == [(22, Kind.CYCLE, pytest.approx(6.099), 60)]
        assert plane.ask("SELECT profile FROM telemetry.latest") == [
            ("tower_crane",)
        ]  # a cycle is no latest state
        received, stored, control, rejected = plane.ledger()
        assert (received, stored, control, rejected) == (4, 2, 1, 1)

    within(60, test)
