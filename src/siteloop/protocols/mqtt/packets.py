"""MQTT 3.1.1: cut, read and build control packets. QoS 2 and retained messages are not part of this broker's promise."""

import struct
from enum import IntEnum

import msgspec


class Type(IntEnum):
    """Control packet types (2.2.1)."""

    CONNECT = 1
    CONNACK = 2
    PUBLISH = 3
    PUBACK = 4
    SUBSCRIBE = 8
    SUBACK = 9
    UNSUBSCRIBE = 10
    UNSUBACK = 11
    PINGREQ = 12
    PINGRESP = 13
    DISCONNECT = 14


class Refused(IntEnum):
    """CONNACK return codes (3.2.2.3)."""

    ACCEPTED = 0
    VERSION = 1
    IDENTIFIER = 2
    UNAVAILABLE = 3
    CREDENTIALS = 4
    NOT_AUTHORISED = 5


class BadPacket(ValueError):
    """Bytes that are no MQTT 3.1.1 packet; the connection has to be closed (4.8)."""


class Packet(msgspec.Struct, frozen=True):
    """Fixed header and body."""

    type: int
    flags: int
    body: bytes


class Connect(msgspec.Struct, frozen=True):
    """What a client says first."""

    level: int
    client_id: str
    username: str
    password: str
    keep_alive: int


class Publish(msgspec.Struct, frozen=True):
    """A message."""

    topic: str
    payload: bytes
    qos: int
    packet_id: int


LARGEST = 1 << 20


def cut(buffer: bytes | bytearray, largest: int = LARGEST) -> tuple[int, list[Packet]]:
    """Whole packets at the front of a buffer: (bytes used, packets). Raises BadPacket."""
    data, at, found = bytes(buffer), 0, []
    while at < len(data):
        size, shift, i = 0, 0, at + 1
        while i < len(data):
            byte = data[i]
            size |= (byte & 0x7F) << shift
            i += 1
            if not byte & 0x80:
                break
            shift += 7
            if shift > 21:
                raise BadPacket("remaining length has more than four bytes")
        else:
            break
        if size > largest:
            raise BadPacket(f"packet of {size} bytes")
        if len(data) < i + size:
            break
        found.append(Packet(data[at] >> 4, data[at] & 0xF, data[i : i + size]))
        at = i + size
    return at, found


def _bytes(body: bytes, at: int) -> tuple[bytes, int]:
    if len(body) < at + 2:
        raise BadPacket("text without length")
    size = int.from_bytes(body[at : at + 2], "big")
    raw = body[at + 2 : at + 2 + size]
    if len(raw) < size:
        raise BadPacket("text cut short")
    return raw, at + 2 + size


def _text(body: bytes, at: int) -> tuple[str, int]:
    raw, end = _bytes(body, at)
    try:
        return raw.decode(), end
    except UnicodeDecodeError as wrong:
        raise BadPacket("text is not UTF-8") from wrong


def read_connect(packet: Packet) -> Connect:
    """Raises BadPacket."""
    body = packet.body
    name, at = _text(body, 0)
    if name not in ("MQTT", "MQIsdp") or len(body) < at + 4:
        raise BadPacket("not a CONNECT")
    level, flags, keep_alive = struct.unpack_from(">BBH", body, at)
    client_id, at = _text(body, at + 4)
    if flags & 0x04:  # a will is read over; this broker tells nobody
        _, at = _text(body, at)
        _, at = _bytes(body, at)  # any bytes (3.1.3.3)
    username = password = ""
    if flags & 0x80:
        username, at = _text(body, at)
    if flags & 0x40:
        password, at = _text(body, at)
    return Connect(level, client_id, username, password, keep_alive)


def read_publish(packet: Packet) -> Publish:
    """Raises BadPacket; QoS 3 does not exist."""
    qos = (packet.flags >> 1) & 3
    if qos == 3:
        raise BadPacket("QoS 3")
    topic, at = _text(packet.body, 0)
    if not topic or "+" in topic or "#" in topic:
        raise BadPacket("bad topic")
    number = 0
    if qos:
        if len(packet.body) < at + 2:
            raise BadPacket("no packet identifier")
        number = int.from_bytes(packet.body[at : at + 2], "big")
        at += 2
    return Publish(topic, packet.body[at:], qos, number)


def read_subscribe(packet: Packet) -> tuple[int, list[str]]:
    """(packet identifier, topic filters). Raises BadPacket."""
    if len(packet.body) < 2:
        raise BadPacket("no packet identifier")
    number, at, topics = int.from_bytes(packet.body[:2], "big"), 2, []
    with_qos = packet.type == Type.SUBSCRIBE
    while at < len(packet.body):
        topic, at = _text(packet.body, at)
        topics.append(topic)
        at += 1 if with_qos else 0
    if not topics:
        raise BadPacket("no topic")
    return number, topics


def build(kind: Type, body: bytes = b"", flags: int = 0) -> bytes:
    """A packet for the wire."""
    size, head = len(body), bytearray([kind << 4 | flags])
    while True:
        byte, size = size & 0x7F, size >> 7
        head.append(byte | (0x80 if size else 0))
        if not size:
            return bytes(head) + body


def connack(code: Refused) -> bytes:
    """Answer to CONNECT."""
    return build(Type.CONNACK, bytes([0, code]))


def puback(packet_id: int) -> bytes:
    """Answer to a QoS 1 PUBLISH: given only when the reading is durable."""
    return build(Type.PUBACK, packet_id.to_bytes(2, "big"))


def publish(topic: str, payload: bytes, packet_id: int = 0) -> bytes:
    """A PUBLISH, QoS 1 when a packet id is given, else QoS 0."""
    name = topic.encode()
    body = len(name).to_bytes(2, "big") + name
    if packet_id:
        body += packet_id.to_bytes(2, "big")
    return build(Type.PUBLISH, body + payload, 0x02 if packet_id else 0)


def connect(client_id: str, username: str, password: str, keep_alive: int = 60) -> bytes:
    """A CONNECT as devices (and our simulators) send it."""

    def text(value: str) -> bytes:
        raw = value.encode()
        return len(raw).to_bytes(2, "big") + raw

    head = text("MQTT") + bytes([4, 0xC2]) + keep_alive.to_bytes(2, "big")
    return build(Type.CONNECT, head + text(client_id) + text(username) + text(password))


def subscribe(packet_id: int, topic: str) -> bytes:
    """A SUBSCRIBE to one topic at QoS 0."""
    raw = topic.encode()
    return build(
        Type.SUBSCRIBE, packet_id.to_bytes(2, "big") + len(raw).to_bytes(2, "big") + raw + b"\0", 0x02
    )
