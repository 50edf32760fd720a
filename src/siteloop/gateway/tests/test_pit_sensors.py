"""Points of a pit: asked over Modbus, told over HTTP, by a sensor or by a person; kept with what they are."""

from pathlib import Path

import httpx
import pytest

from simulators.modbus_server import SensorServer
from simulators.register_sensor import RegisterSensor
from siteloop.gateway.tests.listening import TOKEN, device, listening, settled, until, within
from siteloop.gateway.tests.planes import Plane
from siteloop.kernel.profiles import PROFILES
from siteloop.kernel.quality import Quality, unpack
from siteloop.protocols.modbus.map import load

#: a logger of vibrating wire gauges
MAP = """
profile = "pit"
[[field]]
name = "earth_pressure"
register = 0
type = "i32"
scale = 0.01
invalid = [2147483647]
[[field]]
name = "water_pressure"
register = 2
type = "i32"
scale = 0.01
"""
DOCS = Path(__file__).parents[4] / "docs" / "protocols" / "sensors.md"
INDEX = PROFILES["pit"].index


@pytest.mark.requirement("PIT-03", "IOT-09")
def test_pressure_gauges_are_asked_and_levels_told_and_all_are_kept(tmp_path: Path) -> None:
    async def test() -> None:
        gauges = RegisterSensor(load(MAP), lambda _: {"earth_pressure": 84.25, "water_pressure": -3.5})
        server = SensorServer({1: gauges})
        await server.start()
        cell = device(71, "EP-71", profile="pit", polled_at=f"127.0.0.1:{server.port}", registers=MAP)
        async with listening((cell, device(72, "TS-72", profile="pit"))) as (role, bus):
            await until(lambda: bus.rows >= 1)
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{role.ports['intake']}") as client:
                told = {"vertical": -12.4, "horizontal": 3.15, "water_level": -6.102}
                proof = {"Authorization": f"Bearer TS-72:{TOKEN}"}
                answer = await client.post("/api/v1/intake/pit", json=told, headers=proof)
                assert answer.status_code == 202
            await settled(role)
        await server.stop()
        plane = Plane(tmp_path)
        connection = await plane.connect()
        await plane.store(connection, *bus.blocks)
        await connection.close()
        rows = plane.ask(
            "SELECT DISTINCT device, earth_pressure, water_pressure, vertical FROM telemetry.pit ORDER BY device"
        )
        assert rows == [(71, 84.25, -3.5, None), (72, None, None, pytest.approx(-12.4))]

    within(60, test)


@pytest.mark.requirement("PIT-31")
def test_what_a_person_read_is_told_apart_from_what_a_sensor_said(tmp_path: Path) -> None:
    async def test() -> None:
        async with listening((device(72, "TS-72", profile="pit"),)) as (role, bus):
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{role.ports['intake']}") as client:
                body = {"vertical": -12.4, "horizontal": 3.1, "flags": {"vertical": "S"}}
                proof = {"Authorization": f"Bearer TS-72:{TOKEN}"}
                answer = await client.post("/api/v1/intake/pit", json=body, headers=proof)
                assert answer.status_code == 202
            await settled(role)
        plane = Plane(tmp_path)
        connection = await plane.connect()
        await plane.store(connection, *bus.blocks)
        await connection.close()
        ((quality,),) = plane.ask("SELECT quality FROM telemetry.pit")
        flags = unpack(quality, len(PROFILES["pit"].fields))
        assert (flags[INDEX("vertical")], flags[INDEX("horizontal")]) == (Quality.MANUAL, Quality.NORMAL)

    within(30, test)


@pytest.mark.parametrize("profile", ["pit", "curing_room", "energy_meter"])
def test_every_field_stands_in_the_docs(profile: str) -> None:
    page = DOCS.read_text()
    assert [f.name for f in PROFILES[profile].fields if f"| {f.name} |" not in page] == []
    assert f"siteloop/{profile}/<code>" in page
