"""Modbus sensors behind one TCP address: a gateway as sites have them, every unit a sensor of its own."""

import asyncio
import struct
import time

from simulators.register_sensor import RegisterSensor
from siteloop.protocols.modbus.map import LAST_REGISTER, MOST_REGISTERS, Request, Table

TABLES = {3: Table.HOLDING, 4: Table.INPUT}
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_COUNT, NO_ANSWER = 1, 2, 3, 11


class SensorServer:
    """Modbus TCP (MBAP header, functions 03 and 04) by hand, so that the poller's library is not tested against itself."""

    def __init__(self, units: dict[int, RegisterSensor], port: int = 0) -> None:
        self.units, self.port = units, port
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        """Bind; the same port again after a stop."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close, open connections too."""
        if self._server is not None:
            self._server.close()
            for writer in list(self._open):
                writer.close()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            while True:
                exchange, _, length, unit = struct.unpack(">HHHB", await reader.readexactly(7))
                answer = self._answer(unit, await reader.readexactly(length - 1))
                if answer is not None:
                    writer.write(struct.pack(">HHHB", exchange, 0, len(answer) + 1, unit) + answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            self._open.discard(writer)
            writer.close()

    def _answer(self, unit: int, asked: bytes) -> bytes | None:
        """The answer to one request, an exception where the sensor has none, None where it lets it time out."""
        function, register, count = struct.unpack(">BHH", asked[:5])
        sensor, table = self.units.get(unit), TABLES.get(function)
        if sensor is None:
            return bytes((function | 0x80, NO_ANSWER))
        if table is None:
            return bytes((function | 0x80, ILLEGAL_FUNCTION))
        if not 1 <= count <= MOST_REGISTERS:
            return bytes((function | 0x80, ILLEGAL_COUNT))
        if table in sensor.refuses or register + count > LAST_REGISTER + 1:
            return bytes((function | 0x80, ILLEGAL_ADDRESS))
        said = sensor.read(Request(table, register, count), time.time_ns() // 1000)
        if said is None:
            return None
        return struct.pack(f">BB{count}H", function, 2 * count, *said)
