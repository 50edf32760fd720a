"""The MQTT 3.1.1 listener: devices publish readings, get commands, and a PUBACK means that the reading is on disk (docs/adr/0003).

User name = device code, password = device token. Topics: a device publishes to `siteloop/<profile>/<code>` (readings),
`siteloop/position/<code>` (where it stands) and `siteloop/<code>/result` (how a command fares), and may subscribe to `siteloop/<code>/command`. There is no other traffic:
no retained messages, no wills, no QoS 2. MQTT 3.1.1 has no "no" to a PUBLISH: a reading we refuse is counted, kept in
quarantine and acknowledged, so that it is not sent for ever; a topic that is not the device's own ends the connection (4.8).
"""

import time
from typing import Any

import msgspec

from siteloop.gateway.commands import STATES, Commands
from siteloop.gateway.gathering import Gathering
from siteloop.gateway.listeners import proof
from siteloop.gateway.listeners.json_intake import JsonIntake
from siteloop.gateway.listeners.tcp import TcpConnection, TcpServer
from siteloop.gateway.presence import Presence
from siteloop.gateway.registry_source import RegistrySource
from siteloop.gateway.settings import GatewaySettings
from siteloop.kernel.profiles import POSITION
from siteloop.kernel.reasons import Reason
from siteloop.kernel.registry import DeviceEntry
from siteloop.protocols.mqtt import packets
from siteloop.protocols.mqtt.packets import BadPacket, Packet, Refused, Type

CONNECT_S = 10  # a client that does not say CONNECT by then is put out
LARGEST = 256 * 1024
LEVELS = (3, 4)  # MQTT 3.1 and 3.1.1


class MqttServer(TcpServer):
    """The port."""

    def __init__(
        self,
        address: tuple[str, int] | None,
        settings: GatewaySettings,
        registry: RegistrySource,
        gathering: Gathering,
        presence: Presence,
        commands: Commands,
    ) -> None:
        super().__init__(address, settings, registry, gathering, presence, commands)
        self.intake = JsonIntake(settings, registry, gathering, presence)
        self.by_device: dict[int, MqttConnection] = {}
        registry.on_change(lambda _: self._put_out_strangers())

    def connection(self) -> "MqttConnection":
        return MqttConnection(self)

    def _put_out_strangers(self) -> None:
        """A device whose token no longer counts, or that was switched off, has to prove itself again."""
        now_us = time.time_ns() // 1000
        for connection in list(self.by_device.values()):
            if connection.device is None:
                continue
            now = self.registry.by_number.get(connection.device.number)
            if now is None or not now.enabled or not proof.is_good(now, connection.proof, now_us):
                connection.close()
            else:
                connection.device = now

    def sweep(self) -> None:
        """Put out the silent, and those whose old token has expired."""
        self._put_out_strangers()
        super().sweep()


class MqttConnection(TcpConnection):
    """One device's session; all sessions are clean ones."""

    server: MqttServer

    def __init__(self, server: MqttServer) -> None:
        super().__init__(server)
        self.device: DeviceEntry | None = None
        self.proof = ""  # digest of the token it signed in with
        self.wants_commands = False
        self.patience: float = CONNECT_S

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self.device is not None and self.server.by_device.get(self.device.number) is self:
            del self.server.by_device[self.device.number]

    def is_over(self, now: float) -> bool:
        """A client may be silent for one and a half keep-alive times (3.1.2.10)."""
        return now - self.progress.last > self.patience or super().is_over(now)

    def send_command(self, device: DeviceEntry, row: dict[str, Any]) -> None:
        """A command as JSON on the device's command topic, if it subscribed to it."""
        if self.wants_commands:
            body = msgspec.json.encode({"id": row["id"], "command": row["command"], "args": row["args"]})
            self.answer([packets.publish(f"siteloop/{device.code}/command", body)])

    def take(self, now: int) -> None:
        try:
            if self.device is None and self.buffer[0] != Type.CONNECT << 4:
                raise BadPacket("the first packet is not CONNECT")
            used, found = packets.cut(self.buffer, LARGEST)
            del self.buffer[:used]
            for packet in found:
                if self.transport is None or self.transport.is_closing():
                    return
                self._packet(packet)
        except BadPacket as wrong:
            self.refuse(Reason.MALFORMED, str(wrong), bytes(self.buffer), self.device)
            self.buffer.clear()
            self.close()

    def _packet(self, packet: Packet) -> None:
        if self.device is None:
            if packet.type != Type.CONNECT:
                raise BadPacket("the first packet is not CONNECT")
            self._connect(packet)
        elif packet.type == Type.PUBLISH:
            self._publish(packet, self.device)
        elif packet.type == Type.SUBSCRIBE:
            self._subscribe(packet, self.device)
        elif packet.type == Type.UNSUBSCRIBE:
            number, topics = packets.read_subscribe(packet)
            self.wants_commands = self.wants_commands and f"siteloop/{self.device.code}/command" not in topics
            self.answer([packets.build(Type.UNSUBACK, number.to_bytes(2, "big"))])
        elif packet.type == Type.PINGREQ:
            self.server.presence.seen(self.device.number, self, self.peer)
            self.answer([packets.build(Type.PINGRESP)])
        elif packet.type == Type.DISCONNECT:
            self.close()
        elif packet.type != Type.PUBACK:
            raise BadPacket(f"packet type {packet.type} is not for us")

    def _connect(self, packet: Packet) -> None:
        intake = self.server.intake
        hello = packets.read_connect(packet)
        if hello.level not in LEVELS:
            self._turn_away(Refused.VERSION)
            return
        device = intake.who(hello.username, hello.password)
        if device is None:
            intake.refuse_stranger(hello.username, b"CONNECT " + hello.client_id.encode(), self.peer)
            self._turn_away(Refused.CREDENTIALS)
            return
        if not device.enabled:
            self._refuse_disabled(device)
            return
        other = self.server.by_device.get(device.number)
        if other is not None:
            other.close()  # the same client again: the older connection ends (3.1.4)
        self.server.by_device[device.number] = self
        self.device, self.proof = device, proof.digest(hello.password)
        self.patience = hello.keep_alive * 1.5 if hello.keep_alive else 3600.0
        self.server.presence.seen(device.number, self, self.peer)
        self.answer([packets.connack(Refused.ACCEPTED)])

    def _refuse_disabled(self, device: DeviceEntry) -> None:
        self.refuse(Reason.DISABLED, "the device is switched off", b"CONNECT", device)
        self._turn_away(Refused.NOT_AUTHORISED)

    def _turn_away(self, code: Refused) -> None:
        self.answer([packets.connack(code)])
        self.close()

    def _subscribe(self, packet: Packet, device: DeviceEntry) -> None:
        number, topics = packets.read_subscribe(packet)
        own = f"siteloop/{device.code}/command"
        self.wants_commands = self.wants_commands or own in topics
        codes = bytes(0 if topic == own else 0x80 for topic in topics)
        self.answer([packets.build(Type.SUBACK, number.to_bytes(2, "big") + codes)])

    def _publish(self, packet: Packet, device: DeviceEntry) -> None:
        message = packets.read_publish(packet)
        gathering = self.server.gathering
        position = f"siteloop/{POSITION.code}/{device.code}"
        if message.qos == 2 or message.topic not in (
            f"siteloop/{device.profile}/{device.code}",
            f"siteloop/{device.code}/result",
            position,
        ):
            detail = "QoS 2" if message.qos == 2 else f"topic {message.topic} is not the device's own"
            self.refuse(Reason.UNSUPPORTED, detail, message.payload, device)
            self.close()
            return
        self.server.presence.seen(device.number, self, self.peer)
        if message.topic.endswith("/result"):
            self._result(message.payload, device)
        else:
            profile = POSITION.code if message.topic == position else device.profile
            self.server.intake.take(device, message.payload, self.peer, profile)
        if message.qos:
            gathering.answer(self, packets.puback(message.packet_id))

    def _result(self, payload: bytes, device: DeviceEntry) -> None:
        try:
            told = msgspec.json.decode(payload, type=Result)
        except (msgspec.DecodeError, msgspec.ValidationError) as wrong:
            self.refuse(Reason.MALFORMED, f"result: {wrong}", payload, device)
            return
        if told.state not in STATES:
            self.refuse(Reason.WRONG_TYPE, f"state {told.state}", payload, device)
            return
        self.server.gathering.control()
        self.server.commands.report(told.id, told.state, {"detail": told.detail[:200]}, device.number)


class Result(msgspec.Struct, frozen=True):
    """How a command fares, told by the device."""

    id: str
    state: str
    detail: str = ""
