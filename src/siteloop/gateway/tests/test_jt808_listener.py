"""The port of vehicle terminals over real sockets: proof first, answers after the disk, split messages, refusals."""

import asyncio
import time
from pathlib import Path

import pytest

from siteloop.gateway.tests.listening import device, listening, settled, until, within
from siteloop.gateway.tests.planes import Plane
from siteloop.kernel import block as blocks
from siteloop.kernel.profiles import PROFILES
from siteloop.kernel.times import DAY, SECOND
from siteloop.protocols.jt808 import messages
from siteloop.protocols.jt808.frame import Packet, build, cut
from siteloop.protocols.jt808.messages import Id, Registered, Registration, Result

PHONE = "13912345678"
DEVICES = (
    device(31, PHONE, profile="vehicle", password="secret-1"),
    device(32, "13900000032", profile="vehicle"),
    device(33, "13900000033"),
    device(34, "13900000034", profile="vehicle", enabled=False),
)
SAID = Registration(33, 482, "SIM", "SIM-1", "0000001", 2, "浙F12345")


def _now() -> int:
    return time.time_ns() // 1000 // SECOND * SECOND


def _location(at: int, lon: float = 120.75) -> bytes:
    return messages.location_body(lon=lon, lat=30.77, at=at, speed=36.5, status=3 | 3 << 8)


class Terminal:
    """One connection; `tell` sends a message, `hear` gives the next one of the platform."""

    def __init__(self, phone: str = PHONE, is_2019: bool = True) -> None:
        self.phone, self.is_2019, self.serial = phone, is_2019, 0
        self.buffer, self.waiting = b"", []

    async def connect(self, port: int) -> "Terminal":
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
        return self

    def frames(self, id_: int, body: bytes = b"") -> list[bytes]:
        made = build(id_, self.phone, self.serial, body, is_2019=self.is_2019)
        self.serial += len(made)
        return made

    def tell(self, id_: int, body: bytes = b"") -> None:
        self.writer.write(b"".join(self.frames(id_, body)))

    async def hear(self, seconds: float = 10) -> Packet:
        while not self.waiting:
            self.buffer += await asyncio.wait_for(self.reader.read(4096), seconds)
            used, found = cut(self.buffer)
            self.buffer = self.buffer[used:]
            self.waiting += [p for p in found if isinstance(p, Packet)]
        return self.waiting.pop(0)

    async def result(self) -> tuple[int, int, int]:
        packet = await self.hear()
        assert packet.id == Id.PLATFORM_ANSWER
        answered = messages.answered(packet.body)
        assert answered is not None
        return answered

    async def prove(self, code: str) -> None:
        self.tell(Id.AUTHENTICATE, messages.authentication_body(code, self.is_2019))
        assert (await self.result())[2] == Result.OK


@pytest.mark.requirement("IOT-03", "WASH-04")
@pytest.mark.parametrize("is_2019", [False, True])
def test_a_terminal_registers_proves_itself_and_reports(is_2019: bool) -> None:
    async def test() -> None:
        async with listening(DEVICES) as (role, bus):
            terminal = await Terminal(is_2019=is_2019).connect(role.ports["jt808"])
            terminal.tell(Id.REGISTER, messages.registration_body(SAID, is_2019))
            told = await terminal.hear()
            assert (told.id, told.body[2], told.is_2019) == (Id.REGISTER_ANSWER, Registered.OK, is_2019)
            code = messages.text(told.body[3:])
            assert code == "secret-1"
            await terminal.prove(code)
            terminal.tell(Id.HEARTBEAT)
            assert await terminal.result() == (2, Id.HEARTBEAT, Result.OK)
            terminal.tell(Id.LOCATION, _location(_now()))
            assert await terminal.result() == (3, Id.LOCATION, Result.OK)
            (block,) = [b for b in bus.blocks if b.rows]
            columns = blocks.columns(block)
            index = PROFILES["vehicle"].index
            assert (block.profile, columns.device.tolist()) == ("vehicle", [31])
            assert columns.values[index("speed")].tolist() == [36.5]
            assert columns.values[index("load_state")].tolist() == [3]
            assert sum(b.received for b in bus.blocks) == 4
            terminal.writer.close()

    within(20, test)


@pytest.mark.requirement("SEC-09")
def test_nothing_is_taken_from_a_terminal_that_did_not_prove_itself() -> None:
    async def test() -> None:
        async with listening(DEVICES) as (role, bus):
            terminal = await Terminal().connect(role.ports["jt808"])
            terminal.tell(Id.LOCATION, _location(_now()))
            assert (await terminal.result())[2] == Result.FAILED
            terminal.tell(Id.AUTHENTICATE, messages.authentication_body("guess", True))
            assert (await terminal.result())[2] == Result.FAILED
            assert bus.rows == 0
            assert bus.reasons == ["wrong_password", "wrong_password"]
            assert role.presence.devices() == []
            terminal.writer.close()

    within(20, test)


def test_a_location_is_answered_when_it_is_on_disk() -> None:
    async def test() -> None:
        async with listening(DEVICES) as (role, bus):
            terminal = await Terminal("13900000032").connect(role.ports["jt808"])
            await terminal.prove("13900000032")  # no password set: its own number
            bus.asked.clear()
            bus.hold()
            terminal.tell(Id.LOCATION, _location(_now()))
            await asyncio.wait_for(bus.asked.wait(), 10)
            with pytest.raises(TimeoutError):
                await terminal.hear(0.2)
            bus.release()
            assert (await terminal.result())[1:] == (Id.LOCATION, Result.OK)
            terminal.writer.close()

    within(20, test)


@pytest.mark.requirement("IOT-07")
def test_a_split_batch_out_of_coverage_is_put_together_and_every_part_answered() -> None:
    async def test() -> None:
        async with listening(DEVICES) as (role, bus):
            terminal = await Terminal().connect(role.ports["jt808"])
            await terminal.prove("secret-1")
            start = _now() - 40 * DAY  # older than a live reading may be
            bodies = [_location(start + i * SECOND) for i in range(80)]
            first = terminal.serial
            frames = terminal.frames(Id.BATCH, messages.batch_body(bodies, is_stored=True))
            assert len(frames) == 3
            terminal.writer.write(frames[0] + frames[2])
            asked = await terminal.hear()
            assert (asked.id, asked.body) == (Id.RESEND, messages.resend(first, [2], True))
            assert bus.rows == 0
            terminal.writer.write(frames[1])
            answers = [await terminal.result() for _ in frames]
            assert answers == [(first + i, Id.BATCH, Result.OK) for i in range(3)]
            assert bus.rows == 80
            terminal.writer.close()

    within(20, test)


@pytest.mark.parametrize(
    ("id_", "body", "result", "reason"),
    [
        (Id.LOCATION, lambda: _location(_now() + 3600 * SECOND), Result.WRONG, "in_the_future"),
        (Id.LOCATION, lambda: _location(_now() - 60 * DAY), Result.WRONG, "too_old"),
        (Id.LOCATION, lambda: b"short", Result.WRONG, "malformed"),
        (Id.BATCH, lambda: messages.batch_body([]), Result.WRONG, "no_values"),
        (0x0801, lambda: b"a picture", Result.UNSUPPORTED, "unsupported"),
    ],
)
def test_what_is_refused_is_answered_and_counted(id_: int, body: object, result: Result, reason: str) -> None:
    async def test() -> None:
        async with listening(DEVICES) as (role, bus):
            terminal = await Terminal().connect(role.ports["jt808"])
            await terminal.prove("secret-1")
            terminal.tell(id_, body())  # type: ignore[operator]
            assert (await terminal.result())[1:] == (id_, result)
            await settled(role)
            assert (bus.rows, bus.reasons) == (0, [reason])
            terminal.writer.close()

    within(20, test)


@pytest.mark.parametrize(
    ("phone", "reason"), [("19999999999", "unknown_device"), ("13900000033", "unsupported")]
)
def test_a_number_that_is_no_vehicle_of_ours_is_turned_away(phone: str, reason: str) -> None:
    async def test() -> None:
        async with listening(DEVICES) as (role, bus):
            terminal = await Terminal(phone).connect(role.ports["jt808"])
            terminal.tell(Id.REGISTER, messages.registration_body(SAID, True))
            told = await terminal.hear()
            assert (told.id, told.body[2]) == (Id.REGISTER_ANSWER, Registered.NO_TERMINAL)
            assert bus.reasons == [reason]
            terminal.writer.close()

    within(20, test)


def test_a_device_that_is_switched_off_is_told_that_it_failed() -> None:
    async def test() -> None:
        async with listening(DEVICES) as (role, bus):
            terminal = await Terminal("13900000034").connect(role.ports["jt808"])
            await terminal.prove("13900000034")
            terminal.tell(Id.LOCATION, _location(_now()))
            assert (await terminal.result())[2] == Result.FAILED
            assert bus.reasons == ["device_disabled"]
            terminal.writer.close()

    within(20, test)


def test_after_logging_out_a_terminal_has_to_prove_itself_again() -> None:
    async def test() -> None:
        async with listening(DEVICES) as (role, bus):
            terminal = await Terminal().connect(role.ports["jt808"])
            await terminal.prove("secret-1")
            terminal.tell(Id.LOGOUT)
            assert (await terminal.result())[1:] == (Id.LOGOUT, Result.OK)
            terminal.tell(Id.LOCATION, _location(_now()))
            assert (await terminal.result())[2] == Result.FAILED
            assert bus.rows == 0
            terminal.writer.close()

    within(20, test)


def test_garbage_is_refused_and_a_quiet_connection_is_not_unfinished() -> None:
    async def test() -> None:
        async with listening(DEVICES) as (role, bus):
            terminal = await Terminal().connect(role.ports["jt808"])
            terminal.writer.write(b"GET / HTTP/1.1\r\n\r\n")
            await terminal.prove("secret-1")
            (connection,) = role.doors["jt808"].connections
            assert not connection.unfinished
            terminal.writer.write(terminal.frames(Id.LOCATION, _location(_now()))[0][:20])
            await until(lambda: connection.unfinished)
            connection.progress.begun -= 61
            role.doors["jt808"].sweep()
            assert await asyncio.wait_for(terminal.reader.read(), 10) == b""
            await settled(role)
            assert bus.reasons == ["malformed", "wrong_length"]

    within(20, test)


@pytest.mark.engines
def test_locations_reach_their_table_and_the_ledger_adds_up(tmp_path: Path) -> None:
    async def test() -> None:
        async with listening(DEVICES) as (role, bus):
            terminal = await Terminal().connect(role.ports["jt808"])
            await terminal.prove("secret-1")
            terminal.tell(Id.LOCATION, _location(_now()))
            terminal.tell(Id.LOCATION, b"short")
            await terminal.result()
            await terminal.result()
            terminal.writer.close()
        plane = Plane(tmp_path)
        connection = await plane.connect()
        await plane.store(connection, *bus.blocks)
        await connection.close()
        ((lon, lat, speed),) = plane.ask("SELECT lon, lat, speed FROM telemetry.vehicle WHERE device = 31")
        assert (lon, lat) == pytest.approx((120.75, 30.77), abs=1e-5)
        assert speed == 36.5
        assert plane.ledger() == (3, 1, 1, 1)

    within(60, test)
