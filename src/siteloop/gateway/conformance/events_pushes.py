"""Event push, what a camera or gate has to do (docs/howto/conformance-events.md): come, prove itself, say that it lives, send again."""

from siteloop.gateway.conformance.cases import Outcome, Suite, failed, judged, not_shown
from siteloop.gateway.conformance.ear import Heard
from siteloop.gateway.conformance.events_line import FORMS, PATH, Line, Trick
from siteloop.gateway.conformance.events_push import ISAPI, PAGE, Push, seen

PUSHES: Suite[Line] = Suite()


# ---- it comes and says who it is


@PUSHES.case("request", "推送地址", "Pushes", PAGE, f"POST {PATH}hikvision、dahua 或 plain，HTTP/1.1")
async def request(t: Line) -> Outcome:
    found = await t.ear.until(lambda: next(iter(t.ear.heard), None), t.asked.patience)
    if found is None:
        return failed(f"{t.asked.patience:.0f} s 内没有请求")
    wanted = {f"POST {path} HTTP/1.1" for path in FORMS}
    return judged(found.unit.first in wanted, found.unit.first or "不是 HTTP", seen(found.unit))


@PUSHES.case(
    "proof",
    "身份",
    "Proves itself",
    "RFC 7616 3.4，RFC 7617",
    "收到 401 后以 Digest（或 Basic、Bearer）证明自己",
)
async def proof(t: Line) -> Outcome:
    found = await t.ear.until(lambda: next(iter(t.proven), None), t.asked.patience)
    if found is not None:
        return judged(True, f"{found.unit.proof.scheme}，编码 {found.unit.proof.code}", seen(found.unit))
    if not t.pushes():
        return not_shown("没有推送")
    return failed(t.fault or "始终没有凭据", seen(*t.pushes()[:2]))


@PUSHES.case("heartbeat", "心跳", "Sign of life", ISAPI, "videoloss 且 inactive、heartBeat，或 Heartbeat")
async def heartbeat(t: Line) -> Outcome:
    if not t.ear.heard:
        return not_shown("没有推送")
    found = await t.ear.until(
        lambda: next((p for p in t.pushes() if len(p.events) > len(p.news)), None), t.asked.patience
    )
    return judged(found is not None, "有" if found else f"{t.asked.patience:.0f} s 内没有心跳", seen(found))


# ---- what it does when we misbehave


async def _again(t: Line, trick: Trick) -> tuple[Heard[Push] | None, Heard[Push] | None]:
    """(an event that got this answer, the push that hands it in again)."""
    found = await t.play(trick)
    if found is None:
        return None, None
    again = await t.ear.until(lambda: next(iter(t.repeats(found)), None), t.asked.patience)
    return found, again


async def _comes_again(t: Line, trick: Trick) -> Outcome:
    found, again = await _again(t, trick)
    if found is None:
        return not_shown("没有事件；测试期间请触发几次")
    told = "同一事件已重发" if again else f"{t.asked.patience:.0f} s 内没有以同一时间、编号重发"
    return judged(again is not None, told, seen(found.unit, again.unit if again else None))


@PUSHES.case("busy", "503 后重发", "Sends again after 503", PAGE, "平台未落盘（503）时稍后重发同一事件")
async def busy(t: Line) -> Outcome:
    return await _comes_again(t, Trick.BUSY)


@PUSHES.case(
    "error", "500 后重发", "Sends again after 500", "RFC 9110 15.6.1", "平台出错（500）时稍后重发同一事件"
)
async def error(t: Line) -> Outcome:
    return await _comes_again(t, Trick.ERROR)


@PUSHES.case(
    "denied",
    "401 后重发",
    "Sends again after 401",
    "RFC 9110 11.6.1",
    "凭据失效（401）时以新凭据重发同一事件",
)
async def denied(t: Line) -> Outcome:
    return await _comes_again(t, Trick.DENIED)


@PUSHES.case("lost", "断线后重发", "Sends again after a loss", PAGE, "没有应答而连接中断时重发同一事件")
async def lost(t: Line) -> Outcome:
    return await _comes_again(t, Trick.LOST)


@PUSHES.case(
    "slow", "应答慢时等待", "Waits for a slow answer", PAGE, "平台落盘前不应答，设备等待，不断线、不重发"
)
async def slow(t: Line) -> Outcome:
    found = await t.play(Trick.SLOW)
    if found is None:
        return not_shown("没有事件；测试期间请触发几次")
    seconds = t.asked.answer / 2
    gone = await t.ear.until(lambda: True if not t.ear.is_open(found.connection) else None, seconds)
    again = t.same(found)
    t.take(found)
    told = "断线" if gone else f"重发 {len(again)} 次" if again else "一直等待"
    return judged(not gone and not again, f"{seconds:.1f} s 后应答：{told}", seen(found.unit))


@PUSHES.case("refused", "422 后不再重发", "Gives up after 422", PAGE, "平台拒收（422）的事件不再无休止重发")
async def refused(t: Line) -> Outcome:
    found = await t.play(Trick.REFUSED)
    if found is None:
        return not_shown("没有事件；测试期间请触发几次")
    again = await t.ear.until(lambda: r if len(r := t.same(found)) > 1 else None, t.asked.silence)
    t.refusing = set()
    return judged(not again, "又收到同一事件两次以上" if again else "没有再三重发", seen(found.unit))
