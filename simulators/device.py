"""What all talking devices share: a clock that may be wrong, a behaviour, a memory of what is not yet confirmed."""

import asyncio
import contextlib
import time
from collections import OrderedDict
from collections.abc import Callable

#: field name -> value in the profile's unit; None = the device says nothing this time
Behaviour = Callable[[int], dict[str, float] | None]
KEPT = 5_000  # unconfirmed messages a device can hold
RESEND_S = 10.0  # HJ 212-2017 table 1
RECONNECT_S = 0.5  # before it comes again; doubled while nobody is there


class Device:
    """One device. `behave(now_us)` gives its readings; `run()` talks until cancelled, through every loss of the network."""

    def __init__(
        self,
        address: tuple[str, int],
        code: str,
        behave: Behaviour,
        interval_s: float = 60.0,
        first_s: float = 0.0,
    ) -> None:
        self.address, self.code, self.behave = address, code, behave
        self.interval_s, self.first_s = interval_s, first_s
        self.clock_off_s = 0.0  # how far the device's own clock is ahead
        self.unconfirmed: OrderedDict[str, tuple[bytes, float]] = (
            OrderedDict()
        )  # key -> (message, sent at, 0 = never)
        self.confirmed = 0
        self.lost = 0  # messages that fell out of a full memory
        self.is_online = False
        self._due: asyncio.Event = asyncio.Event()

    def now_us(self) -> int:
        """The device's own time, µs."""
        return time.time_ns() // 1000 + int(self.clock_off_s * 1e6)

    def report_now(self) -> None:
        """Report before the interval is over (a state changed)."""
        self._due.set()

    async def run(self) -> None:
        """Measure and talk until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._measure())
            group.create_task(self._stay_connected())

    async def _measure(self) -> None:
        await asyncio.sleep(self.first_s)
        while True:
            said = self.behave(self.now_us())
            if said is not None:
                key, message = self.word(said, self.now_us())
                self.keep(key, message)
                self.sendable()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._due.wait(), self.interval_s)
            self._due.clear()

    def keep(self, key: str, message: bytes) -> None:
        """Remember a message until it is confirmed; the oldest falls out of a full memory."""
        self.unconfirmed[key] = (message, 0.0)
        if len(self.unconfirmed) > KEPT:
            self.unconfirmed.popitem(last=False)
            self.lost += 1

    def confirm(self, key: str) -> None:
        """The platform has it."""
        if self.unconfirmed.pop(key, None) is not None:
            self.confirmed += 1

    def due(self) -> list[bytes]:
        """Messages never sent, or sent and unanswered for too long."""
        now, found = time.monotonic(), []
        for key, (message, sent) in self.unconfirmed.items():
            if not sent or now - sent > RESEND_S:
                self.unconfirmed[key] = (message, now)
                found.append(message)
        return found

    def disconnected(self) -> None:
        """What was sent over the lost connection has to be sent again."""
        self.is_online = False
        for key, (message, _) in self.unconfirmed.items():
            self.unconfirmed[key] = (message, 0.0)

    async def _stay_connected(self) -> None:
        wait = RECONNECT_S
        while True:
            try:
                await self.talk()
                wait = RECONNECT_S
            except (OSError, EOFError, ConnectionError):
                pass
            self.disconnected()
            await asyncio.sleep(wait)
            wait = min(wait * 2, 15.0)

    # ---- what a protocol fills in

    def word(self, said: dict[str, float], at_us: int) -> tuple[str, bytes]:
        """(key of the confirmation, message)."""
        raise NotImplementedError

    def sendable(self) -> None:
        """Something new waits in the memory."""

    async def talk(self) -> None:
        """One connection, until it ends. Raises OSError or EOFError."""
        raise NotImplementedError
