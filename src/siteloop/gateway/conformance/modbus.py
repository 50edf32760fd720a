"""Modbus TCP for the kit: a sensor that is asked, or a poller that asks (MODBUS Application Protocol V1.1b3 [M], TCP/IP guide 未核实).

Other than everywhere else in the kit a device is gone to (`--connect`) and a platform comes to us (`--listen`).
"""

import asyncio
import itertools
import struct
import time
from dataclasses import dataclass, field

import msgspec

from siteloop.gateway.conformance.asked import Asked
from siteloop.gateway.conformance.cases import Outcome, Suite, failed, judged, not_shown, passed
from siteloop.gateway.conformance.ear import Ear, Heard
from siteloop.kernel.conformance import Seen
from siteloop.kernel.quality import Quality
from siteloop.kernel.reasons import Reason
from siteloop.protocols.framing import Refusal
from siteloop.protocols.modbus import map as registers
from siteloop.protocols.modbus.map import MOST_REGISTERS, RegisterMap, Request, Table
from siteloop.protocols.rows import NoReading

DEVICE: "Suite[Line]" = Suite()
PLATFORM: "Suite[Line]" = Suite()
READ = "V1.1b3 6.3、6.4"
WRONG = "V1.1b3 7（异常应答，未核实）"
HEADER = "MODBUS TCP/IP V1.0b 3.1.3（MBAP，未核实）"
FUNCTIONS = {Table.HOLDING: 3, Table.INPUT: 4}
BAD_FUNCTION, BAD_ADDRESS, BAD_COUNT = 1, 2, 3
LONGEST = 260  # bytes of one message on TCP
AGAIN = 10  # reads in a row


class Adu(msgspec.Struct, frozen=True):
    """One message: `pdu` begins with the function."""

    raw: bytes
    exchange: int
    unit: int
    pdu: bytes

    @property
    def exception(self) -> int | None:
        """Code of an exception answer."""
        return self.pdu[1] if len(self.pdu) == 2 and self.pdu[0] & 0x80 else None


Unit = Adu | Refusal


def cut(buffer: bytes) -> tuple[int, list[Unit]]:
    """Whole messages at the front; a header that cannot be is refused with all behind it, nothing says where the next begins."""
    used, found = 0, list[Unit]()
    while len(buffer) - used >= 8:
        exchange, protocol, length, unit = struct.unpack_from(">HHHB", buffer, used)
        if protocol or not 2 <= length <= LONGEST - 6:
            found.append(Refusal(Reason.MALFORMED, buffer[used:], f"protocol {protocol}, length {length}"))
            return len(buffer), found
        if len(buffer) - used < 6 + length:
            break
        raw = buffer[used : used + 6 + length]
        found.append(Adu(raw, exchange, unit, raw[7:]))
        used += 6 + length
    return used, found


def build(exchange: int, unit: int, pdu: bytes) -> bytes:
    """A message."""
    return struct.pack(">HHHB", exchange, 0, len(pdu) + 1, unit) + pdu


@dataclass
class Line:
    """The conversation with a sensor or a poller. `says` is what our registers hold when we are the sensor."""

    asked: Asked
    ear: Ear[Unit] = field(init=False)
    map: RegisterMap = field(init=False)
    is_silent: bool = False
    refuses: bool = False
    _exchanges: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.map = registers.load(self.asked.registers)
        self.ear = Ear(lambda b: cut(b), lambda u: u.raw, react=self._react)

    @property
    def unit(self) -> int:
        """Device address."""
        return self.map.unit if self.asked.unit is None else self.asked.unit

    @property
    def requests(self) -> list[Request]:
        """What the map asks for."""
        return registers.plan(self.map)

    # ---- as the platform

    def ask(self, pdu: bytes) -> tuple[int, bytes]:
        """(exchange, message) of a question to the sensor."""
        exchange = next(self._exchanges) & 0xFFFF
        return exchange, build(exchange, self.unit, pdu)

    async def answered(self, exchange: int, since: int) -> Adu | None:
        """The answer to an exchange."""
        return await self.ear.until(
            lambda: next((a for a in self.messages(since) if a.exchange == exchange), None), self.asked.answer
        )

    async def said(self, pdu: bytes) -> tuple[Seen, Adu | None]:
        """(question, answer); comes again first when the line is gone."""
        if not self.ear.is_connected:
            await self.ear.call(self.asked.address)
        since = len(self.ear.heard)
        exchange, message = self.ask(pdu)
        return self.ear.say(message), await self.answered(exchange, since)

    def messages(self, since: int = 0) -> list[Adu]:
        """Whole messages heard."""
        return [h.unit for h in self.ear.heard[since:] if isinstance(h.unit, Adu)]

    # ---- as the sensor

    def _react(self, heard: Heard[Unit]) -> None:
        one = heard.unit
        if not self.asked.listens or not isinstance(one, Adu) or self.is_silent or not self.ear.is_connected:
            return
        self.ear.say(build(one.exchange, one.unit, self._answer(one)))

    def _answer(self, asked: Adu) -> bytes:
        request = request_of(asked)
        if request is None or self.refuses:
            return bytes((asked.pdu[0] | 0x80, BAD_ADDRESS if request else BAD_FUNCTION))
        return struct.pack(f">BB{request.count}H", asked.pdu[0], 2 * request.count, *[1] * request.count)


def request_of(asked: Adu) -> Request | None:
    """The read a message asks for, None when it is none."""
    table = next((t for t, function in FUNCTIONS.items() if asked.pdu[:1] == bytes((function,))), None)
    if table is None or len(asked.pdu) != 5:
        return None
    register, count = struct.unpack(">HH", asked.pdu[1:])
    return Request(table, register, count) if 1 <= count <= MOST_REGISTERS else None


def read(request: Request) -> bytes:
    """The PDU of a read."""
    return struct.pack(">BHH", FUNCTIONS[request.table], request.register, request.count)


def values(request: Request, answer: Adu) -> list[int] | None:
    """The registers of an answer, None when it is none to this request."""
    wanted = struct.pack(">BB", FUNCTIONS[request.table], 2 * request.count)
    if answer.pdu[:2] != wanted or len(answer.pdu) != 2 + 2 * request.count:
        return None
    return list(struct.unpack(f">{request.count}H", answer.pdu[2:]))


def seen(*messages: Adu | Refusal | None) -> list[Seen]:
    """Their bytes."""
    return [Seen(0, "in", m.raw[:LONGEST].hex(" "), True) for m in messages if m is not None]


# ---- a sensor


@DEVICE.case("read", "读寄存器", "Reads registers", READ, "寄存器表中的每次读取都按数量返回")
async def read_(t: Line) -> Outcome:
    shown: list[Seen] = []
    for request in t.requests:
        out, answer = await t.said(read(request))
        shown += [out, *seen(answer)]
        where = f"{request.table} {request.register} 起 {request.count} 个"
        if answer is None:
            return failed(f"{where}：没有应答", shown)
        if answer.exception is not None:
            return failed(f"{where}：异常码 {answer.exception}", shown)
        if values(request, answer) is None:
            return failed(f"{where}：应答的功能码或数量不符", shown)
    return passed(f"{len(t.requests)} 次读取均有应答", shown)


@DEVICE.case("values", "监测值", "Values", "寄存器表", "按寄存器表换算后在物理范围内")
async def values_(t: Line) -> Outcome:
    answers: dict[Request, list[int] | None] = {}
    shown: list[Seen] = []
    for request in t.requests:
        out, answer = await t.said(read(request))
        answers[request] = values(request, answer) if answer is not None else None
        shown += [out, *seen(answer)]
    try:
        row = registers.reading(t.map, answers, time.time_ns() // 1000)
    except NoReading as no:
        return failed(f"读不出监测值：{no.detail}", shown)
    good = sum(q == Quality.NORMAL for q in row.quality)
    if row.flagged:
        return failed(f"{row.flagged} 个值超出物理范围或无效，请核对类型、字节序与系数", shown)
    return judged(good == len(t.map.field), f"{len(t.map.field)} 个字段中 {good} 个有值", shown)


@DEVICE.case("header", "报文头", "Header", HEADER, "事务号、协议号 0、长度、站号与请求一致")
async def header(t: Line) -> Outcome:
    out, answer = await t.said(read(t.requests[0]))
    broken = [h.unit for h in t.ear.heard if isinstance(h.unit, Refusal)]
    if broken:
        return failed(f"报文头不合：{broken[0].detail}", [out, *seen(broken[0])])
    if answer is None:
        return failed("没有同一事务号的应答", [out, *seen(*t.messages()[-1:])])
    return judged(answer.unit == t.unit, f"站号 {answer.unit}，请求的是 {t.unit}", [out, *seen(answer)])


async def _excepted(t: Line, pdu: bytes, wanted: tuple[int, ...]) -> Outcome:
    out, answer = await t.said(pdu)
    if answer is None:
        return failed("没有应答，也没有异常码", [out])
    found = answer.exception
    said = "照常应答" if found is None else f"异常码 {found}"
    return judged(found in wanted and answer.pdu[0] == pdu[0] | 0x80, said, [out, *seen(answer)])


@DEVICE.case("function", "不支持的功能码", "Unknown function", WRONG, "以异常码 01 应答")
async def function(t: Line) -> Outcome:
    return await _excepted(t, b"\x65\x00\x00\x00\x01", (BAD_FUNCTION,))


@DEVICE.case("count", "数量超限", "Too many registers", READ, "一次读 126 个以异常码 03（或 02）应答")
async def count(t: Line) -> Outcome:
    one = t.requests[0]
    pdu = struct.pack(">BHH", FUNCTIONS[one.table], one.register, MOST_REGISTERS + 1)
    return await _excepted(t, pdu, (BAD_COUNT, BAD_ADDRESS))


@DEVICE.case("beyond", "越界地址", "Past the last register", READ, "地址超出 65535 以异常码 02（或 03）应答")
async def beyond(t: Line) -> Outcome:
    pdu = struct.pack(">BHH", FUNCTIONS[t.requests[0].table], 65_535, 2)
    return await _excepted(t, pdu, (BAD_ADDRESS, BAD_COUNT))


@DEVICE.case("pieces", "请求分片到达", "A request in pieces", HEADER, "被网络切断的请求照常应答")
async def pieces(t: Line) -> Outcome:
    if not t.ear.is_connected:
        await t.ear.call(t.asked.address)
    since = len(t.ear.heard)
    exchange, message = t.ask(read(t.requests[0]))
    for at in range(0, len(message), 5):
        t.ear.say(message[at : at + 5])
        await asyncio.sleep(0.02)
    answer = await t.answered(exchange, since)
    return judged(answer is not None, "已应答" if answer else "没有应答", seen(answer))


@DEVICE.case("again", "连续读取", "Read again and again", "轮询", f"连读 {AGAIN} 次均及时应答")
async def again(t: Line) -> Outcome:
    longest, last = 0.0, None
    for n in range(AGAIN):
        began = time.monotonic()
        _, last = await t.said(read(t.requests[0]))
        if last is None:
            return failed(f"第 {n + 1} 次没有应答")
        longest = max(longest, time.monotonic() - began)
    return passed(f"最慢 {longest * 1000:.0f} ms", seen(last))


@DEVICE.case("reconnect", "重新连接", "Connects again", "轮询", "断开后可立即重新连接并读取")
async def reconnect(t: Line) -> Outcome:
    t.ear.drop()
    out, answer = await t.said(read(t.requests[0]))
    return judged(answer is not None, "已应答" if answer else "没有应答", [out, *seen(answer)])


# ---- a poller


async def _next(t: Line, since: int) -> Adu | None:
    return await t.ear.until(lambda: next(iter(t.messages(since)), None), t.asked.patience)


@PLATFORM.case("connect", "连接传感器", "Connects", HEADER, "平台主动建立 TCP 连接")
async def connect_(t: Line) -> Outcome:
    came = await t.ear.connected(t.asked.patience)
    return judged(came, f"来自 {t.ear.peer}" if came else f"{t.asked.patience:.0f} s 内没有连接")


@PLATFORM.case("ask", "轮询", "Asks", READ, "按寄存器表读取，站号正确，每次不超过 125 个")
async def ask(t: Line) -> Outcome:
    if await _next(t, 0) is None:
        return failed(f"{t.asked.patience:.0f} s 内没有请求")
    needed = {(f.table, n) for f in t.map.field for n in range(f.register, f.register + f.size)}

    def rest() -> set[tuple[Table, int]]:
        asked = [r for a in t.messages() if a.unit == t.unit and (r := request_of(a)) is not None]
        return needed - {(r.table, n) for r in asked for n in range(r.register, r.register + r.count)}

    await t.ear.until(lambda: None if rest() else True, t.asked.patience)
    odd = [a for a in t.messages() if request_of(a) is None or a.unit != t.unit]
    if odd:
        return failed(f"功能码 {odd[0].pdu[0]}、站号 {odd[0].unit} 的请求不符", seen(*odd[:3]))
    lacking = "、".join(f"{table} {n}" for table, n in sorted(rest())[:5])
    return judged(
        not lacking, f"没有读取 {lacking}" if lacking else "寄存器均已读取", seen(*t.messages()[:4])
    )


@PLATFORM.case("silence", "无应答", "No answer", "轮询", "没有应答后仍继续轮询，且不追着发")
async def silence(t: Line) -> Outcome:
    t.is_silent, since, began = True, len(t.ear.heard), time.monotonic()
    try:
        if await _next(t, since) is None:
            return not_shown("没有请求")
        # one sweep of the map, then a pause: not more than two sweeps within what one answer may take
        await t.ear.until(
            lambda: True if len(t.messages(since)) > 2 * len(t.requests) else None, min(1.0, t.asked.silence)
        )
        asked, spent = len(t.messages(since)), time.monotonic() - began
    finally:
        t.is_silent = False
    if asked > 2 * len(t.requests):
        return failed(f"{spent:.1f} s 内没有应答却请求了 {asked} 次")
    one = await _next(t, len(t.ear.heard))
    return judged(one is not None, "已继续轮询" if one else "不再轮询", seen(one))


@PLATFORM.case("exception", "异常应答", "An exception", WRONG, "收到异常码后仍继续轮询")
async def exception(t: Line) -> Outcome:
    t.refuses, since = True, len(t.ear.heard)
    try:
        if await _next(t, since) is None:
            return not_shown("没有请求")
    finally:
        t.refuses = False
    one = await _next(t, len(t.ear.heard))
    return judged(one is not None, "已继续轮询" if one else "不再轮询", seen(one))


@PLATFORM.case("reconnect", "断线重连", "Connects again", "轮询", "断开后自动重新连接并继续轮询")
async def reconnect_(t: Line) -> Outcome:
    before = t.ear.connections
    t.ear.drop()
    if not await t.ear.connected(t.asked.patience, after=before):
        return failed(f"{t.asked.patience:.0f} s 内没有重新连接")
    one = await _next(t, len(t.ear.heard))
    return judged(one is not None, "已重连并继续轮询" if one else "重连后没有请求", seen(one))
