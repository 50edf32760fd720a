"""Cranes and hoists for the kit: the makers' frames (standards.md 2.3 [S]; no clause of a standard stands behind them)."""

import time
from dataclasses import dataclass, field

from siteloop.gateway.conformance.asked import Asked
from siteloop.gateway.conformance.cases import Outcome, Suite, failed, judged, not_shown, passed
from siteloop.gateway.conformance.ear import Ear, Heard
from siteloop.kernel.conformance import Seen
from siteloop.kernel.times import SECOND
from siteloop.protocols.framing import Refusal
from siteloop.protocols.lifting import goyo_crane, goyo_hoist, stream
from siteloop.protocols.lifting.frame import Frame
from siteloop.protocols.rows import NoReading

DEVICE: "Suite[Line]" = Suite()
PLATFORM: "Suite[Line]" = Suite()
CLAUSE = "厂家协议（未核实）"
MOST_OFF_S = 600
Unit = Frame | Refusal


@dataclass
class Line:
    """The conversation with a machine or a platform."""

    asked: Asked
    ear: Ear[Unit] = field(init=False)

    def __post_init__(self) -> None:
        self.ear = Ear(lambda b: stream.cut(b), lambda u: u.raw, react=self._react)

    @property
    def device(self) -> str:
        """Profile of the machine: tower_crane unless told otherwise."""
        return self.asked.device if self.asked.device in ("tower_crane", "hoist") else "tower_crane"

    def _react(self, heard: Heard[Unit]) -> None:
        if self.asked.listens and isinstance(heard.unit, Frame) and self.ear.is_connected:
            told = stream.answer(heard.unit, heard.at_us)
            if told:
                self.ear.say(told)

    def frames(self) -> list[Frame]:
        """Whole frames heard."""
        return [h.unit for h in self.ear.heard if isinstance(h.unit, Frame)]

    def readings(self) -> list[Frame]:
        """Those that carry a reading."""
        return [f for f in self.frames() if stream.carries_reading(f)]


def seen(*frames: Frame | Refusal | None) -> list[Seen]:
    """Their bytes."""
    return [Seen(0, "in", f.raw[:600].hex(" "), True) for f in frames if f is not None]


@DEVICE.case("connect", "主动连接平台", "Connects", CLAUSE, "设备主动建立 TCP 连接")
async def connect(t: Line) -> Outcome:
    came = await t.ear.connected(t.asked.patience)
    return judged(came, f"来自 {t.ear.peer}" if came else f"{t.asked.patience:.0f} s 内没有连接")


@DEVICE.case("reading", "实时数据", "Real-time data", CLAUSE, "可读出监测值，时间与平台相差不超过 10 分钟")
async def reading(t: Line) -> Outcome:
    one = await t.ear.until(lambda: next(iter(t.readings()), None), t.asked.patience)
    if one is None:
        return failed(f"{t.asked.patience:.0f} s 内没有实时数据", seen(*t.frames()[:2]))
    try:
        _, row = stream.read(one, t.device, {})
    except NoReading as no:
        return failed(f"读不出监测值：{no.detail}", seen(one))
    off = row.at / SECOND - time.time()
    said = sum(q != 15 for q in row.quality)
    return judged(abs(off) < MOST_OFF_S, f"{one.family}，{said} 个值，时间相差 {off:+.0f} s", seen(one))


@DEVICE.case("heartbeat", "心跳", "Heartbeat", CLAUSE, "有心跳或注册报文，编码与实时数据一致")
async def heartbeat(t: Line) -> Outcome:
    one = await t.ear.until(
        lambda: next((f for f in t.frames() if not stream.carries_reading(f)), None), t.asked.patience
    )
    if one is None:
        return not_shown("没有出现心跳")
    wanted = t.asked.code or next((f.code for f in t.readings() if f.code), one.code)
    told = f"命令 {one.command:02X}，编码 {one.code or '无'}"
    return judged(not one.code or one.code == wanted, told, seen(one))


@DEVICE.case("reconnect", "断线重连", "Connects again", "平台要求", "断开后自动重连并继续上传")
async def reconnect(t: Line) -> Outcome:
    before = t.ear.connections
    t.ear.drop()
    if not await t.ear.connected(t.asked.patience, after=before):
        return failed(f"{t.asked.patience:.0f} s 内没有重新连接")
    had = len(t.readings())
    more = await t.ear.until(lambda: len(t.readings()) > had or None, t.asked.patience)
    return judged(bool(more), "已重连并继续上传" if more else "重连后没有上传")


@DEVICE.case("framing", "帧结构与校验", "Frame and check", CLAUSE, "帧头、长度、校验均正确", afterwards=True)
async def framing(t: Line) -> Outcome:
    broken = [h.unit for h in t.ear.heard if isinstance(h.unit, Refusal)]
    if not t.ear.heard:
        return not_shown("没有收到报文")
    if broken:
        return failed(f"{len(t.ear.heard)} 个中 {len(broken)} 个不合：{broken[0].detail}", seen(*broken[:4]))
    return passed(f"{len(t.ear.heard)} 帧均符合")


@DEVICE.case("identity", "设备编码", "Device code", CLAUSE, "所有帧使用同一编码", afterwards=True)
async def identity(t: Line) -> Outcome:
    codes = {f.code for f in t.frames() if f.code}
    if not codes:
        return not_shown("没有带编码的帧")
    wanted = t.asked.code or next(iter(codes))
    return judged(codes == {wanted}, "、".join(sorted(codes)))


@PLATFORM.case("heartbeat", "心跳应答", "Answers a heartbeat", CLAUSE, "应答心跳")
async def heartbeat_(t: Line) -> Outcome:
    now = time.time_ns() // 1000
    made = goyo_crane.heartbeat if t.device == "tower_crane" else goyo_hoist.heartbeat
    out = t.ear.say(made(t.asked.code, now))
    one = await t.ear.until(lambda: next(iter(t.frames()), None), t.asked.answer)
    return judged(one is not None, "已应答" if one else "没有应答", [out, *seen(one)])


@PLATFORM.case("reading", "实时数据", "Real-time data", CLAUSE, "收下实时数据，连接不断开")
async def reading_(t: Line) -> Outcome:
    now = time.time_ns() // 1000
    made = goyo_crane.realtime if t.device == "tower_crane" else goyo_hoist.realtime
    out = t.ear.say(
        made(t.asked.code, now, {"height": 10.0, "hook_height": 10.0, "radius": 20.0, "load": 1.0})
    )
    await t.ear.until(lambda: None if t.ear.is_connected else True, min(1.0, t.asked.silence))
    return judged(t.ear.is_connected, "连接保持" if t.ear.is_connected else "连接被断开", [out])


@PLATFORM.case("garbage", "杂波", "Noise", CLAUSE, "收到杂波后其后的心跳照常应答")
async def garbage(t: Line) -> Outcome:
    had = len(t.frames())
    made = goyo_crane.heartbeat if t.device == "tower_crane" else goyo_hoist.heartbeat
    out = t.ear.say(b"\x00noise\xff" + made(t.asked.code, time.time_ns() // 1000))
    more = await t.ear.until(lambda: len(t.frames()) > had or None, t.asked.answer)
    return judged(bool(more), "已应答" if more else "没有应答", [out])
