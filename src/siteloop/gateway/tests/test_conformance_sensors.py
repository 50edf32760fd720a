"""The kit for weighbridges and Modbus: our simulators and our poller pass, each fault is found by its case."""

import asyncio
import struct
from typing import Any

import pytest

from simulators import weighbridge_device
from simulators.indicator import Indicator
from simulators.modbus_server import SensorServer
from simulators.register_sensor import RegisterSensor
from simulators.weighbridge_device import WeighbridgeDevice
from siteloop.gateway.conformance import modbus
from siteloop.gateway.conformance.asked import Asked
from siteloop.gateway.conformance.running import BadQuestion, run
from siteloop.gateway.listeners import modbus as poller
from siteloop.gateway.tests.listening import listening, within
from siteloop.gateway.tests.test_conformance import failures, shown
from siteloop.kernel.conformance import Report, Verdict
from siteloop.kernel.registry import DeviceEntry
from siteloop.protocols.framing import Refusal
from siteloop.protocols.modbus.map import load
from siteloop.protocols.weighbridge import xk3190

MARK = pytest.mark.requirement("IOT-03", "IOT-06")
MAP = """
profile = "dust"
unit = 3
[[field]]
name = "pm25"
register = 0
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


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scales show fast and come again at once; our poller gives up soon."""
    monkeypatch.setattr(weighbridge_device, "EVERY_S", 0.02)
    monkeypatch.setattr(weighbridge_device, "RECONNECT_S", 0.05)
    monkeypatch.setattr(poller, "ANSWER_S", 0.3)


# ---- weighbridges


class Swinging(Indicator):
    """A truck comes and goes."""

    def shown(self) -> bytes:
        self.gross = 0.0 if self.gross else 25_640.0
        return super().shown()


class Scale(WeighbridgeDevice):
    """The simulated one with a truck on and off."""

    def __init__(self, address: tuple[str, int], code: str, password: str = "") -> None:
        super().__init__(address, code, password)
        self.indicator = Swinging()


class Nameless(Scale):
    """Sends no registration line."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.line = b""


class OtherCode(Scale):
    """Is set to another code."""

    def __init__(self, address: tuple[str, int], code: str, password: str = "") -> None:
        super().__init__(address, "OTHER", password)


class NoPassword(Scale):
    """Leaves the password out."""

    def __init__(self, address: tuple[str, int], code: str, password: str = "") -> None:
        super().__init__(address, code)


class Shown(Scale):
    """A display of its own making."""

    frame = b""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        frame = self.frame

        class Odd(Indicator):
            def shown(self) -> bytes:
                return frame

        self.indicator = Odd()


class WrongXor(Shown):
    """Adds instead of XOR."""

    frame = b"\x02+01234507F\x03"


class TooHeavy(Shown):
    """Shows grams."""

    frame = xk3190.continuous(999_999)


class CommandMode(Shown):
    """Is set to command mode and answers unasked."""

    frame = xk3190.answer("A", xk3190.Command.GROSS, 12.0)


async def _scale(kind: type[Scale], **more: Any) -> Report:
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    told = {"code": "WB1", "password": "secret", "patience": 5.0, "answer": 2.0, "quiet": 0.3, **more}
    asked = Asked("weighbridge", ("127.0.0.1", 0), listens=True, **told)
    running = asyncio.create_task(run(asked, ready=port.set_result))
    talking = asyncio.create_task(kind(("127.0.0.1", await port), "WB1", "secret").run())
    try:
        return await running
    finally:
        talking.cancel()
        await asyncio.gather(talking, return_exceptions=True)


@MARK
def test_our_simulated_weighbridge_passes() -> None:
    async def test() -> None:
        report = await _scale(Scale)
        assert failures(report) == {}
        wanted = {"connect", "named", "weight", "reconnect", "framing", "range", "moving"}
        assert shown(report) == wanted
        assert report.role == "device"
        assert not any("secret" in s.text for r in report.results for s in r.seen)

    within(40, test)


@MARK
@pytest.mark.parametrize(
    ("kind", "found_by"),
    [
        (Nameless, "named"),
        (OtherCode, "named"),
        (NoPassword, "named"),
        (WrongXor, "framing"),
        (TooHeavy, "range"),
        (CommandMode, "weight"),
    ],
)
def test_each_fault_of_a_weighbridge_is_found(kind: type[Scale], found_by: str) -> None:
    async def test() -> None:
        report = await _scale(kind, patience=1.0)
        assert found_by in failures(report), {r.code: (r.verdict, r.found) for r in report.results}

    within(40, test)


@MARK
def test_a_display_that_stands_still_is_not_failed_for_it() -> None:
    async def test() -> None:
        report = await _scale(WeighbridgeDevice)  # type: ignore[arg-type]
        assert {r.code: r.verdict for r in report.results}["moving"] is Verdict.NOT_SHOWN

    within(40, test)


@MARK
def test_a_platform_that_takes_anything_is_found_out() -> None:
    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(4096):
            pass
        writer.close()

    async def test() -> None:
        server = await asyncio.start_server(swallow, "127.0.0.1", 0)
        where = server.sockets[0].getsockname()[:2]
        report = await run(Asked("weighbridge", where, listens=False, code="WB1", answer=0.2))
        server.close()
        assert set(failures(report)) == {"unnamed", "unknown", "password"}

    within(30, test)


# ---- Modbus


def _good(now: int) -> dict[str, float]:
    return {"pm25": 80.0, "noise": 61.5, "temperature": -5.5}


class Broken(SensorServer):
    """Spoils the answers to some questions."""

    def __init__(self, fault: str) -> None:
        behave = (lambda now: {**_good(now), "noise": 6_000.0}) if fault == "loud" else _good
        super().__init__({3: RegisterSensor(load(MAP), behave)})
        self.fault = fault

    def _answer(self, unit: int, asked: bytes) -> bytes | None:
        function, register, count = struct.unpack(">BHH", asked[:5])
        if self.fault == "swallows" and function not in (3, 4):
            return None
        if self.fault == "boundless" and (count > 125 or register + count > 65_536):
            return struct.pack(">BB", function, 250) + bytes(250)
        answer = super()._answer(unit, asked)
        if answer is not None and self.fault == "short":
            return answer[:1] + bytes((answer[1] - 2,)) + answer[2:-2]
        return None if self.fault == "deaf" else answer


async def _sensor(server: SensorServer, **more: Any) -> Report:
    await server.start()
    try:
        told = {"registers": MAP, "answer": 0.4, "patience": 1.0, **more}
        return await run(Asked("modbus", ("127.0.0.1", server.port), listens=False, **told))
    finally:
        await server.stop()


@MARK
def test_our_simulated_sensor_passes() -> None:
    async def test() -> None:
        report = await _sensor(Broken("none"))
        assert failures(report) == {}
        assert shown(report) == {c.code for c in modbus.DEVICE.cases}
        assert report.role == "device"

    within(30, test)


@MARK
@pytest.mark.parametrize(
    ("fault", "found_by"),
    [
        ("deaf", {"read", "header", "again", "pieces", "reconnect"}),
        ("short", {"read"}),
        ("loud", {"values"}),
        ("swallows", {"function"}),
        ("boundless", {"count", "beyond"}),
    ],
)
def test_each_fault_of_a_sensor_is_found(fault: str, found_by: set[str]) -> None:
    async def test() -> None:
        report = await _sensor(Broken(fault))
        assert found_by <= set(failures(report)), {r.code: (r.verdict, r.found) for r in report.results}

    within(30, test)


@MARK
def test_the_device_address_may_be_another_than_the_maps() -> None:
    async def test() -> None:
        server = SensorServer({9: RegisterSensor(load(MAP), _good)})
        assert failures(await _sensor(server, unit=9)) == {}
        assert "read" in failures(await _sensor(server))

    within(30, test)


async def _poller(patience: float = 8.0, **more: Any) -> Report:
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    asked = Asked(
        "modbus", ("127.0.0.1", 0), listens=True, registers=MAP, patience=patience, answer=0.5, **more
    )
    running = asyncio.create_task(run(asked, ready=port.set_result))
    where = f"127.0.0.1:{await port}"
    device = DeviceEntry(1, "MB1", "dust", 1, "330482", interval_s=1, polled_at=where, registers=MAP)
    async with listening((device,)):
        return await running


@MARK
def test_our_poller_is_a_sound_platform() -> None:
    async def test() -> None:
        report = await _poller()
        assert failures(report) == {}
        assert shown(report) == {c.code for c in modbus.PLATFORM.cases}
        assert report.role == "platform"

    within(60, test)


@MARK
def test_a_poller_of_the_wrong_address_is_found_out() -> None:
    async def test() -> None:
        assert "ask" in failures(await _poller(patience=2.0, unit=4))

    within(60, test)


def test_a_map_is_needed_and_its_fault_is_told() -> None:
    async def test() -> None:
        for text in ("", 'profile = "dust"\nfield = []'):
            with pytest.raises(BadQuestion, match="--map"):
                await run(Asked("modbus", ("127.0.0.1", 0), listens=False, registers=text))

    within(5, test)


def test_bytes_that_are_no_modbus_are_refused_and_half_a_message_waits() -> None:
    whole = modbus.build(7, 1, b"\x03\x02\x00\x50")
    assert modbus.cut(whole + whole[:5]) == (len(whole), [modbus.Adu(whole, 7, 1, whole[7:])])
    ((used, (refused,)),) = [modbus.cut(b"HTTP/1.1 400 Bad Request\r\n")]
    assert used == 26 and isinstance(refused, Refusal)
