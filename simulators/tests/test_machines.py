"""Simulated cranes, hoists and vehicles against the real ports."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from simulators.device import Device
from simulators.jt808_device import Jt808Device
from simulators.lifting_device import LiftingDevice
from siteloop.gateway.tests.listening import device, listening, until, within
from siteloop.kernel import block as blocks
from siteloop.protocols.jt808.messages import Id, Result

DEVICES = (
    device(41, "TC0041", profile="tower_crane"),
    device(42, "0000AA", profile="tower_crane"),
    device(43, "LA000043", profile="hoist"),
    device(44, "0000BB", profile="hoist"),
    device(45, "13900000045", profile="vehicle", password="code-45"),
)


@contextlib.asynccontextmanager
async def _running(machine: Device) -> AsyncIterator[None]:
    task = asyncio.create_task(machine.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@pytest.mark.parametrize(
    ("speech", "code", "number", "said"),
    [
        ("goyo_crane", "TC0041", 41, {"load": 4.0, "radius": 20.0, "wind_speed": 5.2}),
        ("a55a_crane", "0000AA", 42, {"load": 4.0, "radius": 20.0, "wind_speed": 5.2}),
        ("goyo_hoist", "LA000043", 43, {"load": 900.0, "height": 12.5}),
        ("a55a_hoist", "0000BB", 44, {"load": 900.0, "height": 12.5, "persons": 7.0}),
    ],
)
def test_a_machine_reports_in_its_makers_format_and_has_its_clock_set(
    speech: str, code: str, number: int, said: dict[str, float]
) -> None:
    async def test() -> None:
        async with listening(DEVICES) as (role, bus):
            machine = LiftingDevice(("127.0.0.1", role.ports["lifting"]), code, lambda _: said, speech)
            machine.clock_off_s = -120
            async with _running(machine):
                await until(lambda: bus.rows >= 1 and bool(machine.answers))
            assert blocks.columns(bus.blocks[0]).device.tolist() == [number]
            assert bus.reasons == []
            if speech.startswith("goyo"):
                assert abs(machine.clock_off_s) < 3

    within(30, test)


@pytest.mark.parametrize("is_2019", [False, True])
def test_a_vehicle_registers_and_has_its_locations_confirmed(is_2019: bool) -> None:
    async def test() -> None:
        async with listening(DEVICES) as (role, bus):
            here = ("127.0.0.1", role.ports["jt808"])
            vehicle = Jt808Device(
                here, "13900000045", lambda _: {"lon": 120.75, "lat": 30.77, "load_state": 3}, is_2019=is_2019
            )
            async with _running(vehicle):
                await until(lambda: vehicle.confirmed == 1)
            assert vehicle.code_given == "code-45"
            assert vehicle.results[-1] == (Id.LOCATION, Result.OK)
            assert bus.rows == 1

    within(30, test)
