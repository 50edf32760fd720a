"""Cranes, hoists and vehicles against the running program: registered through the API, heard on their ports, read back through the API."""

import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from siteloop.entry.engines.processes import address
from siteloop.entry.testing_stack import Stack
from siteloop.kernel.times import SECOND
from siteloop.protocols.jt808 import messages
from siteloop.protocols.jt808.frame import Packet, build, cut
from siteloop.protocols.jt808.messages import Id, Registration, Result
from siteloop.protocols.lifting import goyo_crane, goyo_hoist
from tests.county.caller import Caller

CRANE, HOIST, TERMINAL = "TCE2E1", "HSE2E1", "13900009001"


def _now() -> int:
    return time.time_ns() // 1000 // SECOND * SECOND


@pytest.fixture(scope="module")
def admin(county: Stack, ready: dict[str, Any]) -> Iterator[Caller]:
    """An administrator with one machine of each kind registered."""
    caller = Caller(county.url, "admin", ready["password"])
    sites = caller.client.get("/api/v1/registry/sites?page_size=1&state=under_construction").json()
    for code, profile in ((CRANE, "tower_crane"), (HOIST, "hoist"), (TERMINAL, "vehicle")):
        device = {
            "code": code,
            "profile": profile,
            "site": sites["results"][0]["id"],
            "password": "open-sesame",
        }
        made = caller.client.post("/api/v1/registry/devices", json=device)
        assert made.status_code == 201, made.text
    yield caller
    caller.close()


def _latest(caller: Caller, code: str) -> dict[str, Any]:
    answer = caller.client.get(f"/api/v1/telemetry/{code}/latest")
    return dict(answer.json()["latest"] or {}) if answer.status_code == 200 else {}


def _values(county: Stack, caller: Caller, code: str) -> dict[str, float]:
    """The values of the newest reading, as soon as there is one."""
    county.until(lambda: _latest(caller, code).get("values"), 30)
    return dict(_latest(caller, code)["values"])


@pytest.mark.requirement("TC-13", "SHR-09")
def test_a_crane_and_a_hoist_are_heard_in_their_makers_formats(county: Stack, admin: Caller) -> None:
    def speak() -> bool:
        """Until the listener knows the machine; then the heartbeat is answered."""
        with socket.create_connection(address(county.variables["SITELOOP_LIFTING"]), 10) as line:
            line.settimeout(2)
            crane = {"load": 4.0, "radius": 20.0, "load_percent": 80.0, "moment_percent": 50.0}
            line.sendall(goyo_crane.realtime(CRANE, _now(), crane))
            line.sendall(goyo_hoist.realtime(HOIST, _now(), {"load": 900, "height": 12.5, "floor": 4}))
            line.sendall(goyo_crane.heartbeat(CRANE, _now()))
            try:
                return bool(line.recv(100))
            except TimeoutError:
                return False

    county.until(speak, 60)
    crane = _values(county, admin, CRANE)
    assert (crane["load_percent"], crane["moment_percent"]) == pytest.approx((80, 50))
    hoist = _values(county, admin, HOIST)
    assert (hoist["load"], hoist["height"], hoist["floor"]) == (900, 12.5, 4)


class Line:
    """A vehicle terminal's connection."""

    def __init__(self, county: Stack) -> None:
        self.socket = socket.create_connection(address(county.variables["SITELOOP_JT808"]), 10)
        self.serial, self.rest = 0, b""

    def ask(self, id_: int, body: bytes) -> Packet:
        """Send a message and hear what the platform says to it."""
        (frame,) = build(id_, TERMINAL, self.serial, body, is_2019=True)
        self.serial += 1
        self.socket.sendall(frame)
        while True:
            used, found = cut(self.rest)
            self.rest = self.rest[used:]
            if found:
                assert isinstance(found[0], Packet)
                return found[0]
            self.rest += self.socket.recv(4096)


@pytest.mark.requirement("IOT-03")
def test_a_vehicle_registers_proves_itself_and_is_located(county: Stack, admin: Caller) -> None:
    line = Line(county)
    said = messages.registration_body(Registration(33, 482, "SIM", "SIM-1", "0000001", 2, "浙F12345"), True)
    county.until(lambda: line.ask(Id.REGISTER, said).body[2] == messages.Registered.OK, 60)
    code = messages.text(line.ask(Id.REGISTER, said).body[3:])
    assert code == "open-sesame"
    proof = line.ask(Id.AUTHENTICATE, messages.authentication_body(code, True))
    assert messages.answered(proof.body)[2] == Result.OK  # type: ignore[index]
    here = messages.location_body(lon=120.75, lat=30.77, at=_now(), speed=36.5, status=3 | 3 << 8)
    told = line.ask(Id.LOCATION, here)
    assert messages.answered(told.body)[1:] == (Id.LOCATION, Result.OK)  # type: ignore[index]
    values = _values(county, admin, TERMINAL)
    assert (values["lon"], values["lat"]) == pytest.approx((120.75, 30.77), abs=1e-5)
    assert (values["speed"], values["load_state"]) == (36.5, 3)
    line.socket.close()
