"""The kit against our own simulators and doors (nothing fails), and against faulty devices (each fault found by its case)."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators import device as clockwork
from simulators import hj212_device, streamed
from simulators.device import Device
from simulators.hj212_device import Hj212Device
from simulators.http_device import HttpDevice
from simulators.jt808_device import Jt808Device
from simulators.lifting_device import LiftingDevice
from simulators.mqtt_device import MqttDevice
from siteloop.gateway.conformance import requests
from siteloop.gateway.conformance.asked import Asked
from siteloop.gateway.conformance.page import html
from siteloop.gateway.conformance.running import BadQuestion, run
from siteloop.gateway.tests.listening import MN, TOKEN, device, listening, until, within
from siteloop.gateway.tests.side_by_side import examine_all
from siteloop.kernel import conformance
from siteloop.kernel.conformance import Report, Verdict
from siteloop.protocols.hj212.message import Message

PW = "123456"
KEY = "0123456789ABCDEFFEDCBA9876543210"
#: of a device that lacks something: that is waited for in vain
FAULTY = {"patience": 1.5, "answer": 0.5, "quiet": 0.5}
MARK = pytest.mark.requirement("IOT-03", "SHR-09", "SHR-25")
Make = Callable[[tuple[str, int]], Device]


@pytest.fixture(autouse=True, scope="module")
def _in_a_hurry() -> Iterator[None]:
    """Devices come again and repeat at once, so that the kit need not wait long."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(clockwork, "RESEND_S", 0.3)
        patched.setattr(clockwork, "RECONNECT_S", 0.05)
        patched.setattr(streamed, "LOOK_S", 0.05)
        patched.setattr(hj212_device, "BEAT_S", 0.2)
        yield


def air(now_us: int) -> dict[str, float]:
    """Values that differ from one report to the next."""
    return {"pm25": round(random.Random(now_us).uniform(20, 60), 1), "pm10": 80.0, "noise": 55.5}


async def examined(make: Make, profile: str, **more: Any) -> Report:
    """The report on a simulated device. What has to come is waited for long, as it comes at once; what must not come, shortly."""
    found: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    told = {"patience": 5.0, "answer": 2.0, "quiet": 0.3, **more}
    asked = Asked(profile, ("127.0.0.1", 0), listens=True, **told)
    running = asyncio.create_task(run(asked, ready=found.set_result))
    one = make(("127.0.0.1", await found))
    talking = asyncio.create_task(one.run())
    try:
        return await running
    finally:
        # the loss of a line in the very moment of a cancellation would hide the cancellation
        await until(lambda: not one.is_online)
        talking.cancel()
        await asyncio.gather(talking, return_exceptions=True)


def failures(report: Report) -> dict[str, str]:
    return {r.code: r.found for r in report.results if r.verdict is Verdict.FAIL}


def shown(report: Report) -> set[str]:
    return {r.code for r in report.results if r.verdict is Verdict.PASS}


def monitor(kind: type[Hj212Device] = Hj212Device, **more: Any) -> Make:
    def make(address: tuple[str, int]) -> Hj212Device:
        return kind(address, MN, air, password=PW, interval_s=0.2, **more)

    return make


# ---- our own devices


@MARK
@pytest.mark.parametrize("version", ["2005", "2017", "2025"])
def test_our_monitor_keeps_every_version_of_hj_212(version: str) -> None:
    async def test() -> None:
        report = await examined(monitor(version=version), f"hj212-{version}", code=MN, password=PW)
        assert failures(report) == {}
        wanted = {"connect", "upload", "crc", "framing", "read_time", "set_time", "set_interval", "history"}
        wanted |= {"resend", "answered", "reconnect", "wrong_password", "wrong_crc", "unknown_command"}
        wanted |= {"split_command", "joined_commands", "garbage", "identity", "data_time", "factors"}
        wanted |= {"heartbeat"} if version == "2025" else set()
        wanted |= {"header", "flag"} if version != "2005" else set()
        if version == "2005":
            # without a flag of its own version a 2005 device cannot be asked to repeat by all
            wanted -= {"resend", "answered"}
        assert wanted <= shown(report), {r.code: r.found for r in report.results}
        assert report.verdict is Verdict.PASS

    within(60, test)


@MARK
def test_an_encrypted_device_is_opened_with_its_key_and_shown_without() -> None:
    async def test() -> None:
        secret = monitor(version="2025", sm4_key=KEY)
        report = await examined(secret, "hj212-2025", code=MN, password=PW, sm4_key=KEY)
        assert failures(report) == {}
        assert "encrypted" in shown(report)
        plain = await examined(monitor(version="2025"), "hj212-2025", code=MN, password=PW, sm4_key=KEY)
        assert "encrypted" in failures(plain)

    within(60, test)


@MARK
def test_our_vehicle_terminal_our_crane_and_our_mqtt_device_pass() -> None:
    def terminal(address: tuple[str, int]) -> Device:
        return Jt808Device(address, "13900000001", lambda _: {"lon": 121.0, "lat": 30.7}, interval_s=0.1)

    def crane(address: tuple[str, int]) -> Device:
        said = {"hook_height": 10.0, "radius": 20.0, "load": 1.0, "slewing": 45.0}
        return LiftingDevice(address, "12345678", lambda _: said, "goyo_crane", interval_s=0.1)

    def sensor(address: tuple[str, int]) -> Device:
        return MqttDevice(address, "KIT-1", TOKEN, air, interval_s=0.1)

    def poster(address: tuple[str, int]) -> Device:
        return HttpDevice(address, "KIT-1", TOKEN, air, interval_s=0.1)

    async def test() -> None:
        vehicle = await examined(terminal, "jt808", code="13900000001")
        assert failures(vehicle) == {}
        assert {"register", "authenticate", "location", "resend", "ask", "reconnect"} <= shown(vehicle)
        lifting = await examined(crane, "lifting", code="12345678", device="tower_crane")
        assert failures(lifting) == {}
        assert {"reading", "framing", "reconnect", "identity"} <= shown(lifting)
        json = await examined(sensor, "mqtt", code="KIT-1")
        assert failures(json) == {}
        assert {"connect", "publish", "payload", "resend", "command", "own_topics"} <= shown(json)
        posted = await examined(poster, "http", code="KIT-1", password=TOKEN)
        assert failures(posted) == {}
        assert {
            "request",
            "proof",
            "payload",
            "stops",
            "busy",
            "lost",
            "refused",
            "own",
            "messages",
        } <= shown(posted)
        assert TOKEN not in str(posted), "no proof is written down"

    within(60, test)


# ---- our own doors


@contextlib.asynccontextmanager
async def doors() -> AsyncIterator[dict[str, int]]:
    devices = (
        device(1, MN, password=PW),
        device(2, "M2005", password=PW, version="2005"),
        device(3, "M2025", password=PW, version="2025"),
        device(4, "13900000001", profile="vehicle", password="SECRET-1"),
        device(5, "12345678", profile="tower_crane"),
        device(6, "KIT-1"),
        device(7, "WB1", profile="weighbridge", password="secret"),
    )
    async with listening(devices) as (role, _):
        yield role.ports


@MARK
@pytest.mark.parametrize(
    ("profile", "door", "told"),
    [
        ("hj212-2017", "hj212", {"code": MN, "password": PW}),
        ("hj212-2005", "hj212", {"code": "M2005", "password": PW}),
        ("hj212-2025", "hj212", {"code": "M2025", "password": PW}),
        ("jt808", "jt808", {"code": "13900000001"}),
        ("lifting", "lifting", {"code": "12345678", "device": "tower_crane"}),
        ("mqtt", "mqtt", {"code": "KIT-1", "password": TOKEN}),
        ("http", "intake", {"code": "KIT-1", "password": TOKEN}),
        ("weighbridge", "weighbridge", {"code": "WB1", "password": "secret"}),
    ],
)
def test_our_doors_are_a_sound_platform(profile: str, door: str, told: dict[str, str]) -> None:
    async def test() -> None:
        async with doors() as ports:
            asked = Asked(profile, ("127.0.0.1", ports[door]), listens=False, answer=5.0, quiet=0.3, **told)
            report = await run(asked)
            assert failures(report) == {}
            assert report.role == "platform"
            assert len(shown(report)) >= 3

    within(60, test)


# ---- faulty ones


class WrongCrc(Hj212Device):
    """Computes MODBUS CRC."""

    def _frame(self, *args: Any, **more: Any) -> bytes:
        return super()._frame(*args, **more).lower() if False else _with_crc(super()._frame(*args, **more))


def _with_crc(frame: bytes) -> bytes:
    return frame[:-6] + b"%04X\r\n" % (int(frame[-6:-2], 16) ^ 0x1234)


class ShortLength(Hj212Device):
    """Writes the length without leading zeros."""

    def _frame(self, *args: Any, **more: Any) -> bytes:
        frame = super()._frame(*args, **more)
        return b"##" + frame[2:6].lstrip(b"0") + frame[6:]


class NoLineEnd(Hj212Device):
    """Leaves out CR LF."""

    def _frame(self, *args: Any, **more: Any) -> bytes:
        return super()._frame(*args, **more)[:-2]


class Deaf(Hj212Device):
    """Obeys no command."""

    def _obey(self, message: Message) -> None:
        pass


class Forgetful(Hj212Device):
    """Never sends again."""

    def due(self) -> list[bytes]:
        found = super().due()
        self.unconfirmed.clear()
        return found


class Stubborn(Hj212Device):
    """Does not hear answers: repeats for ever."""

    def confirm(self, key: str) -> None:
        pass


class Gullible(Hj212Device):
    """Obeys whatever password comes."""

    def _obey(self, message: Message) -> None:
        self.password = message.pw
        super()._obey(message)
        self.password = PW


class ClockLiar(Hj212Device):
    """Says that it has set its clock and does not."""

    def _set_time(self, message: Message, items: dict[str, str]) -> int:
        return 1


class AnyInterval(Hj212Device):
    """Takes every interval."""

    def _set_interval(self, message: Message, items: dict[str, str]) -> int:
        return 1


class NoHistory(Hj212Device):
    """Says that it has handed in its history and does not."""

    def _history(self, message: Message, items: dict[str, str]) -> int:
        return 1


class OldVersion(Hj212Device):
    """Says 2005 in its flag."""

    def _frame(self, qn: str, cn: str, flag: int, area: str, st: str = "39", more: str = "") -> bytes:
        self.version = "2005"
        made = super()._frame(qn, cn, flag, area, st, more)
        self.version = "2017"
        return made


class SlowClock(Hj212Device):
    """An hour behind."""

    def now_us(self) -> int:
        return super().now_us() - 3_600_000_000


class NoFlags(Hj212Device):
    """Values without a flag."""

    def word(self, said: dict[str, float], at_us: int) -> tuple[str, bytes]:
        self.flags = dict.fromkeys(said, "?")
        return super().word(said, at_us)


class OtherName(Hj212Device):
    """Another MN than it is registered by."""

    def __init__(self, address: tuple[str, int], code: str, *args: Any, **more: Any) -> None:
        super().__init__(address, "0" * 24, *args, **more)


class SameNumber(Hj212Device):
    """One QN for everything."""

    def _qn(self) -> str:
        return "20260101000000000"


FAULTS: dict[type[Hj212Device], str] = {
    WrongCrc: "crc",
    ShortLength: "framing",
    NoLineEnd: "framing",
    Deaf: "read_time",
    Forgetful: "resend",
    Stubborn: "answered",
    Gullible: "wrong_password",
    ClockLiar: "set_time",
    AnyInterval: "set_interval",
    NoHistory: "history",
    OldVersion: "flag",
    SlowClock: "data_time",
    NoFlags: "factors",
    OtherName: "identity",
    SameNumber: "header",
}


@pytest.fixture(scope="module")
def faulty(_in_a_hurry: None) -> Callable[[type[Hj212Device]], Report]:
    """The report on each."""
    more = {"code": MN, "password": PW, **FAULTY}
    return examine_all({kind: partial(examined, monitor(kind), "hj212-2017", **more) for kind in FAULTS})


@MARK
@pytest.mark.parametrize(("kind", "found_by"), FAULTS.items())
def test_each_fault_is_found_by_its_case(
    kind: type[Hj212Device], found_by: str, faulty: Callable[[type[Hj212Device]], Report]
) -> None:
    report = faulty(kind)
    assert found_by in failures(report), {r.code: (r.verdict, r.found) for r in report.results}
    assert report.verdict is Verdict.FAIL


def test_a_platform_that_answers_everything_is_found_out() -> None:
    async def parrot(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from siteloop.protocols.hj212 import talk
        from siteloop.protocols.hj212.frame import Frame, cut
        from siteloop.protocols.hj212.message import parse

        rest = b""
        while data := await reader.read(4096):
            rest += data
            used, units = cut(rest)
            rest = rest[used:]
            for unit in units:
                if isinstance(unit, Frame):
                    writer.write(talk.answer(parse(unit.segment)))
        writer.close()

    async def test() -> None:
        server = await asyncio.start_server(parrot, "127.0.0.1", 0)
        where = server.sockets[0].getsockname()[:2]
        asked = Asked("hj212-2017", where, listens=False, code=MN, password=PW, answer=0.4)
        report = await run(asked)
        server.close()
        wanted = {"wrong_crc", "wrong_password", "unknown_device", "silent", "oversize"}
        assert wanted <= set(failures(report))
        assert {"answered", "split", "joined"} <= shown(report)

    within(60, test)


class Careless(HttpDevice):
    """Posts to a path of its own making, and forgets what got no answer."""

    async def _post(self, path: str, body: bytes) -> tuple[int, bytes]:
        try:
            return await super()._post("/api/v1/intake/mine", body)
        except ConnectionRefusedError:
            raise
        except (ConnectionError, EOFError):
            return 202, b"{}"


class Insistent(HttpDevice):
    """Posts its first reading for ever, confirmed or refused."""

    _first: tuple[str, bytes] | None = None

    def word(self, said: dict[str, float], at_us: int) -> tuple[str, bytes]:
        self._first = self._first or super().word(said, at_us)
        return self._first


PIECES = [
    b"POST /a HTTP/1.1\r\n",
    b"GET / HTTP/1.0\r\n",
    b"HTTP/1.1 200 OK\r\n",
    b"Content-Length: 5\r\n",
    b"Content-Length: -1\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"\r\n",
    b"ff\r\n",
    b"0\r\n\r\n",
]


@pytest.mark.parametrize(
    ("kind", "found"), [(Careless, {"request", "lost", "own"}), (Insistent, {"stops", "refused"})]
)
def test_a_device_that_posts_carelessly_is_found_out(kind: type[HttpDevice], found: set[str]) -> None:
    async def test() -> None:
        def make(address: tuple[str, int]) -> Device:
            return kind(address, "KIT-1", TOKEN, air, interval_s=0.1)

        report = await examined(make, "http", code="KIT-1", password="another", patience=2.0, quiet=1.0)
        assert found | {"proof"} <= set(failures(report)), failures(report)

    within(60, test)


@given(st.lists(st.one_of(st.binary(max_size=60), st.sampled_from(PIECES)), max_size=8), st.integers(1, 50))
def test_any_bytes_are_http_or_none(pieces: list[bytes], step: int) -> None:
    data, rest, found = b"".join(pieces), b"", []
    for at in range(0, len(data), step):
        rest += data[at : at + step]
        used, some = requests.cut(rest)
        assert 0 <= used <= len(rest)
        rest, found = rest[used:], found + some
    assert all(m.raw or not m.first for m in found)


def test_a_request_comes_out_however_it_is_cut() -> None:
    sent = requests.request("POST", "/a", "C", "t", b"{}" * 40, "h")
    chunked = b"POST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\n[1,\r\n2\r\n2]\r\n0\r\n\r\n"
    for step in (1, 5, 1000):
        rest, found = b"", []
        for at in range(0, len(sent + chunked), step):
            rest += (sent + chunked)[at : at + step]
            used, some = requests.cut(rest)
            rest, found = rest[used:], found + some
        assert [(m.code, m.token, m.body) for m in found] == [("C", "t", b"{}" * 40), ("", "", b"[1,2]")]


def test_nobody_who_comes_is_a_failure_and_no_crash() -> None:
    async def test() -> None:
        asked = Asked("hj212-2017", ("127.0.0.1", 0), listens=True, code=MN, patience=0.05, answer=0.05)
        report = await run(asked)
        assert report.verdict is Verdict.FAIL
        assert report.count(Verdict.PASS) == 0
        assert failures(report)["connect"] == "0 s 内没有连接"

    within(20, test)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (Asked("hj212-1999", ("127.0.0.1", 0), listens=True), "可选"),
        (Asked("hj212-2017", ("127.0.0.1", 0), listens=False), "--code"),
        (Asked("mqtt", ("127.0.0.1", 0), listens=False, code="X"), "--password"),
    ],
)
def test_a_question_that_cannot_be_asked_is_told(asked: Asked, words: str) -> None:
    async def test() -> None:
        with pytest.raises(BadQuestion, match=words):
            await run(asked)

    within(5, test)


def test_the_page_says_everything_and_nothing_from_outside_becomes_markup() -> None:
    async def test() -> None:
        report = await examined(
            monitor(), "hj212-2017", code=MN, password=PW, maker="<b>某厂</b>", model="D-1"
        )
        page = html(report)
        assert "&lt;b&gt;某厂&lt;/b&gt;" in page
        assert "<b>某厂" not in page
        for result in report.results:
            assert result.title in page
            assert result.clause in page
        assert "http" not in page.replace("https://", ""), "nothing is fetched"
        assert conformance.decode(conformance.encode(report)) == report

    within(60, test)
