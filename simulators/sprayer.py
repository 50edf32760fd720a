"""A sprayer or fog cannon on MQTT: runs when told, reports its state at once and at its interval."""

import asyncio
import time
from collections.abc import Callable

from simulators.mqtt_device import MqttDevice

FLOW = 6.5  # m³/h while running
PRESSURE = 0.45  # MPa while running
LONGEST_S = 3600.0


class Sprayer(MqttDevice):
    """One sprayer. `works()` false: it accepts commands and does nothing; `hears()` false: it does not even answer."""

    def __init__(
        self,
        address: tuple[str, int],
        code: str,
        token: str,
        interval_s: float = 60.0,
        first_s: float = 0.0,
        works: Callable[[], bool] = lambda: True,
        hears: Callable[[], bool] = lambda: True,
    ) -> None:
        super().__init__(address, code, token, self._state, "sprayer", interval_s, first_s)
        self.works, self.hears = works, hears
        self.started = 0.0  # monotonic seconds, 0 = not running
        self.runs = 0
        self._stopping: asyncio.TimerHandle | None = None

    @property
    def is_running(self) -> bool:
        """Whether water comes out."""
        return bool(self.started)

    def _state(self, _now_us: int) -> dict[str, float]:
        ran = time.monotonic() - self.started if self.started else 0.0
        return {
            "running": 1 if self.started else 0,
            "flow": FLOW if self.started else 0,
            "water_pressure": PRESSURE if self.started else 0,
            "run_seconds": round(ran),
        }

    def told(self, command: dict[str, object]) -> None:
        """spray_on {seconds} and spray_off."""
        if not self.hears():
            return
        name, args = command.get("command"), command.get("args")
        seconds = args.get("seconds", 600) if isinstance(args, dict) else 600
        if name not in ("spray_on", "spray_off"):
            super().told(command)
            return
        self.fares(command, "accepted")
        if not self.works():
            self.fares(command, "failed", "水泵未启动")
            return
        if name == "spray_on":
            self.start(float(seconds) if isinstance(seconds, int | float) and seconds > 0 else 600.0)
        else:
            self.stop()
        self.fares(command, "done")

    def start(self, seconds: float) -> None:
        """Run for so long, or so much longer."""
        if self._stopping is not None:
            self._stopping.cancel()
        if not self.started:
            self.started = time.monotonic()
            self.runs += 1
        self._stopping = asyncio.get_running_loop().call_later(min(seconds, LONGEST_S), self.stop)
        self.report_now()

    def stop(self) -> None:
        """Shut the water."""
        if self._stopping is not None:
            self._stopping.cancel()
            self._stopping = None
        self.started = 0.0
        self.report_now()
