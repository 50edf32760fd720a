"""Weighbridges for the kit: an XK3190-A9 in continuous mode behind a converter (the maker's manual of the A9+ [S2], 未核实)."""

import asyncio
from dataclasses import dataclass, field

from siteloop.gateway.conformance.asked import Asked
from siteloop.gateway.conformance.cases import Outcome, Suite, failed, judged, not_shown, passed
from siteloop.gateway.conformance.ear import Ear, Heard
from siteloop.kernel.conformance import Seen
from siteloop.kernel.profiles import PROFILES
from siteloop.kernel.times import SECOND
from siteloop.protocols.framing import Refusal
from siteloop.protocols.weighbridge import converter, xk3190
from siteloop.protocols.weighbridge.converter import Named
from siteloop.protocols.weighbridge.xk3190 import Frame

DEVICE: "Suite[Line]" = Suite()
PLATFORM: "Suite[Line]" = Suite()
MANUAL = "XK3190-A9+ 说明书 连续发送 tF=0（未核实）"
DOOR = "平台要求（注册包）"
ENOUGH = 10  # frames a judgement stands on
SLOWEST_S = 1.0  # between frames of a display that is sent on and on
Unit = Named | Frame | Refusal


@dataclass
class Line:
    """The conversation with a converter or a platform. Nobody ever answers in it."""

    asked: Asked
    ear: Ear[Unit] = field(init=False)

    def __post_init__(self) -> None:
        self.ear = Ear(lambda b: converter.cut(b), lambda u: u.raw)

    @property
    def line(self) -> bytes:
        """The registration line asked for."""
        return f"{self.asked.code}:{self.asked.password}".rstrip(":").encode() + b"\r\n"

    def of(self, kind: type[Unit], since: int = 0) -> list[Heard[Unit]]:
        """What was heard of one kind."""
        return [h for h in self.ear.heard[since:] if isinstance(h.unit, kind)]

    def weights(self) -> list[float]:
        """Of all frames that show one."""
        return [
            h.unit.weight for h in self.of(Frame) if isinstance(h.unit, Frame) and h.unit.weight is not None
        ]


def seen(heard: list[Heard[Unit]]) -> list[Seen]:
    """Their bytes; of a registration line only the code, its password is nobody's business."""
    return [
        Seen(h.at_us, "in", h.unit.code, False)
        if isinstance(h.unit, Named)
        else Seen(h.at_us, "in", h.raw.hex(" "), True)
        for h in heard[:6]
    ]


# ---- an indicator behind its converter


@DEVICE.case("connect", "主动连接平台", "Connects", DOOR, "转换器主动建立 TCP 连接")
async def connect(t: Line) -> Outcome:
    came = await t.ear.connected(t.asked.patience)
    return judged(came, f"来自 {t.ear.peer}" if came else f"{t.asked.patience:.0f} s 内没有连接")


@DEVICE.case("named", "注册包", "Registration line", DOOR, "连接后先发设备编码（和密码）一行，再发数据")
async def named(t: Line) -> Outcome:
    return await _named(t, 0)


async def _named(t: Line, since: int) -> Outcome:
    first = await t.ear.until(lambda: next(iter(t.ear.heard[since:]), None), t.asked.patience)
    if first is None:
        return failed(f"{t.asked.patience:.0f} s 内没有收到任何数据")
    if not isinstance(first.unit, Named):
        return failed("最先收到的不是注册包", seen([first]))
    if t.asked.code and first.unit.code != t.asked.code:
        return failed(f"注册包编码为 {first.unit.code}，登记的是 {t.asked.code}", seen([first]))
    is_right = not t.asked.code or first.unit.password == t.asked.password
    return judged(is_right, f"编码 {first.unit.code}" + ("" if is_right else "，密码不符"), seen([first]))


@DEVICE.case("weight", "重量数据", "Weights", MANUAL, "连续发送，XOR 正确，可读出重量，间隔不超过 1 s")
async def weight(t: Line) -> Outcome:
    since = len(t.ear.heard)

    def enough() -> list[Heard[Unit]] | None:
        found = t.of(Frame, since)
        return found if len(found) >= ENOUGH else None

    found = await t.ear.until(enough, t.asked.patience) or t.of(Frame, since)
    if len(found) < 2:
        return failed(
            f"{t.asked.patience:.0f} s 内只有 {len(found)} 帧；请确认仪表设为连续发送（tF=0）", seen(found)
        )
    if any(isinstance(h.unit, Frame) and h.unit.command for h in found):
        return failed("收到指令方式（tF=1）的应答帧，平台不发指令", seen(found))
    apart = (found[-1].at_us - found[0].at_us) / SECOND / (len(found) - 1)
    said = f"{len(found)} 帧，平均间隔 {apart:.2f} s，重量 {t.weights()[-1]:g}"
    return judged(apart <= SLOWEST_S, said, seen(found))


@DEVICE.case("reconnect", "断线重连", "Connects again", DOOR, "断开后自动重连，并重新先发注册包")
async def reconnect(t: Line) -> Outcome:
    before, since = t.ear.connections, len(t.ear.heard)
    t.ear.drop()
    if not await t.ear.connected(t.asked.patience, after=before):
        return failed(f"{t.asked.patience:.0f} s 内没有重新连接")
    fresh = next((i for i, h in enumerate(t.ear.heard) if h.connection > before), None)
    return await _named(t, len(t.ear.heard) if fresh is None else max(since, fresh))


@DEVICE.case(
    "framing",
    "帧结构与校验",
    "Frames and XOR",
    MANUAL,
    "02、符号、6 位、小数位、XOR、03，无多余字节",
    afterwards=True,
)
async def framing(t: Line) -> Outcome:
    broken = t.of(Refusal)
    if not t.of(Frame) and not broken:
        return not_shown("没有收到数据帧")
    if broken:
        one = broken[0].unit
        words = one.detail if isinstance(one, Refusal) else ""
        return failed(f"{len(t.ear.heard)} 个中 {len(broken)} 个不合：{words}", seen(broken))
    return passed(f"{len(t.of(Frame))} 帧均符合", seen(t.of(Frame)[:1]))


@DEVICE.case(
    "range",
    "量程与单位",
    "Range and unit",
    "数据项定义",
    "换算为 kg 后在合理范围内（吨须设置单位换算 1000）",
    afterwards=True,
)
async def range_(t: Line) -> Outcome:
    weights = t.weights()
    if not weights:
        return not_shown("没有读出重量")
    gross = PROFILES["weighbridge"].fields[PROFILES["weighbridge"].index("gross")]
    outside = [w for w in weights if not gross.low <= w <= gross.high]
    said = f"{min(weights):g} 至 {max(weights):g} kg"
    return judged(
        not outside, said + (f"，{len(outside)} 个超出 {gross.low:g}–{gross.high:g}" if outside else "")
    )


@DEVICE.case(
    "moving", "随重量变化", "Follows the weight", MANUAL, "上、下磅时显示值随之变化", afterwards=True
)
async def moving(t: Line) -> Outcome:
    weights = t.weights()
    if len(set(weights)) < 2:
        return not_shown("测试期间重量没有变化，请让一辆车上、下磅")
    return passed(f"{min(weights):g} 至 {max(weights):g}")


# ---- a platform: it never answers, so what shows is whether it keeps the line


async def _said(t: Line, seconds: float, *parts: bytes) -> bool:
    """Whether a fresh connection on which this was said is still there after the time."""
    t.ear.drop()
    await t.ear.call(t.asked.address)
    for part in parts:
        if t.ear.is_connected:
            t.ear.say(part)
        await asyncio.sleep(0.02)
    return not await t.ear.until(lambda: None if t.ear.is_connected else True, seconds)


async def _kept(t: Line, *parts: bytes) -> Outcome:
    """Nothing to complain of: the connection stays."""
    kept = await _said(t, min(1.0, t.asked.silence), *parts)
    return judged(kept, "连接保持" if kept else "连接被断开")


async def _ended(t: Line, *parts: bytes) -> Outcome:
    """The platform has to end the connection."""
    kept = await _said(t, t.asked.answer, *parts)
    return judged(not kept, "连接保持" if kept else "连接被断开")


@PLATFORM.case("named", "注册包与重量", "Line and weights", DOOR, "注册包正确时收下数据，连接保持")
async def named_(t: Line) -> Outcome:
    return await _kept(t, t.line, xk3190.continuous(12_340))


@PLATFORM.case("pieces", "分片到达", "In pieces", MANUAL, "注册包与帧被网络切断时照常收下")
async def pieces(t: Line) -> Outcome:
    stream = t.line + xk3190.continuous(12_340) * 2
    return await _kept(t, *(stream[at : at + 5] for at in range(0, len(stream), 5)))


@PLATFORM.case("again", "注册包作心跳", "The line again", DOOR, "数据之间再发注册包，连接保持")
async def again(t: Line) -> Outcome:
    return await _kept(t, t.line, xk3190.continuous(5) + t.line + xk3190.continuous(6))


@PLATFORM.case("noise", "杂波", "Noise", MANUAL, "丢弃错帧，连接保持")
async def noise(t: Line) -> Outcome:
    spoiled = bytearray(xk3190.continuous(7))
    spoiled[-2] ^= 1
    return await _kept(t, t.line, bytes(spoiled) + b"\xff\x02\x02" + xk3190.continuous(7))


@PLATFORM.case("unnamed", "没有注册包", "No line", DOOR, "先发数据的连接被断开")
async def unnamed(t: Line) -> Outcome:
    return await _ended(t, xk3190.continuous(12_340))


@PLATFORM.case("unknown", "未登记的编码", "Unknown code", DOOR, "连接被断开")
async def unknown(t: Line) -> Outcome:
    return await _ended(t, b"KIT-NOBODY-0\r\n")


@PLATFORM.case("password", "密码错误", "Wrong password", DOOR, "连接被断开")
async def password(t: Line) -> Outcome:
    return await _ended(t, f"{t.asked.code}:kit-wrong\r\n".encode())
