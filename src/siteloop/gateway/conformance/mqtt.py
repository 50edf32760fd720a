"""MQTT JSON for the kit: what a device and what a platform have to show (MQTT 3.1.1; topics of docs/protocols)."""

import itertools
import time
from dataclasses import dataclass, field

import msgspec

from siteloop.gateway.conformance.asked import Asked
from siteloop.gateway.conformance.cases import Outcome, Suite, failed, judged, not_shown
from siteloop.gateway.conformance.ear import Ear, Heard
from siteloop.kernel.conformance import Seen
from siteloop.kernel.profiles import POSITION
from siteloop.kernel.times import SECOND
from siteloop.protocols.hj212.reading import NoReading
from siteloop.protocols.json_profile import reading
from siteloop.protocols.mqtt import packets
from siteloop.protocols.mqtt.packets import BadPacket, Connect, Packet, Publish, Refused, Type

DEVICE: "Suite[Line]" = Suite()
PLATFORM: "Suite[Line]" = Suite()
MOST_OFF_S = 600


def _raw(packet: Packet) -> bytes:
    return (
        packets.build(Type(packet.type), packet.body, packet.flags)
        if packet.type in set(Type)
        else packet.body
    )


def _cut(buffer: bytes) -> tuple[int, list[Packet]]:
    try:
        return packets.cut(buffer)
    except BadPacket:
        return len(buffer), [Packet(0, 0, buffer[:400])]


@dataclass
class Line:
    """The conversation with a device (we are the broker) or with a broker."""

    asked: Asked
    ear: Ear[Packet] = field(init=False)
    hello: Connect | None = None
    withholds: bool = False
    topics: set[str] = field(default_factory=set)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.ear = Ear(_cut, _raw, react=self._react)

    @property
    def code(self) -> str:
        """The user name asked for, else the one heard."""
        return self.asked.code or (self.hello.username if self.hello else "")

    def _react(self, heard: Heard[Packet]) -> None:
        packet = heard.unit
        if not self.asked.listens or not self.ear.is_connected:
            return
        try:
            if packet.type == Type.CONNECT:
                self.hello = packets.read_connect(packet)
                self.ear.say(packets.connack(Refused.ACCEPTED))
            elif packet.type == Type.SUBSCRIBE:
                number, topics = packets.read_subscribe(packet)
                self.topics |= set(topics)
                self.ear.say(packets.build(Type.SUBACK, number.to_bytes(2, "big") + bytes(len(topics))))
            elif packet.type == Type.PINGREQ:
                self.ear.say(packets.build(Type.PINGRESP))
            elif packet.type == Type.PUBLISH and not self.withholds:
                message = packets.read_publish(packet)
                if message.qos == 1:
                    self.ear.say(packets.puback(message.packet_id))
        except BadPacket:
            self.ear.drop()

    @property
    def position(self) -> str:
        """Where the device tells where it stands."""
        return f"siteloop/{POSITION.code}/{self.code}"

    def of(self, kind: Type, since: int = 0) -> list[Packet]:
        """Packets heard of a type."""
        return [h.unit for h in self.ear.heard[since:] if h.unit.type == kind]

    def messages(self, since: int = 0) -> list[tuple[Packet, Publish]]:
        """Publications heard that can be read."""
        found = []
        for packet in self.of(Type.PUBLISH, since):
            try:
                found.append((packet, packets.read_publish(packet)))
            except BadPacket:
                continue
        return found

    @property
    def place(self) -> int:
        """The present end of what was heard."""
        return len(self.ear.heard)

    @property
    def number(self) -> int:
        """A packet identifier."""
        return next(self._numbers)


_READERS = {
    Type.CONNECT: packets.read_connect,
    Type.PUBLISH: packets.read_publish,
    Type.SUBSCRIBE: packets.read_subscribe,
    Type.UNSUBSCRIBE: packets.read_subscribe,
}


def _can_be_read(packet: Packet) -> bool:
    """Whether the body is what its type promises."""
    try:
        if packet.type in _READERS:
            _READERS[Type(packet.type)](packet)
    except BadPacket:
        return False
    return True


def seen(*found: Packet | None) -> list[Seen]:
    """Their bytes; passwords of CONNECT are not written down."""
    return [
        Seen(0, "in", "CONNECT" if p.type == Type.CONNECT else _raw(p)[:600].hex(" "), p.type != Type.CONNECT)
        for p in found
        if p is not None
    ]


@DEVICE.case(
    "connect", "连接与鉴权", "Connects and signs in", "MQTT 3.1.1 3.1", "CONNECT 为 3.1.1，带设备编码和令牌"
)
async def connect(t: Line) -> Outcome:
    await t.ear.until(lambda: t.hello, t.asked.patience)
    if t.hello is None:
        return failed(f"{t.asked.patience:.0f} s 内没有 CONNECT", seen(*(h.unit for h in t.ear.heard[:2])))
    said = (
        ("用户名", t.hello.username, t.asked.code),
        ("密码", t.hello.password, t.asked.password),
    )
    wrong = [
        f"{name}{'不符' if value else '缺少'}"
        for name, value, wanted in said
        if value != (wanted or value) or not value
    ]
    found = "，".join([f"版本级别 {t.hello.level}，用户名 {t.hello.username or '无'}", *wrong])
    return judged(t.hello.level == 4 and not wrong, found)


@DEVICE.case(
    "publish", "发布主题", "Publishes", "docs/protocols 主题", "以 QoS 1 发布到 siteloop/<类型>/<编码>"
)
async def publish(t: Line) -> Outcome:
    found = await t.ear.until(
        lambda: next((m for m in t.messages() if m[1].topic != t.position), None), t.asked.patience
    )
    if found is None:
        return failed(f"{t.asked.patience:.0f} s 内没有发布")
    packet, message = found
    wanted = f"siteloop/{t.asked.device}/{t.code}"
    return judged(
        message.topic == wanted and message.qos == 1, f"主题 {message.topic}，QoS {message.qos}", seen(packet)
    )


@DEVICE.case("payload", "数据格式", "Payload", "docs/protocols JSON", "JSON 的字段、数值、时间均可接收")
async def payload(t: Line) -> Outcome:
    topic = f"siteloop/{t.asked.device}/{t.code}"
    found = await t.ear.until(
        lambda: next((m for m in t.messages() if m[1].topic == topic), None), t.asked.patience
    )
    if found is None:
        return not_shown("没有发布到自己的主题")
    now = time.time_ns() // 1000
    try:
        items = msgspec.json.decode(found[1].payload)
        row = reading(items[0] if isinstance(items, list) and items else items, t.asked.device, {}, now)
    except (msgspec.DecodeError, NoReading) as no:
        return failed(f"不能接收：{no}", seen(found[0]))
    off = (row.at - now) / SECOND
    said = sum(q != 15 for q in row.quality)
    return judged(abs(off) < MOST_OFF_S, f"{said} 个值，时间相差 {off:+.0f} s", seen(found[0]))


@DEVICE.case(
    "answered",
    "收到确认后不再重发",
    "Stops after PUBACK",
    "MQTT 3.1.1 4.3.2",
    "PUBACK 之后不再发送同一报文标识的同一内容",
)
async def answered(t: Line) -> Outcome:
    since = t.place
    found = await t.ear.until(lambda: next(iter(t.messages(since)), None), t.asked.patience)
    if found is None:
        return not_shown("没有发布")

    def same() -> list[Packet]:
        return [p for p, m in t.messages(since) if m == found[1]]

    await t.ear.until(lambda: len(same()) > 1 or None, t.asked.silence)
    return judged(len(same()) == 1, f"确认后又收到 {len(same()) - 1} 次", seen(*same()[:3]))


@DEVICE.case(
    "resend", "未确认重发", "Sends again after a loss", "MQTT 3.1.1 4.4", "没有 PUBACK 而断线后，重连时重发"
)
async def resend(t: Line) -> Outcome:
    t.withholds, since = True, t.place
    try:
        found = await t.ear.until(
            lambda: next((m for m in t.messages(since) if m[1].qos == 1), None), t.asked.patience
        )
        if found is None:
            return not_shown("没有 QoS 1 的发布")
        before = t.ear.connections
        t.ear.drop()
        if not await t.ear.connected(t.asked.patience, after=before):
            return failed(f"{t.asked.patience:.0f} s 内没有重新连接")
        later = t.place
    finally:
        t.withholds = False
    again = await t.ear.until(
        lambda: next((p for p, m in t.messages(later) if m.payload == found[1].payload), None),
        t.asked.patience,
    )
    return judged(again is not None, "重连后已重发" if again else "重连后没有重发", seen(found[0], again))


@DEVICE.case(
    "command",
    "接收指令",
    "Takes commands",
    "docs/protocols 指令主题",
    "订阅 siteloop/<编码>/command 并在 result 主题回报",
)
async def command(t: Line) -> Outcome:
    own = f"siteloop/{t.code}/command"
    await t.ear.until(lambda: own in t.topics or None, t.asked.answer)
    if own not in t.topics:
        return not_shown("没有订阅指令主题")
    since = t.place
    body = msgspec.json.encode({"id": "kit-1", "command": "set_time", "args": {}})
    out = t.ear.say(packets.publish(own, body))
    found = await t.ear.until(
        lambda: next((m for m in t.messages(since) if m[1].topic == f"siteloop/{t.code}/result"), None),
        t.asked.answer,
    )
    if found is None:
        return failed("没有回报结果", [out])
    is_ours = b"kit-1" in found[1].payload
    return judged(is_ours, found[1].payload.decode("utf-8", "replace")[:120], [out, *seen(found[0])])


@DEVICE.case(
    "own_topics",
    "只用自己的主题",
    "Own topics only",
    "docs/protocols 主题",
    "不发布到其他设备的主题，不订阅通配主题",
    afterwards=True,
)
async def own_topics(t: Line) -> Outcome:
    own = {f"siteloop/{t.asked.device}/{t.code}", f"siteloop/{t.code}/result", t.position}
    foreign = {m.topic for _, m in t.messages()} - own | {
        x for x in t.topics if x != f"siteloop/{t.code}/command"
    }
    if not t.messages():
        return not_shown("没有发布")
    return judged(not foreign, "、".join(sorted(foreign)) if foreign else "均为自己的主题")


@DEVICE.case("packets", "报文结构", "Packets", "MQTT 3.1.1 2", "所有控制报文结构正确", afterwards=True)
async def packets_(t: Line) -> Outcome:
    broken = [h.unit for h in t.ear.heard if h.unit.type not in set(Type) or not _can_be_read(h.unit)]
    if not t.ear.heard:
        return not_shown("没有收到报文")
    return judged(not broken, f"{len(t.ear.heard)} 个报文中 {len(broken)} 个不合结构", seen(*broken[:2]))


# ---- a platform


async def _signed_in(t: Line, token: str) -> int | None:
    """Return code of CONNACK on a fresh connection."""
    t.ear.drop()
    await t.ear.call(t.asked.address)
    since = t.place
    t.ear.say(packets.connect(f"kit-{t.code}", t.code, token))
    one = await t.ear.until(lambda: next(iter(t.of(Type.CONNACK, since)), None), t.asked.answer)
    return one.body[1] if one is not None and len(one.body) > 1 else None


async def _published(t: Line, topic: str, body: object, seconds: float = 0.0) -> Packet | None:
    """The PUBACK; `seconds` where there need not be one."""
    since, number = t.place, t.number
    t.ear.say(packets.publish(topic, msgspec.json.encode(body), number))
    wanted = number.to_bytes(2, "big")
    return await t.ear.until(
        lambda: next((p for p in t.of(Type.PUBACK, since) if p.body[:2] == wanted), None),
        seconds or t.asked.answer,
    )


def _reading() -> dict[str, object]:
    return {"at": time.time_ns() // 1_000_000}


@PLATFORM.case("wrong_token", "令牌错误", "Wrong token", "MQTT 3.1.1 3.2.2.3", "CONNACK 4 或 5")
async def wrong_token(t: Line) -> Outcome:
    code = await _signed_in(t, "wrong-token")
    return judged(code in (4, 5), f"CONNACK {code}")


@PLATFORM.case("connect", "连接", "Connect", "MQTT 3.1.1 3.2", "CONNACK 0")
async def connect_(t: Line) -> Outcome:
    code = await _signed_in(t, t.asked.password)
    return judged(code == 0, f"CONNACK {code}")


@PLATFORM.case("publish", "发布确认", "Publish", "MQTT 3.1.1 4.3.2", "QoS 1 发布得到 PUBACK")
async def publish_(t: Line) -> Outcome:
    field_ = {"dust": "pm25", "sprayer": "running"}.get(t.asked.device, "height")
    one = await _published(t, f"siteloop/{t.asked.device}/{t.code}", {**_reading(), field_: 1})
    return judged(one is not None, "PUBACK" if one else "没有 PUBACK", seen(one))


@PLATFORM.case("ping", "保活", "Keep alive", "MQTT 3.1.1 3.12", "PINGREQ 得到 PINGRESP")
async def ping(t: Line) -> Outcome:
    since = t.place
    t.ear.say(packets.build(Type.PINGREQ))
    one = await t.ear.until(lambda: next(iter(t.of(Type.PINGRESP, since)), None), t.asked.answer)
    return judged(one is not None, "PINGRESP" if one else "没有 PINGRESP")


@PLATFORM.case("subscribe", "指令主题", "Command topic", "MQTT 3.1.1 3.9", "自己的指令主题可订阅，别人的不可")
async def subscribe(t: Line) -> Outcome:
    topics = (f"siteloop/{t.code}/command", "siteloop/SOMEBODY-ELSE/command", "#")
    codes = [await _subscribed(t, topic) for topic in topics]
    return judged(codes[0] == 0 and set(codes[1:]) == {0x80}, f"SUBACK {codes}")


async def _subscribed(t: Line, topic: str) -> int | None:
    """Return code of SUBACK."""
    since = t.place
    t.ear.say(packets.subscribe(t.number, topic))
    one = await t.ear.until(lambda: next(iter(t.of(Type.SUBACK, since)), None), t.asked.answer)
    return one.body[2] if one is not None else None


@PLATFORM.case(
    "foreign", "别人的主题", "A foreign topic", "docs/protocols 主题", "发布到别人的主题不被确认或连接被断开"
)
async def foreign(t: Line) -> Outcome:
    one = await _published(t, f"siteloop/{t.asked.device}/SOMEBODY-ELSE", _reading(), t.asked.silence)
    return judged(one is None, "没有确认" if one is None else "被确认", seen(one))


@PLATFORM.case("again", "重新连接", "Takes a device back", "平台要求", "断开后可立即重连并发布")
async def again(t: Line) -> Outcome:
    code = await _signed_in(t, t.asked.password)
    if code != 0:
        return failed(f"CONNACK {code}")
    return await publish_(t)
