"""Event push, how a camera or gate writes, judged over all that was heard (docs/howto/conformance-events.md)."""

import re

from siteloop.gateway.conformance.cases import Outcome, Suite, failed, judged, not_shown
from siteloop.gateway.conformance.ear import Heard
from siteloop.gateway.conformance.events_line import Line
from siteloop.gateway.conformance.events_push import ISAPI, PAGE, Push, Text, seen
from siteloop.kernel.reasons import Reason
from siteloop.kernel.times import SECOND
from siteloop.protocols.events import dahua, hikvision
from siteloop.protocols.events.event import Event, Kind
from siteloop.protocols.events.plain import MAKER as PLAIN

HEARD: Suite[Line] = Suite()
MAKERS = "厂家文档未公开 [S]，条款号未核实"
MOST_OFF_S = 600
LARGEST = 12 << 20
#: the first is named in our sources; firmware differs, each of them was seen in several public clients [S2]
NAMESPACES = {f"http://www.{host}/ver20/XMLSchema" for host in ("isapi.org", "hikvision.com", "std-cgi.com")}
_ROOT = re.compile(rb"<(?:\w+:)?EventNotificationAlert([^>]*)>")
_ZONED = re.compile(r"(?:Z|[+-]\d\d:?\d\d)$")
_MOMENT = re.compile(rb'(?:<dateTime>|"(?:dateTime|at)"\s*:\s*")([^<"]{1,40})')
_UTC = re.compile(rb'(?:RealUTC|\bUTC|CreateTime)"?\s*[=:]')
_ACTION = re.compile(rb'[Aa]ction"?\s*[=:]\s*"?(?:Start|Stop|Pulse)')


def _fitting(text: Text) -> bool:
    start = text.data.lstrip()[:1]
    wanted = "xml" if start == b"<" else "json" if start in (b"{", b"[") else "text/plain"
    return not text.declared or wanted in text.declared


@HEARD.case(
    "content_type",
    "内容类型",
    "Content type",
    "RFC 9110 8.3",
    "Content-Type 与内容相符：XML、JSON、文本",
    afterwards=True,
)
async def content_type(t: Line) -> Outcome:
    texts = [(p, x) for p in t.pushes() for x in p.texts]
    if not texts:
        return not_shown("没有收到文本")
    wrong = [(p, x.declared) for p, x in texts if not _fitting(x) or not p.content_type]
    kinds = sorted({p.content_type.partition(";")[0] or "无" for p, _ in texts})
    return judged(not wrong, f"{'、'.join(kinds)}，{len(wrong)} 处不符", seen(*(p for p, _ in wrong[:2])))


@HEARD.case(
    "boundary",
    "多段分隔",
    "Boundaries",
    "RFC 2046 5.1.1",
    "分隔符完整，段外无字节，以 --boundary-- 结束",
    afterwards=True,
)
async def boundary(t: Line) -> Outcome:
    several = [p for p in t.pushes() if p.content_type.lower().startswith("multipart/")]
    if not several:
        return not_shown("没有多段推送")
    wrong = [p for p in several if p.frame]
    return judged(not wrong, wrong[0].frame if wrong else f"{len(several)} 个完整", seen(*wrong[:2]))


@HEARD.case(
    "document", "事件可读", "Readable", PAGE, "每次推送都能读出事件；XML 不带 DOCTYPE", afterwards=True
)
async def document(t: Line) -> Outcome:
    if not t.pushes():
        return not_shown("没有推送")
    wrong = [(p, words) for p in t.pushes() for reason, words in p.refused if reason is not Reason.LENGTH]
    empty = [p for p in t.pushes() if not p.events and not p.refused and not p.is_over]
    if wrong or empty:
        return failed(wrong[0][1] if wrong else "没有事件", seen(*(p for p, _ in wrong[:2]), *empty[:1]))
    words = sorted({f"{e.code}→{e.kind}" for p in t.pushes() for e in p.events})
    return judged(True, f"{len(t.pushes())} 次推送：{'、'.join(words)[:300]}")


@HEARD.case(
    "namespace",
    "XML 根与命名空间",
    "XML root",
    ISAPI,
    'EventNotificationAlert version="2.0" 与 ver20 命名空间',
    afterwards=True,
)
async def namespace(t: Line) -> Outcome:
    roots = [(p, m[1].decode("latin-1")) for p in t.pushes() for x in p.texts if (m := _ROOT.search(x.data))]
    if not roots:
        return not_shown("没有 XML 推送")
    wrong = [
        (p, r) for p, r in roots if 'version="2.0"' not in r or not any(f'="{n}"' in r for n in NAMESPACES)
    ]
    return judged(
        not wrong, (wrong or roots)[0][1].strip()[:200] or "根元素没有属性", seen(*(p for p, _ in wrong[:2]))
    )


def _missing(event: Event, push: Push) -> str:
    """What an event of this maker leaves out; gates have no channel of their own."""
    if event.maker == hikvision.MAKER:
        is_gate = event.passage is not None
        lacks = {
            "设备标识（macAddress、ipAddress、deviceID 等）": bool(event.device),
            "channelID": is_gate or event.channel > 0,
            "eventState": is_gate or event.state in ("active", "inactive"),
        }
    elif event.maker == dahua.MAKER:
        lacks = {
            "Index": event.channel > 0,
            "Action": any(_ACTION.search(x.data) for x in push.texts),
        }
    else:
        lacks = {"device": bool(event.device)}
    return "、".join(name for name, is_there in lacks.items() if not is_there)


@HEARD.case("fields", "必有字段", "Fields", MAKERS, "设备标识、通道、类型、状态齐全", afterwards=True)
async def fields(t: Line) -> Outcome:
    if not (news := t.news()):
        return not_shown("没有事件")
    wrong = [(p, lacks) for p, e in news if (lacks := _missing(e, p))]
    return judged(
        not wrong,
        f"缺少 {wrong[0][1]}" if wrong else f"{len(news)} 个事件齐全",
        seen(*(p for p, _ in wrong[:2])),
    )


def _time_fault(heard: Heard[Push], event: Event) -> str:
    told = [m[1].decode("latin-1") for x in heard.unit.texts for m in _MOMENT.finditer(x.data)]
    if event.maker == dahua.MAKER:
        if not any(_UTC.search(x.data) for x in heard.unit.texts):
            return "没有 RealUTC 或 UTC"
    elif not told:
        return "没有 at" if event.maker == PLAIN else "没有 dateTime"
    elif not all(_ZONED.search(one) for one in told):
        return f"{told[0]} 没有时区"
    off = (event.at - heard.at_us) / SECOND
    if event.is_replay or abs(off) < MOST_OFF_S:
        return ""
    hint = "；UTC 像是本地时间，可为设备设 dahua_utc_is_local" if abs(off - 8 * 3600) < MOST_OFF_S else ""
    return f"时间相差 {off:+.0f} s{hint}"


@HEARD.case(
    "times",
    "时间",
    "Times",
    f"ISO 8601；{MAKERS}",
    "带时区（大华为 UTC 秒），与当前相差 10 min 内",
    afterwards=True,
)
async def times(t: Line) -> Outcome:
    found = [(h.unit, _time_fault(h, e)) for h in t.heard() for e in h.unit.news]
    if not found:
        return not_shown("没有事件")
    wrong = [(p, words) for p, words in found if words]
    return judged(
        not wrong,
        wrong[0][1] if wrong else f"{len(found)} 个事件的时间合格",
        seen(*(p for p, _ in wrong[:2])),
    )


@HEARD.case("picture", "图片", "Pictures", PAGE, "JPEG 或 PNG，类型与内容相符，首尾完整", afterwards=True)
async def picture(t: Line) -> Outcome:
    shots = [(p, s) for p in t.pushes() for s in p.shots]
    if not shots:
        return not_shown("没有图片")
    wrong = [(p, s) for p, s in shots if not s.is_whole or s.declared != s.real]
    told = (
        f"声明 {wrong[0][1].declared}，实为 {wrong[0][1].real or '非图片'}{'' if wrong[0][1].is_whole else '，不完整'}"
        if wrong
        else ""
    )
    return judged(not wrong, told or f"{len(shots)} 张", seen(*(p for p, _ in wrong[:2])))


@HEARD.case("passage", "门禁通行", "Passages", MAKERS, "通行事件有人员编号和事件编号", afterwards=True)
async def passage(t: Line) -> Outcome:
    def found() -> list[tuple[Push, Event]]:
        return [(p, e) for p, e in t.news() if e.passage is not None or e.kind is Kind.ACCESS]

    if t.asked.device == "gate":
        await t.ear.until(lambda: found() or None, t.asked.patience)
    if not (all_ := found()):
        return (
            failed("没有通行事件；测试期间请通行一次")
            if t.asked.device == "gate"
            else not_shown("没有通行事件")
        )
    wrong = [p for p, e in all_ if e.passage is None or not e.passage.person or not e.serial]
    known = sum(e.passage is not None and e.passage.accepted is not None for _, e in all_)
    told = f"{len(all_)} 次通行，{known} 次的放行结果可识别，{len(wrong)} 次缺人员编号或事件编号"
    return judged(not wrong, told, seen(*(wrong or [all_[0][0]])[:2]))


@HEARD.case("stops", "收到 2xx 后不再重发", "Stops after 2xx", PAGE, "已确认的事件不再推送", afterwards=True)
async def stops(t: Line) -> Outcome:
    taken = [h for h in t.taken if h.unit.news]
    if not taken:
        return not_shown("没有确认过的事件")
    found = await t.ear.until(lambda: next((r for h in taken if (r := t.same(h))), None), t.asked.silence)
    return judged(
        not found,
        "确认后又收到同一事件" if found else f"{len(taken)} 个事件确认后未再出现",
        seen(*(h.unit for h in (found or [])[:2])),
    )


@HEARD.case(
    "distinct",
    "事件可区分",
    "Told apart",
    PAGE,
    "不同事件的时间、类型、通道、状态、编号不全相同",
    afterwards=True,
)
async def distinct(t: Line) -> Outcome:
    taken = [h.unit for h in t.taken if h.unit.news]
    if not taken:
        return not_shown("没有确认过的事件")
    first = {key: p for p in reversed(taken) for key in p.keys}
    wrong = [p for p in taken if any(first[key].sha256 != p.sha256 for key in p.keys)]
    return judged(not wrong, f"{len(taken)} 次推送中 {len(wrong)} 次会被当作重复", seen(*wrong[:2]))


@HEARD.case("limits", "大小", "Sizes", PAGE, "一次推送 12 MiB、一段 8 MiB、文本 1 MiB 以内", afterwards=True)
async def limits(t: Line) -> Outcome:
    if not t.pushes():
        return not_shown("没有推送")
    wrong = [
        (p, next((words for reason, words in p.refused if reason is Reason.LENGTH), f"{p.size} 字节"))
        for p in t.pushes()
        if p.size > LARGEST or any(reason is Reason.LENGTH for reason, _ in p.refused)
    ]
    most = max(p.size for p in t.pushes())
    return judged(not wrong, wrong[0][1] if wrong else f"最大 {most} 字节", seen(*(p for p, _ in wrong[:2])))


@HEARD.case(
    "own", "只报自己的数据", "Own data only", PAGE, "编码、推送地址、设备标识始终不变", afterwards=True
)
async def own(t: Line) -> Outcome:
    if not t.proven:
        return not_shown("没有证明身份的推送")
    codes, paths = {h.unit.proof.code for h in t.proven}, {p.path for p in t.pushes()}
    names = {e.device for p in t.pushes() for e in p.events if e.device}
    told = f"编码 {'、'.join(sorted(codes))}；地址 {'、'.join(sorted(paths))}；标识 {'、'.join(sorted(names)) or '无'}"
    return judged(max(len(codes), len(paths), len(names)) == 1, told[:400])


@HEARD.case("messages", "报文结构", "Requests", "RFC 9112", "请求均为完整的 HTTP/1.1 报文", afterwards=True)
async def messages(t: Line) -> Outcome:
    if not t.ear.heard:
        return not_shown("没有收到报文")
    broken = [h.unit for h in t.ear.heard if not h.unit.first]
    return judged(not broken, f"{len(t.ear.heard)} 个请求中 {len(broken)} 个不合结构", seen(*broken[:2]))
