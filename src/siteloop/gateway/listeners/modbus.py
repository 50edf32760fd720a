"""The Modbus TCP poller: sensors that are asked, not heard (docs/protocols/modbus.md).

What to ask and what the registers mean is the register map of the device's model; where and how often says the device. Sensors
behind one address share a connection and are asked one after the other. Of several listeners one polls: whoever holds the lease.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import psycopg
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException

from siteloop.gateway import lease
from siteloop.gateway.freshness import too_early_or_late
from siteloop.gateway.gathering import Gathering
from siteloop.gateway.presence import Presence
from siteloop.gateway.registry_source import RegistrySource
from siteloop.gateway.settings import GatewaySettings
from siteloop.kernel.block import Reject
from siteloop.kernel.registry import DeviceEntry, Registry
from siteloop.kernel.times import SECOND
from siteloop.protocols.modbus import line
from siteloop.protocols.modbus import map as registers
from siteloop.protocols.modbus.map import BadMap, RegisterMap, Request, Table
from siteloop.protocols.rows import NoReading

log = logging.getLogger("siteloop.listener")
ANSWER_S = 3.0
LOOK_S = 5.0

Address = tuple[str, int]


@dataclass
class Sensor:
    """One polled device; `due` in seconds of the clock that does not jump."""

    device: DeviceEntry
    map: RegisterMap
    unit: int
    due: float = 0.0
    failures: int = 0


class Poller:
    """All polled devices of this process; `run()` for ever."""

    def __init__(
        self, settings: GatewaySettings, registry: RegistrySource, gathering: Gathering, presence: Presence
    ) -> None:
        self.settings, self.registry = settings, registry
        self.gathering, self.presence = gathering, presence
        self.lines: dict[Address, asyncio.Task[None]] = {}
        self._sensors: dict[Address, dict[int, Sensor]] = {}
        self._changed = asyncio.Event()
        registry.on_change(lambda _: self._changed.set())

    async def run(self) -> None:
        """Poll while the lease is ours; without a database (an edge, which is alone) at once."""
        while True:
            if not self.settings.dsn:
                await self._poll(None)
            try:
                async with await lease.connect(self.settings.dsn) as connection:
                    await lease.hold(connection, "poller", 0)
                    await self._poll(connection)
            except psycopg.OperationalError as lost:
                log.warning("polling pauses, the database is away: %s", lost)
                await asyncio.sleep(1)

    async def _poll(self, connection: lease.Connection | None) -> None:
        try:
            while True:
                self._changed.clear()
                self._arrange(self.registry.current)
                if connection is not None:
                    await connection.execute("SELECT 1")  # whoever lost the lease stops asking
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), LOOK_S)
        finally:
            for task in self.lines.values():
                task.cancel()
            await asyncio.gather(*self.lines.values(), return_exceptions=True)
            self.lines.clear()

    def _arrange(self, registry: Registry) -> None:
        """A line for every address that is to be polled, and no other."""
        wanted = sensors(registry, {site for sites in self.settings.edges.values() for site in sites})
        for address in self.lines.keys() - wanted.keys():
            self.lines.pop(address).cancel()
            self._sensors.pop(address, None)
        for address, found in wanted.items():
            before = self._sensors.get(address, {})
            for number, sensor in found.items():
                if number in before:
                    sensor.due, sensor.failures = before[number].due, before[number].failures
            self._sensors[address] = found
            task = self.lines.get(address)
            if task is None or task.done():
                self.lines[address] = asyncio.create_task(self._line(address))

    async def _line(self, address: Address) -> None:
        """Ask the sensors of one address, whoever is due first."""
        client = AsyncModbusTcpClient(
            address[0], port=address[1], timeout=ANSWER_S, retries=0, reconnect_delay=0
        )
        try:
            while True:
                sensor = min(self._sensors[address].values(), key=lambda s: s.due)
                wait = sensor.due - time.monotonic()
                if wait > 0:
                    # no longer than that, as the registry may bring a sensor that is due earlier
                    await asyncio.sleep(min(wait, 1.0))
                    continue
                answers = await self._ask(client, sensor)
                self._take(sensor, answers, address)
        finally:
            client.close()

    async def _ask(self, client: AsyncModbusTcpClient, sensor: Sensor) -> line.Answers:
        """What the sensor says to each request of its map; None where it says nothing or no."""
        answers: dict[Request, list[int] | None] = {}
        for request in registers.plan(sensor.map):
            answers[request] = await _read(client, request, sensor.unit)
            if not client.connected:
                break
        return answers

    def _take(self, sensor: Sensor, answers: line.Answers, address: Address) -> None:
        now, device = _now(), sensor.device
        sensor.failures = 0 if any(a is not None for a in answers.values()) else sensor.failures + 1
        sensor.due = time.monotonic() + line.pause(device.interval_s * SECOND, sensor.failures) / SECOND
        if sensor.failures:
            return
        peer = f"{address[0]}:{address[1]}"
        self.presence.heard(device.number, peer)
        raw = line.kept(answers)
        try:
            row = registers.reading(sensor.map, answers, now, device.scale)
            late = too_early_or_late(row.at, row.kind, now, self.settings)
            if late is not None:
                raise NoReading(late, "the clock of this machine jumped")
        except NoReading as no:
            self.gathering.reject(
                Reject(now, no.reason.value, no.detail, raw, device.number, device.code, peer)
            )
            return
        self.gathering.row(
            device.profile, device.number, row.at, now, row.values, row.quality, row.kind, raw, row.flagged
        )


def sensors(registry: Registry, elsewhere: set[int]) -> dict[Address, dict[int, Sensor]]:
    """Polled devices by address; those of sites that an edge serves are the edge's. A bad map or address is told and left out."""
    found: dict[Address, dict[int, Sensor]] = {}
    maps: dict[str, RegisterMap] = {}
    for device in registry.devices:
        if not (device.polled_at and device.registers and device.enabled) or device.site in elsewhere:
            continue
        try:
            host, port, unit = line.place(device.polled_at)
            if device.registers not in maps:
                maps[device.registers] = registers.load(device.registers)
        except (BadMap, ValueError) as wrong:
            log.warning("device %s is not polled: %s", device.code, wrong)
            continue
        one = maps[device.registers]
        if one.profile != device.profile:
            log.warning("device %s is not polled: its map is for %s", device.code, one.profile)
            continue
        sensor = Sensor(device, one, one.unit if unit is None else unit)
        found.setdefault((host, port), {})[device.number] = sensor
    return found


async def _read(client: AsyncModbusTcpClient, request: Request, unit: int) -> list[int] | None:
    ask: Callable[..., object] = (
        client.read_holding_registers if request.table is Table.HOLDING else client.read_input_registers
    )
    try:
        if not client.connected and not await client.connect():
            return None
        answer = await ask(request.register, count=request.count, device_id=unit)  # type: ignore[misc]
    except (ModbusException, OSError, TimeoutError):
        return None
    if answer.isError() or len(answer.registers) != request.count:
        return None
    return list(answer.registers)


def _now() -> int:
    return time.time_ns() // 1000
