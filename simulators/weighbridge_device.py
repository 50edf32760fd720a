"""A weighbridge on the line: its converter's registration line, then what the display shows, five times a second."""

import asyncio
import contextlib

from simulators.indicator import Indicator

EVERY_S = 0.2
RECONNECT_S = 1.0


class WeighbridgeDevice:
    """One scale. Set `indicator.gross` while it runs; `run()` talks until cancelled, through every loss of the network."""

    def __init__(self, address: tuple[str, int], code: str, password: str = "") -> None:
        self.address, self.indicator = address, Indicator()
        self.line = f"{code}:{password}\r\n".encode() if password else f"{code}\r\n".encode()
        self.is_online = False

    async def run(self) -> None:
        """Talk until cancelled."""
        while True:
            with contextlib.suppress(OSError):
                await self._talk()
            self.is_online = False
            await asyncio.sleep(RECONNECT_S)

    async def _talk(self) -> None:
        _, writer = await asyncio.open_connection(*self.address)
        try:
            writer.write(self.line)
            self.is_online = True
            while not writer.is_closing():
                writer.write(self.indicator.shown())
                await writer.drain()
                await asyncio.sleep(EVERY_S)
        finally:
            writer.close()
