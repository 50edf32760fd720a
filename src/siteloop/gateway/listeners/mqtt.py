"""The MQTT listener: MQTT 3.1.1 for devices. A PUBACK says: this reading is on disk (docs/adr/0003).

A device signs in with its code and token, may publish only on `siteloop/<profile>/<its code>` and be told only on
`siteloop/<its code>/command`; it reports a command's fate on `siteloop/<its code>/result`.
"""

import asyncio
import hashlib
import hmac
import json
import time
from typing import Any, cast

from siteloop.gateway.commands import Commands
from siteloop.gateway.gathering import Gathering
from siteloop.gateway.listeners.hj212 import KEPT_RAW, too_early_or_late
from siteloop.gateway.presence import Presence
from siteloop.gateway.registry_source import RegistrySource
from siteloop.gateway.settings import GatewaySettings
from siteloop.kernel.block import Reject
from siteloop.kernel.reasons import Reason
from siteloop.kernel.registry import DeviceEntry
from siteloop.protocols import json_profile
from siteloop.protocols.hj212.reading import NoReading
from siteloop.protocols.mqtt import packets
from siteloop.protocols.mqtt.packets import BadPacket, Packet, Refused, Type

RESULTS = frozenset({"accepted", "refused", "done", "failed"})


def is_token(device: DeviceEntry | None, token: str) -> bool:
    """Constant-time check of a device token; a device without one cannot sign in."""
    digest = hashlib.sha256(token.encode()).hexdigest()
    return hmac.compare_digest(digest, device.token_hash if device and device.token_hash else "-" * 64)


class MqttServer:
    """What all connections of the port share."""

    def __init__(
        self, settings: GatewaySettings, registry: RegistrySource, gathering: Gathering, presence: Presence, commands: Commands
    ) -> None:
        self.settings, self.registry, self.gathering = settings, registry, gathering
        self.presence, self.commands = presence, commands
        self.connections: set[MqttConnection] = set()
        gathering.on_throttle(self._throttle)

    def _throttle(self, stop: bool) -> None:
        for connection in self.connections:
            connection.throttle(stop)

    async def serve(self) -> asyncio.Server:
        """Bind. Raises OSError when the port is taken."""
        host, port = self.settings.mqtt
        return await asyncio.get_running_loop().create_server(lambda: MqttConnection(self), host, port, backlog=1024)


class MqttConnection(asyncio.Protocol):
    """One device."""

    def __init__(self, server: MqttServer) -> None:
        self.server = server
        self.buffer = bytearray()
        self.device: DeviceEntry | None = None
        self.transport: asyncio.Transport | None = None
        self.peer = ""
        self._deadline: asyncio.TimerHandle | None = None
        self._patience = 10.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        name = transport.get_extra_info("peername") or ("", 0)
        self.peer = f"{name[0]}:{name[1]}"
        self.server.connections.add(self)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self.server.connections.discard(self)
        self.server.presence.gone(self)
        if self._deadline is not None:
            self._deadline.cancel()

    def _wait(self) -> None:
        """Close when the device stays silent for one and a half keep-alives (3.1.2.10)."""
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = asyncio.get_running_loop().call_later(self._patience, self.close)

    def close(self) -> None:
        """End the connection."""
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
        """Write packets."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(b"".join(data))

    def send_command(self, device: DeviceEntry, row: dict[str, Any]) -> None:
        """Tell the device what to do."""
        body = json.dumps({"id": row["id"], "command": row["command"], "args": row["args"]}, ensure_ascii=False)
        self.answer([packets.publish(f"siteloop/{device.code}/command", body.encode())])

    def data_received(self, data: bytes) -> None:
        self._wait()
        self.buffer += data
        try:
            used, found = packets.cut(self.buffer)
            del self.buffer[:used]
            for packet in found:
                self._packet(packet)
        except BadPacket as wrong:
            self._refuse(Reason.MALFORMED, str(wrong), bytes(data))
            self.close()

    def _packet(self, packet: Packet) -> None:
        if packet.type == Type.CONNECT:
            self._connect(packet)
        elif self.device is None:
            raise BadPacket("a packet before CONNECT")
        elif packet.type == Type.PUBLISH:
            self._publish(packet)
        elif packet.type == Type.SUBSCRIBE:
            self._subscribe(packet)
        elif packet.type == Type.UNSUBSCRIBE:
            number, _ = packets.read_subscribe(packet)
            self.answer([packets.build(Type.UNSUBACK, number.to_bytes(2, "big"))])
        elif packet.type == Type.PINGREQ:
            self.server.presence.seen(self.device.number, self, self.peer)
            self.answer([packets.build(Type.PINGRESP)])
        elif packet.type == Type.DISCONNECT:
            self.close()
        elif packet.type != Type.PUBACK:
            raise BadPacket(f"packet type {packet.type}")

    def _connect(self, packet: Packet) -> None:
        hello = packets.read_connect(packet)
        device = self.server.registry.by_code.get(hello.username)
        if hello.level not in (3, 4):
            self.answer([packets.connack(Refused.VERSION)])
        elif not is_token(device, hello.password):
            self._refuse(Reason.PASSWORD if device else Reason.UNKNOWN_DEVICE, "MQTT sign-in", b"", hello.username)
            self.answer([packets.connack(Refused.CREDENTIALS)])
        elif device is not None:
            self.device = device
            self._patience = hello.keep_alive * 1.5 if hello.keep_alive else 3600.0
            self._wait()
            self.server.presence.seen(device.number, self, self.peer)
            self.answer([packets.connack(Refused.ACCEPTED)])
            return
        self.close()

    def _subscribe(self, packet: Packet) -> None:
        assert self.device is not None, "checked by _packet"
        number, topics = packets.read_subscribe(packet)
        own = f"siteloop/{self.device.code}/command"
        codes = bytes(0 if topic == own else 0x80 for topic in topics)
        self.answer([packets.build(Type.SUBACK, number.to_bytes(2, "big") + codes)])

    def _publish(self, packet: Packet) -> None:
        assert self.device is not None, "checked by _packet"
        message = packets.read_publish(packet)
        # the registry may have changed since the device signed in
        device = self.server.registry.by_code.get(self.device.code)
        if device is None or message.qos > 1:
            self.close()
            return
        self.server.presence.seen(device.number, self, self.peer)
        if message.qos:
            self.server.gathering.answer(self, packets.puback(message.packet_id))
        if message.topic == f"siteloop/{device.code}/result":
            self._result(message.payload)
        elif message.topic != f"siteloop/{device.profile}/{device.code}":
            self._refuse(Reason.UNSUPPORTED, f"topic {message.topic[:80]}", message.payload)
        else:
            self._reading(device, message.payload)

    def _result(self, payload: bytes) -> None:
        self.server.gathering.control()
        try:
            body = json.loads(payload)
            command, state = str(body["id"]), str(body["state"])
        except (ValueError, KeyError, TypeError):
            return
        if state in RESULTS:
            self.server.commands.report(command, state, {"detail": str(body.get("detail", ""))[:200]})

    def _reading(self, device: DeviceEntry, payload: bytes) -> None:
        now = time.time_ns() // 1000
        if not device.enabled:
            self._refuse(Reason.DISABLED, "the device is switched off", payload)
            return
        try:
            item = json.loads(payload)
        except ValueError:
            self._refuse(Reason.MALFORMED, "not JSON", payload)
            return
        try:
            row = json_profile.reading(item, device.profile, device.scale, now)
        except NoReading as no:
            self._refuse(no.reason, no.detail, payload)
            return
        late = too_early_or_late(row.at, row.kind, now, self.server.settings)
        if late is not None:
            self._refuse(late, "at", payload)
            return
        self.server.gathering.row(
            device.profile, device.number, row.at, now, row.values, row.quality, row.kind, payload, row.flagged
        )

    def _refuse(self, reason: Reason, detail: str, raw: bytes, code: str = "") -> None:
        device = self.device
        self.server.gathering.reject(
            Reject(
                received_at=time.time_ns() // 1000,
                reason=reason.value,
                detail=detail[:200],
                raw=raw[:KEPT_RAW],
                device=device.number if device else 0,
                device_code=(device.code if device else code)[:60],
                peer=self.peer,
            )
        )
