"""The listener role: HJ 212, MQTT, HTTP, JT/T 808, lifting, weighbridge and Modbus intake in one process over one bus connection."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import TypeVar, cast

import psycopg
import uvicorn

from siteloop.gateway import figures, files
from siteloop.gateway.bus import Bus
from siteloop.gateway.commands import Commands
from siteloop.gateway.edge.desk import Desk
from siteloop.gateway.gathering import Gathering, Publisher
from siteloop.gateway.latency import METER
from siteloop.gateway.listeners.hj212 import Hj212Server
from siteloop.gateway.listeners.http import HttpIntake
from siteloop.gateway.listeners.jt808 import Jt808Server
from siteloop.gateway.listeners.lifting import LiftingServer
from siteloop.gateway.listeners.modbus import Poller
from siteloop.gateway.listeners.mqtt import MqttServer
from siteloop.gateway.listeners.patience import PatientHttp
from siteloop.gateway.listeners.tcp import TcpServer
from siteloop.gateway.listeners.weighbridge import WeighbridgeServer
from siteloop.gateway.presence import Presence
from siteloop.gateway.quarantine.releasing import LISTENER as RELEASE
from siteloop.gateway.quarantine.releasing import Releases
from siteloop.gateway.registry_source import RegistrySource
from siteloop.gateway.settings import GatewaySettings
from siteloop.gateway.tls import BadCertificate, Certificate
from siteloop.kernel.placement import Placement
from siteloop.kernel.registry import Registry

log = logging.getLogger("siteloop.listener")
SWEEP_S = 2
T = TypeVar("T", bound=TcpServer)
LAST_FLUSH_S = 5
#: loading the compiled decoder takes about 1.5 s; where it must be compiled first (15 s, once a machine) devices do not wait
DECODER_S = 5.0


class _Web(uvicorn.Server):
    """uvicorn inside our loop: signals stay with the process that started the role."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


@dataclass
class ListenerRole:
    """Start with `start()`, stop with `stop()`; `ports` says where it listens (useful with port 0)."""

    settings: GatewaySettings
    bus: Publisher
    registry: RegistrySource
    ports: dict[str, int] = field(default_factory=dict)
    decoder_s: float = DECODER_S

    def __post_init__(self) -> None:
        settings = self.settings
        self.presence = self.make_presence()
        self.commands = self.make_commands()
        self.gatherings = {
            name: Gathering(name, self.bus)
            for name in (
                "hj212",
                "mqtt",
                "http",
                "jt808",
                "lifting",
                "weighbridge",
                "modbus",
                "events",
                RELEASE,
            )
        }
        self.registry.on_change(self._place)
        self._place(self.registry.current)

        def door(make: type[T], name: str, address: tuple[str, int] | None) -> T:
            gathering = self.gatherings[name]
            return make(address, settings, self.registry, gathering, self.presence, self.commands)

        self.hj212 = door(Hj212Server, "hj212", settings.hj212)
        self.mqtt = door(MqttServer, "mqtt", settings.mqtt)
        self.doors: dict[str, TcpServer] = {
            "hj212": self.hj212,
            "mqtt": self.mqtt,
            "jt808": door(Jt808Server, "jt808", settings.jt808),
            "lifting": door(LiftingServer, "lifting", settings.lifting),
            "weighbridge": door(WeighbridgeServer, "weighbridge", settings.weighbridge),
        }
        gathering, events = self.gatherings["http"], self.gatherings["events"]
        self.http = HttpIntake(settings, self.registry, gathering, events, self.presence, self.commands)
        self.poller = Poller(settings, self.registry, self.gatherings["modbus"], self.presence)
        self._tasks: list[asyncio.Task[None]] = []
        self._servers: list[asyncio.Server] = []
        self._webs: list[_Web] = []
        self.certificate: Certificate | None = None
        self._accelerating: asyncio.Task[bool] | None = None

    def make_presence(self) -> Presence:
        """Where it is written down who is connected."""
        return Presence(self.settings.dsn)

    def make_commands(self) -> Commands:
        """Where commands to devices come from."""
        bus = self.bus if isinstance(self.bus, Bus) else None
        return Commands(self.settings.dsn, self.registry, self.presence, bus)

    async def start(self, with_database: bool = True) -> None:
        """Bind every port and begin. Raises OSError when a port is taken, BadCertificate when TLS cannot be had.

        The compiled decoder is there before the first connection is taken, or the plain one serves until it is.
        """
        if self.settings.accelerate:
            self._accelerating = asyncio.create_task(self.hj212.accelerate())
            await asyncio.wait({self._accelerating}, timeout=self.decoder_s)
        self._tasks += [asyncio.create_task(g.run()) for g in self.gatherings.values()]
        self._tasks.append(asyncio.create_task(self.poller.run()))
        for name, door in self.doors.items():
            opened = await door.serve()
            if opened is not None:
                self._servers.append(opened)
                self.ports[name] = opened.sockets[0].getsockname()[1]
        self._serve_http("intake", self.settings.intake)
        await self._serve_tls()
        self._tasks.append(asyncio.create_task(self._sweep()))
        if with_database:
            self._tasks += [
                asyncio.create_task(self.registry.watch()),
                asyncio.create_task(self.presence.run()),
                asyncio.create_task(self.commands.run()),
                asyncio.create_task(METER.run(self.settings.dsn)),
                asyncio.create_task(Releases(self.settings, self.registry, self.gatherings[RELEASE]).run()),
            ]

        if with_database and self.settings.edges and isinstance(self.bus, Bus):
            edges, partitions = self.settings.edges, self.settings.partitions
            desk = Desk(edges, partitions, self.bus, self.registry, self.presence, self.commands)
            await desk.start()
            self._tasks.append(asyncio.create_task(desk.run()))

    def _serve_http(
        self, name: str, address: tuple[str, int], certificate: Certificate | None = None
    ) -> None:
        bound = socket.create_server(address, backlog=1024)
        self.ports[name] = bound.getsockname()[1]
        config = uvicorn.Config(
            self.http.app(),
            http=PatientHttp,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_keep_alive=75,
        )
        if certificate is not None:
            config.load()
            config.ssl = certificate.context
        web = _Web(config)
        self._webs.append(web)
        self._tasks.append(asyncio.create_task(web.serve([bound])))

    async def _serve_tls(self) -> None:
        """The same doors once more with TLS, where they are asked for."""
        settings, loop = self.settings, asyncio.get_running_loop()
        asked = (settings.hj212_tls, settings.mqtt_tls, settings.intake_tls)
        if not any(asked):
            return
        if settings.tls_chain is None or settings.tls_key is None:
            raise BadCertificate("开启 TLS 接入须同时设置证书与私钥")
        self.certificate = Certificate(settings.tls_chain, settings.tls_key)
        for name, address in (("hj212", settings.hj212_tls), ("mqtt", settings.mqtt_tls)):
            if address is not None:
                server = await loop.create_server(
                    self.doors[name].connection, *address, ssl=self.certificate.context, backlog=4096
                )
                self._servers.append(server)
                self.ports[f"{name}_tls"] = server.sockets[0].getsockname()[1]
        if settings.intake_tls is not None:
            self._serve_http("intake_tls", settings.intake_tls, self.certificate)

    def _refresh_certificate(self) -> None:
        if self.certificate is None:
            return
        try:
            if self.certificate.refresh():
                log.warning("the certificate of the doors was renewed")
        except BadCertificate as wrong:
            log.error("the old certificate stays in use: %s", wrong)

    def _place(self, registry: Registry) -> None:
        """Which partition each device's readings go through from now on."""
        placement = Placement(registry.devices, self.settings.partitions)
        for gathering in self.gatherings.values():
            gathering.placement = placement

    async def wait(self) -> None:
        """Until one of the role's tasks ends, which it does only by a fault; that fault is raised."""
        done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()

    async def stop(self) -> None:
        """Take in nothing more, make durable and answer what was taken, close."""
        for server in self._servers:
            server.close()
        for web in self._webs:
            web.should_exit = True
        for gathering in self.gatherings.values():
            with contextlib.suppress(TimeoutError):
                if gathering.waiting:
                    await asyncio.wait_for(gathering.durable(), LAST_FLUSH_S)
        for door in self.doors.values():
            for connection in list(door.connections):
                connection.close()
        await asyncio.sleep(0)
        if self._accelerating is not None:
            self._accelerating.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.presence.all_gone()
        if self.settings.dsn:
            await self.presence.write()

    async def _sweep(self) -> None:
        """Put out the silent, show the figures."""
        while True:
            await asyncio.sleep(SWEEP_S)
            self._refresh_certificate()
            for name, door in self.doors.items():
                door.sweep()
                figures.CONNECTIONS.labels(name).set(len(door.connections))
            for name, gathering in self.gatherings.items():
                figures.WAITING.labels(name).set(gathering.waiting)
                figures.PUBLISHED.labels(name).set(gathering.published)
                figures.THROTTLED.labels(name).set(gathering.is_throttled)


async def run(settings: GatewaySettings, ready: Callable[[dict[str, int]], None] | None = None) -> None:
    """Be the listener until cancelled; `ready` is told the bound ports (hj212, mqtt, intake, and the doors that are open)."""
    files.more()
    bus = Bus(settings.nats_url, "listener", settings.partitions, settings.replicas)
    await bus.connect()
    registry = RegistrySource(settings.dsn)
    while True:
        try:
            await registry.load()
            break
        except psycopg.OperationalError as wrong:
            log.warning("waiting for the database: %s", wrong)
            await asyncio.sleep(1)
    role = ListenerRole(settings, cast(Publisher, bus), registry)
    try:
        await role.start()
        if ready is not None:
            ready(role.ports)
        await role.wait()
    finally:
        await role.stop()
        await bus.close()
