"""What a device has to show of HJ 212 (we are the platform). Clauses are those of HJ 212-2017, 2025 where said."""

import asyncio
import re
import time
from collections.abc import Callable

from siteloop.gateway.conformance.cases import Outcome, Suite, failed, judged, not_shown, passed
from siteloop.gateway.conformance.hj212 import Line, Said, shown, spoiled
from siteloop.kernel.conformance import Seen
from siteloop.kernel.quality import FLAG_LETTERS
from siteloop.kernel.times import HOUR, MINUTE, SECOND, to_us
from siteloop.protocols.hj212 import talk
from siteloop.protocols.hj212.frame import STANDARD_LONGEST, Frame
from siteloop.protocols.hj212.message import SPLIT, Message
from siteloop.protocols.hj212.reading import NoReading, data_time, reading

SUITE: Suite[Line] = Suite()
MOST_OFF_S = 600  # between a device's clock and ours
AHEAD_S = 120  # by how much the clock is set off for a test
_HEAD = re.compile(rb"##\d{4}\Z")
_QN = re.compile(r"20\d{15}")
MODERN = ("2017", "2025")


# ---- coming and speaking


@SUITE.case("connect", "主动连接平台", "Connects", "HJ 212-2017 4（系统结构）", "设备主动建立 TCP 连接")
async def connect(t: Line) -> Outcome:
    came = await t.ear.connected(t.asked.patience)
    return judged(came, f"来自 {t.ear.peer}" if came else f"{t.asked.patience:.0f} s 内没有连接")


@SUITE.case(
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


# ---- answers and re-sends


def _copies(t: Line, qn: str, since: int) -> list[Said]:
    return [s for s in t.messages(*talk.UPLOADS, since=since) if s.message and s.message.qn == qn]


@SUITE.case(
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


@SUITE.case(
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
    await asyncio.sleep(t.asked.answer * 1.5)
    copies = _copies(t, one.message.qn, since)
    return judged(len(copies) == 1, f"应答后又收到 {len(copies) - 1} 次", shown(copies))


@SUITE.case(
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


# ---- commands


async def _ask(
    t: Line, cn: str, area: str = "", send: Callable[[bytes], None] | None = None, **more: str
) -> tuple[Said | None, Said | None, int]:
    """(9011, 9012, place before) of a command."""
    since = t.place
    qn, frame = t.request(cn, area, **more)
    (send or t.ear.say)(frame)
    first = await t.answered(qn, "9011", since, t.asked.answer)
    if first is None or _code(first, "QnRtn") != "1":
        return first, None, since
    return first, await t.answered(qn, "9012", since, t.asked.answer * 3), since


def _code(said: Said | None, name: str) -> str:
    return said.message.items().get(name, "") if said is not None and said.message is not None else ""


def _done(first: Said | None, last: Said | None, more: str = "") -> Outcome:
    """A command that has to be carried out."""
    seen = shown([first, last])
    if first is None:
        return failed("没有请求应答 9011")
    if _code(first, "QnRtn") != "1":
        return failed(f"9011 QnRtn={_code(first, 'QnRtn')}，未执行", seen)
    if last is None:
        return failed("没有执行结果 9012", seen)
    return judged(_code(last, "ExeRtn") == "1", f"QnRtn=1，ExeRtn={_code(last, 'ExeRtn')}{more}", seen)


async def _clock(t: Line) -> tuple[float | None, list[Said | None]]:
    """How far the device's clock is ahead of ours, s; None when it does not say."""
    first, last, since = await _ask(t, "1011")
    told = next(iter(t.messages("1011", since=since)), None)
    if told is None:
        return None, [first, last]
    try:
        at = to_us(talk.parse_system_time(_code(told, "SystemTime")))
    except ValueError:
        return None, [first, told, last]
    return (at - told.heard.at_us) / SECOND, [first, told, last]


@SUITE.case(
    "read_time", "提取现场机时间", "Tells its time", "附录C 1011", "9011、1011（SystemTime）、9012 依次返回"
)
async def read_time(t: Line) -> Outcome:
    off, said = await _clock(t)
    if off is None:
        return failed("没有返回 SystemTime", shown(said))
    is_whole = all(s is not None for s in said)
    return judged(
        is_whole, f"设备时钟偏差 {off:+.0f} s" + ("" if is_whole else "，缺少 9011 或 9012"), shown(said)
    )


@SUITE.case(
    "set_time", "设置现场机时间", "Sets its clock", "附录C 1012", "9011、9012（ExeRtn=1），时钟随之改变"
)
async def set_time(t: Line) -> Outcome:
    def area(ahead: int) -> str:
        return f"SystemTime={talk.stamp(time.time_ns() // 1000 + ahead * SECOND)}"

    first, last, _ = await _ask(t, "1012", area(AHEAD_S))
    told = _done(first, last)
    if told.verdict != "pass":
        return told
    off, said = await _clock(t)
    await _ask(t, "1012", area(0))
    if off is None:
        return not_shown("应答正确，但设备不报时间，无法核对时钟是否改变", told.seen)
    is_set = abs(off - AHEAD_S) <= 5
    return judged(
        is_set, f"设快 {AHEAD_S} s 后，设备时钟偏差 {off:+.0f} s（已恢复）", [*told.seen, *shown(said)]
    )


@SUITE.case(
    "set_interval", "设置实时数据间隔", "Sets its interval", "附录C 1062", "30 s 可执行；5 s 超出范围不执行"
)
async def set_interval(t: Line) -> Outcome:
    first, last, _ = await _ask(t, "1062", "RtdInterval=30")
    told = _done(first, last)
    if told.verdict != "pass":
        return told
    senseless, result, _ = await _ask(t, "1062", "RtdInterval=5")
    is_refused = _code(senseless, "QnRtn") not in ("", "1") or _code(result, "ExeRtn") not in ("", "1")
    found = f"30 s 已执行；5 s {'未执行' if is_refused else '也执行了或没有应答'}"
    return judged(is_refused, found, [*told.seen, *shown([senseless, result])])


@SUITE.case(
    "history",
    "补传历史数据",
    "Hands in history",
    "附录C 2051（C.49/C.50）",
    "9011，区间内的 2051 报文或 ExeRtn=100，9012",
)
async def history(t: Line) -> Outcome:
    now = time.time_ns() // 1000
    begin, end = now - HOUR, now + 10 * MINUTE
    first, last, since = await _ask(t, "2051", f"BeginTime={talk.stamp(begin)};EndTime={talk.stamp(end)}")
    if first is None or last is None:
        return _done(first, last)
    await t.next("2051", since=since, seconds=t.asked.answer)
    rows = [s for s in t.messages("2051", since=since) if s.message is not None]
    seen = shown([first, *rows[:4], last])
    result = _code(last, "ExeRtn")
    if not rows:
        return judged(result == "100", f"没有数据，ExeRtn={result}", seen)
    outside = [s for s in rows if not _inside(s.message, begin - 10 * MINUTE, end)]
    unmarked = [s for s in rows if s.message is not None and not s.message.is_refill]
    if t.asked.version == "2025" and unmarked:
        return failed(f"{len(unmarked)} 条补传报文没有 RF=1（HJ 212-2025）", seen)
    is_right = result == "1" and not outside
    return judged(is_right, f"补传 {len(rows)} 条，区间外 {len(outside)} 条，ExeRtn={result}", seen)


def _inside(message: Message | None, begin: int, end: int) -> bool:
    try:
        return message is not None and begin <= data_time(message.items().get("DataTime", "")) <= end
    except ValueError:
        return False


@SUITE.case("wrong_password", "访问密码错误", "Wrong password", "附录C 9011 QnRtn=3", "不执行，QnRtn=3")
async def wrong_password(t: Line) -> Outcome:
    wrong = "000000" if t.password != "000000" else "999999"  # noqa: S105 - deliberately wrong
    return await _not_done(t, "3", pw=wrong)


@SUITE.case("wrong_mn", "设备编码错误", "Wrong device code", "附录C 9011 QnRtn=4", "不执行，QnRtn=4")
async def wrong_mn(t: Line) -> Outcome:
    return await _not_done(t, "4", mn="FFFFFFFFFFFFFFFFFFFFFFFF")


@SUITE.case(
    "wrong_crc", "命令 CRC 错误", "Wrong CRC of a command", "6.6、附录A", "不执行（不应答，或 QnRtn=9）"
)
async def wrong_crc(t: Line) -> Outcome:
    first, last, since = await _ask(t, "1011", send=lambda frame: _say_spoiled(t, frame))
    told = t.messages("1011", since=since)
    seen = shown([first, last, *told])
    if told or _code(first, "QnRtn") == "1":
        return failed("CRC 错误的命令被执行", seen)
    return passed("没有执行" if first is None else f"QnRtn={_code(first, 'QnRtn')}", seen)


def _say_spoiled(t: Line, frame: bytes) -> None:
    t.ear.say(spoiled(frame))


@SUITE.case("unknown_command", "不认识的命令", "Unknown command", "附录C 9011 QnRtn=8", "不执行，QnRtn=8")
async def unknown_command(t: Line) -> Outcome:
    first, last, _ = await _ask(t, "9999")
    return _refused_with(first, "8", shown([first, last]))


async def _not_done(t: Line, code: str, mn: str = "", pw: str = "") -> Outcome:
    first, last, since = await _ask(t, "1011", mn=mn, pw=pw)
    told = t.messages("1011", since=since)
    seen = shown([first, *told, last])
    if told or _code(first, "QnRtn") == "1":
        return failed("错误的命令被执行", seen)
    return _refused_with(first, code, seen)


def _refused_with(first: Said | None, code: str, seen: list[Seen]) -> Outcome:
    if first is None:
        return not_shown("没有执行，也没有应答")
    found = _code(first, "QnRtn")
    return judged(found == code, f"9011 QnRtn={found}", seen)


@SUITE.case(
    "split_command", "命令分片到达", "A command in pieces", "6.3.1（按长度取包）", "TCP 分片的命令照常执行"
)
async def split_command(t: Line) -> Outcome:
    since = t.place
    qn, frame = t.request("1011")
    for start in range(0, len(frame), 17):
        t.ear.say(frame[start : start + 17])
        await asyncio.sleep(0.02)
    first = await t.answered(qn, "9011", since, t.asked.answer)
    return judged(_code(first, "QnRtn") == "1", "已应答" if first else "没有应答", shown([first]))


@SUITE.case(
    "joined_commands",
    "命令粘连到达",
    "Two commands in one piece",
    "6.3.1（按长度取包）",
    "一次到达的两条命令都应答",
)
async def joined_commands(t: Line) -> Outcome:
    since = t.place
    asked = [t.request("1011"), t.request("1011")]
    t.ear.say(b"".join(frame for _, frame in asked))
    first = [await t.answered(qn, "9011", since, t.asked.answer) for qn, _ in asked]
    return judged(all(first), f"应答 {sum(f is not None for f in first)} 条", shown(first))


@SUITE.case(
    "garbage", "命令前有杂波", "Noise in front of a command", "6.3.1（包头 ##）", "丢弃杂波，命令照常应答"
)
async def garbage(t: Line) -> Outcome:
    since = t.place
    qn, frame = t.request("1011")
    t.ear.say(b"\x00\xffnoise#1\r\n" + frame)
    first = await t.answered(qn, "9011", since, t.asked.answer)
    return judged(first is not None, "已应答" if first else "没有应答", shown([first]))


@SUITE.case(
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
    await asyncio.sleep(t.asked.answer * 1.5)
    qn = one.message.qn
    copies = [s for s in t.messages("9015") if s.message and s.message.qn == qn]
    return judged(len(copies) == 1, f"应答后又收到 {len(copies) - 1} 次", shown(copies[:3]))


# ---- judged afterwards, over everything heard


def _all(t: Line, is_wrong: Callable[[Said], str], what: str, cns: tuple[str, ...] = ()) -> Outcome:
    """None of what was heard may be wrong; `is_wrong` says how it is."""
    looked = [s for s in t.said if s.frame is not None and (not cns or (s.message and s.message.cn in cns))]
    if not looked:
        return not_shown("没有收到这类报文")
    wrong = [(s, words) for s in looked if (words := is_wrong(s))]
    if not wrong:
        return passed(f"{len(looked)} 条{what}均符合", [looked[0].seen])
    return failed(f"{len(looked)} 条中 {len(wrong)} 条：{wrong[0][1]}", [s.seen for s, _ in wrong[:4]])


@SUITE.case(
    "framing",
    "数据包结构",
    "Frame",
    "6.3.1",
    "##、4 位长度、数据段、4 位 CRC、回车换行，无多余字节",
    afterwards=True,
)
async def framing(t: Line) -> Outcome:
    broken = [s for s in t.said if s.frame is None or s.frame.quirks or not _HEAD.match(s.heard.raw[:6])]
    if not t.said:
        return not_shown("没有收到报文")
    if broken:
        words = "、".join(dict.fromkeys(q for s in broken if s.frame for q in s.frame.quirks))
        return failed(f"{len(t.said)} 个数据包中 {len(broken)} 个不合结构 {words}".strip(), shown(broken[:4]))
    if t.unended:
        return failed(f"{len(t.unended)} 个数据包后没有回车换行", shown(t.said[:1]))
    return passed(f"{len(t.said)} 个数据包均符合", shown(t.said[:1]))


@SUITE.case("crc", "CRC 校验", "CRC", "附录A", "按 HJ 212 算法，四位十六进制大写", afterwards=True)
async def crc(t: Line) -> Outcome:
    def wrong(s: Said) -> str:
        assert isinstance(s.frame, Frame), "only frames are looked at"
        if not t.is_sound(s.frame):
            return f"CRC {s.heard.raw[-4:].decode('ascii', 'replace')} 不符"
        return "" if s.heard.raw[-4:] == s.heard.raw[-4:].upper() else "CRC 为小写"

    return _all(t, wrong, "报文")


@SUITE.case(
    "longest",
    "数据段不超过 1024 字节",
    "At most 1,024 bytes",
    "6.3.1、6.3.3（分包）",
    "超出时用 PNUM、PNO 分包",
    afterwards=True,
)
async def longest(t: Line) -> Outcome:
    def wrong(s: Said) -> str:
        size = len(s.frame.segment) if s.frame else 0
        return f"数据段 {size} 字节" if size > STANDARD_LONGEST else ""

    return _all(t, wrong, "报文")


@SUITE.case(
    "header",
    "数据段字段",
    "Header fields",
    "表3",
    "QN、ST、CN、PW、MN、Flag 齐全，QN 为 17 位时间且不重复使用",
    MODERN,
    afterwards=True,
)
async def header(t: Line) -> Outcome:
    used: dict[tuple[str, str, int], bytes] = {}

    def wrong(s: Said) -> str:
        m = s.message
        if m is None:
            return "读不出字段"
        lacking = [n for n, v in (("QN", m.qn), ("ST", m.st), ("PW", m.pw), ("MN", m.mn)) if not v]
        if lacking or m.flag is None:
            return "缺少 " + "、".join([*lacking, *([] if m.flag is not None else ["Flag"])])
        if not _QN.fullmatch(m.qn):
            return f"QN={m.qn}"
        if m.cn in talk.UPLOADS and used.setdefault((m.qn, m.cn, m.pno), m.area) != m.area:
            return f"QN {m.qn} 用于不同内容"
        return ""

    return _all(t, wrong, "报文")


@SUITE.case(
    "identity", "设备编码与密码", "Code and password", "表3 MN、PW", "始终是登记的 MN 和 PW", afterwards=True
)
async def identity(t: Line) -> Outcome:
    def wrong(s: Said) -> str:
        m = s.message
        if m is None:
            return "读不出字段"
        if m.mn != t.code and not m.cn.startswith("901"):
            return f"MN={m.mn}"
        return f"PW={m.pw}" if m.pw and m.pw != t.password else ""

    return _all(t, wrong, "报文")


@SUITE.case(
    "flag",
    "拆分包及应答标志",
    "Flag bits",
    "表3 Flag",
    "版本位正确；D 位与 PNUM、PNO 一致",
    MODERN,
    afterwards=True,
)
async def flag(t: Line) -> Outcome:
    wanted = {"2017": 1, "2025": 2}[t.asked.version]

    def wrong(s: Said) -> str:
        m = s.message
        if m is None or m.flag is None:
            return "没有 Flag"
        if m.version_bits != wanted:
            return f"Flag={m.flag}，版本位应为 {wanted}"
        return "" if bool(m.flag & SPLIT) == bool(m.pnum) else f"Flag={m.flag}，PNUM={m.pnum}"

    return _all(t, wrong, "报文")


@SUITE.case(
    "data_time",
    "数据时间",
    "Time of the data",
    "附录C 2011 DataTime",
    "14 位时间，与平台相差不超过 10 分钟",
    afterwards=True,
)
async def data_time_(t: Line) -> Outcome:
    def wrong(s: Said) -> str:
        told = s.message.items().get("DataTime", "") if s.message else ""
        try:
            off = (data_time(told) - s.heard.at_us) / SECOND
        except ValueError:
            return f"DataTime={told or '无'}"
        return f"相差 {off:+.0f} s" if len(told) != 14 or abs(off) > MOST_OFF_S else ""

    return _all(t, wrong, "实时报文", ("2011",))


@SUITE.case(
    "factors",
    "监测因子与数据标记",
    "Factors and value flags",
    "6.6.3、附录B",
    "因子编码可识别，每个值都有已知的 Flag",
    afterwards=True,
)
async def factors(t: Line) -> Outcome:
    def wrong(s: Said) -> str:
        assert s.message is not None, "chosen by its CN"
        try:
            reading(s.message, t.asked.device, {})
        except NoReading as no:
            return f"读不出监测值：{no.detail}"
        items = s.message.items()
        for key in items:
            name, _, part = key.partition("-")
            if part in ("Rtd", "Avg") and items.get(f"{name}-Flag", "").upper() not in FLAG_LETTERS:
                return f"{name} 的 Flag={items.get(name + '-Flag', '无')}"
        return ""

    return _all(t, wrong, "实时报文", ("2011",))


@SUITE.case(
    "parts",
    "分包上传",
    "Split uploads",
    "6.3.3（PNUM、PNO）",
    "各分包齐全、编号正确、各自重复 DataTime",
    afterwards=True,
)
async def parts(t: Line) -> Outcome:
    found = [s for s in t.messages(*talk.UPLOADS) if s.message and s.message.is_part]
    if not found:
        return not_shown("没有出现需要分包的报文")
    groups: dict[tuple[str, str, int], set[int]] = {}
    for s in found:
        m = s.message
        assert m is not None, "chosen above"
        groups.setdefault((m.cn, m.items().get("DataTime", ""), m.pnum), set()).add(m.pno)
    open_ = [key for key, numbers in groups.items() if numbers != set(range(1, key[2] + 1)) or not key[1]]
    return judged(not open_, f"{len(groups)} 组分包，{len(open_)} 组不完整", shown(found[:4]))


@SUITE.case(
    "encrypted",
    "数据区加密",
    "Encrypted data area",
    "HJ 212-2025 6.4.2",
    "数据区按 SM4 加密，CRC 按明文计算",
    ("2025",),
    afterwards=True,
)
async def encrypted(t: Line) -> Outcome:
    if not t.asked.sm4_key:
        return not_shown("本次测试没有给出 SM4 密钥")
    return _all(
        t,
        lambda s: "数据区为明文" if s.frame and b"DataTime=" in s.frame.segment else "",
        "实时报文",
        ("2011",),
    )
