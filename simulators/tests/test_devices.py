"""Talking devices against a real listener on real ports: they get their readings in, obey, and lose nothing."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import pytest

from simulators.device import Device
from simulators.hj212_device import Hj212Device
from simulators.http_device import HttpDevice
from simulators.mqtt_device import MqttDevice
from simulators.sprayer import Sprayer
from siteloop.gateway.tests.listening import DEVICES, MN, TOKEN, device, listening, within
from siteloop.kernel import block as blocks
from siteloop.kernel.block import Block, Kind
from siteloop.protocols.hj212 import talk


def _says(_now: int) -> dict[str, float]:
    return {"pm25": 80.5, "noise": 61.0}


@contextlib.asynccontextmanager
async def _running(device: Device) -> AsyncIterator[None]:
    task = asyncio.create_task(device.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - it looks at a device from outside
        await asyncio.sleep(0.01)


def _values(found: list[Block]) -> list[float]:
    return [float(blocks.columns(b).values[0, i]) for b in found for i in range(b.rows)]


@pytest.mark.requirement("DUST-27")
@pytest.mark.parametrize("kind", ["hj212", "mqtt", "http"])
def test_a_reading_arrives_and_is_confirmed(kind: str) -> None:
    async def test() -> None:
        async with listening() as (role, bus):
            here = ("127.0.0.1", role.ports["intake" if kind == "http" else kind])
            device: Device = {
                "hj212": lambda: Hj212Device(here, MN, _says),
                "mqtt": lambda: MqttDevice(here, "D4", TOKEN, _says),
                "http": lambda: HttpDevice(here, "D4", TOKEN, _says),
            }[kind]()
            async with _running(device):
                await _until(lambda: device.confirmed == 1)
            assert not device.unconfirmed
            assert _values(bus.blocks) == [80.5]

    within(20, test)


@pytest.mark.parametrize("kind", ["hj212", "mqtt", "http"])
def test_what_was_measured_while_the_platform_was_away_is_sent_later(kind: str) -> None:
    async def test() -> None:
        async with listening() as (role, bus):
            here = ("127.0.0.1", role.ports["intake" if kind == "http" else kind])
            nowhere = ("127.0.0.1", 9)
            device: Device = {
                "hj212": lambda: Hj212Device(nowhere, MN, _says, interval_s=0.05),
                "mqtt": lambda: MqttDevice(nowhere, "D4", TOKEN, _says, interval_s=0.05),
                "http": lambda: HttpDevice(nowhere, "D4", TOKEN, _says, interval_s=0.05),
            }[kind]()
            async with _running(device):
                await _until(lambda: len(device.unconfirmed) >= 3)
                device.interval_s = 60
                device.address = here
                await _until(lambda: not device.unconfirmed)
            assert bus.rows == device.confirmed >= 3

    within(20, test)


def test_a_wrong_clock_is_set_by_the_platform() -> None:
    async def test() -> None:
        async with listening() as (role, _):
            device = Hj212Device(("127.0.0.1", role.ports["hj212"]), MN, lambda _: None)
            device.clock_off_s = 3600
            async with _running(device):
                await _until(lambda: device.is_online)
                device.ask_for_time()
                await _until(lambda: "1012" in device.commands)
            assert abs(device.clock_off_s) < 2

    within(20, test)


def test_history_is_sent_when_asked_for() -> None:
    async def test() -> None:
        async with listening() as (role, bus):
            device = Hj212Device(("127.0.0.1", role.ports["hj212"]), MN, _says)
            async with _running(device):
                await _until(lambda: device.confirmed == 1)
                held, now = role.presence.connection(1), device.now_us()
                cn, area = talk.command(
                    "request_history",
                    {"kind": "minute", "from_us": now - 3_600_000_000, "to_us": now + 60_000_000},
                    now,
                )
                held.send(talk.request(talk.qn_of(now), "39", cn, "123456", MN, area))  # type: ignore[union-attr]
                await _until(lambda: device.confirmed == 2)
            kinds = [int(k) for b in bus.blocks if b.rows for k in blocks.columns(b).kind]
            assert kinds == [Kind.REALTIME, Kind.MINUTE]

    within(20, test)


@pytest.mark.requirement("DUST-06")
@pytest.mark.parametrize(("works", "states"), [(True, ["accepted", "done"]), (False, ["accepted", "failed"])])
def test_a_sprayer_runs_when_told_or_says_that_it_cannot(works: bool, states: list[str]) -> None:
    async def test() -> None:
        async with listening(DEVICES) as (role, bus):
            sprayer = Sprayer(("127.0.0.1", role.ports["mqtt"]), "SPRAY5", TOKEN, works=lambda: works)
            async with _running(sprayer):
                await _until(lambda: sprayer.confirmed == 1)
                held = role.presence.connection(5)
                held.send_command(
                    role.registry.by_number[5], {"id": "c", "command": "spray_on", "args": {"seconds": 60}}
                )  # type: ignore[union-attr]
                await _until(lambda: role.commands._news.qsize() == 2)
                assert [role.commands._news.get_nowait()[1] for _ in states] == states
                assert sprayer.is_running == works
                if works:
                    await _until(lambda: _values(bus.blocks)[-1] == 1)

    within(20, test)


def test_a_deaf_sprayer_does_not_answer() -> None:
    async def test() -> None:
        async with listening(DEVICES) as (role, _):
            sprayer = Sprayer(("127.0.0.1", role.ports["mqtt"]), "SPRAY5", TOKEN, hears=lambda: False)
            async with _running(sprayer):
                await _until(lambda: sprayer.confirmed == 1)
                sprayer.told({"id": "c", "command": "spray_on"})
                assert not sprayer.is_running
                assert not sprayer.unconfirmed

    within(20, test)


KEY = "6b" * 16


@pytest.mark.requirement("IOT-05", "SEC-09")
@pytest.mark.parametrize(("version", "key"), [("2005", ""), ("2017", ""), ("2025", ""), ("2025", KEY)])
def test_every_version_is_understood_both_ways(version: str, key: str) -> None:
    """Upload and answer, a command with its data, the answer to it, and the heartbeat of 2025."""

    async def test() -> None:
        one = device(1, MN, password="123456", version=version, sm4_key=key)
        async with listening((one,)) as (role, bus):
            here = ("127.0.0.1", role.ports["hj212"])
            told = Hj212Device(here, MN, _says, version=version, sm4_key=key)
            async with _running(told):
                await _until(lambda: told.confirmed == 1)
                held, now = role.presence.connection(1), told.now_us()
                args = {"kind": "minute", "from_us": now - 3_600_000_000, "to_us": now + 60_000_000}
                cn, area = talk.command("request_history", args, now)
                held.send(  # type: ignore[union-attr]
                    talk.request(talk.qn_of(now), "39", cn, "123456", MN, area, "hj212", version, key)
                )
                await _until(lambda: told.confirmed == 2)
                told.beat()
                await _until(lambda: told.confirmed == 3)
            assert told.commands == ["2051"]
            assert _values(bus.blocks) == [80.5, 80.5]
            kinds = [int(k) for b in bus.blocks if b.rows for k in blocks.columns(b).kind]
            assert sorted(kinds) == [Kind.REALTIME, Kind.MINUTE]

    within(30, test)
