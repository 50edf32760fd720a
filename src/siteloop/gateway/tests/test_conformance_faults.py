"""Faulty devices: each is failed by the case it breaks (platforms: test_conformance_platforms, events: test_conformance_events)."""

import asyncio
import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from simulators import device as clockwork
from simulators import hj212_device, streamed
from simulators.device import Device
from simulators.hj212_device import Hj212Device
from simulators.http_device import HttpDevice
from simulators.jt808_device import Jt808Device
from simulators.lifting_device import LiftingDevice
from simulators.mqtt_device import MqttDevice
from siteloop.gateway.tests.listening import MN, TOKEN, within
from siteloop.gateway.tests.test_conformance import PW, air, examined, failures
from siteloop.kernel.conformance import Report
from siteloop.protocols.jt808 import messages
from siteloop.protocols.jt808.messages import Id
from siteloop.protocols.mqtt import packets
from siteloop.protocols.mqtt.packets import Type

HURRY = {"patience": 1.0, "answer": 0.4, "quiet": 0.6}
FAR = 3_600_000_000  # µs by which a wrong clock is wrong


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Devices come again and repeat at once."""
    monkeypatch.setattr(clockwork, "RESEND_S", 0.2)
    monkeypatch.setattr(clockwork, "RECONNECT_S", 0.05)
    monkeypatch.setattr(streamed, "LOOK_S", 0.05)
    monkeypatch.setattr(hj212_device, "BEAT_S", 0.2)


# ---- what goes wrong in any protocol


class Stubborn(Device):
    """Hears no answer."""

    def confirm(self, key: str) -> None:
        pass


class Forgetful(Device):
    """Never sends again."""

    def due(self) -> list[bytes]:
        found = super().due()
        self.unconfirmed.clear()
        return found


class Late(Device):
    """An hour behind."""

    def now_us(self) -> int:
        return super().now_us() - FAR


class Leaver(Device):
    """Comes once."""

    came = False

    async def talk(self) -> None:
        if self.came:
            raise ConnectionError("gone for good")
        self.came = True
        await super().talk()


class Absent(Device):
    """Never comes."""

    async def talk(self) -> None:
        raise ConnectionError("never came")


# ---- HJ 212


class Monitor(Hj212Device):
    """The simulated monitor."""

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(address, MN, air, password=PW, interval_s=0.2)


class StubbornBeat(Stubborn, Monitor):
    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(address)
        self.version = "2025"


class Long(Monitor):
    """More than 1,024 bytes in one packet."""

    def _frame(self, qn: str, cn: str, flag: int, area: str, st: str = "39", more: str = "") -> bytes:
        more_factors = "".join(f";a{i:05}-Rtd=1,a{i:05}-Flag=N" for i in range(50)) if cn == "2011" else ""
        return super()._frame(qn, cn, flag, area + more_factors, st, more)


class HalfSaid(Monitor):
    """The first of two packets, always."""

    def _frame(self, qn: str, cn: str, flag: int, area: str, st: str = "39", more: str = "") -> bytes:
        is_part = cn == "2011"
        return super()._frame(qn, cn, flag | 2 * is_part, area, st, "PNUM=2;PNO=1;" * is_part + more)


# ---- JT/T 808


class Terminal(Jt808Device):
    """The simulated terminal."""

    def __init__(self, address: tuple[str, int]) -> None:
        where = {"lon": 121.0, "lat": 30.7}
        super().__init__(address, "13900000001", lambda _: where, interval_s=0.1)


class AbsentTerminal(Absent, Terminal):
    pass


class LateTerminal(Late, Terminal):
    pass


class StubbornTerminal(Stubborn, Terminal):
    pass


class ForgetfulTerminal(Forgetful, Terminal):
    pass


class LeavingTerminal(Leaver, Terminal):
    pass


class Says(Terminal):
    """Writes a message another way: `changed` gives (id, body, terminal)."""

    def changed(self, id_: int, body: bytes) -> tuple[bytes, str]:
        return body, self.code

    def _frame(self, id_: int, body: bytes = b"") -> tuple[int, bytes]:
        own, (body, self.code) = self.code, self.changed(id_, body)
        made = super()._frame(id_, body)
        self.code = own
        return made


class ShortRegister(Says):
    def changed(self, id_: int, body: bytes) -> tuple[bytes, str]:
        return body[:9] if id_ == Id.REGISTER else body, self.code


class Guessing(Says):
    """Makes up its authentication code."""

    def changed(self, id_: int, body: bytes) -> tuple[bytes, str]:
        guess = messages.authentication_body("guess", True, "0" * 15, "SIM")
        return guess if id_ == Id.AUTHENTICATE else body, self.code


class CutAuthentication(Says):
    """Says a longer code than it sends."""

    def changed(self, id_: int, body: bytes) -> tuple[bytes, str]:
        return b"\xff" if id_ == Id.AUTHENTICATE else body, self.code


class OtherTerminal(Says):
    def changed(self, id_: int, body: bytes) -> tuple[bytes, str]:
        return body, "13900000002" if id_ == Id.LOCATION else self.code


class NotAsked(Terminal):
    def _tell_location(self, asked: Any) -> None:
        pass


class WrongCheck(Terminal):
    """One location in two has a wrong check code."""

    def word(self, said: dict[str, float], at_us: int) -> tuple[str, bytes]:
        key, frame = super().word(said, at_us)
        return key, frame if int(key) % 2 else frame[:-2] + bytes([frame[-2] ^ 1]) + frame[-1:]


class AnyNumber(Terminal):
    """Draws its serials."""

    def _frame(self, id_: int, body: bytes = b"") -> tuple[int, bytes]:
        self._serial = random.randrange(65_000)
        return super()._frame(id_, body)


class OneNumber(Terminal):
    """The same serial for everything."""

    def _frame(self, id_: int, body: bytes = b"") -> tuple[int, bytes]:
        self._serial = 7
        return super()._frame(id_, body)


# ---- cranes


class Crane(LiftingDevice):
    """The simulated crane."""

    def __init__(self, address: tuple[str, int]) -> None:
        said = {"hook_height": 10.0, "radius": 20.0, "load": 1.0, "slewing": 45.0}
        super().__init__(address, "12345678", lambda _: said, "goyo_crane", interval_s=0.1)


class AbsentCrane(Absent, Crane):
    pass


class LateCrane(Late, Crane):
    def heard(self, buffer: bytes) -> bytes:
        return b""  # an answered heartbeat would set its clock


class LeavingCrane(Leaver, Crane):
    pass


class OtherBeat(Crane):
    """Its heartbeat is another crane's."""

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(address)
        beat = self.heartbeat
        self.heartbeat = lambda _, now: beat("87654321", now)


class OtherCrane(Crane):
    def word(self, said: dict[str, float], at_us: int) -> tuple[str, bytes]:
        return str(at_us), self.realtime("87654321", at_us, said)


class EndlessCrane(Crane):
    """Every other frame has no end; the check byte of this maker is not known to anybody."""

    is_endless = False

    def word(self, said: dict[str, float], at_us: int) -> tuple[str, bytes]:
        self.is_endless = not self.is_endless
        frame = self.realtime(self.code, at_us, said)
        return str(at_us), frame[:-2] + b"\x00\x00" if self.is_endless else frame


# ---- MQTT and HTTP


class Sensor(MqttDevice):
    """The simulated sensor."""

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(address, "KIT-1", TOKEN, air, interval_s=0.1)


class StrangeSensor(Sensor):
    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(address)
        self.token = "another"


class StubbornSensor(Stubborn, Sensor):
    pass


class ForgetfulSensor(Forgetful, Sensor):
    pass


class NoPromise(Sensor):
    """QoS 0."""

    def word(self, said: dict[str, float], at_us: int) -> tuple[str, bytes]:
        body = json.dumps({"at": at_us // 1000, **said}).encode()
        return str(at_us), packets.publish(f"siteloop/dust/{self.code}", body)


class Prose(Sensor):
    def _publish(self, topic: str, body: dict[str, object]) -> tuple[str, bytes]:
        return "1", packets.publish(topic, b"pm25 is fine", 1)


class Secretive(Sensor):
    """Tells of no command how it fares."""

    def told(self, command: dict[str, object]) -> None:
        pass


class Listener(Sensor):
    """Listens to everybody."""

    async def greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await super().greet(reader, writer)
        writer.write(packets.subscribe(2, "siteloop/#"))


class ThreeTimes(Sensor):
    """QoS 3 does not exist."""

    async def greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await super().greet(reader, writer)
        writer.write(packets.build(Type.PUBLISH, b"\x00\x01a\x00\x01x", 0x06))


class Wanderer(Sensor):
    """Tells where it stands before it reads: nothing is wrong with that."""

    async def greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await super().greet(reader, writer)
        where = json.dumps({"lon": 120.75, "lat": 30.76}).encode()
        writer.write(packets.publish(f"siteloop/position/{self.code}", where))


class Poster(HttpDevice):
    """The simulated sensor."""

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(address, "KIT-1", TOKEN, air, interval_s=0.1)


class Careless(Poster):
    """Forgets what the platform had no room for."""

    async def _post(self, path: str, body: bytes) -> tuple[int, bytes]:
        status, answer = await super()._post(path, body)
        return (202, b"{}") if status == 503 else (status, answer)


class Writer(Poster):
    async def _post(self, path: str, body: bytes) -> tuple[int, bytes]:
        return await super()._post(path, b"pm25 is fine")


class Noisy(Poster):
    """Speaks no HTTP now and then."""

    async def talk(self) -> None:
        _, writer = await asyncio.open_connection(*self.address)
        writer.write(b"\x00\x01 no HTTP\r\n\r\n")
        await writer.drain()
        writer.close()
        await super().talk()


DEVICES: list[tuple[str, Callable[[tuple[str, int]], Device], str]] = [
    ("hj212-2017", Long, "longest"),
    ("hj212-2017", HalfSaid, "parts"),
    ("hj212-2025", StubbornBeat, "heartbeat"),
    ("jt808", AbsentTerminal, "connect"),
    ("jt808", ShortRegister, "register"),
    ("jt808", Guessing, "authenticate"),
    ("jt808", CutAuthentication, "authenticate"),
    ("jt808", LateTerminal, "location"),
    ("jt808", StubbornTerminal, "answered"),
    ("jt808", ForgetfulTerminal, "resend"),
    ("jt808", NotAsked, "ask"),
    ("jt808", LeavingTerminal, "reconnect"),
    ("jt808", WrongCheck, "framing"),
    ("jt808", AnyNumber, "serial"),
    ("jt808", OneNumber, "serial"),
    ("jt808", OtherTerminal, "identity"),
    ("lifting", AbsentCrane, "connect"),
    ("lifting", LateCrane, "reading"),
    ("lifting", OtherBeat, "heartbeat"),
    ("lifting", LeavingCrane, "reconnect"),
    ("lifting", EndlessCrane, "framing"),
    ("lifting", OtherCrane, "identity"),
    ("mqtt", StrangeSensor, "connect"),
    ("mqtt", NoPromise, "publish"),
    ("mqtt", Prose, "payload"),
    ("mqtt", StubbornSensor, "answered"),
    ("mqtt", ForgetfulSensor, "resend"),
    ("mqtt", Secretive, "command"),
    ("mqtt", Listener, "own_topics"),
    ("mqtt", ThreeTimes, "packets"),
    ("http", Writer, "payload"),
    ("http", Careless, "busy"),
    ("http", Noisy, "messages"),
]
TOLD: dict[str, dict[str, Any]] = {
    "hj212": {"code": MN, "password": PW},
    "jt808": {"code": "13900000001"},
    "lifting": {"code": "12345678", "device": "tower_crane"},
    "mqtt": {"code": "KIT-1", "password": TOKEN},
    "http": {"code": "KIT-1", "password": TOKEN},
    "weighbridge": {"code": "WB1", "password": "secret"},
    "events": {"code": "KIT-1", "password": TOKEN},
}


def told(profile: str) -> dict[str, Any]:
    return TOLD[profile.partition("-")[0]]


@pytest.mark.requirement("IOT-03", "SHR-09")
@pytest.mark.parametrize(("profile", "kind", "case"), DEVICES, ids=[k.__name__ for _, k, _ in DEVICES])
def test_each_fault_of_a_device_is_found(profile: str, kind: type[Device], case: str) -> None:
    async def test() -> None:
        report = await _examined(kind, profile)
        assert case in failures(report), {r.code: (r.verdict, r.found) for r in report.results}

    within(60, test)


def test_a_device_that_tells_where_it_stands_is_not_failed_for_it() -> None:
    async def test() -> None:
        assert failures(await _examined(Wanderer, "mqtt")) == {}

    within(60, test)


async def _examined(kind: type[Device], profile: str) -> Report:
    return await examined(kind, profile, **told(profile), **HURRY)
