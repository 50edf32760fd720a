"""HJ 212, what a device has to show by itself: it comes, uploads, repeats what is not answered, and comes again."""

from siteloop.gateway.conformance.cases import Outcome, Suite, failed, judged, not_shown, passed
from siteloop.gateway.conformance.hj212 import Line, Said, shown
from siteloop.kernel.times import SECOND
from siteloop.protocols.hj212 import talk
from siteloop.protocols.hj212.reading import NoReading, reading

UPLOADS: Suite[Line] = Suite()


@UPLOADS.case("connect", "主动连接平台", "Connects", "HJ 212-2017 4（系统结构）", "设备主动建立 TCP 连接")
async def connect(t: Line) -> Outcome:
    came = await t.ear.connected(t.asked.patience)
    return judged(came, f"来自 {t.ear.peer}" if came else f"{t.asked.patience:.0f} s 内没有连接")


@UPLOADS.case(
    "upload", "上传实时数据", "Uploads real-time data", "附录C 2011", "CRC 正确的 2011 报文，可读出监测值"
)
async def upload(t: Line) -> Outcome:
    one = await t.next("2011", since=0, seconds=t.asked.patience)
    if one is None or one.message is None:
        return failed(f"{t.asked.patience:.0f} s 内没有可识别的 2011 报文", shown(t.said[:3]))
    try:
        row = reading(one.message, t.asked.device, {})
    except NoReading as no:
        return failed(f"读不出监测值：{no.detail}", [one.seen])
    return passed(f"读出 {sum(q != 15 for q in row.quality)} 个监测因子", [one.seen])


def _copies(t: Line, qn: str, since: int) -> list[Said]:
    return [s for s in t.messages(*talk.UPLOADS, since=since) if s.message and s.message.qn == qn]


@UPLOADS.case(
    "resend",
    "未应答重发",
    "Sends again without an answer",
    "表1（超时 10 s，重发 3 次）",
    "收不到 9014 时以同一 QN 重发原报文",
)
async def resend(t: Line) -> Outcome:
    t.withholds = True
    try:
        since = t.place
        first = await t.ear.until(
            lambda: next(
                (s for s in t.messages(*talk.UPLOADS, since=since) if s.message and s.message.wants_answer),
                None,
            ),
            t.asked.patience,
        )
        if first is None or first.message is None:
            return not_shown("没有要求应答（A=1）的上传报文")
        qn = first.message.qn
        again = await t.ear.until(
            lambda: c[1] if len(c := _copies(t, qn, since)) > 1 else None, t.asked.answer * 2.5
        )
    finally:
        t.withholds = False
        t.withheld.clear()
    if again is None:
        return failed(f"{t.asked.answer * 2.5:.0f} s 内没有重发", [first.seen])
    waited = (again.heard.at_us - first.heard.at_us) / SECOND
    is_same = again.heard.raw == first.heard.raw
    return judged(
        is_same, f"{waited:.1f} s 后重发，内容{'相同' if is_same else '不同'}", shown([first, again])
    )


@UPLOADS.case(
    "answered", "收到应答后不再重发", "Stops after the answer", "附录C 9014", "收到 9014 后不再发送同一 QN"
)
async def answered(t: Line) -> Outcome:
    since = t.place
    one = await t.ear.until(
        lambda: next(
            (s for s in t.messages(*talk.UPLOADS, since=since) if s.message and s.message.wants_answer), None
        ),
        t.asked.patience,
    )
    if one is None or one.message is None:
        return not_shown("没有要求应答（A=1）的上传报文")
    qn = one.message.qn
    await t.ear.until(lambda: len(_copies(t, qn, since)) > 1 or None, t.asked.silence)
    copies = _copies(t, qn, since)
    return judged(len(copies) == 1, f"应答后又收到 {len(copies) - 1} 次", shown(copies))


@UPLOADS.case(
    "reconnect",
    "断线重连",
    "Connects again",
    "IOT 接入要求（标准未规定时限）",
    "连接断开后自动重连并继续上传",
)
async def reconnect(t: Line) -> Outcome:
    before, since = t.ear.connections, t.place
    t.ear.drop()
    if not await t.ear.connected(t.asked.patience, after=before):
        return failed(f"{t.asked.patience:.0f} s 内没有重新连接")
    one = await t.next(*talk.UPLOADS, since=since, seconds=t.asked.patience)
    return judged(one is not None, "已重连并继续上传" if one else "重连后没有上传", shown([one]))


@UPLOADS.case(
    "heartbeat",
    "心跳",
    "Heartbeat",
    "HJ 212-2025 9015",
    "发送 9015，收到 9013 后不再重发",
    versions=("2025",),
)
async def heartbeat(t: Line) -> Outcome:
    one = await t.next("9015", since=0, seconds=t.asked.patience)
    if one is None or one.message is None:
        return not_shown(f"{t.asked.patience:.0f} s 内没有 9015（间隔可能更长）")
    qn = one.message.qn

    def copies() -> list[Said]:
        return [s for s in t.messages("9015") if s.message and s.message.qn == qn]

    await t.ear.until(lambda: len(copies()) > 1 or None, t.asked.silence)
    return judged(len(copies()) == 1, f"应答后又收到 {len(copies()) - 1} 次", shown(copies()[:3]))
