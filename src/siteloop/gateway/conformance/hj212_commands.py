"""HJ 212, what a device has to show when it is told something: clock, interval, history, and what it must not obey."""

import time
from collections.abc import Callable

from siteloop.gateway.conformance.cases import Outcome, Suite, failed, judged, not_shown, passed
from siteloop.gateway.conformance.hj212 import Line, Said, shown, spoiled
from siteloop.kernel.conformance import Seen
from siteloop.kernel.times import HOUR, MINUTE, SECOND, to_us
from siteloop.protocols.hj212 import talk
from siteloop.protocols.hj212.message import Message
from siteloop.protocols.hj212.reading import data_time

COMMANDS: Suite[Line] = Suite()
AHEAD_S = 120  # by how much the clock is set off for a test


async def _ask(
    t: Line,
    cn: str,
    area: str = "",
    send: Callable[[bytes], None] | None = None,
    seconds: float = 0.0,
    **more: str,
) -> tuple[Said | None, Said | None, int]:
    """(9011, 9012, place before) of a command; `seconds` where it need not be answered."""
    since = t.place
    qn, frame = t.request(cn, area, **more)
    (send or t.ear.say)(frame)
    first = await t.answered(qn, "9011", since, seconds or t.asked.answer)
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


@COMMANDS.case(
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


@COMMANDS.case(
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


@COMMANDS.case(
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


@COMMANDS.case(
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


@COMMANDS.case("wrong_password", "访问密码错误", "Wrong password", "附录C 9011 QnRtn=3", "不执行，QnRtn=3")
async def wrong_password(t: Line) -> Outcome:
    wrong = "000000" if t.password != "000000" else "999999"  # noqa: S105 - deliberately wrong
    return await _not_done(t, "3", pw=wrong)


@COMMANDS.case("wrong_mn", "设备编码错误", "Wrong device code", "附录C 9011 QnRtn=4", "不执行，QnRtn=4")
async def wrong_mn(t: Line) -> Outcome:
    return await _not_done(t, "4", mn="FFFFFFFFFFFFFFFFFFFFFFFF")


@COMMANDS.case(
    "wrong_crc", "命令 CRC 错误", "Wrong CRC of a command", "6.6、附录A", "不执行（不应答，或 QnRtn=9）"
)
async def wrong_crc(t: Line) -> Outcome:
    first, last, since = await _ask(
        t, "1011", send=lambda frame: _say_spoiled(t, frame), seconds=t.asked.silence
    )
    told = t.messages("1011", since=since)
    seen = shown([first, last, *told])
    if told or _code(first, "QnRtn") == "1":
        return failed("CRC 错误的命令被执行", seen)
    return passed("没有执行" if first is None else f"QnRtn={_code(first, 'QnRtn')}", seen)


def _say_spoiled(t: Line, frame: bytes) -> None:
    t.ear.say(spoiled(frame))


@COMMANDS.case("unknown_command", "不认识的命令", "Unknown command", "附录C 9011 QnRtn=8", "不执行，QnRtn=8")
async def unknown_command(t: Line) -> Outcome:
    first, last, _ = await _ask(t, "9999")
    return _refused_with(first, "8", shown([first, last]))


async def _not_done(t: Line, code: str, mn: str = "", pw: str = "") -> Outcome:
    first, last, since = await _ask(t, "1011", seconds=t.asked.silence, mn=mn, pw=pw)
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


@COMMANDS.case(
    "split_command", "命令分片到达", "A command in pieces", "6.3.1（按长度取包）", "TCP 分片的命令照常执行"
)
async def split_command(t: Line) -> Outcome:
    since = t.place
    qn, frame = t.request("1011")
    await t.ear.say_in_pieces(frame, 17)
    first = await t.answered(qn, "9011", since, t.asked.answer)
    return judged(_code(first, "QnRtn") == "1", "已应答" if first else "没有应答", shown([first]))


@COMMANDS.case(
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


@COMMANDS.case(
    "garbage", "命令前有杂波", "Noise in front of a command", "6.3.1（包头 ##）", "丢弃杂波，命令照常应答"
)
async def garbage(t: Line) -> Outcome:
    since = t.place
    qn, frame = t.request("1011")
    t.ear.say(b"\x00\xffnoise#1\r\n" + frame)
    first = await t.answered(qn, "9011", since, t.asked.answer)
    return judged(first is not None, "已应答" if first else "没有应答", shown([first]))
