"""Devices that hold one TCP connection: send what is due, read what comes."""

import asyncio
import contextlib

from simulators.device import Device

LOOK_S = 1.0  # between looks at what is due


class StreamedDevice(Device):
    """Base of the HJ 212 and the MQTT device."""

    writer: asyncio.StreamWriter | None = None

    def sendable(self) -> None:
        """Send at once when connected."""
        if self.is_online and self.writer is not None:
            for message in self.due():
                self.writer.write(message)

    async def talk(self) -> None:
        """One connection, until it ends."""
        reader, self.writer = await asyncio.open_connection(*self.address)
        try:
            await self.greet(reader, self.writer)
            self.is_online = True
            async with asyncio.TaskGroup() as group:
                group.create_task(self._send_again())
                group.create_task(self._listen(reader))
        except* (OSError, EOFError) as lost:
            raise ConnectionError(str(lost.exceptions[0])) from lost
        finally:
            self.writer.close()
            with contextlib.suppress(OSError):
                await self.writer.wait_closed()
            self.writer = None

    async def _send_again(self) -> None:
        while True:
            self.sendable()
            await asyncio.sleep(LOOK_S)
            self.idle()

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        buffer = b""
        while True:
            data = await reader.read(65_536)
            if not data:
                raise EOFError("the platform closed the connection")
            buffer = self.heard(buffer + data)

    # ---- what a protocol fills in

    async def greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """What is said first."""

    def idle(self) -> None:
        """Every `LOOK_S`."""

    def heard(self, buffer: bytes) -> bytes:
        """Use whole messages, return the rest."""
        raise NotImplementedError
