"""What all doors on TCP share: the life of a connection, back-pressure, silence, answers, refusals."""

import asyncio
import time
from abc import ABC, abstractmethod
from typing import Any, cast

from siteloop.gateway.commands import Commands
from siteloop.gateway.freshness import too_early_or_late
from siteloop.gateway.gathering import Gathering
from siteloop.gateway.listeners.patience import Progress
from siteloop.gateway.presence import Presence
from siteloop.gateway.registry_source import RegistrySource
from siteloop.gateway.settings import GatewaySettings
from siteloop.kernel.block import Reject
from siteloop.kernel.reasons import Reason
from siteloop.kernel.registry import DeviceEntry
from siteloop.kernel.times import SECOND
from siteloop.protocols.rows import Reading


class TcpServer(ABC):
    """One port."""

    def __init__(
        self,
        address: tuple[str, int] | None,
        settings: GatewaySettings,
        registry: RegistrySource,
        gathering: Gathering,
        presence: Presence,
        commands: Commands,
    ) -> None:
        self.address, self.settings, self.registry = address, settings, registry
        self.gathering, self.presence, self.commands = gathering, presence, commands
        self.connections: set[TcpConnection] = set()
        gathering.on_throttle(self._throttle)

    def _throttle(self, stop: bool) -> None:
        for connection in self.connections:
            connection.throttle(stop)

    def sweep(self) -> None:
        """Close connections that are silent, or that leave a frame unfinished, however slowly its bytes drip in."""
        now = time.monotonic()
        for connection in list(self.connections):
            if connection.is_over(now):
                connection.close()

    async def serve(self) -> asyncio.Server | None:
        """Bind; None where the port is closed by its setting. Raises OSError when the port is taken."""
        if self.address is None:
            return None
        host, port = self.address
        return await asyncio.get_running_loop().create_server(self.connection, host, port, backlog=4096)

    @abstractmethod
    def connection(self) -> "TcpConnection":
        """A new connection of this port."""


class TcpConnection(asyncio.Protocol, ABC):
    """One connection; several devices may speak over it."""

    def __init__(self, server: TcpServer) -> None:
        self.server = server
        self.buffer = bytearray()
        self.peer = ""
        self.transport: asyncio.Transport | None = None
        self.progress = Progress()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        name = transport.get_extra_info("peername") or ("", 0)
        self.peer = f"{name[0]}:{name[1]}"
        self.server.connections.add(self)
        if self.server.gathering.is_throttled:
            asyncio.get_running_loop().call_soon(self.throttle, True)

    def connection_lost(self, exc: Exception | None) -> None:
        self.server.connections.discard(self)
        self.server.presence.gone(self)
        if self.unfinished:
            self.refuse(Reason.LENGTH, "the connection ended inside a frame", bytes(self.buffer))

    @property
    def unfinished(self) -> bool:
        """Whether the buffer holds the beginning of a frame."""
        return bool(self.buffer)

    def is_over(self, now: float) -> bool:
        """Whether the connection has used up our patience at `now` (monotonic s)."""
        return self.progress.is_over(now)

    def close(self) -> None:
        """End the connection after what is written has gone out."""
        if self.transport is not None:
            self.transport.close()

    def throttle(self, stop: bool) -> None:
        """Back-pressure to the socket."""
        if self.transport is not None and not self.transport.is_closing():
            if stop:
                self.transport.pause_reading()
            else:
                self.transport.resume_reading()

    def answer(self, data: list[bytes]) -> None:
        """Write answers in one go; a connection that went away gets none, its device sends again elsewhere."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(b"".join(data))

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        before = len(self.buffer)
        self.take(time.time_ns() // 1000)
        self.progress.note(self.unfinished, len(self.buffer) < before)

    @abstractmethod
    def take(self, now: int) -> None:
        """Use the whole frames of the buffer."""

    def send_command(self, device: DeviceEntry, row: dict[str, Any]) -> None:
        """A command of ours; a protocol without words for it says so."""
        self.server.commands.report(row["id"], "failed", {"detail": "此设备协议没有该指令"}, device.number)

    def refuse(
        self, reason: Reason, detail: str, raw: bytes, device: DeviceEntry | None = None, code: str = ""
    ) -> None:
        """Count and quarantine one message."""
        now = time.time_ns() // 1000
        number = device.number if device else 0
        self.server.gathering.reject(
            Reject(now, reason.value, detail, raw, number, device.code if device else code, self.peer)
        )

    def row(
        self, profile: str, device: DeviceEntry, row: Reading, raw: bytes, now: int, is_refill: bool = False
    ) -> bool:
        """Take a row in, or refuse it for its time. Whether it was taken."""
        late = too_early_or_late(row.at, row.kind, now, self.server.settings, is_refill)
        if late is not None:
            self.refuse(late, f"device time off by {(row.at - now) / SECOND:.0f} s", raw, device)
            return False
        self.server.gathering.row(
            profile, device.number, row.at, now, row.values, row.quality, row.kind, raw, row.flagged
        )
        return True
