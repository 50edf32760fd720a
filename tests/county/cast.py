"""The county's devices in the hands of a test: each talks over its real socket and says what the test wants."""

import asyncio
import json
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from simulators.device import Device
from simulators.hj212_device import Hj212Device
from simulators.sprayer import Sprayer
from siteloop.entry.testing_stack import Stack

#: an ordinary afternoon
CALM = {
    "pm25": 30.0,
    "pm10": 52.0,
    "tsp": 80.0,
    "noise": 51.0,
    "temperature": 20.0,
    "humidity": 55.0,
    "pressure": 101.5,
    "wind_speed": 1.5,
    "wind_direction": 90.0,
}


@dataclass
class Monitor:
    """One dust monitor: change `air` and the next report says so."""

    device: Hj212Device
    air: dict[str, float]


@dataclass
class Cast:
    """Devices run on a loop of their own thread until `stop()`."""

    stack: Stack
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    running: list[asyncio.Task[None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        told = json.loads((self.stack.data / "secrets" / "demo-devices.json").read_text())
        self.credentials: dict[str, dict[str, Any]] = {d["code"]: d for d in told["devices"]}
        self.stories: dict[str, dict[str, Any]] = told["stories"]
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def monitor(self, code: str, **air: float) -> Monitor:
        """A monitor that reports every second."""
        said = CALM | air
        device = Hj212Device(
            self.stack.hj212, code, lambda _: dict(said), self.credentials[code]["password"], interval_s=1
        )
        self._run(device)
        return Monitor(device, said)

    def sprayer(self, code: str, works: Callable[[], bool] = lambda: True) -> Sprayer:
        """A sprayer that does what it is told while it works."""
        device = Sprayer(self.stack.mqtt, code, self.credentials[code]["token"], interval_s=2, works=works)
        self._run(device)
        return device

    def run_now(self, sprayer: Sprayer, seconds: float) -> None:
        """Somebody presses the button on the machine itself."""
        self.loop.call_soon_threadsafe(sprayer.start, seconds)

    def _run(self, device: Device) -> None:
        async def begin() -> None:
            self.running.append(self.loop.create_task(device.run()))

        self._wait(begin())

    def stop(self) -> None:
        """Everybody hangs up."""

        async def end() -> None:
            for task in self.running:
                task.cancel()
            await asyncio.gather(*self.running, return_exceptions=True)

        self._wait(end())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()

    def _wait(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self.loop).result(30)
