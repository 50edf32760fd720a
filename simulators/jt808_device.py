"""A vehicle terminal that speaks JT/T 808: registers, authenticates, reports locations, sends again what is not confirmed."""

import asyncio

from simulators.device import Behaviour
from simulators.streamed import StreamedDevice
from siteloop.protocols.jt808 import messages
from siteloop.protocols.jt808.frame import Packet, build, cut
from siteloop.protocols.jt808.messages import Id, Registered, Registration, Result

ANSWER_S = 10.0


class Refused(ConnectionError):
    """The platform does not want this terminal."""


class Jt808Device(StreamedDevice):
    """One terminal. `behave` gives fields of the profile `vehicle`; a location is confirmed by its 0x8001."""

    def __init__(
        self,
        address: tuple[str, int],
        terminal: str,
        behave: Behaviour,
        plate: str = "浙F12345",
        is_2019: bool = True,
        interval_s: float = 10.0,
        first_s: float = 0.0,
    ) -> None:
        super().__init__(address, terminal, behave, interval_s, first_s)
        self.plate, self.is_2019 = plate, is_2019
        self.code_given = ""  # authentication code of the last registration
        self.results: list[tuple[int, int]] = []  # (message id, result) of every general answer
        self._serial = 0

    def _frame(self, id_: int, body: bytes = b"") -> tuple[int, bytes]:
        """(serial, frames) of one message."""
        serial = self._serial
        frames = build(id_, self.code, serial, body, is_2019=self.is_2019)
        self._serial = (serial + len(frames)) % 65_536
        return serial, b"".join(frames)

    # ---- saying

    def word(self, said: dict[str, float], at_us: int) -> tuple[str, bytes]:
        """A location report, known by its serial."""
        extras = {0x01: round(said.get("mileage", 0) * 10).to_bytes(4, "big")}
        body = messages.location_body(
            lon=said["lon"],
            lat=said["lat"],
            at=at_us,
            altitude=int(said.get("altitude", 0)),
            speed=said.get("speed", 0.0),
            heading=int(said.get("heading", 0)),
            alarm=int(said.get("alarm_low", 0)),
            status=3 | int(said.get("load_state", 0)) << 8,
            extras=extras,
        )
        serial, frame = self._frame(Id.LOCATION, body)
        return str(serial), frame

    async def greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Register once, authenticate on every connection. Raises Refused."""
        if not self.code_given:
            said = Registration(33, 482, "SIM", "SIM-1", "0000001", 2, self.plate)
            writer.write(self._frame(Id.REGISTER, messages.registration_body(said, self.is_2019))[1])
            packet = await self._next(reader, Id.REGISTER_ANSWER)
            if packet.body[2] != Registered.OK:
                raise Refused(f"registration: {packet.body[2]}")
            self.code_given = messages.text(packet.body[3:])
        body = messages.authentication_body(self.code_given, self.is_2019, "0" * 15, "SIM")
        writer.write(self._frame(Id.AUTHENTICATE, body)[1])
        packet = await self._next(reader, Id.PLATFORM_ANSWER)
        answered = messages.answered(packet.body)
        if answered is None or answered[2] != Result.OK:
            raise Refused(f"authentication: {answered}")

    async def _next(self, reader: asyncio.StreamReader, wanted: int) -> Packet:
        buffer = b""
        while True:
            data = await asyncio.wait_for(reader.read(4096), ANSWER_S)
            if not data:
                raise EOFError("closed while greeting")
            buffer += data
            used, found = cut(buffer)
            buffer = buffer[used:]
            for one in found:
                if isinstance(one, Packet) and one.id == wanted:
                    return one

    # ---- hearing

    def heard(self, buffer: bytes) -> bytes:
        """Answers, and the question where the vehicle is."""
        used, found = cut(buffer)
        for one in found:
            if not isinstance(one, Packet):
                continue
            answered = messages.answered(one.body) if one.id == Id.PLATFORM_ANSWER else None
            if answered is not None:
                serial, id_, result = answered
                self.results.append((id_, result))
                if result == Result.OK:
                    self.confirm(str(serial))
            elif one.id == Id.ASK_LOCATION:
                self._tell_location(one)
        return buffer[used:]

    def _tell_location(self, asked: Packet) -> None:
        said = self.behave(self.now_us())
        if said is not None and self.writer is not None:
            body = messages.location_body(lon=said["lon"], lat=said["lat"], at=self.now_us())
            self.writer.write(self._frame(Id.LOCATION_ANSWER, asked.serial.to_bytes(2, "big") + body)[1])
