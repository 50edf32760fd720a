"""What a platform has to show of HJ 212 (we are the device): what it answers, and what it must not answer."""

import asyncio
import time

from siteloop.gateway.conformance.cases import Outcome, Suite, failed, judged, not_shown, passed
from siteloop.gateway.conformance.hj212 import Line, shown, spoiled
from siteloop.kernel.conformance import Seen
from siteloop.protocols.hj212 import talk

SUITE: Suite[Line] = Suite()


async def _sent(t: Line, qn: str, data: bytes, cn: str = "9014") -> Outcome:
    """An upload that has to be answered."""
    since = t.place
    out = t.ear.say(data)
    one = await t.answered(qn, cn, since, t.asked.answer)
    if one is None or one.message is None:
        return failed(f"{t.asked.answer:.0f} s 内没有 {cn}", [out])
    return passed(f"{(one.heard.at_us - out.at_us) / 1e6:.2f} s 后应答 {cn}", [out, one.seen])


async def _unanswered(t: Line, qn: str, data: bytes) -> Outcome:
    """An upload that must not be confirmed. A good one behind it shows that the platform is still there."""
    since = t.place
    out = t.ear.say(data)
    if t.ear.is_connected:
        good, frame = t.upload()
        t.ear.say(frame)
        await t.answered(good, "9014", since, t.asked.answer)
    one = t.returned(qn, "9014", since)
    return judged(one is None, "没有应答" if one is None else "错误的报文被应答 9014", [out, *shown([one])])


@SUITE.case(
    "answered", "上传应答", "Answers an upload", "附录C 9014", "A=1 的 2011 在 10 s 内应答 9014，QN 相同"
)
async def answered(t: Line) -> Outcome:
    return await _sent(t, *t.upload())


@SUITE.case(
    "kinds", "各类上传都应答", "Answers every kind", "附录C 2051、2061、2031", "分钟、小时、日数据都应答 9014"
)
async def kinds(t: Line) -> Outcome:
    lacking: list[str] = []
    seen: list[Seen] = []
    start = talk.stamp((time.time_ns() // 1000 - 7_200_000_000) // 600_000_000 * 600_000_000)
    for cn in ("2051", "2061", "2031"):
        area = f"DataTime={start};a34004-Min=30,a34004-Avg=36,a34004-Max=40,a34004-Flag=N"
        told = await _sent(t, *t.upload(area, cn=cn))
        seen += told.seen
        lacking += [] if told.verdict == "pass" else [cn]
    return judged(not lacking, f"没有应答 {'、'.join(lacking)}" if lacking else "均已应答", seen)


@SUITE.case("silent", "不要求应答的不应答", "No answer unasked", "表3 Flag（A=0）", "A=0 的上传不应答")
async def silent(t: Line) -> Outcome:
    return await _unanswered(t, *t.upload(flag=0))


@SUITE.case("wrong_crc", "CRC 错误", "Wrong CRC", "附录A（CRC 错误即结束）", "不应答")
async def wrong_crc(t: Line) -> Outcome:
    qn, frame = t.upload()
    return await _unanswered(t, qn, spoiled(frame))


@SUITE.case("wrong_password", "访问密码错误", "Wrong password", "表3 PW", "不应答 9014")
async def wrong_password(t: Line) -> Outcome:
    wrong = "000000" if t.password != "000000" else "999999"  # noqa: S105 - deliberately wrong
    return await _unanswered(t, *t.upload(pw=wrong))


@SUITE.case("unknown_device", "未登记的设备", "Unknown device", "表3 MN", "不应答 9014")
async def unknown_device(t: Line) -> Outcome:
    return await _unanswered(t, *t.upload(mn="FFFFFFFFFFFFFFFFFFFFFFFF"))


@SUITE.case("split", "报文分片到达", "A frame in pieces", "6.3.1（按长度取包）", "TCP 分片的报文照常应答")
async def split(t: Line) -> Outcome:
    qn, frame = t.upload()
    last = len(frame) - 20
    for start in range(0, last, 17):
        t.ear.say(frame[start : min(start + 17, last)])
        await asyncio.sleep(0.01)
    return await _sent(t, qn, frame[last:])


@SUITE.case(
    "joined", "报文粘连到达", "Frames in one piece", "6.3.1（按长度取包）", "一次到达的三条报文都应答"
)
async def joined(t: Line) -> Outcome:
    since = t.place
    sent = [t.upload() for _ in range(3)]
    out = t.ear.say(b"".join(frame for _, frame in sent))
    found = [await t.answered(qn, "9014", since, t.asked.answer) for qn, _ in sent]
    return judged(all(found), f"应答 {sum(f is not None for f in found)} 条", [out, *shown(found)])


@SUITE.case("repeated", "重发的报文", "A frame sent again", "表1（重发）", "同一 QN 再次到达时仍应答 9014")
async def repeated(t: Line) -> Outcome:
    qn, frame = t.upload()
    first = await _sent(t, qn, frame)
    if first.verdict != "pass":
        return first
    return await _sent(t, qn, frame)


@SUITE.case("parts", "分包上传", "A split upload", "6.3.3（PNUM、PNO）", "每个分包都应答 9014")
async def parts(t: Line) -> Outcome:
    at = talk.stamp(time.time_ns() // 1000)
    since = t.place
    sent = [
        t.upload(f"DataTime={at};{item}", flag=3, more=f"PNUM=2;PNO={number};")
        for number, item in ((1, "a34004-Rtd=36.0,a34004-Flag=N"), (2, "a34002-Rtd=60.0,a34002-Flag=N"))
    ]
    out = [t.ear.say(frame) for _, frame in sent]
    found = [await t.answered(qn, "9014", since, t.asked.answer) for qn, _ in sent]
    return judged(all(found), f"应答 {sum(f is not None for f in found)} 个分包", [*out, *shown(found)])


@SUITE.case(
    "garbage", "报文前有杂波", "Noise in front of a frame", "6.3.1（包头 ##）", "丢弃杂波，其后的报文照常应答"
)
async def garbage(t: Line) -> Outcome:
    t.ear.say(b"\x00\xff##12\r\nnoise\r\n")
    await asyncio.sleep(0.05)
    if not t.ear.is_connected:
        return failed("收到杂波后断开了连接")
    return await _sent(t, *t.upload())


@SUITE.case(
    "oversize",
    "超长报文",
    "An oversized frame",
    "6.3.1（不超过 1024）",
    "数据段超过 1024 字节的报文不应答，连接不受影响",
)
async def oversize(t: Line) -> Outcome:
    area = (
        f"DataTime={talk.stamp(time.time_ns() // 1000)};a34004-Rtd=36.0,a34004-Flag=N;"
        + "x" * 1100
        + "-Rtd=1"
    )
    told = await _unanswered(t, *t.upload(area))
    if not t.ear.is_connected:
        return failed("连接被断开", told.seen)
    return told


@SUITE.case(
    "clock", "时间校准请求", "A clock that asks", "附录C 1013、1012", "应答 9013，并下发 1012 设置时间"
)
async def clock(t: Line) -> Outcome:
    since = t.place
    told = await _sent(t, *t.upload("PolId=a34004", cn="1013"), cn="9013")
    if told.verdict != "pass":
        return told
    set_ = await t.next("1012", since=since, seconds=t.asked.answer)
    if set_ is None or set_.message is None:
        return not_shown("已应答 9013，未下发 1012（可能由人工下发）", told.seen)
    try:
        at = talk.parse_system_time(set_.message.items().get("SystemTime", ""))
    except ValueError:
        return failed("1012 没有可读的 SystemTime", [*told.seen, set_.seen])
    off = at.timestamp() - set_.heard.at_us / 1e6
    return judged(abs(off) < 10, f"下发时间与本机相差 {off:+.0f} s", [*told.seen, set_.seen])


@SUITE.case(
    "heartbeat", "心跳应答", "Answers a heartbeat", "HJ 212-2025 9015", "应答 9013", versions=("2025",)
)
async def heartbeat(t: Line) -> Outcome:
    return await _sent(t, *t.upload(" ", cn="9015"), cn="9013")


@SUITE.case(
    "again", "断线重连", "Takes a device back", "平台要求（标准未规定）", "断开后可立即重连，报文照常应答"
)
async def again(t: Line) -> Outcome:
    t.ear.drop()
    await t.ear.call(t.asked.address)
    return await _sent(t, *t.upload())
