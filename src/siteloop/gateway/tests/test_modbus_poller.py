"""The poller against a real Modbus TCP server: rows by the map, silence and refusals flagged, back-off, one poller of several."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from simulators.modbus_server import SensorServer
from simulators.register_sensor import RegisterSensor
from siteloop.gateway.listeners import modbus
from siteloop.gateway.listeners.modbus import Poller, sensors
from siteloop.gateway.tests.listening import listening, settled, until, within
from siteloop.kernel import block as blocks
from siteloop.kernel.profiles import DUST
from siteloop.kernel.quality import Quality
from siteloop.kernel.registry import DeviceEntry, Registry
from siteloop.kernel.times import SECOND
from siteloop.protocols.modbus import line
from siteloop.protocols.modbus.map import Request, Table, load

MAP = """
profile = "dust"
unit = 1
[[field]]
name = "pm25"
register = 0
invalid = [65535]
[[field]]
name = "noise"
register = 3
scale = 0.1
[[field]]
name = "temperature"
register = 60
table = "input"
type = "i16"
scale = 0.1
"""
PM25, NOISE, TEMPERATURE = (DUST.index(n) for n in ("pm25", "noise", "temperature"))


def _device(number: int, at: str, **more: Any) -> DeviceEntry:
    return DeviceEntry(
        number, f"MB{number}", "dust", 1, "330482", interval_s=1, polled_at=at, registers=MAP, **more
    )


@contextlib.asynccontextmanager
async def _serving(**units: RegisterSensor) -> AsyncIterator[SensorServer]:
    server = SensorServer({int(k[1:]): v for k, v in units.items()})
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


def _sensor(**said: float) -> RegisterSensor:
    return RegisterSensor(load(MAP), lambda now: said)


def _rows(bus: Any) -> list[tuple[int, list[float], list[int]]]:
    found = []
    for block in bus.blocks:
        if block.rows:
            c = blocks.columns(block)
            for i, number in enumerate(c.device):
                at = [PM25, NOISE, TEMPERATURE]
                found.append((int(number), c.values[at, i].tolist(), c.quality[at, i].tolist()))
    return found


@pytest.mark.requirement("IOT-06")
def test_sensors_behind_one_address_become_rows() -> None:
    async def test() -> None:
        one, two = _sensor(pm25=80, noise=61.5, temperature=-5.5), _sensor(pm25=12, noise=40, temperature=20)
        async with _serving(u1=one, u7=two) as server:
            at = f"127.0.0.1:{server.port}"
            async with listening((_device(1, at), _device(2, f"{at}/7"))) as (role, bus):
                await until(lambda: bus.rows >= 3)  # asked again after the interval
                await settled(role)
                rows = _rows(bus)
                assert {n for n, _, _ in rows} == {1, 2} and not bus.reasons
                values = dict((n, v) for n, v, _ in rows)
                assert values[1] == pytest.approx([80, 61.5, -5.5]) and values[2] == pytest.approx(
                    [12, 40, 20]
                )
                assert len(role.poller.lines) == 1 and set(role.presence._seen) == {1, 2}

    within(30, test)


def test_a_request_that_is_refused_flags_its_fields() -> None:
    async def test() -> None:
        sensor = _sensor(pm25=80, noise=61.5, temperature=20)
        sensor.refuses = {Table.INPUT}
        async with (
            _serving(u1=sensor) as server,
            listening((_device(1, f"127.0.0.1:{server.port}"),)) as (_, bus),
        ):
            await until(lambda: bus.rows >= 1)
            _, values, quality = _rows(bus)[0]
            assert values[:2] == pytest.approx([80, 61.5]) and values[2] != values[2]
            assert quality == [Quality.NORMAL, Quality.NORMAL, Quality.COMMUNICATION]

    within(30, test)


def test_who_does_not_answer_is_asked_less_often_and_again_when_it_is_back() -> None:
    async def test() -> None:
        sensor = _sensor(pm25=80, noise=61.5, temperature=20)
        async with _serving(u1=sensor) as server:
            at = f"127.0.0.1:{server.port}"
            await server.stop()
            async with listening((_device(1, at),)) as (role, bus):
                await until(
                    lambda: any(s.failures for f in role.poller._sensors.values() for s in f.values())
                )
                assert bus.rows == 0 and not bus.reasons  # silence is no message
                await server.start()
                await until(lambda: bus.rows >= 1)

    within(40, test)


def _reply(request: bytes, value: int) -> bytes:
    """The answer of a sensor whose registers all hold `value`."""
    data = bytes((request[7], 2 * request[11])) + value.to_bytes(2, "big") * request[11]
    return request[:4] + (len(data) + 1).to_bytes(2, "big") + request[6:7] + data


def _of_another(request: bytes) -> bytes:
    """An answer to a question nobody asked."""
    return bytes((request[0] ^ 0x55,)) + _reply(request, 999)[1:]


BAD_ANSWERS: dict[str, Callable[[bytes], bytes]] = {
    "noise": lambda request: bytes(range(200, 250)),
    "half": lambda request: _reply(request, 999)[:9],
    "giant": lambda request: request[:4] + b"\xff\xff" + request[6:8] + bytes(300),
    "empty": lambda request: request[:4] + b"\x00\x02" + request[6:8],
    "too short": lambda request: request[:4] + b"\x00\x05" + request[6:8] + b"\x02\x03\xe7",
    "of another": _of_another,
    "silence": lambda request: b"",
}


@pytest.mark.requirement("IOT-02")
@pytest.mark.parametrize("kind", BAD_ANSWERS)
def test_a_bad_answer_becomes_no_value_and_the_next_good_one_counts(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first question of each connection gets the bad answer; where none came in time, it comes before the next one."""
    monkeypatch.setattr(modbus, "ANSWER_S", 0.3)
    asked = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        late = b""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                request = await reader.readexactly(12)
                asked += 1
                if asked == 1:
                    writer.write(BAD_ANSWERS[kind](request))
                    late = _reply(request, 999) if kind == "silence" else b""
                    continue
                writer.write(late + _reply(request, 80))
                late = b""
        writer.close()

    async def test() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with listening((_device(1, f"127.0.0.1:{port}"),)) as (_, bus):
            await until(lambda: any(v[0] == 80 for _, v, _ in _rows(bus)))
            assert all(
                v != v or v == pytest.approx(80 * s)
                for _, row, _ in _rows(bus)
                for v, s in zip(row, (1, 0.1, 0.1), strict=True)
            )
        server.close()

    within(20, test)


def test_a_jump_of_our_clock_stops_no_asking(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        async with (
            _serving(u1=_sensor(pm25=80, noise=1, temperature=1)) as server,
            listening((_device(1, f"127.0.0.1:{server.port}"),)) as (_, bus),
        ):
            await until(lambda: bus.rows >= 1)
            real = time.time_ns
            monkeypatch.setattr(time, "time_ns", lambda: real() - 3600 * 10**9)
            await until(lambda: bus.rows >= 3)

    within(20, test)


def test_the_registry_says_who_is_asked() -> None:
    bad = msgspec.structs.replace(_device(3, "10.0.0.9"), registers='profile = "dust"')
    off = msgspec.structs.replace(_device(4, "10.0.0.9"), enabled=False)
    nowhere = _device(5, "not an address")
    other = msgspec.structs.replace(_device(6, "10.0.0.9"), profile="sprayer")
    edge = msgspec.structs.replace(_device(7, "10.0.0.9"), site=9)
    found = sensors(Registry(1, (_device(1, "10.0.0.9:5020/3"), bad, off, nowhere, other, edge), ()), {9})
    assert {a: {n: s.unit for n, s in f.items()} for a, f in found.items()} == {("10.0.0.9", 5020): {1: 3}}


def test_a_device_that_leaves_the_registry_is_asked_no_more() -> None:
    async def test() -> None:
        async with (
            _serving(u1=_sensor(pm25=80, noise=1, temperature=1)) as server,
            listening((_device(1, f"127.0.0.1:{server.port}"),)) as (role, bus),
        ):
            await until(lambda: bus.rows >= 1)
            role.registry.use(Registry(2, (), ()))
            await until(lambda: not role.poller.lines)

    within(30, test)


def test_without_the_lease_nobody_is_asked(tmp_path: Any) -> None:
    from siteloop.gateway import lease
    from siteloop.gateway.tests.planes import Plane

    async def test() -> None:
        plane = Plane(tmp_path)
        async with (
            listening((_device(1, "127.0.0.1:1"),)) as (role, _),
            await lease.connect(plane.dsn) as holder,
        ):
            await lease.hold(holder, "poller", 0)
            settings = replace(role.settings, dsn=plane.dsn)
            second = Poller(settings, role.registry, role.gatherings["modbus"], role.presence)
            task = asyncio.create_task(second.run())
            await asyncio.sleep(0.3)
            assert not second.lines
            await holder.close()
            await until(lambda: bool(second.lines))
            task.cancel()

    within(30, test)


def test_pauses_double_and_end_at_ten_minutes() -> None:
    assert [line.pause(60 * SECOND, n) // SECOND for n in range(6)] == [60, 120, 240, 480, 600, 600]
    assert line.pause(3600 * SECOND, 3) == 3600 * SECOND


def test_archived_answers_are_read_again_the_same_way() -> None:
    found = load(MAP)
    answers = {Request(Table.HOLDING, 0, 4): [80, 0, 0, 615], Request(Table.INPUT, 60, 1): None}
    raw = line.kept(answers)
    assert raw == b'[["holding",0,[80,0,0,615]],["input",60,null]]'
    row = line.reread(found, raw, 5, {})
    assert row.values[PM25] == 80 and row.quality[TEMPERATURE] == Quality.COMMUNICATION


@pytest.mark.parametrize("text", ["", "host:0", "host:99999", "host/248", "a b", "http://x", "h:502/1/2"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match="轮询地址"):
        line.place(text)
