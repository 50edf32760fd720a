"""JT/T 808 for the kit: what a vehicle terminal and what a platform have to show (clause numbers of 2013 [S], 未核实)."""

import asyncio
import itertools
import time
from dataclasses import dataclass, field

from siteloop.gateway.conformance.asked import Asked
from siteloop.gateway.conformance.cases import Outcome, Suite, failed, judged, not_shown, passed
from siteloop.gateway.conformance.ear import Ear, Heard
from siteloop.kernel.conformance import Seen
from siteloop.kernel.times import SECOND
from siteloop.protocols.framing import Refusal
from siteloop.protocols.jt808 import messages
from siteloop.protocols.jt808.frame import Packet, build, cut
from siteloop.protocols.jt808.messages import Id, Registered, Registration, Result
from siteloop.protocols.jt808.reading import readings
from siteloop.protocols.rows import NoReading

DEVICE: "Suite[Line]" = Suite()
PLATFORM: "Suite[Line]" = Suite()
CODE = "KIT-AUTH-1"
MOST_OFF_S = 600
FEW_LOST = 3  # numbers of messages that went down with a line we cut
Unit = Packet | Refusal


@dataclass
class Line:
    """The conversation with a terminal or a platform."""

    asked: Asked
    ear: Ear[Unit] = field(init=False)
    withholds: bool = False
    given: str = ""  # authentication code the platform gave us
    is_2019: bool = True
    _serials: "itertools.count[int]" = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.ear = Ear(lambda b: cut(b), lambda u: u.raw, react=self._react)

    @property
    def terminal(self) -> str:
        """The number asked for, else the one heard, else an example."""
        return self.asked.code or next((p.terminal for p in self.packets()), "13900000001")

    def packets(self, *ids: int, since: int = 0) -> list[Packet]:
        """What was heard with these message numbers."""
        units = [h.unit for h in self.ear.heard[since:]]
        return [u for u in units if isinstance(u, Packet) and (not ids or u.id in ids)]

    @property
    def place(self) -> int:
        """The present end of what was heard."""
        return len(self.ear.heard)

    def build(self, id_: int, body: bytes = b"", terminal: str = "") -> tuple[int, bytes]:
        """(serial, frame)."""
        serial = next(self._serials) % 65_536
        frames = build(id_, terminal or self.terminal, serial, body, is_2019=self.is_2019)
        return serial, b"".join(frames)

    def _react(self, heard: Heard[Unit]) -> None:
        packet = heard.unit
        if not self.asked.listens or not isinstance(packet, Packet) or not self.ear.is_connected:
            return
        self.is_2019 = packet.is_2019
        if packet.id == Id.REGISTER:
            body = messages.registration_answer(packet, Registered.OK, CODE)
            self.ear.say(self.build(Id.REGISTER_ANSWER, body)[1])
        elif packet.id not in (Id.TERMINAL_ANSWER, Id.LOCATION_ANSWER) and not (
            self.withholds and packet.id == Id.LOCATION
        ):
            self.ear.say(self.build(Id.PLATFORM_ANSWER, messages.general_answer(packet, Result.OK))[1])

    async def next(self, *ids: int, since: int, seconds: float) -> Packet | None:
        """The first of these from a place on."""
        return await self.ear.until(lambda: next(iter(self.packets(*ids, since=since)), None), seconds)

    async def answered(self, serial: int, since: int, seconds: float = 0.0) -> tuple[int, Packet] | None:
        """(result, packet) of the platform's general answer to a serial; `seconds` where there need not be one."""

        def find() -> tuple[int, Packet] | None:
            for p in self.packets(Id.PLATFORM_ANSWER, since=since):
                told = messages.answered(p.body)
                if told is not None and told[0] == serial:
                    return told[2], p
            return None

        return await self.ear.until(find, seconds or self.asked.answer)


def seen(*packets: Packet | None) -> list[Seen]:
    """Their bytes."""
    return [Seen(0, "in", p.raw.hex(" "), True) for p in packets if p is not None]


# ---- a terminal


@DEVICE.case("connect", "主动连接平台", "Connects", "4（未核实）", "终端主动建立 TCP 连接")
async def connect(t: Line) -> Outcome:
    came = await t.ear.connected(t.asked.patience)
    return judged(came, f"来自 {t.ear.peer}" if came else f"{t.asked.patience:.0f} s 内没有连接")


@DEVICE.case(
    "register", "终端注册", "Registers", "0x0100（未核实）", "0x0100 可解析；已有鉴权码的终端可直接鉴权"
)
async def register(t: Line) -> Outcome:
    one = await t.next(Id.REGISTER, Id.AUTHENTICATE, since=0, seconds=t.asked.patience)
    if one is None:
        return failed("没有注册，也没有鉴权")
    if one.id == Id.AUTHENTICATE:
        return not_shown("终端已有鉴权码，直接鉴权", seen(one))
    try:
        said = messages.registration(one)
    except NoReading as no:
        return failed(f"注册报文不能解析：{no.detail}", seen(one))
    return passed(f"厂家 {said.maker}，型号 {said.model}，车牌 {said.plate}", seen(one))


@DEVICE.case("authenticate", "终端鉴权", "Authenticates", "0x0102（未核实）", "用平台给出的鉴权码鉴权")
async def authenticate(t: Line) -> Outcome:
    one = await t.next(Id.AUTHENTICATE, since=0, seconds=t.asked.patience)
    if one is None:
        return failed("没有鉴权")
    try:
        code = messages.authentication(one)
    except NoReading as no:
        return failed(f"鉴权报文不能解析：{no.detail}", seen(one))
    wanted = CODE if t.packets(Id.REGISTER) else t.asked.password
    if not wanted:
        return passed(f"鉴权码 {code}", seen(one))
    return judged(code == wanted, f"鉴权码 {code}，应为 {wanted}", seen(one))


@DEVICE.case(
    "location",
    "位置汇报",
    "Reports locations",
    "0x0200（未核实）",
    "0x0200 可解析，时间与平台相差不超过 10 分钟",
)
async def location(t: Line) -> Outcome:
    one = await t.next(Id.LOCATION, Id.BATCH, since=0, seconds=t.asked.patience)
    if one is None:
        return failed(f"{t.asked.patience:.0f} s 内没有位置汇报")
    try:
        row = readings(one, {})[0].row
    except NoReading as no:
        return failed(f"位置不能解析：{no.detail}", seen(one))
    off = row.at / SECOND - time.time()
    where = f"{row.values[0]:.5f}, {row.values[1]:.5f}"
    return judged(abs(off) < MOST_OFF_S, f"{where}，时间相差 {off:+.0f} s", seen(one))


@DEVICE.case(
    "answered",
    "收到应答后不再重发",
    "Stops after the answer",
    "0x8001（未核实）",
    "收到 0x8001 后不再发送同一流水号",
)
async def answered(t: Line) -> Outcome:
    since = t.place
    one = await t.next(Id.LOCATION, since=since, seconds=t.asked.patience)
    if one is None:
        return not_shown("没有位置汇报")

    def copies() -> list[Packet]:
        return [p for p in t.packets(Id.LOCATION, since=since) if p.serial == one.serial]

    await t.ear.until(lambda: len(copies()) > 1 or None, t.asked.silence)
    return judged(len(copies()) == 1, f"应答后又收到 {len(copies()) - 1} 次", seen(*copies()[:3]))


@DEVICE.case(
    "resend",
    "未应答重发",
    "Sends again without an answer",
    "4.4.3（超时重发，未核实）",
    "收不到 0x8001 时重发同一流水号",
)
async def resend(t: Line) -> Outcome:
    t.withholds, since = True, t.place
    try:
        one = await t.next(Id.LOCATION, since=since, seconds=t.asked.patience)
        if one is None:
            return not_shown("没有位置汇报")

        def find() -> Packet | None:
            same = [p for p in t.packets(Id.LOCATION, since=since) if p.serial == one.serial]
            return same[1] if len(same) > 1 else None

        again = await t.ear.until(find, t.asked.answer * 2.5)
    finally:
        t.withholds = False
    return judged(
        again is not None, "已重发" if again else f"{t.asked.answer * 2.5:.0f} s 内没有重发", seen(one, again)
    )


@DEVICE.case(
    "ask", "位置信息查询", "Tells where it is", "0x8201、0x0201（未核实）", "以 0x0201 应答，流水号对应"
)
async def ask(t: Line) -> Outcome:
    since = t.place
    serial, frame = t.build(Id.ASK_LOCATION)
    t.ear.say(frame)
    one = await t.next(Id.LOCATION_ANSWER, since=since, seconds=t.asked.answer)
    if one is None:
        return failed("没有应答 0x0201")
    told = int.from_bytes(one.body[:2], "big")
    return judged(told == serial, f"应答流水号 {told}，查询流水号 {serial}", seen(one))


@DEVICE.case("reconnect", "断线重连", "Connects again", "平台要求", "断开后自动重连并重新鉴权")
async def reconnect(t: Line) -> Outcome:
    before, since = t.ear.connections, t.place
    t.ear.drop()
    if not await t.ear.connected(t.asked.patience, after=before):
        return failed(f"{t.asked.patience:.0f} s 内没有重新连接")
    one = await t.next(Id.AUTHENTICATE, since=since, seconds=t.asked.patience)
    return judged(one is not None, "已重连并鉴权" if one else "重连后没有鉴权", seen(one))


@DEVICE.case(
    "framing",
    "数据包结构与校验码",
    "Frame and check code",
    "4.4（未核实）",
    "标识位、转义、校验码均正确",
    afterwards=True,
)
async def framing(t: Line) -> Outcome:
    broken = [h.unit for h in t.ear.heard if isinstance(h.unit, Refusal)]
    if not t.ear.heard:
        return not_shown("没有收到报文")
    if broken:
        bytes_ = [Seen(0, "in", b.raw[:400].hex(" "), True) for b in broken[:4]]
        return failed(f"{len(t.ear.heard)} 个中 {len(broken)} 个不合：{broken[0].detail}", bytes_)
    return passed(f"{len(t.ear.heard)} 个数据包均符合")


@DEVICE.case(
    "serial",
    "消息流水号",
    "Serial numbers",
    "4.4.3（未核实）",
    "从 0 起循环累加，同一号不用于不同内容",
    afterwards=True,
)
async def serial(t: Line) -> Outcome:
    used: dict[int, tuple[int, bytes]] = {}
    for p in t.packets():
        if used.setdefault(p.serial, (p.id, p.body)) != (p.id, p.body):
            return failed(f"流水号 {p.serial} 用于不同内容", seen(p))
    if not used:
        return not_shown("没有收到报文")
    left_out = _left_out(sorted(used))
    told = f"{len(used)} 个流水号，其间跳过 {left_out} 个"
    return judged(left_out <= FEW_LOST + len(used) // 4, told, seen(*t.packets()[:4]))


def _left_out(numbers: list[int]) -> int:
    """Numbers between those used that were not; they go round at 65,536, so the widest stretch is what is yet to come."""
    steps = [(b - a) % 65_536 for a, b in zip(numbers, numbers[1:] + numbers[:1], strict=True)]
    return sum(steps) - max(steps) - (len(numbers) - 1)


@DEVICE.case(
    "identity", "终端号", "Terminal number", "4.4.3（未核实）", "始终是登记的终端号", afterwards=True
)
async def identity(t: Line) -> Outcome:
    other = [p for p in t.packets() if p.terminal != t.terminal]
    if not t.packets():
        return not_shown("没有收到报文")
    return judged(
        not other, f"出现终端号 {other[0].terminal}" if other else f"均为 {t.terminal}", seen(*other[:2])
    )


# ---- a platform


def _location(t: Line, lat: float = 30.7) -> tuple[int, bytes]:
    return t.build(Id.LOCATION, messages.location_body(lon=121.0, lat=lat, at=time.time_ns() // 1000))


async def _accepted(t: Line, sent: tuple[int, bytes], result: int = Result.OK) -> Outcome:
    since = t.place
    out = t.ear.say(sent[1])
    told = await t.answered(sent[0], since)
    if told is None:
        return failed("没有应答 0x8001", [out])
    return judged(told[0] == result, f"0x8001 结果 {told[0]}", [out, *seen(told[1])])


async def _not_accepted(t: Line, sent: tuple[int, bytes]) -> Outcome:
    since = t.place
    out = t.ear.say(sent[1])
    told = await t.answered(sent[0], since, t.asked.silence)
    is_refused = told is None or told[0] != Result.OK
    return judged(
        is_refused,
        "没有应答" if told is None else f"0x8001 结果 {told[0]}",
        [out, *seen(told[1] if told else None)],
    )


@PLATFORM.case("before", "鉴权前的位置", "Location before authentication", "0x0102（未核实）", "不确认")
async def before(t: Line) -> Outcome:
    return await _not_accepted(t, _location(t))


@PLATFORM.case("register", "终端注册", "Registration", "0x8100（未核实）", "0x8100 结果 0 并给出鉴权码")
async def register_(t: Line) -> Outcome:
    since = t.place
    said = Registration(33, 482, "KIT", "KIT-1", "0000001", 2, "浙F00001")
    out = t.ear.say(t.build(Id.REGISTER, messages.registration_body(said, t.is_2019))[1])
    one = await t.next(Id.REGISTER_ANSWER, since=since, seconds=t.asked.answer)
    if one is None or len(one.body) < 3:
        return failed("没有应答 0x8100", [out, *seen(one)])
    t.given = messages.text(one.body[3:])
    return judged(
        one.body[2] == Registered.OK and bool(t.given),
        f"结果 {one.body[2]}，鉴权码 {t.given or '无'}",
        [out, *seen(one)],
    )


@PLATFORM.case("wrong_code", "鉴权码错误", "Wrong authentication code", "0x0102（未核实）", "结果不为 0")
async def wrong_code(t: Line) -> Outcome:
    body = messages.authentication_body("WRONG-CODE", t.is_2019, "0" * 15, "KIT")
    told = await _not_accepted(t, t.build(Id.AUTHENTICATE, body))
    if not t.ear.is_connected:
        await t.ear.call(t.asked.address)
    return told


@PLATFORM.case("authenticate", "终端鉴权", "Authentication", "0x0102（未核实）", "0x8001 结果 0")
async def authenticate_(t: Line) -> Outcome:
    code = t.asked.password or t.given or t.terminal
    body = messages.authentication_body(code, t.is_2019, "0" * 15, "KIT")
    return await _accepted(t, t.build(Id.AUTHENTICATE, body))


@PLATFORM.case("location", "位置汇报", "Location", "0x8001（未核实）", "0x8001 结果 0，流水号对应")
async def location_(t: Line) -> Outcome:
    return await _accepted(t, _location(t))


@PLATFORM.case("escaped", "转义字符", "Escaped bytes", "4.4.2（未核实）", "内容含 7E、7D 的位置照常应答")
async def escaped(t: Line) -> Outcome:
    body = messages.location_body(
        lon=121.0, lat=30.7, at=time.time_ns() // 1000, extras={0x01: b"\x7e\x7d\x01\x02"}
    )
    return await _accepted(t, t.build(Id.LOCATION, body))


@PLATFORM.case("heartbeat", "心跳", "Heartbeat", "0x0002（未核实）", "0x8001 结果 0")
async def heartbeat_(t: Line) -> Outcome:
    return await _accepted(t, t.build(Id.HEARTBEAT))


@PLATFORM.case(
    "unknown", "不支持的消息", "Unsupported message", "0x8001（未核实）", "0x8001 结果 3（不支持）"
)
async def unknown(t: Line) -> Outcome:
    return await _accepted(t, t.build(0x0F0F, b"\x00"), Result.UNSUPPORTED)


@PLATFORM.case("checksum", "校验码错误", "Wrong check code", "4.4.4（未核实）", "不确认")
async def checksum(t: Line) -> Outcome:
    number, frame = _location(t, 31.5)
    wrong = bytearray(frame)
    wrong[-8] ^= 0x01 if wrong[-8] ^ 0x01 not in (0x7D, 0x7E) else 0x10
    return await _not_accepted(t, (number, bytes(wrong)))


@PLATFORM.case("split", "报文分片到达", "A packet in pieces", "4.4（未核实）", "TCP 分片的位置照常应答")
async def split(t: Line) -> Outcome:
    number, frame = _location(t, 30.8)
    for start in range(0, len(frame) - 10, 9):
        t.ear.say(frame[start : min(start + 9, len(frame) - 10)])
        await asyncio.sleep(0.01)
    return await _accepted(t, (number, frame[-10:]))
