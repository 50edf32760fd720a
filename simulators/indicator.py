"""A weighbridge indicator XK3190-A9 behind a serial-to-TCP converter: bytes in, bytes out."""

from siteloop.protocols.weighbridge import xk3190
from siteloop.protocols.weighbridge.xk3190 import Command, Frame


class Indicator:
    """One scale. `gross` and `tare` in kg; in command mode it answers its own address only."""

    def __init__(self, address: str = "A", truck: str = "") -> None:
        self.address, self.truck = address, truck
        self.gross = self.tare = 0.0
        self._rest = b""

    def shown(self) -> bytes:
        """What it sends in continuous mode, again and again."""
        return xk3190.continuous(self.gross)

    def hear(self, data: bytes) -> bytes:
        """Answers to the commands in what came, in command mode."""
        self._rest += data
        used, found = xk3190.cut(self._rest)
        self._rest = self._rest[used:]
        asked = [f for f in found if isinstance(f, Frame) and f.address == self.address]
        return b"".join(self._answer(Command(f.command)) for f in asked if f.command in list(Command))

    def _answer(self, command: Command) -> bytes:
        weights = {Command.GROSS: self.gross, Command.TARE: self.tare, Command.NET: self.gross - self.tare}
        text = self.truck if command is Command.TRUCK else ""
        return xk3190.answer(self.address, command, weights.get(command), text=text)
