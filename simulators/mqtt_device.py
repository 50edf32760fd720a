"""A device that speaks MQTT 3.1.1: readings at QoS 1, commands on its own topic."""

import asyncio
import json
import time

from simulators.device import Behaviour
from simulators.streamed import StreamedDevice
from siteloop.protocols.mqtt import packets
from siteloop.protocols.mqtt.packets import Type

KEEP_ALIVE_S = 60


class MqttDevice(StreamedDevice):
    """One device of any profile."""

    def __init__(
        self,
        address: tuple[str, int],
        code: str,
        token: str,
        behave: Behaviour,
        profile: str = "dust",
        interval_s: float = 60.0,
        first_s: float = 0.0,
    ) -> None:
        super().__init__(address, code, behave, interval_s, first_s)
        self.token, self.profile = token, profile
        self._number = 0
        self._spoke = 0.0

    def word(self, said: dict[str, float], at_us: int) -> tuple[str, bytes]:
        """A PUBLISH on the device's own topic."""
        return self._publish(f"siteloop/{self.profile}/{self.code}", {"at": at_us // 1000, **said})

    def _publish(self, topic: str, body: dict[str, object]) -> tuple[str, bytes]:
        self._number = self._number % 65_535 + 1
        return str(self._number), packets.publish(
            topic, json.dumps(body, ensure_ascii=False).encode(), self._number
        )

    async def greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """CONNECT and subscribe. Raises ConnectionError when the platform refuses."""
        writer.write(packets.connect(self.code, self.code, self.token, KEEP_ALIVE_S))
        answer = await reader.readexactly(4)
        if answer[3]:
            raise ConnectionError(f"CONNACK {answer[3]}")
        writer.write(packets.subscribe(1, f"siteloop/{self.code}/command"))
        self._spoke = time.monotonic()

    def idle(self) -> None:
        """Keep alive."""
        if self.writer is not None and time.monotonic() - self._spoke > KEEP_ALIVE_S / 2:
            self._spoke = time.monotonic()
            self.writer.write(packets.build(Type.PINGREQ))

    def heard(self, buffer: bytes) -> bytes:
        """PUBACKs and commands."""
        used, found = packets.cut(buffer)
        for packet in found:
            if packet.type == Type.PUBACK:
                self.confirm(str(int.from_bytes(packet.body[:2], "big")))
            elif packet.type == Type.PUBLISH:
                self.told(json.loads(packets.read_publish(packet).payload))
        return buffer[used:]

    def told(self, command: dict[str, object]) -> None:
        """A command: a plain sensor refuses all but `set_time`."""
        if command.get("command") == "set_time":
            self.clock_off_s = 0.0
            self.fares(command, "done")
        else:
            self.fares(command, "refused", "设备没有这种能力")

    def fares(self, command: dict[str, object], state: str, detail: str = "") -> None:
        """Tell the platform how a command fares."""
        key, message = self._publish(
            f"siteloop/{self.code}/result", {"id": command["id"], "state": state, "detail": detail}
        )
        self.keep(key, message)
        self.sendable()
